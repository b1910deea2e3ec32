"""The guardian: starts the sandbox's servers, and ends them when the sandbox is gone.

It runs as a program of its own, with nothing but the standard library. Its standard input is a
pipe whose other end only the sandbox's process holds, so that the kernel tells it of every end of
that process, SIGKILL included. It answers each line, an order to start a program, with the
process id. At the end of its input it kills everything that belongs to the sandbox and removes the
sandbox's directory, which it made itself for the same reason.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

MARK = "WEBFACTION_SANDBOX"
"""Environment variable that holds the directory of the sandbox a process belongs to."""

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def main() -> None:
    """Make the directory, obey orders until the sandbox is gone, then leave nothing behind."""
    directory = Path(tempfile.mkdtemp(prefix="webfaction-sandbox-"))
    # What our children leave behind becomes ours to reap: a container's init may not do it.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, _reap)
    print(directory, flush=True)
    for line in sys.stdin:
        print(_start(json.loads(line), directory), flush=True)
    _clean(directory)


def _start(order: dict[str, object], directory: Path) -> int:
    """Start a program; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _become(order, directory)
    except OSError as error:
        os.write(2, f"{error}\n".encode())
    finally:
        os._exit(127)


def _become(order: dict[str, object], directory: Path) -> None:
    argv, env = order["argv"], order["env"]
    assert isinstance(argv, list)
    assert isinstance(env, dict)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
    os.dup2(1, 2)
    os.chdir(str(order["cwd"]))
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(int(str(order["gid"])))
        os.setuid(int(str(order["uid"])))
    os.execvpe(argv[0], argv, {**env, MARK: str(directory)})


def _reap(*_: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _clean(directory: Path) -> None:
    """Kill what belongs to the sandbox, children made meanwhile too, and remove its directory."""
    while pids := [pid for pid in _processes() if _belongs(pid, directory)]:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    shutil.rmtree(directory, ignore_errors=True)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _belongs(pid: int, directory: Path) -> bool:
    """Whether a process is a server of ours, or a command of the account's user.

    Servers such as nginx overwrite their environment, but have our session. What the user runs, as
    certbot and its hooks or commands through the API, has our mark or its home in the sandbox.
    """
    if pid == os.getpid():
        return False
    try:
        state, _parent, _group, session = _stat(pid)[:4]
        environment = Path(f"/proc/{pid}/environ").read_bytes() if state != "Z" else b""
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    if state == "Z":
        return False
    signs = (f"{MARK}={directory}".encode(), f"HOME={directory}/".encode())
    return int(session) == os.getsid(0) or any(
        variable.startswith(signs) for variable in environment.split(b"\0")
    )


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name, which may hold spaces (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


if __name__ == "__main__":
    main()
