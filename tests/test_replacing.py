"""Files are replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.replacing import replacing


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """The new one is gone."""
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as new:
            new.write_text("half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file", "old")]


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    """Files that are kept elsewhere and linked are replaced there."""
    there = tmp_path / "dotfiles" / "cli.ini"
    there.parent.mkdir()
    there.write_text("old")
    link = tmp_path / "cli.ini"
    link.symlink_to(there)
    with replacing(link, 0o640) as new:
        new.write_text("new")
    assert link.is_symlink()
    assert there.read_text() == "new"
    assert there.stat().st_mode & 0o777 == 0o640


def test_a_directory_that_a_link_leads_to_is_made(tmp_path: Path) -> None:
    """Also where it is not there yet."""
    (tmp_path / "config").symlink_to(tmp_path / "dotfiles")
    with replacing(tmp_path / "config" / "cli.ini") as new:
        new.write_text("new")
    assert (tmp_path / "dotfiles" / "cli.ini").read_text() == "new"
