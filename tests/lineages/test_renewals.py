"""When `certbot renew` is to renew a lineage, and documents that are only looked at."""

from __future__ import annotations

import datetime
from pathlib import Path

import certbot
import pytest

from certbot_webfaction.books import document
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.lineages.files import lineage_files
from certbot_webfaction.lineages.renewals import next_renewal, read_renewals
from tests.installation.scene import make_config
from tests.lineages.writing import write_lineage


@pytest.mark.parametrize(
    ("version", "age", "left", "before_expiry", "days"),
    [
        # Since certbot 4.0: a third of the lifetime, or half of it below ten days.
        ("5.8.0", 0, 90, "", 60),
        ("4.0.0", 10, 80, "", 50),
        ("4.0.0", 2, 4, "", 1),
        # Before: 30 days.
        ("2.1.0", 0, 90, "", 60),
        ("3.3.0", 0, 45, "", 15),
        ("2.1.0", 0, 6, "", -24),
        # What the renewal file says counts in all versions, in certbot's words.
        ("5.8.0", 0, 90, "10 days", 80),
        ("2.1.0", 0, 90, "2 weeks", 76),
        ("5.8.0", 0, 90, "7", 83),
    ],
)
def test_the_day_is_that_of_certbots_version(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    age: int,
    left: int,
    before_expiry: str,
    days: int,
) -> None:
    """As certbot decides where the CA does not ask for another day."""
    monkeypatch.setattr(certbot, "__version__", version)
    write_lineage(tmp_path, "a", "a.test", age=age, left=left, before_expiry=before_expiry)
    config = make_config(tmp_path)
    (renewal,) = read_renewals(config)
    day = next_renewal(renewal, lineage_files(config, "a"))
    assert day is not None
    expected = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    # An hour more or less: intervals are counted in local time, which may change its offset.
    assert abs(day - expected) < datetime.timedelta(hours=2)


@pytest.mark.parametrize(("autorenew", "renews"), [("False", False), ("True", True)])
def test_a_lineage_may_be_kept_from_renewing(tmp_path: Path, autorenew: str, renews: bool) -> None:
    """``autorenew`` in its renewal file."""
    write_lineage(tmp_path, "a", "a.test", autorenew=autorenew)
    config = make_config(tmp_path)
    (renewal,) = read_renewals(config)
    assert (next_renewal(renewal, lineage_files(config, "a")) is not None) == renews


def test_who_only_looks_leaves_a_damaged_document_in_its_place(tmp_path: Path) -> None:
    """`read` would put it aside."""
    path = tmp_path / "journal.json"
    assert document.peek(path, Journal) == Journal()
    path.write_text("{")
    with pytest.raises(document.DamagedError, match=r"journal\.json is damaged"):
        document.peek(path, Journal)
    assert [left.name for left in tmp_path.iterdir()] == ["journal.json"]
    with pytest.raises(document.DamagedError, match="It was kept as"):
        document.read(path, Journal)
    assert not path.exists()
