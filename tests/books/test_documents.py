"""Reading the two documents, and rebuilding what is damaged or missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.books.documents import wanted_path
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from tests.installation.scene import Scene, http, https


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Two lineages: one on a website that we made and that redirects, one on one that was there."""
    scene = Scene(
        tmp_path, http("a", "a.test"), http("b", "b.test", app="other"), https("b", "b.test")
    )
    for name in ("a.test", "b.test"):
        scene.issue(name, name)
        scene.install(name)
    scene.redirect("a.test")
    scene.forget_process()
    return scene


def test_an_account_never_used_has_two_empty_documents(tmp_path: Path) -> None:
    """Written at once, so that a later loss of one can be told; the panel is not asked."""
    scene = Scene(tmp_path)
    assert scene.documents() == (Wanted(), Journal())
    assert scene.account.journal_path.exists()
    assert wanted_path(scene.account).exists()
    assert scene.panel.calls == []


def test_documents_that_are_there_are_read_without_a_call(scene: Scene) -> None:
    """The panel is not asked."""
    wanted, journal = scene.documents()
    assert list(wanted.certificates) == ["a_test", "b_test"]
    assert list(journal.websites) == ["a"]
    assert scene.panel.calls == []


@pytest.mark.parametrize("content", ["", "{", '{"version": 1, "websites": 3}', "[]", "null"])
def test_a_damaged_wanted_is_rebuilt_from_panel_lineages_and_journal(
    scene: Scene, content: str
) -> None:
    """To the same, and a restart then changes nothing."""
    before = scene.documents()
    wanted_path(scene.account).write_text(content)
    assert scene.documents() == before
    (aside,) = scene.account.folder.glob("wanted.json.damaged-*")
    assert aside.read_text() == content
    scene.restart()
    assert scene.writes() == []


def test_a_damaged_journal_is_rebuilt_from_wanted_and_panel(scene: Scene) -> None:
    """What fields held before us is lost; a restart changes nothing, an undo harms nothing."""
    wanted, journal = scene.documents()
    scene.account.journal_path.write_text("{")
    rebuilt_wanted, rebuilt = scene.documents()
    assert rebuilt_wanted == wanted
    assert rebuilt.uploads == journal.uploads
    assert rebuilt.contents == journal.contents
    assert rebuilt.websites == journal.websites
    assert rebuilt.certificates["b"].before == rebuilt.certificates["b"].ours == "b_test"
    scene.restart()
    assert scene.writes() == []


def test_both_missing_are_rebuilt_where_a_renewal_file_names_us(scene: Scene) -> None:
    """A lost folder leaves no certificate to expire; nothing on the panel changes."""
    wanted, _ = scene.documents()
    for path in scene.account.folder.iterdir():
        path.unlink()
    rebuilt, _ = scene.documents()
    assert list(rebuilt.certificates) == list(wanted.certificates)
    assert {name: site.certificate for name, site in rebuilt.websites.items()} == {
        "a": "a_test",
        "b": "b_test",
    }
    assert rebuilt.redirects == ["a"]
    scene.restart()
    assert scene.writes() == []


def test_a_rebuilt_wanted_does_not_undo_what_it_does_not_know(scene: Scene) -> None:
    """The lineage's renewal file is gone: its website keeps its certificate all the same."""
    Path(scene.config.renewal_configs_dir, "b.test.conf").unlink()
    wanted_path(scene.account).write_text("{")
    wanted, journal = scene.documents()
    assert list(wanted.certificates) == ["a_test"]
    assert "b" not in journal.certificates
    scene.restart()
    assert scene.site("b", https=True).certificate == "b_test"


def test_a_renewal_that_was_not_uploaded_is_made_up_for_after_a_rebuild(scene: Scene) -> None:
    """The panel's older leaf of the lineage is known by the archive."""
    files = scene.issue("a.test", "a.test")
    for path in scene.account.folder.iterdir():
        path.unlink()
    scene.restart()
    assert scene.writes() == ["update_certificate"]
    assert scene.panel.installed["a_test"].leaf == files.leaf.read_text()
