"""Hiding secrets in what a server says, in whatever spelling it repeats them."""

from __future__ import annotations

import html.entities
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_LOOKED_AT = 2**14
"""Characters of a text that are looked at; a message shows a few hundred at most."""

_AT_THE_END = 2**12
"""Characters that the longest secret takes in its longest spelling."""

# Up to the end of the text, for it may have been cut; "%20" or "+" may stand for a space.
_PRIVATE_KEY = r"(?s:-----BEGIN[^-]{,40}PRIVATE[^-]{,20}KEY-----.*?(?:-----END|\Z))"

_SHORT = 8  # characters; a shorter password may well be part of a word, such as "x" of "exists"


class Secrets:
    """What is never shown, even if a server repeats it in its answer."""

    def __init__(self) -> None:
        self._kept: set[str] = set()
        self._key: set[str] = set()

    def hide(self, secret: str) -> None:
        """Hide it from now on."""
        if secret:
            self._kept.add(secret)

    def sending(self, value: Any) -> None:
        """Hide the lines of the private key in what is to be sent, until the next key.

        A server may repeat a part of it, without what tells it to be a key.
        """
        keys = [text for text in texts_in(value) if "PRIVATE KEY-----" in text]
        lines = {line for key in keys for line in key.splitlines()}
        self._key = {line for line in lines if line.strip() and "-----" not in line} or self._key

    def hidden(self, text: str) -> str:
        """The start of ``text`` without what is to be hidden, see `hidden`."""
        return text and hidden(text, self._kept | self._key)


def texts_in(value: Any) -> Iterator[str]:
    """The texts in a value: in lists, and in dictionaries under their keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(item)


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The start of ``text`` with ``[hidden]`` for each secret and each private key in it.

    It is for text that is to be decoded, stripped or cut afterwards, not for what came of that: a
    part of a secret is not known as one.
    """
    patterns = [_PRIVATE_KEY, *map(_pattern, sorted(secrets, key=len, reverse=True))]
    clean = re.sub("|".join(patterns), "[hidden]", text[:_LOOKED_AT])
    # What the cut left of a secret is not known as one either.
    return clean if len(text) <= _LOOKED_AT else clean[:-_AT_THE_END]


def _pattern(secret: str) -> str:
    """What matches the secret in any of its spellings."""
    spelled = _letter(secret[0]) + "".join(_gap(letter) + _letter(letter) for letter in secret[1:])
    return rf"(?<!\w){spelled}(?!\w)" if len(secret) < _SHORT else spelled


def _gap(letter: str) -> str:
    """What may stand before a letter: pages wrap long lines, and colour parts of them.

    It never takes what the letter may begin with, so that nothing is tried twice.
    """
    if letter == "<":
        return r"\s*"
    return "(?:<[^<>]*>)*" if letter.isspace() else r"(?:<[^<>]*>|\s)*"


def _letter(letter: str) -> str:
    """What matches one letter: as it is, as UTF-8 read as Latin-1, or escaped in any usual way."""
    if letter.isascii() and letter.isalnum():
        return letter
    code, octets = ord(letter), letter.encode("utf-8", "surrogatepass")
    read_as_latin = octets.decode("latin-1")
    escaped = {
        json.dumps(letter)[1:-1],
        f"\\{letter}",
        f"\\x{code:02x}",
        f"\\u{code:04x}",
        f"\\U{code:08x}",
        "".join(f"\\x{octet:02x}" for octet in octets),
        "".join(f"%{octet:02x}" for octet in octets),
        *(f"&{name}" for name, meant in html.entities.html5.items() if meant == letter),
        *("+" if letter == " " else ""),
    }
    # Each once, and the longest first: nothing is tried twice.
    ways = [
        r"\s" if letter.isspace() else re.escape(letter),
        *map(re.escape, {read_as_latin} - {letter}),
        rf"(?i:&#(?:0*{code}|x0*{code:x});?)",
        *(f"(?i:{re.escape(way)})" for way in sorted(escaped - {letter, read_as_latin})[::-1]),
    ]
    return f"(?:{'|'.join(ways)})"
