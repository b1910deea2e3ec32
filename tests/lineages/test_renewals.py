"""When `certbot renew` is to renew a lineage, and why it will fail."""

from __future__ import annotations

import argparse
import datetime
import shutil
import subprocess
from pathlib import Path

import certbot
import pytest
from certbot import configuration
from certbot._internal import storage

from certbot_webfaction.lineages.renewals import next_renewal
from tests.lineages.writing import lineages_in, write_lineage


def make_config(directory: Path) -> configuration.NamespaceConfig:
    """certbot's configuration, with everything of it below a directory."""
    folders = dict.fromkeys(("config_dir", "work_dir", "logs_dir"), str(directory))
    checked = {"http01_port": 80, "https_port": 443, "domains": [], "ip_addresses": []}
    return configuration.NamespaceConfig(
        argparse.Namespace(**folders, **checked, strict_permissions=False)
    )


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
    lineages = lineages_in(tmp_path)
    (renewal,) = lineages.renewals()
    day = next_renewal(renewal, lineages.files("a"))
    assert day is not None
    expected = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    # An hour more or less: intervals are counted in local time, which may change its offset.
    assert abs(day - expected) < datetime.timedelta(hours=2)


@pytest.mark.parametrize(("autorenew", "renews"), [("False", False), ("True", True)])
def test_a_lineage_may_be_kept_from_renewing(tmp_path: Path, autorenew: str, renews: bool) -> None:
    """``autorenew`` in its renewal file."""
    write_lineage(tmp_path, "a", "a.test", autorenew=autorenew)
    lineages = lineages_in(tmp_path)
    (renewal,) = lineages.renewals()
    assert (next_renewal(renewal, lineages.files("a")) is not None) == renews


def why(config_dir: Path) -> str | None:
    hindrance = lineages_in(config_dir).why_renewal_fails("a")
    return f"{hindrance.what} {hindrance.todo}".strip() if hindrance else None


def certbots_word(config_dir: Path) -> str:
    """What certbot itself says of the lineage, as `renew` reads it; "" where it goes on."""
    config = make_config(config_dir)
    path = str(config_dir / "renewal/a.conf")
    try:
        lineage = storage.RenewableCert(path, config)
        assert "authenticator" in lineage.configuration["renewalparams"]
        interval = lineage.configuration.get("renew_before_expiry", "30 days")
        now = datetime.datetime.now(datetime.timezone.utc)
        storage.add_time_interval(now, interval)
    except Exception as error:  # certbot catches all of it, too
        return repr(error)
    return ""


def test_a_lineage_as_certbot_made_it_renews(tmp_path: Path) -> None:
    """No matter whose its plugins are, and that it has an interval of its own."""
    write_lineage(tmp_path, "a", "a.test")
    assert (why(tmp_path), certbots_word(tmp_path)) == (None, "")
    write_lineage(tmp_path, "a", "a.test", authenticator="webroot", installer="None")
    assert why(tmp_path) is None
    write_lineage(tmp_path, "a", "a.test", before_expiry="20 days 3 hours")
    assert (why(tmp_path), certbots_word(tmp_path)) == (None, "")


def test_files_in_place_of_links_are_told(tmp_path: Path) -> None:
    """As after copying without ``-a``."""
    write_lineage(tmp_path, "a", "a.test")
    shutil.copytree(tmp_path / "live", tmp_path / "copy")
    shutil.rmtree(tmp_path / "live")
    (tmp_path / "copy").rename(tmp_path / "live")
    assert str(why(tmp_path)).startswith(f"{tmp_path}/live/a/cert.pem is a file")
    assert "symlink" in certbots_word(tmp_path)
    _follow(tmp_path)
    assert (why(tmp_path), certbots_word(tmp_path)) == (None, "")
    shutil.rmtree(tmp_path / "archive")
    assert "`" not in str(why(tmp_path)), "no line is advised that can't help"


def test_paths_of_another_directory_are_told(tmp_path: Path) -> None:
    """Whether that directory is gone or still there, and links that lead nowhere."""
    old, new = tmp_path / "old", tmp_path / "new"
    write_lineage(old, "a", "a.test")
    shutil.copytree(old, new, symlinks=True)
    assert f", so {new}/live/a stays as it is. `sed -i " in str(why(new))

    shutil.rmtree(old)
    assert f"names {old}/live/a/cert.pem, which is not there." in str(why(new))
    assert certbots_word(new)

    _follow(new)
    assert str(why(new)).startswith(
        f"{new}/live/a/cert.pem leads to {old}/archive/a/cert1.pem, which is not there. `cd "
    )
    assert "does not exist" in certbots_word(new)
    _follow(new)
    assert (why(new), certbots_word(new)) == (None, "")


def _follow(config_dir: Path) -> None:
    """Run the command that is advised."""
    command = str(why(config_dir)).split("`")[1]
    subprocess.run(["/bin/sh", "-c", command], check=True, cwd="/")


def test_an_interval_that_certbot_cannot_read_is_told(tmp_path: Path) -> None:
    """A comma makes a list of it, at which certbot stops."""
    write_lineage(tmp_path, "a", "a.test", before_expiry="20 days, 3 hours")
    assert "renew_before_expiry = 20 days, 3 hours" in str(why(tmp_path))
    assert "AttributeError" in certbots_word(tmp_path)
    write_lineage(tmp_path, "a", "a.test", before_expiry="soon enough")
    assert "renew_before_expiry = soon enough" in str(why(tmp_path))


def test_a_plugin_that_is_not_installed_is_told(tmp_path: Path) -> None:
    """An authenticator; without its installer certbot goes on."""
    write_lineage(tmp_path, "a", "a.test", installer="nowhere")
    assert why(tmp_path) is None
    write_lineage(tmp_path, "a", "a.test", authenticator="dns-nowhere")
    assert str(why(tmp_path)).startswith("The authenticator dns-nowhere, which ")


def test_credentials_that_are_gone_are_told(tmp_path: Path) -> None:
    """Of the plugins that are used, not of others whose options stand there still."""
    gone, there = tmp_path / "gone.ini", tmp_path / "there.ini"
    there.touch()
    for authenticator, expected in (
        ("webfaction", "None"),
        ("dns-webfaction", f"The credentials file {gone}, which "),
    ):
        write_lineage(
            tmp_path,
            *("a", "a.test"),
            authenticator=authenticator,
            webfaction_credentials=str(there),
            dns_webfaction_credentials=str(gone),
        )
        assert str(why(tmp_path)).startswith(expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[renewalparams", "certbot can't read "),
        ("version = 1", "does not name the lineage's files: cert, privkey, chain, fullchain"),
        (None, "certbot can't read "),
    ],
)
def test_a_renewal_file_that_is_none_is_told(tmp_path: Path, text: str | None, words: str) -> None:
    """certbot passes it over."""
    write_lineage(tmp_path, "a", "a.test")
    conf = tmp_path / "renewal/a.conf"
    conf.write_text(text) if text else conf.unlink()
    assert words in str(why(tmp_path))
    assert certbots_word(tmp_path)


def test_a_renewal_file_without_an_authenticator_is_told(tmp_path: Path) -> None:
    """Of a certificate that somebody put there by hand."""
    write_lineage(tmp_path, "a", "a.test")
    conf = tmp_path / "renewal/a.conf"
    for text in (conf.read_text().replace("authenticator", "x"), conf.read_text().split("[")[0]):
        conf.write_text(text)
        assert str(why(tmp_path)) == f"{conf} names no authenticator."
        assert certbots_word(tmp_path)
