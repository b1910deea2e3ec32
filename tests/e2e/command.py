"""The command ``certbot-webfaction`` in a sandbox, with the certbot that the sandbox runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.sandbox.base import AnySandbox
from tests.sandbox.sandbox import Sandbox
from tests.terminal import Terminal


def program(sandbox: AnySandbox) -> Path:
    """The program: the one beside this Python, or one for the Python of another certbot."""
    other = os.environ.get("CERTBOT")
    if other is None:
        return Path(sys.executable).with_name("certbot-webfaction")
    script = sandbox.directory / "certbot-webfaction"
    python = Path(other).read_text().partition("\n")[0]
    script.write_text(
        f"{python}\nimport sys\nfrom certbot_webfaction.command import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return script


def certbot() -> Path:
    """The certbot that the sandbox runs, which has the plugin."""
    return Path(os.environ.get("CERTBOT") or Path(sys.executable).with_name("certbot"))


def run(
    sandbox: AnySandbox, *args: str, input: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it without a terminal. ``env`` is added to the environment of the account's user."""
    return subprocess.run(
        [program(sandbox), *args],
        env={**sandbox.environ(), **(env or {})},
        input=input,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_in_terminal(sandbox: Sandbox, *args: str, env: dict[str, str] | None = None) -> str:
    """Run it in a terminal of 80 columns; return what that shows."""
    unset = ("COLUMNS", "LINES", "NO_COLOR")
    environ = {name: value for name, value in sandbox.environ().items() if name not in unset}
    command = [str(program(sandbox)), *args]
    with Terminal(command, {**environ, "TERM": "xterm", **(env or {})}) as terminal:
        terminal.wait()
        return terminal.shown


def add_crontab(sandbox: AnySandbox, *lines: str) -> dict[str, str]:
    """Give the user a crontab of these lines; return the environment that shows it."""
    programs = sandbox.directory / "certbot" / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "crontab.txt").write_text("".join(f"{line}\n" for line in lines))
    crontab = programs / "crontab"
    crontab.write_text(f'#!/bin/sh\n[ "$1" = -l ] && cat {programs}/crontab.txt\n')
    crontab.chmod(0o755)
    return {"PATH": f"{programs}:{sandbox.environ()['PATH']}"}
