"""What users download."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The source distribution, and the wheel that is built from it."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(directory), str(_ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(directory.iterdir())


def test_the_wheel_holds_the_package_and_nothing_else(distributions: list[Path]) -> None:
    """Every file of the package is in it, ``py.typed`` too, and besides only its metadata."""
    [wheel] = [path for path in distributions if path.suffix == ".whl"]
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = _ROOT / "certbot_webfaction"
    sources = {str(path.relative_to(_ROOT)) for path in package.rglob("*.py")}
    assert inside == sources | {"certbot_webfaction/py.typed"}


def test_the_distributions_can_be_uploaded(distributions: list[Path]) -> None:
    """Their metadata and long description are valid."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, distributions)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
