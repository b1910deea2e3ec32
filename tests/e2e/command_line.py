"""Running ``certbot-webfaction`` as the account's user, with a terminal and without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sandbox.sandbox import Sandbox
from tests.terminal import Terminal

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


def run_in_terminal(sandbox: Sandbox, *args: str, env: dict[str, str] | None = None) -> str:
    """Run it in a terminal of 80 columns; return what that shows."""
    unset = ("COLUMNS", "LINES", "NO_COLOR")
    environ = {name: value for name, value in sandbox.environ().items() if name not in unset}
    with Terminal([PROGRAM, *args], {**environ, "TERM": "xterm", **(env or {})}) as terminal:
        terminal.wait()
        return terminal.shown
