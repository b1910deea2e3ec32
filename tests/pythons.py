"""``python tests/pythons.py FOLDER [VERSION…]``: the unit tests on each of these Pythons.

Without versions on all that are supported. Each gets a virtual environment in FOLDER, once. One
that is not here is said to be missing, and no failure. This Python is left out: all tests run on it
anyway.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

ELSEWHERE = (  # where tools that install Pythons put them, beside the PATH
    (Path.home(), ".pyenv/versions/*/bin"),
    (Path.home(), ".local/share/uv/python/*/bin"),
    (Path("/opt"), "python*/bin"),
)

NOT_UNIT = ("e2e", "proof", "bench", "docs", "sandbox", "test_wheel.py")


def main() -> int:
    """Run them; return the exit status."""
    folder = Path(sys.argv[1]).absolute()
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    outcomes = {}
    for version in sys.argv[2:] or supported():
        if version == own:
            outcomes[version] = "runs all tests"
        elif python := find(version):
            passes = _passes(prepared(python, folder / version))
            outcomes[version] = "passed" if passes else "FAILED"
        else:
            outcomes[version] = "not present on this machine, so not tested"
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome}")
    return 1 if "FAILED" in outcomes.values() else 0


def supported() -> list[str]:
    """The versions that ``setup.py`` names."""
    return re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.py").read_text())


def find(version: str) -> str | None:
    """A Python of this version that can be started and can make virtual environments."""
    return next((python for python in _candidates(version) if _is(python, version)), None)


def _candidates(version: str) -> Iterator[str]:
    places = [str(place) for folder, pattern in ELSEWHERE for place in folder.glob(pattern)]
    for place in (os.environ["PATH"], *sorted(places, reverse=True)):
        if python := shutil.which(f"python{version}", path=place):
            yield python


def _is(python: str, version: str) -> bool:
    """A name alone tells nothing: it may be a shim that leads nowhere."""
    code = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def prepared(python: str, folder: Path) -> Path:
    """A virtual environment with what the unit tests need, made unless it is there."""
    done = folder / "installed"
    newest = max((ROOT / name).stat().st_mtime for name in ("setup.py", "pyproject.toml"))
    if not done.exists() or done.stat().st_mtime < newest:
        subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
        pip = [str(folder / "bin" / "pip"), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "-e", f"{ROOT}[unit]"], check=True)
        done.touch()
    return folder / "bin" / "python"


def _passes(python: Path) -> bool:
    ignored = [f"--ignore=tests/{name}" for name in NOT_UNIT]
    command = [str(python), "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *ignored]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
