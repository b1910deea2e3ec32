"""Clients of cPanel that others wrote, which judge the stand-in, each in an environment of its own.

They are on PyPI; the specification, section 14b, tells what to make of each.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

JUDGES = {
    "aiocpanel": "0.1.0",
    "certbot-dns-cpanel": "0.4.0",
    "cpanel-api": "0.3.0",
    "o2switch-cli": "0.1.4",
}

FOLDER = Path(sys.prefix) / "judges"


def prepared(name: str, folder: Path = FOLDER) -> Path:
    """The directory of programs of a judge's virtual environment, made unless it is there.

    `subprocess.CalledProcessError` if it can't be made.
    """
    requirement = f"{name}=={JUDGES[name]}"
    environment = folder / name
    done = environment / "installed"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        if not done.exists() or done.read_text() != requirement:
            subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
            pip = [str(environment / "bin/pip"), "install", "-qq", "--disable-pip-version-check"]
            subprocess.run([*pip, requirement], check=True)
            done.write_text(requirement)
    return environment / "bin"
