"""Text for a terminal."""

from __future__ import annotations

import pytest

from certbot_webfaction.command.screen import RED, Screen

PIPE = Screen(colours=False, width=None)
NARROW = Screen(colours=True, width=30)
HEADS = ("NAME", "APP", "CERTIFICATE")
ROW = ("shop.example.com", "letsencrypt", "shop.example.com")


def test_without_a_terminal_nothing_is_coloured_wrapped_or_cut() -> None:
    """Scripts and mails get each text on one line."""
    text = "word " * 40 + "end"
    assert PIPE.coloured("wrong", RED) == "wrong"
    assert PIPE.paragraph(text, 2) == f"  {text}"
    assert PIPE.table(HEADS, [ROW], (1, 2))[1] == "  ".join(ROW)


def test_in_a_terminal_texts_are_coloured_and_wrapped() -> None:
    """Nothing is coloured where there is no text."""
    assert NARROW.coloured("wrong", RED) == "\x1b[31mwrong\x1b[0m"
    assert NARROW.coloured("", RED) == ""
    lines = Screen(colours=False, width=32).paragraph(
        "wrong  title  one two three four five six", 15, hanging=14
    )
    assert lines == "wrong  title  one two three four\n               five six"


def test_a_command_stays_on_one_line() -> None:
    """So that it can be copied, even where it is longer than the line."""
    command = "`certbot renew --cert-name shop.example.com`"
    assert NARROW.paragraph(f"Run {command} now.", 2).splitlines() == [
        "  Run",
        f"  {command}",
        "  now.",
    ]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (47, "shop.example.com  letsencrypt  shop.example.com"),
        (46, "shop.example.com  letsencrypt  shop.example.c…"),
        (40, "shop.example.com  letsencry…  shop.exam…"),
        (20, "shop.example.com  letse…  shop.…"),
    ],
)
def test_columns_are_cut_evenly_and_not_below_what_can_be_read(width: int, expected: str) -> None:
    """The widest first; a column that is not elastic never."""
    lines = Screen(colours=False, width=width).table(HEADS, [ROW], (1, 2))
    assert lines[1] == expected


def test_columns_that_come_second_are_cut_where_the_first_are_not_enough() -> None:
    """What tells rows apart stays as long as it can."""
    narrow, narrower = (Screen(colours=False, width=width) for width in (34, 28))
    assert narrow.table(HEADS, [ROW], (1, 2), (0,))[1] == "shop.example.com  letsen…  shop.e…"
    assert narrower.table(HEADS, [ROW], (1, 2), (0,))[1] == "shop.exampl…  letse…  shop.…"


def test_a_narrow_column_is_never_widened() -> None:
    """Where nothing is left to cut, the table is too wide."""
    lines = Screen(colours=False, width=10).table(("A", "B"), [("shop.example.com", "x")], (1,))
    assert lines[1] == "shop.example.com  x"
