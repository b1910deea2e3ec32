"""Two installations of certbot that differ in nothing but the plugin."""

from __future__ import annotations

import compileall
import importlib.metadata
import shutil
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

import certbot_webfaction

PLUGIN = "certbot-webfaction"


@dataclass(frozen=True)
class Installation:
    """A virtual environment with ``certbot`` in its ``programs`` directory."""

    programs: Path

    def program(self, name: str) -> str:
        """The path of a console command."""
        return str(self.programs / name)


def install(directory: Path, *, plugin: bool) -> Installation:
    """Make an environment that holds certbot or the plugin, what that requires and nothing else.

    The packages are those of this environment, linked, so that nothing is downloaded; all are
    compiled, as pip leaves them.
    """
    venv.EnvBuilder(symlinks=True).create(directory)
    programs = directory / "bin"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = directory / "lib" / version / "site-packages"
    for distribution in _required(PLUGIN if plugin else "certbot"):
        if distribution.metadata["Name"] != PLUGIN:
            _link(distribution, packages)
    _write_program(programs, "certbot", "certbot.main")
    if plugin:
        _copy_plugin(packages)
        _write_program(programs, PLUGIN, "certbot_webfaction.command")
    compileall.compile_dir(packages, quiet=1)
    return Installation(programs)


def _required(name: str) -> list[importlib.metadata.Distribution]:
    """A distribution and all that it requires on this Python."""
    found: dict[str, importlib.metadata.Distribution] = {}
    names = [name]
    while names:
        distribution = importlib.metadata.distribution(names.pop())
        if distribution.metadata["Name"] in found:
            continue
        found[distribution.metadata["Name"]] = distribution
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                names.append(requirement.name)
    return list(found.values())


def _link(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        target = packages / top
        if not target.exists():  # several distributions share a namespace package
            target.symlink_to(Path(str(distribution.locate_file(top))).resolve())


def _copy_plugin(packages: Path) -> None:
    """Install the plugin as its wheel would; it may be in this environment as an editable one."""
    distribution = importlib.metadata.distribution(PLUGIN)
    source = Path(str(certbot_webfaction.__file__)).parent
    shutil.copytree(
        source, packages / source.name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    information = packages / f"{source.name}-{distribution.version}.dist-info"
    information.mkdir()
    head = f"Metadata-Version: 2.1\nName: {PLUGIN}\nVersion: {distribution.version}\n"
    (information / "METADATA").write_text(head)
    (information / "entry_points.txt").write_text(distribution.read_text("entry_points.txt") or "")


def _write_program(programs: Path, name: str, module: str) -> None:
    """Write a console command as pip does."""
    program = programs / name
    program.write_text(
        f"#!{programs / 'python'}\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
    )
    program.chmod(0o755)
