"""What architecture.rst says of the package's rooms is so."""

from __future__ import annotations

import ast
import functools
import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT

PACKAGE = ROOT / "certbot_webfaction"
MODULES = sorted(PACKAGE.rglob("*.py"))
SIZE = runpy.run_path(str(DOCS / "size.py"))


def name_of(path: Path) -> str:
    """A module's name below the package, with ``.`` between its parts."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def imported_by(path: Path, *, lazily: bool = False) -> set[str]:
    """The modules of ours that a module imports; those inside functions only if ``lazily``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if lazily else iter(tree.body)
    return {module for node in nodes for module in _imports(node)} - {name_of(path)}


def _imports(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(PACKAGE.name):
        return
    base = (node.module or "").removeprefix(PACKAGE.name).removeprefix(".")
    for alias in node.names:
        below = f"{base}.{alias.name}".removeprefix(".")
        yield below if below in NAMES else base


@functools.cache
def floor_of(room: str) -> int:
    """The floor of a room: one above the highest of those that it imports from."""
    below = {each for each in rooms()[room] if each != room}
    return 1 + max(map(floor_of, below), default=0)


@functools.cache
def rooms() -> Mapping[str, frozenset[str]]:
    """The rooms that each room imports from."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        room = name_of(path).partition(".")[0]
        others = {name.partition(".")[0] for name in imported_by(path, lazily=True)}
        if room:
            found.setdefault(room, set()).update(others - {""})
    return {room: frozenset(others) for room, others in found.items()}


def test_the_page_has_each_room_on_the_floor_that_its_imports_give_it() -> None:
    """Computed from the code, and as many floors as there are; a circle would never end."""
    text = (DOCS / "architecture.rst").read_text(encoding="utf-8")
    rows = re.findall(r"\* - (\d)\n     - ``(\w+)``", text)
    assert {room: int(floor) for floor, room in rows} == {room: floor_of(room) for room in rooms()}


def test_no_module_imports_itself_by_way_of_others() -> None:
    """As Python would see it: what is imported inside a function is imported later."""
    imports = {name_of(path): imported_by(path) for path in MODULES}

    def walk(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " imports ".join([*way, name])
        if name not in done:
            for each in sorted(imports[name]):
                walk(each, (*way, name))
            done.add(name)

    done: set[str] = set()
    for name in imports:
        walk(name, ())


def test_imports_stand_at_the_top() -> None:
    """But for the one of dnspython, which takes its time; a host's door is `hosts.host.lazily`."""
    found = [
        name_of(path)
        for path in MODULES
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in function.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert found == ["challenges.dns01"]


WEBFACTIONS = re.compile(
    r"static_php|static_only|redirect_to_https|\.htaccess|website_apps|api\.webfaction"
    r"|--(dns-)?webfaction|webfaction[_-](?!version)\w|[\"']webfaction|-[ai] webfaction"
    r"|[\"']machine[\"']|--machine|\.machine\b|\bsystem\("
)
"""What is WebFaction's: names of plugins and options, types of apps, and how it is called."""

MANUAL = "__init__.py"
"""The package's docstring."""

ITS_OWN = ("hosts/webfaction/", "hosts/cpanel/", "plugin/webfaction.py", MANUAL)
"""Its folder, that of another host with Apache, what registers its plugins, and the manual."""

REGISTER = "hosts/register.py"
"""The list of the hosts."""

CPANELS = re.compile(r"(?i)cpanel|uapi|autossl|fileman|whm")
"""What is cPanel's."""


def test_nothing_but_its_folder_speaks_of_webfaction() -> None:
    """An option is spelled by `Host.flag`, a plugin's name is its host's."""
    assert not spoken_of(WEBFACTIONS, ITS_OWN)


def test_nothing_but_its_folder_speaks_of_cpanel() -> None:
    """Nor of what it has."""
    assert not spoken_of(CPANELS, ("hosts/cpanel/", "plugin/cpanel.py", REGISTER, MANUAL))


def spoken_of(theirs: re.Pattern[str], own: tuple[str, ...]) -> list[str]:
    """The lines that speak of a host, but for those of its own places."""
    found = []
    for path in MODULES:
        place = str(path.relative_to(PACKAGE))
        if place.startswith(own):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            spoken = re.sub(r"certbot[_-]webfaction|hosts\.webfaction|plugin\.webfaction", "", line)
            if theirs.search(spoken):
                found.append(f"{place}:{number}: {line.strip()}")
    return found


def test_nothing_but_its_folder_speaks_of_opalstack() -> None:
    """And what registers its plugin."""
    own = ("hosts/opalstack/", "plugin/opalstack.py", REGISTER, MANUAL)
    found = [
        place
        for path in MODULES
        if not (place := str(path.relative_to(PACKAGE))).startswith(own)
        and "opalstack" in path.read_text(encoding="utf-8").lower()
    ]
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        'f"-a webfaction"',
        "--webfaction-app NAME",
        "config.webfaction_wait",
        "a .htaccess",
        "system(",
    ],
)
def test_what_is_webfactions_is_known(line: str) -> None:
    """The test above can fail."""
    assert WEBFACTIONS.search(line)


def test_the_table_of_sizes_is_that_of_the_package() -> None:
    """`python docs/size.py` (or `make docs`) would change nothing."""
    page = (DOCS / "architecture.rst").read_text(encoding="utf-8")
    assert SIZE["with_table"](page) == page


def test_functions_are_short_and_branch_little() -> None:
    """None over 50 lines; at most 2 % of them with a complexity above 10."""
    size = SIZE["measure"](MODULES)
    assert max(size.functions) <= 50
    assert size.branching <= 0.02
