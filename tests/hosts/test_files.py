"""Files in apps' directories, on this machine and over the API: the same either way."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.hosts.webfaction.model import Account
from certbot_webfaction.hosts.webfaction.panel import Panel
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.hosts.webfaction.shell_files import PanelFiles
from certbot_webfaction.panel.files import File, Files, PlacedFile, PlacingError, check_path
from tests.hosts.webfaction.accounts import options
from tests.hosts.webfaction.fake import FakePanel
from tests.hosts.webfaction.shell_panel import ShellPanel

CHALLENGES = ".well-known/acme-challenge"


@pytest.fixture(params=["local", "dash", "bash"])
def files(request: pytest.FixtureRequest) -> Files:
    """Each way of putting files, the API's with two shells."""
    if request.param == "local":
        return LocalFiles()
    panel = ShellPanel()
    panel.shell = request.param
    return PanelFiles(panel)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app's directory, with a name that a shell would take apart."""
    directory = tmp_path / "it's $HOME; `app` *"
    directory.mkdir()
    return directory


@pytest.fixture
def closed_umask() -> Iterator[None]:
    """A umask that keeps everything from the web server."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def challenge(app: Path, token: str = "token", content: str = "token.thumb") -> File:
    return File(str(app), f"{CHALLENGES}/{token}", content)


def everything(app: Path) -> list[str]:
    return sorted(str(path.relative_to(app)) for path in app.rglob("*"))


@pytest.mark.usefixtures("closed_umask")
def test_web_servers_can_read_what_is_placed(files: Files, app: Path) -> None:
    """Files have mode 0644 and directories 0755, whatever the umask."""
    files.place([challenge(app)])

    assert (app / CHALLENGES / "token").read_text() == "token.thumb"
    modes = {path: oct((app / path).stat().st_mode & 0o777) for path in everything(app)}
    assert modes == {
        ".well-known": "0o755",
        CHALLENGES: "0o755",
        f"{CHALLENGES}/token": "0o644",
    }


def test_what_was_made_is_told_and_taken_away_again(files: Files, app: Path) -> None:
    """Directories are told once, by the file they were made for, and go with the last file."""
    placed = files.place([challenge(app, "-a", "line\nline\n"), challenge(app, "b", "it's \\n %s")])

    assert placed == [
        PlacedFile(str(app), f"{CHALLENGES}/-a", [".well-known", CHALLENGES]),
        PlacedFile(str(app), f"{CHALLENGES}/b", []),
    ]
    assert (app / CHALLENGES / "-a").read_text() == "line\nline\n"
    assert (app / CHALLENGES / "b").read_text() == "it's \\n %s"
    assert files.remove(placed) == []
    assert everything(app) == []


def test_directories_of_others_stay(files: Files, app: Path) -> None:
    """A directory that was there before stays, though it is empty."""
    (app / ".well-known").mkdir()
    placed = files.place([challenge(app)])

    assert placed[0].made == [CHALLENGES]
    files.remove(placed)
    assert everything(app) == [".well-known"]


def test_files_of_others_stay(files: Files, app: Path) -> None:
    """A directory that we made stays while somebody else's file is in it."""
    placed = files.place([challenge(app)])
    (app / CHALLENGES / "theirs").write_text("theirs")

    assert files.remove(placed) == []
    assert everything(app) == [".well-known", CHALLENGES, f"{CHALLENGES}/theirs"]


def test_removing_again_is_fine(files: Files, app: Path) -> None:
    """What is gone already, with its app even, is no failure."""
    placed = files.place([challenge(app)])
    files.remove(placed)

    assert files.remove(placed) == []
    assert files.remove([PlacedFile(str(app / "gone"), "a/b", ["a"])]) == []


def test_placing_again_is_fine(files: Files, app: Path) -> None:
    """The same files may be placed twice, and removed once."""
    first = files.place([challenge(app), challenge(app, "b")])
    second = files.place([challenge(app), challenge(app, "b")])

    assert (app / CHALLENGES / "token").read_text() == "token.thumb"
    files.remove([*first, *second])
    assert everything(app) == []


def test_a_command_that_ran_twice_is_cleaned_up_after(app: Path) -> None:
    """Where its first answer was lost, the second still tells which directories it made."""

    class ForgetfulPanel(ShellPanel):
        def run(self, command: str) -> str:
            super().run(command)
            return super().run(command)

    files = PanelFiles(ForgetfulPanel())
    files.remove(files.place([challenge(app), challenge(app, "b")]))
    assert everything(app) == []


def test_a_part_that_a_killed_run_left_is_no_obstacle(files: Files, app: Path) -> None:
    """What stands under the temporary name is replaced, and removed with the file."""
    part = app / CHALLENGES / ".token.new"
    part.parent.mkdir(parents=True)
    part.write_text("part")
    files.place([challenge(app)])
    assert not part.exists()

    part.write_text("part")
    files.remove([PlacedFile(str(app), f"{CHALLENGES}/token")])
    assert not part.exists()


@pytest.mark.parametrize("links", [".well-known", CHALLENGES])
def test_symlinks_out_of_the_app_are_not_followed(
    files: Files, app: Path, tmp_path: Path, links: str
) -> None:
    """Nothing is written or removed where a planted symlink leads out of the app's directory."""
    outside = tmp_path / "outside"
    (outside / "acme-challenge").mkdir(parents=True)
    (outside / "token").write_text("theirs")
    (outside / "acme-challenge" / "token").write_text("theirs")
    (app / links).parent.mkdir(exist_ok=True)
    (app / links).symlink_to(outside)

    with pytest.raises(PlacingError) as caught:
        files.place([challenge(app)], replace=True)
    assert str(caught.value) == (
        f"{CHALLENGES}/token could not be written in {app}: a symlink leads out of the app's"
        " directory there."
    )
    assert files.read(str(app), f"{CHALLENGES}/token") is None
    assert files.remove([PlacedFile(str(app), f"{CHALLENGES}/token", [links])]) == []
    assert everything(outside) == ["acme-challenge", "acme-challenge/token", "token"]
    assert (outside / "acme-challenge" / "token").read_text() == "theirs"


def test_symlinks_within_the_app_are_followed(files: Files, app: Path) -> None:
    """wfcli links .well-known to the app's own root; the app's directory may be a link too."""
    (app / ".well-known").symlink_to(".")
    linked = app.with_name("linked")
    linked.symlink_to(app)
    placed = files.place([challenge(linked)])

    assert (app / "acme-challenge" / "token").read_text() == "token.thumb"
    files.remove(placed)
    assert everything(app) == [".well-known"]


@pytest.mark.parametrize("target", ["victim", "directory", "nowhere"])
def test_a_symlink_in_the_place_of_the_file_gives_way(
    files: Files, app: Path, tmp_path: Path, target: str
) -> None:
    """A symlink planted under the file's name, or its temporary one, is replaced, not followed."""
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "directory").mkdir()
    (app / CHALLENGES).mkdir(parents=True)
    for name in ("token", ".token.new"):
        (app / CHALLENGES / name).symlink_to(tmp_path / target)
    files.place([challenge(app)], replace=True)

    file = app / CHALLENGES / "token"
    assert not file.is_symlink()
    assert file.read_text() == "token.thumb"
    assert (tmp_path / "victim").read_text() == "theirs"
    assert everything(tmp_path / "directory") == []
    assert not (tmp_path / "nowhere").exists()


def test_something_else_is_replaced_only_on_demand(files: Files, app: Path) -> None:
    """Without ``replace`` a file, symlink or directory of the same name stays; equal text may."""
    files.place([File(str(app), ".htaccess", "ours\n")])
    files.place([File(str(app), ".htaccess", "ours\n")])
    (app / "file").write_text("theirs")
    (app / "link").symlink_to("file")
    (app / "directory").mkdir()

    for name in ("file", "link", "directory"):
        with pytest.raises(PlacingError, match="there is something else of that name"):
            files.place([File(str(app), name, "ours")])
    assert (app / "file").read_text() == "theirs"
    assert (app / "link").is_symlink()
    files.place([File(str(app), "file", "ours")], replace=True)
    assert (app / "file").read_text() == "ours"
    with pytest.raises(PlacingError):
        files.place([File(str(app), "directory", "ours")], replace=True)
    assert everything(app) == [".htaccess", "directory", "file", "link"]


def test_a_missing_app_directory_is_told(files: Files, tmp_path: Path) -> None:
    """The app's own directory is not made, for then no web server would serve it."""
    with pytest.raises(PlacingError, match=r"token could not be written in .*/gone: ") as caught:
        files.place([challenge(tmp_path / "gone")])
    assert caught.value.file == challenge(tmp_path / "gone")
    assert everything(tmp_path) == []


def test_a_file_in_the_way_is_told(files: Files, app: Path) -> None:
    """Where a directory should be stands a file: it stays."""
    (app / ".well-known").write_text("theirs")

    (app / "other").mkdir()
    file = File(str(app), "other/made/file", "x")
    with pytest.raises(PlacingError) as caught:
        files.place([file, challenge(app), File(str(app), "late/file", "x")])
    assert caught.value.placed == [
        PlacedFile(str(app), "other/made/file", ["other/made"]),
        PlacedFile(str(app), f"{CHALLENGES}/token"),
    ]
    assert files.remove([PlacedFile(str(app), f"{CHALLENGES}/token", [CHALLENGES])]) == []
    assert (app / ".well-known").read_text() == "theirs"


def test_directories_that_a_doctor_takes_away_are_made_again(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between making a directory and writing into it, whoever made it may remove it as empty."""
    unlink = os.unlink
    swept: list[str] = []

    def sweeping(name: str, *, dir_fd: int) -> None:
        if not swept:
            for path in (CHALLENGES, ".well-known"):
                (app / path).rmdir()
                swept.append(path)
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", sweeping)
    (placed,) = LocalFiles().place([challenge(app)])
    assert swept
    assert (app / CHALLENGES / "token").read_text() == "token.thumb"
    assert set(placed.made) == {".well-known", CHALLENGES}


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_directories_that_a_doctor_takes_away_are_made_again_on_the_host(
    app: Path, tmp_path: Path, shell: str
) -> None:
    """Likewise in the script."""
    flag = shlex.quote(str(tmp_path / "swept"))
    sweeping = f"""\
rm() {{
  [ -e {flag} ] || {{ : >{flag}; (cd {shlex.quote(str(app))} && rmdir -p {CHALLENGES}); }}
  command rm "$@"
}}
"""

    class SweepingPanel(ShellPanel):
        def run(self, command: str) -> str:
            return super().run(sweeping + command)

    panel = SweepingPanel()
    panel.shell = shell
    (placed,) = PanelFiles(panel).place([challenge(app)])
    assert (tmp_path / "swept").exists()
    assert (app / CHALLENGES / "token").read_text() == "token.thumb"
    assert set(placed.made) == {".well-known", CHALLENGES}


def test_what_can_not_be_removed_is_told(files: Files, app: Path) -> None:
    """A directory under the file's name can't be removed as a file; others are."""
    placed = files.place([challenge(app, "a"), challenge(app, "b")])
    (app / CHALLENGES / "a").unlink()
    (app / CHALLENGES / "a").mkdir()

    (failed,) = files.remove(placed)
    assert failed[0] == placed[0]
    assert failed[1]
    assert not (app / CHALLENGES / "b").exists()


def test_reading(files: Files, app: Path) -> None:
    """A regular file is read as it is; anything else is as none."""
    (app / "a").mkdir()
    (app / "a" / "file").write_text("x\n\ny\n")
    (app / "empty").write_text("")
    (app / "link").symlink_to("a/file")

    assert files.read(str(app), "a/file") == "x\n\ny\n"
    assert files.read(str(app), "empty") == ""
    assert [files.read(str(app), path) for path in ("a", "link", "no", "no/no")] == [None] * 4


def test_listing(files: Files, app: Path) -> None:
    """Hidden files are listed too; a directory that is missing lists as empty."""
    for name in ("b", ".htaccess", "-a"):
        (app / name).write_text("")

    assert files.listing(str(app)) == ["-a", ".htaccess", "b"]
    assert files.listing(str(app / "gone")) == []


@pytest.mark.parametrize(
    ("directory", "path"),
    [
        ("/home/alice/webapps/app", "../x"),
        ("/home/alice/webapps/app", "a/../../x"),
        ("/home/alice/webapps/app", "/etc/x"),
        ("/home/alice/webapps/app", "a//x"),
        ("/home/alice/webapps/app", "./x"),
        ("/home/alice/webapps/app", ""),
        ("/home/alice/webapps/app", "a\nb"),
        ("/home/alice/webapps/app", "a\0b"),
        ("/home/alice/webapps/../../../etc", "x"),
        ("/home/alice/webapps/a\nb", "x"),
        ("webapps/app", "x"),
        ("", "x"),
    ],
)
def test_paths_are_not_trusted(files: Files, directory: str, path: str) -> None:
    """A path that leaves the app's directory or breaks a line is refused before all else."""
    for use in (
        lambda: files.place([File(directory, path, "x")]),
        lambda: files.remove([PlacedFile(directory, path)]),
        lambda: files.read(directory, path),
    ):
        with pytest.raises(errors.PluginError, match="is no path that files are written to"):
            use()
    check_path("/home/alice/webapps/app", "a/-x")


def test_one_call_places_and_one_removes_a_hundred_files(app: Path) -> None:
    """The largest order of Let's Encrypt takes two calls, each far below Linux's 128 KiB."""
    panel = ShellPanel()
    files = PanelFiles(panel)
    tokens = [f"{number:043}" for number in range(100)]
    placed = files.place([challenge(app, token, f"{token}.{'x' * 43}") for token in tokens])
    assert {path.name for path in (app / CHALLENGES).iterdir()} == set(tokens)
    files.remove(placed)

    assert everything(app) == []
    assert panel.verbs() == ["run", "run"]
    assert max(map(len, panel.ran)) < 64 * 1024


def test_nothing_to_do_makes_no_call() -> None:
    """No file, no call."""
    panel = ShellPanel()
    files = PanelFiles(panel)

    assert files.place([]) == []
    assert files.remove([]) == []
    assert panel.calls == []


@pytest.mark.parametrize(
    "output",
    ["", "sh: not found\n", "certbot-webfaction made 0 1\n", "certbot-webfaction done x\n"],
)
def test_an_answer_that_is_not_the_scripts_is_an_error(output: str) -> None:
    """Unless the script said that it came to its end, nothing counts as done."""
    panel = FakePanel()
    panel.output = output
    files = PanelFiles(panel)

    for use in (
        lambda: files.place([challenge(Path("/app"))]),
        lambda: files.remove([PlacedFile("/app", "a")]),
        lambda: files.read("/app", "a"),
        lambda: files.listing("/app"),
    ):
        with pytest.raises(errors.PluginError, match="answered “"):
            use()


def test_the_hosts_own_words_are_shown(app: Path) -> None:
    """A failure on the host is told with what its commands said."""
    (app / ".well-known").write_text("theirs")

    with pytest.raises(PlacingError, match=r"the host refused it \(“mkdir: "):
        PanelFiles(ShellPanel()).place([challenge(app)])


def chosen(choice: str, host: Account) -> Files:
    """The files of a panel with ``--webfaction-files``."""
    client = FakePanel(account=host)
    return Panel(Seen(lambda: client), options(Path("none"), files=choice)).files


def test_files_are_written_here_if_this_is_the_host(tmp_path: Path) -> None:
    """``auto``: webapps is here and ours, and this machine is the web server, in any case."""
    (tmp_path / "webapps").mkdir()
    here = Account("alice", str(tmp_path), socket.gethostname().partition(".")[0].upper())

    assert isinstance(chosen("auto", here), LocalFiles)
    elsewhere = replace(here, web_server="web1")
    assert isinstance(chosen("auto", elsewhere), PanelFiles)
    homeless = replace(here, home=str(tmp_path / "gone"))
    assert isinstance(chosen("auto", homeless), PanelFiles)
    assert isinstance(chosen("api", here), PanelFiles)
    assert isinstance(chosen("local", elsewhere), LocalFiles)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_files_of_another_user_are_left_to_the_api(tmp_path: Path) -> None:
    """``auto``: where webapps belongs to somebody else, the API writes."""
    (tmp_path / "webapps").mkdir()
    os.chown(tmp_path / "webapps", 1234, 1234)
    here = Account("alice", str(tmp_path), socket.gethostname().partition(".")[0])

    assert isinstance(chosen("auto", here), PanelFiles)
