"""Threads that ask many domains at a time."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from certbot_webfaction.web import workers
from certbot_webfaction.web.workers import AT_ONCE, run


def test_answers_come_in_the_order_of_the_questions() -> None:
    """However many there are."""
    checks = {str(number): str for number in range(3 * AT_ONCE)}
    assert list(run(checks)) == list(checks)
    assert run({}) == {}


def test_what_takes_too_long_is_left_out() -> None:
    """It holds up neither the others nor what is asked next; what was not begun never is."""
    answer, begun = threading.Event(), []

    def silent() -> str:
        begun.append(1)
        answer.wait(60)
        return "late"

    checks = {f"silent {number}": silent for number in range(2 * AT_ONCE)}
    assert run({"quick": lambda: "now", **checks}, 0.5) == {"quick": "now"}
    answer.set()
    assert run({"next": lambda: "now"}) == {"next": "now"}
    assert len(begun) <= AT_ONCE


def test_a_host_that_allows_few_threads_is_asked_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not get a thread waits for one that another has."""
    allowed = iter(range(2))

    class Limited(threading.Thread):
        def start(self) -> None:
            if next(allowed, None) is None:
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(workers, "_threads", [])
    monkeypatch.setattr(threading, "Thread", Limited)
    assert len(run({str(number): int for number in range(10)})) == 10


def test_an_exiting_process_still_asks() -> None:
    """With the threads that it started before."""
    code = (
        "import atexit; from certbot_webfaction.web import workers; workers.start(2);"
        " atexit.register(lambda: print(workers.run({'a': lambda: 'seen', 'b': int})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "{'a': 'seen', 'b': 0}\n"
