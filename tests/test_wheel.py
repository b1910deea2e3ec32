"""What users download."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_NOT_SOURCES = (".git", ".venv*", ".*_cache", ".hypothesis", "*.egg-info", "dist", "_build")


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The source distribution, and the wheel that is built from it.

    They are built from a copy, because setuptools works in the tree itself, where another process
    may be building at the same time.
    """
    sources = tmp_path_factory.mktemp("sources") / "tree"
    shutil.copytree(_ROOT, sources, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory)]
    command.append(str(sources))
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


def test_the_source_distribution_holds_what_it_takes_to_test_it(distributions: list[Path]) -> None:
    """Documentation, tests with their files, licence and changelog; nothing that was made."""
    [source] = [path for path in distributions if path.name.endswith(".tar.gz")]
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = [
        path
        for folder in ("docs", "tests")
        for path in (_ROOT / folder).rglob("*")
        if path.suffix in (".py", ".rst", ".sh") and "_build" not in path.parts
    ]
    assert {str(path.relative_to(_ROOT)) for path in wanted} <= inside
    assert {"LICENSE", "CHANGELOG.md", "Makefile", "pyproject.toml", ".ci/run"} <= inside
    assert not [name for name in inside if "_build" in name or name.endswith(".pyc")]


def test_the_distributions_can_be_uploaded(distributions: list[Path]) -> None:
    """Their metadata and long description are valid."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, distributions)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
