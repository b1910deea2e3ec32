"""Text from elsewhere in messages."""

from __future__ import annotations

import pytest

from certbot_webfaction.text import listed, one_line, printable

CASES = {
    # HTML
    "<h1>Not <b>found</b></h1>": "Not found",
    "<!DOCTYPE html><html><script>alert('a < b')</script>Hello": "Hello",
    "<title>404</title><h1>Not found</h1>": "Not found",
    "<STYLE type='x'>p {}</style>Hello<script>endless": "Hello",
    "a < b > c": "a c",
    "1 < 2": "1 < 2",
    # what a terminal would obey
    "\x1b[2Jx\x07\x9b\u202ey": "[2Jx y",
    "a\r\n\tb\0c": "a b c",
    # text
    "Grüße, 世界": "Grüße, 世界",
    "": "",
}


@pytest.mark.parametrize("text", CASES)
def test_text_is_on_one_clean_line(text: str) -> None:
    """No tag, no control character, no run of spaces."""
    assert printable(text) == CASES[text]


def test_text_is_cut() -> None:
    """To the limit, the mark of the cut included; also where it is endless."""
    assert printable("x" * 100) == "x" * 100
    assert printable("x" * 101) == "x" * 97 + "..."
    assert printable("abcde", 4) == "a..."
    assert len(printable("<" * 10**7)) == 100


def test_other_text_keeps_what_looks_like_a_tag() -> None:
    """Only a page has tags."""
    assert one_line("<class 'x'>\n\x1bend", 100) == "<class 'x'> end"
    assert one_line("abcde", 4) == "a..."


def test_a_long_list_is_shortened() -> None:
    """To three names and the number of those that are left out."""
    assert listed(["a", "b", "c"]) == "a, b, c"
    assert listed(("a", "b", "c", "d", "e")) == "a, b, c and 2 more"
