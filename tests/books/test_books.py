"""Reading the two documents, and rebuilding what is damaged or missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.panel.model import Change
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
    assert (scene.wanted, scene.journal) == (Wanted(), Journal())
    assert scene.account.books.journal_path.exists()
    assert scene.account.books.wanted_path.exists()
    assert scene.panel.calls == []


def test_documents_that_are_there_are_read_without_a_call(scene: Scene) -> None:
    """The panel is not asked."""
    assert [source.name for source in scene.wanted.sources()] == ["a.test", "b.test"]
    made = [c.on for c in scene.journal.all(Change.SITE) if c.before is None]
    assert made == ["a"]
    assert scene.panel.calls == []


@pytest.mark.parametrize("content", ["", "{", '{"version": 2, "sites": 3}', "[]", "null"])
def test_a_damaged_wanted_is_rebuilt_from_panel_lineages_and_journal(
    scene: Scene, content: str
) -> None:
    """To the same, and a restart then changes nothing."""
    before = scene.wanted, scene.journal
    scene.account.books.wanted_path.write_text(content)
    assert (scene.wanted, scene.journal) == before
    (aside,) = scene.account.books.folder.glob("wanted.json.damaged-*")
    assert aside.read_text() == content
    scene.restart()
    assert scene.writes() == []


def test_a_damaged_journal_is_rebuilt_from_wanted_and_panel(scene: Scene) -> None:
    """What fields held before us is lost; a restart changes nothing, an undo harms nothing."""
    wanted, journal = scene.wanted, scene.journal
    scene.account.books.journal_path.write_text("{")
    assert scene.wanted == wanted
    rebuilt = scene.journal
    for name in ("a.test", "b.test"):
        stored = rebuilt.find(Change.CERTIFICATE, name)
        assert stored == journal.find(Change.CERTIFICATE, name)
    assert [c.before for c in rebuilt.all(Change.REDIRECT)] == [
        c.before for c in journal.all(Change.REDIRECT)
    ]
    assert rebuilt.find(Change.SITE, "a") == journal.find(Change.SITE, "a")
    attached = rebuilt.find(Change.SITE, "b")
    assert attached is not None
    assert attached.before["certificate"] == attached.after["certificate"] == "b_test"
    scene.restart()
    assert scene.writes() == []


def test_both_missing_are_rebuilt_where_a_renewal_file_names_us(scene: Scene) -> None:
    """A lost folder leaves no certificate to expire; nothing on the panel changes."""
    wanted = scene.wanted
    for path in scene.account.books.folder.iterdir():
        path.unlink()
    rebuilt = scene.wanted
    assert {key: site.source for key, site in rebuilt.sites.items()} == {
        key: site.source for key, site in wanted.sites.items()
    }
    assert list(rebuilt.redirects) == ["a"]
    scene.restart()
    assert scene.writes() == []


def test_a_rebuilt_wanted_does_not_undo_what_it_does_not_know(scene: Scene) -> None:
    """The lineage's renewal file is gone: its website keeps its certificate all the same."""
    kept = [change for change in scene.journal.changes if change.on != "b.test"]
    scene.note(Journal(kept))
    scene.lineages.renewal_file("b.test").unlink()
    scene.account.books.wanted_path.write_text("{")
    assert [source.name for source in scene.wanted.sources()] == ["a.test"]
    assert scene.journal.find(Change.SITE, "b") is None
    scene.restart()
    assert scene.site("b", https=True).certificate == "b_test"


def test_a_renewal_that_was_not_uploaded_is_made_up_for_after_a_rebuild(scene: Scene) -> None:
    """The panel's older leaf of the lineage is known by the archive."""
    files = scene.issue("a.test", "a.test")
    for path in scene.account.books.folder.iterdir():
        path.unlink()
    scene.restart()
    assert scene.writes() == ["update_certificate"]
    assert scene.panel.installed["a_test"].leaf == files.leaf.read_text()


def test_what_is_noted_is_on_disk_before_and_after(tmp_path: Path) -> None:
    """A change that fails in between stays noted as not done."""
    books = Scene(tmp_path).account.books
    change = Change("app", "letsencrypt", after={"type": "static_only"})
    with books.changing(change):
        books.peek()
        assert books.journal.changes == [replace(change, done=False)]
    books.peek()
    assert books.journal.changes == [replace(change, done=True)]
    with pytest.raises(KeyboardInterrupt), books.changing(replace(change)):
        raise KeyboardInterrupt
    books.peek()
    assert [each.done for each in books.journal.changes] == [False]
