"""Asking again until all is right or the time is over."""

from __future__ import annotations

import io
import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from certbot_webfaction.web.waiting import wait_until_right
from certbot_webfaction.web.workers import AT_ONCE
from tests.web.web import Time


def right_after(tries: int) -> Callable[[], str | None]:
    """A check that finds fault this many times."""
    count = itertools.count(1)

    def check() -> str | None:
        number = next(count)
        return f"wrong {number}" if number <= tries else None

    return check


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def wait(
    checks: dict[str, Callable[[], str | None]], seconds: float, time: Time, **more: Any
) -> dict[str, str]:
    return wait_until_right("the web", checks, seconds, clock=time.clock, sleep=time.sleep, **more)


def test_nothing_is_waited_for_that_is_right() -> None:
    """All right at once: no pause."""
    time = Time()

    assert wait({"a": right_after(0), "b": right_after(0)}, 100, time) == {}
    assert wait({}, 100, time) == {}
    assert time.slept == []


def test_only_what_is_wrong_is_asked_again() -> None:
    """Each is asked until it is right, and not once more."""
    time = Time()
    asked = []
    checks = {"a": right_after(1), "b": right_after(3)}

    def counted(name: str) -> Callable[[], str | None]:
        def check() -> str | None:
            asked.append(name)
            return checks[name]()

        return check

    assert wait({name: counted(name) for name in checks}, 100, time) == {}
    assert sorted(asked) == ["a", "a", "b", "b", "b", "b"]


def test_pauses_grow_to_five_seconds() -> None:
    """From a fifth of a second, doubling; slept in parts, so that seconds are seen to pass."""
    time = Time()
    wait({"a": right_after(8)}, 1000, time)

    assert sum(time.slept) == pytest.approx(0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 + 5 + 5)
    assert max(time.slept) <= 1


def test_the_last_finding_is_told_when_time_is_over() -> None:
    """The wait ends with a last try at its very end, and tells what that found."""
    time = Time()
    found = wait({"good": right_after(2), "bad": right_after(10**6)}, 10, time)

    assert list(found) == ["bad"]
    assert time.now == pytest.approx(10)
    tries = int(found["bad"].removeprefix("wrong "))
    assert tries == len([0, 0.2, 0.6, 1.4, 3.0, 6.2, 10])


def test_many_are_asked_at_once() -> None:
    """As many as may be asked at a time do not wait for each other."""
    together = threading.Barrier(AT_ONCE, timeout=60)

    def check() -> None:
        together.wait()

    assert wait({str(number): check for number in range(AT_ONCE)}, 1, Time()) == {}


def test_a_check_that_breaks_is_not_hidden() -> None:
    """An exception is the caller's."""

    def broken() -> str | None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        wait({"a": broken}, 1, Time())


def test_a_terminal_sees_the_seconds_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that counts, and names one domain and how many more there are."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    wait({"a": right_after(6), "b": right_after(2)}, 100, Time())

    shown = terminal.getvalue()
    assert "\rWaiting for the web (a and 1 more), 0 s ..." in shown
    assert "\rWaiting for the web (a), 10 s ..." in shown
    assert shown.endswith("\n")
    assert shown.count("\n") == 1


def test_what_is_wrong_is_shown_where_that_says_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the caller describes it: of a name server, which one is behind."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    described = {"describe": lambda domain, wrong: f"{domain}: {wrong}"}
    wait({"a": right_after(2)}, 100, Time(), **described)

    assert "\rWaiting for the web (a: wrong 2), 0 s ..." in terminal.getvalue()


def test_a_line_fits_into_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken in two it would fill the screen; the seconds are seen whatever the name's length."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "40")
    wait({"a" * 60: right_after(4)}, 100, Time())

    lines = terminal.getvalue().strip("\r\n").split("\r")
    assert lines[-1] == f"Waiting for the web ({'a' * 9}, 2 s ..."
    assert {len(line) for line in lines} == {39}


def test_quiet_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a terminal sees anything then."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    wait({"a": right_after(10)}, 100, Time(), quiet=True)

    assert terminal.getvalue() == ""


def test_elsewhere_a_long_wait_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal there is one line, and none for a short wait."""
    wait({"a": right_after(3)}, 100, Time())
    assert capsys.readouterr().out == ""

    wait({"a": right_after(10)}, 100, Time())
    assert capsys.readouterr().out == "Waiting for the web (a), 5 s ...\n"
