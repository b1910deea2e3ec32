"""Text for a terminal: colours, tables, paragraphs. What goes elsewhere has none of it."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

GREEN, RED, YELLOW, BOLD = "32", "31", "33", "1"
"""Colours, as their numbers in ECMA-48's SGR sequences."""

NARROWEST = 6
"""Columns to which a column of a table may be cut."""


@dataclass(frozen=True)
class Screen:
    """What is printed on: ``width`` is in columns, `None` for no limit."""

    colours: bool
    width: int | None

    def coloured(self, text: str, colour: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colours and text else text

    def paragraph(self, text: str, indent: int, hanging: int | None = None) -> str:
        """The text in lines of the width; commands in `…` stay on one line.

        :param hanging: how many columns the first line's start takes, by default ``indent``
        """
        first = text[:hanging] if hanging else " " * indent
        rest = text[hanging:] if hanging else text
        if self.width is None:
            return first + rest
        whole = re.sub(r"`[^`]*`", lambda found: found[0].replace(" ", _TIE), rest)
        lines = textwrap.wrap(
            whole,
            max(self.width, indent + 20),
            initial_indent=" " * len(first),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        filled = "\n".join(lines).replace(_TIE, " ")
        return first + filled[len(first) :]

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[str]], *elastic: Sequence[int]
    ) -> list[str]:
        """Heads and rows as lines with aligned columns.

        :param elastic: the columns that are cut where the width is short, the widest one first;
            those given next only where that is not enough
        """
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        if self.width is not None:
            for columns in elastic:
                excess = sum(widths) + 2 * (len(widths) - 1) - self.width
                for _ in range(excess):
                    widest = max(columns, key=lambda column: widths[column])
                    if widths[widest] > NARROWEST:
                        widths[widest] -= 1
        return [
            "  ".join(
                _fitted(cell, width) for cell, width in zip(row, widths, strict=True)
            ).rstrip()
            for row in (heads, *rows)
        ]


_TIE = "\x1f"
"""Stands for a space where no line may end."""


def _fitted(cell: str, width: int) -> str:
    return f"{cell:{width}}" if len(cell) <= width else f"{cell[: width - 1]}…"


def standard_output() -> Screen:
    """The screen behind standard output; without a terminal it has neither colours nor a width.

    The variable ``NO_COLOR`` turns colours off, as https://no-color.org asks for.
    """
    if not sys.stdout.isatty():
        return Screen(colours=False, width=None)
    return Screen(not os.environ.get("NO_COLOR"), shutil.get_terminal_size().columns)
