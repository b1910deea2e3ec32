"""Files over the panel's file manager."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.panel.files import File, PlacedFile, PlacingError
from tests.hosts.cpanel.conftest import Place
from tests.sandbox.cpanel.faults import UNKNOWN_ERROR
from tests.sandbox.faults import RESET_AFTER, Fault

PATH = ".well-known/acme-challenge/token"


@pytest.fixture
def root(place: Place) -> str:
    """The document root of the main domain."""
    return str(place.account.home / "public_html")


def test_a_file_comes_and_goes_with_its_directories(place: Place, root: str) -> None:
    """Those that were there stay, and so does what somebody put beside it."""
    files = place.panel().files
    placed = files.place([File(root, PATH, "content + 50%")])
    written = place.account.home / "public_html" / PATH
    assert written.read_text() == "content + 50%"
    assert written.stat().st_mode & 0o777 == 0o644
    assert placed[0].made == [".well-known", ".well-known/acme-challenge"]
    assert files.read(root, PATH) == "content + 50%"

    (written.parent.parent / "mine").write_text("mine")
    assert files.remove(placed) == []
    assert files.listing(root) == [".well-known"]
    assert files.listing(f"{root}/.well-known") == ["mine"]
    assert files.remove(placed) == []


def test_a_directory_is_listed_once_for_all_files(place: Place, root: str) -> None:
    """And once more for what has to be seen: that files are there, that directories are empty."""
    files = place.panel().files
    given = [File(root, f"{PATH}{number}", "content") for number in range(2)]
    placed = files.place(given)
    assert Counter(place.methods()) == {
        "Fileman::list_files": 2,
        "Fileman::mkdir": 2,
        "Fileman::save_file_content": 2,
    }
    assert files.remove(placed) == []
    assert Counter(place.methods()) == {"Fileman::list_files": 5, "Fileman::fileop": 4}
    assert files.listing(root) == []


def test_what_somebody_puts_there_meanwhile_stays(place: Place, root: str) -> None:
    """A directory is looked into just before it is removed, and no directory goes as a file."""
    theirs = Path(root, PATH).with_name("theirs")

    def meanwhile(right: bytes) -> bytes:
        theirs.mkdir()
        return right

    files = place.panel().files
    placed = files.place([File(root, PATH, "content")])
    place.stand_in.faults.on(1, Fault("", takes_effect=True, body=meanwhile), "Fileman::fileop")
    assert files.remove(placed) == []
    assert not Path(root, PATH).exists()
    assert files.remove([PlacedFile(root, str(theirs.relative_to(root)))]) == []
    assert theirs.is_dir()


@pytest.mark.parametrize("call", [1, 2])
def test_directories_go_though_the_panel_said_that_it_did_not_make_them(
    place: Place, root: str, call: int
) -> None:
    """A refusal may be none; only what is empty is removed."""
    place.stand_in.faults.on(call, UNKNOWN_ERROR, "Fileman::mkdir")
    files = place.panel().files
    with pytest.raises(PlacingError, match="make the directory") as caught:
        files.place([File(root, PATH, "content")])
    assert files.listing(root) == [".well-known"]
    assert files.remove(caught.value.placed) == []
    assert files.listing(root) == []


def test_something_else_of_that_name_is_kept_unless_it_is_to_give_way(
    place: Place, root: str
) -> None:
    """The same content is no obstacle."""
    files = place.panel().files
    files.place([File(root, "page", "mine")])
    assert files.place([File(root, "page", "mine")])[0].made == []
    with pytest.raises(PlacingError, match="something else of that name"):
        files.place([File(root, "page", "ours")])
    files.place([File(root, "page", "ours")], replace=True)
    assert files.read(root, "page") == "ours"


def test_nothing_is_written_through_a_link(place: Place, root: str) -> None:
    """Wherever it leads."""
    (place.account.home / "public_html" / ".well-known").symlink_to(place.account.home)
    files = place.panel().files
    with pytest.raises(PlacingError, match="no directory"):
        files.place([File(root, PATH, "content")])
    assert files.read(root, PATH) is None


def test_a_file_that_is_dropped_silently_is_told(place: Place, root: str) -> None:
    """The panel lists what there is, after it said that it was written."""
    place.account.switches.drops_files = True
    with pytest.raises(PlacingError, match="virus scan") as caught:
        place.panel().files.place([File(root, PATH, "content")])
    assert caught.value.placed[0].made == [".well-known", ".well-known/acme-challenge"]


def test_lists_come_in_either_shape(place: Place, root: str) -> None:
    """As documented, or as recorded."""
    place.account.switches.documented_shapes = True
    files = place.panel().files
    assert files.remove(files.place([File(root, PATH, "content")])) == []
    assert files.listing(root) == []


def test_what_is_missing_is_nothing(place: Place, root: str) -> None:
    """Neither a file, nor a directory."""
    files = place.panel().files
    assert files.read(root, PATH) is None
    assert files.listing(f"{root}/nowhere") == []


@pytest.mark.parametrize("method", ["Fileman::save_file_content", "Fileman::mkdir"])
def test_a_lost_answer_is_looked_after(place: Place, root: str, method: str) -> None:
    """It took effect, and is not asked for again."""
    place.stand_in.faults.on(1, RESET_AFTER, method)
    files = place.panel().files
    files.place([File(root, PATH, "content")])
    called = place.methods()
    assert called.count(method) == (1 if method.endswith("content") else 2)
    assert files.read(root, PATH) == "content"


def test_a_plan_without_the_file_manager_is_told(place: Place, root: str) -> None:
    """By the feature's name."""
    place.account.features.discard("filemanager")
    with pytest.raises(errors.PluginError, match="filemanager"):
        place.panel().files.place([File(root, PATH, "content")])
