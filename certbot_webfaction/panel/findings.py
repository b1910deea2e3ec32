"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fine:
    """All is as it should be."""

    text: str


@dataclass(frozen=True)
class Note:
    """Something to know, and what to do about it, that is not wrong."""

    text: str
    remedy: str


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and what to do; ``kind`` is a word for scripts that stays."""

    kind: str
    text: str
    remedy: str


Finding = Fine | Note | Problem
