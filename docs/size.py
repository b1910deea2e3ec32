"""Write the table of sizes in architecture.rst: ``python docs/size.py``.

Functions with their docstrings; cyclomatic complexity (CC) as radon counts it.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radon.complexity import cc_visit

PAGE = Path(__file__).with_name("architecture.rst")
ROOT = PAGE.parents[1]
PACKAGE = ROOT / "certbot_webfaction"

_TABLE = re.compile(r"(?ms)^\.\. Sizes$.*?^\.\. End of sizes$")


@dataclass(frozen=True)
class Size:
    """How large some modules are: lines, and of each function its lines and its complexity."""

    lines: int
    functions: list[int]
    complexities: list[int]

    @property
    def branching(self) -> float:
        """The share of functions with a complexity above 10."""
        return sum(each > 10 for each in self.complexities) / max(1, len(self.complexities))


def measure(paths: list[Path]) -> Size:
    """Measure modules."""
    texts = [path.read_text(encoding="utf-8") for path in paths]
    functions = [each for text in texts for each in _functions(cc_visit(text))]
    return Size(
        sum(len(text.splitlines()) for text in texts),
        [each.endline - each.lineno + 1 for each in functions],
        [each.complexity for each in functions],
    )


def _functions(blocks: Iterable[Any]) -> Iterator[Any]:
    """The functions among blocks, those inside functions too."""
    for block in blocks:
        if block.letter != "C":
            yield block
            yield from _functions(block.closures)


def rooms() -> dict[str, list[Path]]:
    """The modules of each room, the largest room first."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        room = "/".join(parts[:2]) if parts[0] == "hosts" and len(parts) > 2 else parts[0]
        found.setdefault(room.removesuffix(".py"), []).append(path)
    single = {name: paths for name, paths in found.items() if paths[0].parent == PACKAGE}
    rest = {name: paths for name, paths in found.items() if name not in single}
    rest["single modules"] = [path for paths in single.values() for path in paths]
    return rest


def with_table(page: str) -> str:
    """The text of the page with the table as the package is now."""
    sizes = {name: measure(paths) for name, paths in rooms().items()}
    sizes["**all**"] = measure(sorted(PACKAGE.rglob("*.py")))
    rows = [_row(name, size) for name, size in sizes.items()]
    heads = ["Room", "Lines", "Functions", "Median", "Longest", "Mean CC", "CC over 10"]
    table = [".. list-table::", "   :header-rows: 1", ""]
    for row in [heads, *rows]:
        table += [f"   {'* -' if index == 0 else '  -'} {cell}" for index, cell in enumerate(row)]
    text = "\n".join(table)
    return _TABLE.sub(lambda _: f".. Sizes\n\n{text}\n\n.. End of sizes", page)


def _row(name: str, size: Size) -> list[str]:
    if not size.functions:
        return [name, f"{size.lines:,}", "0", "", "", "", ""]
    return [
        name,
        f"{size.lines:,}",
        str(len(size.functions)),
        f"{statistics.median(size.functions):g}",
        str(max(size.functions)),
        f"{statistics.mean(size.complexities):.1f}",
        f"{size.branching:.1%}",
    ]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
