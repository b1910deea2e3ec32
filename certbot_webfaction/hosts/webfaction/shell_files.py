"""Files on the host, over the panel's API: a shell script for all of them in one call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from shlex import quote

from certbot import errors

from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.panel.files import (
    File,
    Files,
    PlacedFile,
    PlacingError,
    check_path,
    deepest_first,
    split,
)
from certbot_webfaction.text import printable


class PanelFiles(Files):
    """Files on the host, over the panel's API: one call for all of them."""

    def __init__(self, panel: WebFaction) -> None:
        self._panel = panel

    def place(self, files: Sequence[File], *, replace: bool = False) -> list[PlacedFile]:
        """Place files.

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
                parents, _ = split(files[index].path)
                placed[index].made.append("/".join(parents[: int(extra)]))
            else:
                raise PlacingError(files[index], extra, placed[: index + 1])
        return placed

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        if not placed:
            return []
        script = [_COMMON, _DROP, "make="]
        for index, file in enumerate(placed):
            check_path(file.directory, file.path)
            script.append(f"drop {index} {_arguments(file)}")
        for app, path in deepest_first(placed):
            script.append(f"sweep {_arguments(File(app, path, ''))}")
        return [(placed[index], extra) for _, index, extra in self._run(script, len(placed))]

    def read(self, directory: str, path: str) -> str | None:
        check_path(directory, path)
        return self._show(f"{directory}/{path}", f"show {_arguments(File(directory, path, ''))}")

    def listing(self, directory: str) -> list[str]:
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
        if f"{_MARK} done" not in answer.splitlines():
            raise errors.PluginError(
                "The host did not carry out a command about files in apps' directories; it"
                f" answered “{printable(answer) or 'nothing'}”. If this machine is the host, try"
                " --webfaction-files local."
            )
        said: list[tuple[str, int, str]] = []
        detail: list[str] = []
        for line in answer.splitlines():
            match = _SAID.fullmatch(line)
            if not match:
                detail.append(line)
            elif int(match[2]) < count:
                extra = match[3]
                if match[1] == "failed":
                    extra = _REASONS.get(extra, extra)
                    extra += f" (“{printable(' '.join(detail))}”)" if detail else ""
                    detail = []
                said.append((match[1], int(match[2]), extra))
        return said


_MARK = "certbot-webfaction"
_SAID = re.compile(rf"{_MARK} (made(?= \d+ \d+\Z)|failed) (\d+) (\w+)")
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
    parents, name = split(file.path)
    return " ".join(quote(word) for word in (name, file.directory, *parents))
