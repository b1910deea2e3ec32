"""Running ``certbot-webfaction`` as the account's user, with a terminal and without one."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

from tests.sandbox.sandbox import Sandbox

PROGRAM = str(Path(sys.executable).with_name("certbot-webfaction"))


def add_crontab(sandbox: Sandbox, *lines: str) -> dict[str, str]:
    """Give the user a crontab of these lines; return the environment that shows it."""
    programs = sandbox.directory / "certbot" / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "crontab.txt").write_text("".join(f"{line}\n" for line in lines))
    crontab = programs / "crontab"
    crontab.write_text(f'#!/bin/sh\n[ "$1" = -l ] && cat {programs}/crontab.txt\n')
    crontab.chmod(0o755)
    return {"PATH": f"{programs}:{sandbox.environ()['PATH']}"}


def run_command(
    sandbox: Sandbox, *args: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it without a terminal."""
    return subprocess.run(
        [PROGRAM, *args],
        env={**sandbox.environ(), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_in_terminal(
    sandbox: Sandbox, *args: str, env: dict[str, str] | None = None, columns: int = 80
) -> str:
    """Run it in a terminal of so many columns; return what that was sent, lines ending in LF."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {**sandbox.environ(), "TERM": "xterm", **(env or {})}
    for name in ("COLUMNS", "LINES", *(() if env and "NO_COLOR" in env else ("NO_COLOR",))):
        environ.pop(name, None)
    with subprocess.Popen(
        [PROGRAM, *args], env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        sent = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says EIO when nobody has the other end open any more
                break
            if not part:
                break
            sent += part
        process.wait(60)
    os.close(ours)
    return sent.decode().replace("\r\n", "\n")
