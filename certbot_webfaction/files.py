"""Small text files in apps' directories, written on this machine or over the panel's API."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Protocol

from certbot import errors

from certbot_webfaction.account import HostAccount
from certbot_webfaction.journal import PlacedFile
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.printable import printable


@dataclass(frozen=True)
class File:
    """A text file at ``path`` below an app's absolute ``directory``."""

    directory: str
    path: str
    content: str


class PlacingError(errors.PluginError):
    """A file could not be placed; ``file`` is that one.

    ``placed`` is what was made until then: as `Files.place` returns it, up to this file.
    """

    def __init__(self, file: File, reason: str, placed: list[PlacedFile]) -> None:
        super().__init__(f"{file.path} could not be written in {file.directory}: {reason}.")
        self.file = file
        self.placed = placed


class Files(Protocol):
    """Where files are put. Nothing ever leaves an app's directory through a symlink."""

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        """Write files with mode 0644, and directories that are missing with mode 0755.

        Who reads a file while it is written finds all of it or nothing.

        :param replace: whether something else of a file's name, a symlink included, gives way
        :returns: for each file what was made for it
        :raises certbot.errors.PluginError: if one could not be written; `PlacingError` names it
        """

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        """Remove files, then those of their directories that were made for them and are empty.

        :returns: each file that is still there, with the reason
        :raises certbot.errors.PluginError: if the host could not be asked
        """

    def read(self, directory: str, path: str) -> str | None:
        """Read the file at ``path`` below an app's directory; ``None``: there is none.

        :raises certbot.errors.PluginError: if it can't be read
        """

    def listing(self, directory: str) -> list[str]:
        """The names of everything in an app's directory, hidden files too; none if it is missing.

        :raises certbot.errors.PluginError: if it can't be read
        """


def choose_files(account: HostAccount) -> Files:
    """Choose as ``--webfaction-files`` says.

    ``auto`` is this machine if the account's websites are served from here: the account's
    ``webapps`` belongs to the current user, and the host name is that of its web server.

    :raises certbot.errors.PluginError: if the login fails
    """
    choice = account.options.files
    if choice == "local" or (choice == "auto" and _on_the_host(account)):
        return LocalFiles()
    return PanelFiles(account.panel.client)


def _on_the_host(account: HostAccount) -> bool:
    host = account.login()
    try:
        owner = (Path(host.home) / "webapps").stat().st_uid
    except OSError:
        return False
    name = socket.gethostname().partition(".")[0]
    return owner == os.getuid() and name.lower() == host.web_server.lower()


class LocalFiles:
    """Files on this machine."""

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        """As `Files.place`."""
        placed: list[PlacedFile] = []
        for file in files:
            check_path(file.directory, file.path)
            placed.append(PlacedFile(file.directory, file.path))
            try:
                try:
                    self._place(file, replace, placed[-1].made)
                except FileNotFoundError:
                    # A doctor that runs now takes its own directories away, empty as they are.
                    self._place(file, replace, placed[-1].made)
            except _RefusedError as error:
                raise PlacingError(file, str(error), placed) from error
            except OSError as error:
                raise PlacingError(file, error.strerror or str(error), placed) from error
        return placed

    def _place(self, file: File, replace: bool, made: list[str]) -> None:
        parents, name = _split(file.path)
        with _enter(file.directory, parents, made) as directory:
            if not replace and not _same(directory, name, file.content):
                raise _RefusedError("taken")
            _write(directory, name, file.content)

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        """As `Files.remove`."""
        failed = []
        for file in placed:
            check_path(file.directory, file.path)
            parents, name = _split(file.path)
            try:
                with _enter(file.directory, parents) as directory:
                    _unlink(directory, name)
                    _unlink(directory, _new_name(name))
            except (FileNotFoundError, NotADirectoryError, _RefusedError):
                pass  # the way to it is gone, and the file with it
            except OSError as error:
                failed.append((file, error.strerror or str(error)))
        for app, path in _deepest_first(placed):
            parents, name = _split(path)
            # not empty, or replaced by something else: then it is no longer ours to remove
            with (
                contextlib.suppress(OSError, _RefusedError),
                _enter(app, parents) as directory,
            ):
                os.rmdir(name, dir_fd=directory)
        return failed

    def read(self, directory: str, path: str) -> str | None:
        """As `Files.read`."""
        check_path(directory, path)
        parents, name = _split(path)
        try:
            with _enter(directory, parents) as handle:
                return _read(handle, name)
        except (FileNotFoundError, NotADirectoryError, _RefusedError):
            return None
        except OSError as error:
            raise errors.PluginError(
                f"{path} in {directory} can't be read: {error.strerror or error}."
            ) from error

    def listing(self, directory: str) -> list[str]:
        """As `Files.listing`."""
        try:
            return sorted(os.listdir(directory))  # noqa: PTH208 - names are wanted, not paths
        except FileNotFoundError:
            return []
        except OSError as error:
            raise errors.PluginError(
                f"{directory} can't be read: {error.strerror or error}."
            ) from error


class _RefusedError(Exception):
    """What we do not do ourselves; one of `_REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(_REASONS[reason])


@contextlib.contextmanager
def _enter(app: str, parents: Sequence[str], made: list[str] | None = None) -> Iterator[int]:
    """Open a directory below an app's; with ``made``, make and note there what is missing.

    Symlinks are resolved first, and every step on the resolved path refuses them, so that one
    that is planted meanwhile is not followed.
    """
    root = os.path.realpath(app)
    real = os.path.realpath(os.path.join(app, *parents))  # noqa: PTH118 - goes with realpath
    if os.path.commonpath([root, real]) != root:
        raise _RefusedError("outside")
    flags = os.O_RDONLY | os.O_DIRECTORY
    handle = os.open(root, flags)
    try:
        at = PurePosixPath()
        for part in PurePosixPath(real).relative_to(root).parts:
            at /= part
            try:
                below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=handle)
            except FileNotFoundError:
                if made is None:
                    raise
                os.mkdir(part, dir_fd=handle)
                made.append(str(at))
                below = os.open(part, flags | os.O_NOFOLLOW, dir_fd=handle)
                os.fchmod(below, 0o755)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def _write(directory: int, name: str, content: str) -> None:
    new = _new_name(name)
    _unlink(directory, new)  # a killed run may have left it
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(new, flags, dir_fd=directory), "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content.encode())
    try:
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        _unlink(directory, new)
        raise


def _unlink(directory: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=directory)


def _read(directory: int, name: str) -> str | None:
    try:
        if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            return None
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=directory)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read().decode("utf-8", "replace")


def _same(directory: int, name: str, content: str) -> bool:
    """Whether there is nothing of that name, or just this content."""
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return True
    return _read(directory, name) == content


class PanelFiles:
    """Files on the host, over the panel's API: one call for all of them."""

    def __init__(self, panel: IPanel) -> None:
        self._panel = panel

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        """As `Files.place`.

        Linux allows 128 KiB for one argument of a command, here about 400 challenge files.
        """
        if not files:
            return []
        script = [_COMMON, _PUT, f"replace={'yes' if replace else ''} make=yes"]
        for index, file in enumerate(files):
            check_path(file.directory, file.path)
            script.append(f"put {index} {quote(file.content)} {_arguments(file)}")
        placed = [PlacedFile(file.directory, file.path) for file in files]
        for word, index, extra in self._run(script, len(files)):
            if word == "made":
                parents, _ = _split(files[index].path)
                placed[index].made.append("/".join(parents[: int(extra)]))
            else:
                raise PlacingError(files[index], extra, placed[: index + 1])
        return placed

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        """As `Files.remove`."""
        if not placed:
            return []
        script = [_COMMON, _DROP, "make="]
        for index, file in enumerate(placed):
            check_path(file.directory, file.path)
            script.append(f"drop {index} {_arguments(file)}")
        for app, path in _deepest_first(placed):
            script.append(f"sweep {_arguments(File(app, path, ''))}")
        return [(placed[index], extra) for _, index, extra in self._run(script, len(placed))]

    def read(self, directory: str, path: str) -> str | None:
        """As `Files.read`."""
        check_path(directory, path)
        return self._show(f"{directory}/{path}", f"show {_arguments(File(directory, path, ''))}")

    def listing(self, directory: str) -> list[str]:
        """As `Files.listing`."""
        check_path(directory, "any")
        content = self._show(directory, f"list {quote(directory)}")
        return sorted((content or "").splitlines())

    def _show(self, what: str, line: str) -> str | None:
        answer = self._panel.run("\n".join([_COMMON, _SHOW, "make=", line]))
        head, _, content = answer.partition("\n")
        if head == f"{_MARK} content":
            return content
        if head == f"{_MARK} none":
            return None
        raise errors.PluginError(
            f"{what} can't be read: the host answered “{printable(answer) or 'nothing'}”."
        )

    def _run(self, script: list[str], count: int) -> list[tuple[str, int, str]]:
        """Run a script; return what it said: a word, the number of a file, and the rest."""
        answer = self._panel.run("\n".join([*script, "say done"]))
        said: list[tuple[str, int, str]] = []
        detail = []
        done = False
        for line in answer.splitlines():
            match = re.fullmatch(rf"{_MARK} (made|failed) (\d+) (\w+)", line)
            if line == f"{_MARK} done":
                done = True
            elif not match:
                detail.append(line)
            elif int(match[2]) < count and (match[1] == "failed" or match[3].isdecimal()):
                extra = match[3]
                if match[1] == "failed":
                    extra = _REASONS.get(match[3], match[3])
                    extra += f" (“{printable(' '.join(detail))}”)" if detail else ""
                    detail = []
                said.append((match[1], int(match[2]), extra))
        if not done:
            raise errors.PluginError(
                "The host did not carry out a command about files in apps' directories; it"
                f" answered “{printable(answer) or 'nothing'}”. If this machine is the host, try"
                " --webfaction-files local."
            )
        return said


_MARK = "certbot-webfaction"
_REASONS = {
    "outside": "a symlink leads out of the app's directory there",
    "missing": "the directory does not exist",
    "denied": "the directory can't be entered",
    "taken": "there is something else of that name",
    "unwritable": "the host refused it",
    "kept": "the host refused to remove it",
}

# POSIX sh, no more: the host's sh may be any. Names start with ./ because a token may start
# with a hyphen. The exit status is always 0, for the host may keep back what failing commands say.
_COMMON = f"""\
exec 2>&1
LC_ALL=C
umask 022
say() {{ printf '{_MARK} %s\\n' "$*"; }}
enter() {{
  reason=missing
  cd "$1" || {{ [ ! -e "$1" ] || reason=denied; return 1; }}
  root=$(pwd -P) depth=0
  shift
  for part do
    depth=$((depth + 1))
    if [ "$make" ] && [ ! -d "./$part" ]; then
      reason=unwritable
      mkdir "./$part" || return 1
      say made "$index" "$depth"
    fi
    reason=missing
    [ -d "./$part" ] || return 1
    reason=denied
    cd -P "./$part" || return 1
    reason=outside
    case $(pwd -P)/ in "$root"/*) ;; *) return 1 ;; esac
  done
}}"""

# mv would move into a directory, or a symlink to one, that has the file's name. A file that is
# there already was put there when this ran before and its answer was lost: then it may have made
# every directory on the way, too.
_PUT = r"""
fail() { say failed "$index" "$1"; say done; exit 0; }
put() {
  index=$1 content=$2 name=$3 new=.$3.new
  shift 3
  enter "$@" || fail "$reason"
  if [ -f "./$name" ] && [ ! -L "./$name" ] \
    && [ "$(cat "./$name"; printf x)" = "${content}x" ]; then
    while [ "$depth" -gt 0 ]; do say made "$index" "$depth"; depth=$((depth - 1)); done
  elif [ ! "$replace" ] && { [ -e "./$name" ] || [ -L "./$name" ]; }; then
    fail taken
  fi
  if [ -L "./$name" ]; then rm -f "./$name"; fi
  if [ -d "./$name" ]; then fail taken; fi
  # a doctor that runs now takes its own directories away, empty as they are
  fill || { enter "$@" || fail "$reason"; fill; } || fail unwritable
}
fill() {
  rm -f "./$new"
  (set -C; printf %s "$content" >"./$new") && mv -f "./$new" "./$name"
}"""

_DROP = """\
drop() {
  index=$1 name=$2
  shift 2
  if enter "$@" 2>/dev/null; then
    rm -f "./$name" "./.$name.new" || say failed "$index" kept
  elif [ "$reason" = denied ]; then
    say failed "$index" denied
  fi
}
sweep() {
  name=$1
  shift
  if enter "$@"; then rmdir "./$name"; fi
} >/dev/null 2>&1"""

_SHOW = f"""\
list() {{
  if [ -d "$1" ]; then
    printf '{_MARK} content\\n'
    ls -A "$1"
  else
    say none
  fi
}}
show() {{
  name=$1
  shift
  if enter "$@" && [ -f "./$name" ] && [ ! -L "./$name" ] && [ -r "./$name" ]; then
    printf '{_MARK} content\\n'
    cat "./$name"
  else
    say none
  fi
}} 2>/dev/null"""


def _arguments(file: File | PlacedFile) -> str:
    parents, name = _split(file.path)
    return " ".join(quote(word) for word in (name, file.directory, *parents))


def check_path(directory: str, path: str) -> None:
    """Refuse an app's directory or a path below it that names anything but just that.

    :raises certbot.errors.PluginError: if a part is empty, ``.`` or ``..``, or not printable
    """
    absolute = directory.startswith("/") and directory.isprintable()
    relative = path.isprintable() and not {"", ".", ".."} & set(path.split("/"))
    if not (absolute and relative) or ".." in directory.split("/"):
        raise errors.PluginError(
            f"{path!r:.200} in {directory!r:.200} is no path that files are written to."
        )


def _split(path: str) -> tuple[list[str], str]:
    *parents, name = path.split("/")
    return parents, name


def _new_name(name: str) -> str:
    return f".{name}.new"


def _deepest_first(placed: Sequence[PlacedFile]) -> list[tuple[str, str]]:
    """The directories that were made for files, each once: its app's directory and its path."""
    made = {(file.directory, path) for file in placed for path in file.made}
    return sorted(made, key=lambda entry: (-entry[1].count("/"), entry))
