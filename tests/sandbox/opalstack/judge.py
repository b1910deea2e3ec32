"""The host's official client, which judges the stand-in from outside, in an environment of its own.

It is on PyPI as ``opalstack``; the specification, section 4, tells what to make of it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

CLIENT = "opalstack==1.0.3"
FOLDER = Path(sys.prefix) / "judges" / "opalstack"


def prepared(folder: Path = FOLDER) -> Path:
    """The Python of a virtual environment with the client, made unless it is there.

    `subprocess.CalledProcessError` if it can't be made.
    """
    done = folder / "installed"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not done.exists() or done.read_text() != CLIENT:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = [str(folder / "bin/pip"), "install", "-qq", "--disable-pip-version-check"]
            subprocess.run([*pip, CLIENT], check=True)
            done.write_text(CLIENT)
    return folder / "bin/python"


def judge(flow: str, url: str, token: str, user: str, directory: Path) -> str:
    """Go through a flow of `flows` in ``directory``; return why it failed, ``""`` if it passed."""
    done = subprocess.run(
        [prepared(), "-I", Path(__file__).with_name("flows.py"), url, token, flow],
        cwd=directory,
        env={**os.environ, "USER": user, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stderr if done.returncode else ""
