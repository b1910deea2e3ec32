"""Documents on disk: what was written is read, and nothing else passes for it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from certbot import errors
from hypothesis import given
from hypothesis import strategies as st

from certbot_webfaction.books import document
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Source, Wanted, WantedSite
from certbot_webfaction.panel.model import Change

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
JOURNALS = st.builds(
    Journal,
    changes=st.lists(
        st.builds(Change, what=st.text(), on=st.text(), before=JSON, after=JSON), max_size=3
    ),
)
KEYS = st.sampled_from(["version", "changes", "sites", "redirects", "other"])


@given(journal=JOURNALS)
def test_a_journal_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, journal: Journal
) -> None:
    """Whatever names it holds."""
    path = tmp_path_factory.getbasetemp() / "journal.json"
    document.write(path, journal)
    assert document.read(path, Journal) == journal


@given(content=JSON | st.dictionaries(KEYS, JSON))
def test_other_json_is_a_document_or_damaged_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, content: Any
) -> None:
    """A newer version is refused; what is damaged is kept aside as it was."""
    path = tmp_path_factory.getbasetemp() / "odd.json"
    path.write_text(json.dumps(content))
    for kind in (Journal, Wanted):
        error = None
        try:
            document.write(path, document.read(path, kind))
        except errors.PluginError as raised:
            error = raised
        if isinstance(error, document.DamagedError):
            document.set_aside(path, error)
            (aside,) = path.parent.glob("odd.json.damaged-*")
            assert json.loads(aside.rename(path).read_text()) == content
        elif error:
            assert "newer certbot-webfaction" in str(error)
            assert json.loads(path.read_text()) == content


def test_a_document_is_for_its_owner_and_can_be_read_by_a_person(tmp_path: Path) -> None:
    """Mode 0600 in folders of mode 0700, with its version first, and lines that begin an entry."""
    path = tmp_path / "webfaction" / "alice" / "wanted.json"
    odd = '}, {"shop": }, "'
    wanted = Wanted({name: WantedSite(Source(lineage=odd), [odd]) for name in ("shop", "blog")})
    document.write(path, wanted)
    assert document.read(path, Wanted) == wanted
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    first, *lines = path.read_text().splitlines()
    assert first.startswith('{"version": 2, "sites": {"shop": {"source": {')
    assert [line.partition(":")[0] for line in lines].count('"blog"') == 1


def test_a_write_that_fails_leaves_the_old_document(tmp_path: Path) -> None:
    """The folder can't be written: the error names the document."""
    path = tmp_path / "file" / "wanted.json"
    path.parent.write_text("no folder")
    with pytest.raises(errors.PluginError, match=r"wanted\.json could not be written"):
        document.write(path, Wanted())


def test_a_document_that_cannot_be_read_is_not_taken_for_damaged(tmp_path: Path) -> None:
    """A directory in its place, as a file of root's: it stays, and the error says what to do."""
    path = tmp_path / "journal.json"
    path.mkdir()
    with pytest.raises(errors.PluginError, match="can't be read: Is a directory") as raised:
        document.read(path, Journal)
    assert not isinstance(raised.value, document.DamagedError)
    assert str(raised.value).endswith(f'sudo chown -R "$USER" {tmp_path}')
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_is_no_utf_8_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And one that is can be read by a person."""
    path = tmp_path / "wanted.json"
    odd = os.fsdecode(b"/etc/gr\xc3\xbcn/gr\xfcn.pem")
    wanted = Wanted({"shop": WantedSite(Source(leaf=odd), [])})
    document.write(path, wanted)
    assert document.read(path, Wanted) == wanted
    assert '"/etc/grün/gr\\udcfcn.pem"' in path.read_text(encoding="utf-8")
