"""The documentation as its readers have it: pages, and the commands and links on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.rst")))

OURS = ("certbot", "certbot-webfaction")
"""The programs whose every command is run."""


@dataclass(frozen=True)
class Command:
    """A command of a page, as one line; ``line`` is where it starts."""

    page: str
    line: int
    text: str

    @property
    def program(self) -> str:
        """The name of what it runs, ``""`` for a comment."""
        words = re.sub(r"^sudo ", "", self.text).split()
        return Path(words[0]).name if words and not words[0].startswith("#") else ""

    @property
    def options(self) -> set[str]:
        """The options and, for the programs whose commands are run, the verb."""
        words = re.findall(r"(?:(?<=\s)|^)[\w-]+", self.text)
        verb = words[1:2] if self.program in OURS else []
        return {*verb, *(word for word in words if word.startswith("-"))}


def name_of(page: Path) -> str:
    """A page's path as readers see it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[str, int, list[str]]]:
    """The code blocks of a page: language, number of the first line, lines."""
    lines = page.read_text(encoding="utf-8").splitlines()
    if page.suffix == ".md":
        start = None
        for number, line in enumerate(lines):
            if line.startswith("```"):
                if start is not None:
                    yield lines[start][3:], start + 2, lines[start + 1 : number]
                start = number if start is None else None
        return
    for number, line in enumerate(lines):
        if found := re.fullmatch(r"( *)\.\. code-block:: (\w+)", line):
            body = []
            for inner in lines[number + 1 :]:
                if inner.strip() and not inner.startswith(f"{found[1]}   "):
                    break
                body.append(inner.removeprefix(f"{found[1]}   "))
            yield found[2], number + 2, body


_CRON = re.compile(r"(?:[\d*/,-]+ ){5}(?P<command>.*)")


def commands(page: Path) -> Iterator[Command]:
    """The commands of a page: those of shell blocks, and the lines for a crontab."""
    for language, first, lines in blocks(page):
        number = 0
        while number < len(lines):
            start, text = number, lines[number]
            while language == "sh" and text.endswith("\\"):
                number += 1
                text = f"{text[:-1].rstrip()} {lines[number].strip()}"
            number += 1
            if cron := _CRON.fullmatch(text):
                yield Command(name_of(page), first + start, cron["command"])
            elif text.strip() and language == "sh":
                yield Command(name_of(page), first + start, text)


def mentions(page: Path) -> Iterator[Command]:
    """The commands of ours that a page names in passing, in a line of text."""
    text = page.read_text(encoding="utf-8")
    tick = "`" if page.suffix == ".md" else "``"
    for found in re.finditer(rf"(?<!`){tick}({'|'.join(OURS)}) ([^`…]+){tick}(?!`)", text):
        line = text[: found.start()].count("\n") + 1
        yield Command(name_of(page), line, " ".join(f"{found[1]} {found[2]}".split()))
