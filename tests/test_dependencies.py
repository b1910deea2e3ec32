"""What the package needs to run, and says so."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def _imported(source: str) -> Iterator[str]:
    """The modules that a source imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def _distribution(module: str) -> str:
    """The distribution that brings a module: most are called as their packages; zope is many."""
    package = module.partition(".")[0]
    return module if package == "zope" else _OTHERWISE_CALLED.get(package, package)


_OTHERWISE_CALLED = {"dns": "dnspython"}


def _declared() -> set[str]:
    """The names in ``install_requires``."""
    for node in ast.walk(ast.parse((_ROOT / "setup.py").read_text())):
        if isinstance(node, ast.keyword) and node.arg == "install_requires":
            requirements = ast.literal_eval(node.value)
            return {re.split("[^A-Za-z0-9._-]", text)[0].lower() for text in requirements}
    raise AssertionError("setup.py declares nothing")


def test_what_is_imported_is_declared_and_nothing_else() -> None:
    """certbot may part with what it brings today, as it does with pyOpenSSL."""
    sources = (_ROOT / "certbot_webfaction").rglob("*.py")
    modules = {name for path in sources for name in _imported(path.read_text())}
    own = {*sys.stdlib_module_names, "certbot_webfaction", "tomllib"}  # Python's own from 3.11 on
    foreign = {name for name in modules if name.partition(".")[0] not in own}
    assert {_distribution(module) for module in foreign} == _declared()
