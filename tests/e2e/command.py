"""The command ``certbot-webfaction`` in a sandbox, with the certbot that the sandbox runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.sandbox.sandbox import Sandbox


def program(sandbox: Sandbox) -> Path:
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


def run(
    sandbox: Sandbox, *args: str, input: str = "", env: dict[str, str] | None = None
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
