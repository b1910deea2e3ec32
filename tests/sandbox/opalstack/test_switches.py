"""Every switch says what it is about, and is turned by a test."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from tests.sandbox.opalstack.switches import Switches

NAMES = [field.name for field in fields(Switches)]


@pytest.mark.parametrize("name", NAMES)
def test_each_switch_is_told_of_and_tested(name: str) -> None:
    """In the docstring, and in a test of another module than this."""
    assert f"``{name}``" in (Switches.__doc__ or "")
    tests = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    assert any(name in path.read_text() for path in tests)


def test_a_kind_that_is_not_named_takes_the_time_of_all() -> None:
    """And one that is, its own."""
    switches = Switches(ready_seconds=3, ready_seconds_of={"app": 7})
    assert (switches.lag("app"), switches.lag("site")) == (7, 3)
