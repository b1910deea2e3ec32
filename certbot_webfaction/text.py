"""Text that came from elsewhere, made fit to stand in a message to the user."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def printable(text: str, limit: int = 100) -> str:
    """Put ``text`` on one line without HTML tags and control characters, cut to ``limit``."""
    text = re.sub(r"(?is)<(script|style|title)\b.*?(</\1\s*>|\Z)", " ", text[:100_000])
    return one_line(re.sub(r"<[^<>]*>", " ", text), limit)


def one_line(text: str, limit: int) -> str:
    """Put ``text`` on one line without control characters, cut to ``limit`` characters.

    The mark of the cut is ASCII: certbot's log file has the locale's encoding, and loses a message
    that it can't hold.
    """
    text = "".join(character if character.isprintable() else " " for character in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def capitalized(text: str) -> str:
    """The text as a sentence begins, the rest of it as it is."""
    return text[:1].upper() + text[1:]


def grouped(said: Iterable[tuple[str, T]]) -> dict[T, list[str]]:
    """Names by what is said of them, so that it is said once."""
    found: dict[T, list[str]] = {}
    for name, words in said:
        found.setdefault(words, []).append(name)
    return found


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first ``most``, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
