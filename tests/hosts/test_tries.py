"""What goes wrong with a call, and whether it is made again: errors in, tries and words out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certbot_webfaction.hosts.tries import RETRY_DELAYS, Tries
from certbot_webfaction.hosts.wire import NoAnswerError, RefusalError
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelError,
    PanelRefusedError,
    PanelUnreachableError,
)

UNSENT = NoAnswerError("it refused the connection", reached=False)
LOST = NoAnswerError("its answer was cut short")
USELESS = NoAnswerError("its address is no https URL", reached=False, passing=False)
TOO_LARGE = NoAnswerError("its answer is too large", passing=False)
NO = RefusalError("No.")
LOGIN = LoginRefusedError('Host refused the login of "alice".', "Make a new token.", "Invalid.")

Event = Exception | str | None
"""What a call does: raise, or return."""


@dataclass
class Calls:
    """One account's calls, whose outcomes are prepared; ``done`` notes them and the waits."""

    sends: Iterator[Event] = field(default_factory=lambda: iter(()))
    looks: Iterator[Event] = field(default_factory=lambda: iter(()))
    done: list[str | float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tries = Tries("Host", "api.example.com", self.done.append)

    def send(self) -> Event:
        """One try of the call."""
        self.done.append("send")
        return _happen(self.sends)

    def look(self) -> Event:
        """One look whether it has happened."""
        self.done.append("look")
        return _happen(self.looks)

    def write(self) -> Event:
        """The change, with the words that it has."""
        return self.tries.write("add a site", "Look for it.", self.send, self.look)

    def read(self) -> Event:
        """The same, as a read."""
        return self.tries.read("list the sites", self.send)


def _happen(events: Iterator[Event]) -> Event:
    event = next(events)
    if isinstance(event, Exception):
        raise event
    return event


def _scene(sends: list[Event], looks: list[Event]) -> Calls:
    return Calls(iter(sends), iter(looks))


def _end(call: Callable[[], Event]) -> Event:
    """What a call comes to: its result, or its error."""
    try:
        return call()
    except PanelError as error:
        return error


FIRST, SECOND, THIRD = RETRY_DELAYS

READS: dict[str, tuple[list[Event], list[str | float], type[Exception] | str]] = {
    "an answer": (["sites"], ["send"], "sites"),
    "no answer once": ([LOST, "sites"], ["send", FIRST, "send"], "sites"),
    "no connection once": ([UNSENT, "sites"], ["send", FIRST, "send"], "sites"),
    "no answer ever": (
        [LOST] * 4,
        ["send", FIRST, "send", SECOND, "send", THIRD, "send"],
        PanelUnreachableError,
    ),
    "what stays so": ([USELESS], ["send"], PanelUnreachableError),
    "an answer that stays so": ([LOST, TOO_LARGE], ["send", FIRST, "send"], PanelUnreachableError),
    "a refusal": ([NO], ["send"], PanelRefusedError),
    "a refusal after no answer": ([LOST, NO], ["send", FIRST, "send"], PanelRefusedError),
    "a refused login": ([LOGIN], ["send"], LoginRefusedError),
}


@pytest.mark.parametrize(("sends", "done", "end"), READS.values(), ids=READS)
def test_read_is_made_again_where_that_may_help(
    sends: list[Event], done: list[str | float], end: type[Exception] | str
) -> None:
    """Four times at most, never after an answer."""
    scene = _scene(sends, [])
    result = _end(scene.read)
    assert end in (result, type(result))
    assert scene.done == done


ALWAYS: list[str | float] = ["send", FIRST, "look", SECOND, "look", THIRD, "look", "look"]

WRITES: dict[
    str, tuple[list[Event], list[Event], list[str | float], type[Exception] | str, str]
] = {
    "an answer": (["new"], [], ["send"], "new", ""),
    "lost, and it has happened": ([LOST], ["new"], ["send", FIRST, "look"], "new", ""),
    "lost, and it has not": (
        [LOST, "new"],
        [None],
        ["send", FIRST, "look", "send"],
        "new",
        "",
    ),
    "never sent, so not looked for": ([UNSENT, "new"], [], ["send", FIRST, "send"], "new", ""),
    "lost, then the look too": (
        [LOST],
        [UNSENT, "new"],
        ["send", FIRST, "look", SECOND, "look"],
        "new",
        "",
    ),
    "refused": ([NO], [], ["send"], PanelRefusedError, ""),
    "refused because the lost one came late": (
        [LOST, NO],
        [None, "new"],
        ["send", FIRST, "look", "send", "look"],
        "new",
        "",
    ),
    "lost, then refused": (
        [LOST, NO],
        [None, None],
        ["send", FIRST, "look", "send", "look"],
        PanelRefusedError,
        "",
    ),
    "unseen to the end": ([LOST], [LOST] * 4, ALWAYS, PanelUnreachableError, "not known whether"),
    "seen at the very end": ([LOST], [LOST, LOST, LOST, "new"], ALWAYS, "new", ""),
    "the look refused": (
        [LOST],
        [NO, NO],
        ["send", FIRST, "look", "look"],
        PanelUnreachableError,
        "it does not show what it holds: No.. It is not known whether",
    ),
    "never sent": (
        [UNSENT] * 4,
        [],
        ["send", FIRST, "send", SECOND, "send", THIRD, "send"],
        PanelUnreachableError,
        "It was not done.",
    ),
    "never to be sent": ([USELESS], [], ["send"], PanelUnreachableError, "It was not done."),
    "answered unreadably": (
        [TOO_LARGE],
        [None],
        ["send", "look"],
        PanelUnreachableError,
        "not known whether",
    ),
    "answered unreadably, and seen": ([TOO_LARGE], ["new"], ["send", "look"], "new", ""),
    "login refused": ([LOGIN], [], ["send"], LoginRefusedError, ""),
    "login refused at the look": (
        [LOST],
        [LOGIN],
        ["send", FIRST, "look"],
        LoginRefusedError,
        "",
    ),
}


@pytest.mark.parametrize(("sends", "looks", "done", "end", "words"), WRITES.values(), ids=WRITES)
def test_write_is_made_again_only_where_it_has_not_happened(
    sends: list[Event],
    looks: list[Event],
    done: list[str | float],
    end: type[Exception] | str,
    words: str,
) -> None:
    """What it made is returned, whether the answer or a look told."""
    scene = _scene(sends, looks)
    result = _end(scene.write)
    assert end in (result, type(result))
    assert words in str(result)
    assert scene.done == done


def test_refusal_has_its_parts() -> None:
    """What happened, what to do, what the host said."""
    with pytest.raises(PanelRefusedError) as raised:
        _scene([NO], []).write()
    error = raised.value
    assert (error.what, error.todo, error.said) == (
        "Host refused to add a site.",
        "Look for it.",
        "No.",
    )


@pytest.mark.parametrize(
    ("failure", "todo"),
    [
        (UNSENT, "Run the same command again later."),
        (USELESS, "Trying again won't help until that is put right."),
    ],
)
def test_unreachable_has_its_parts(failure: NoAnswerError, todo: str) -> None:
    """The outcome belongs to what happened."""
    with pytest.raises(PanelUnreachableError) as raised:
        _scene([failure] * 4, []).write()
    error = raised.value
    asked = "Host's API (api.example.com) could not be asked to add a site"
    assert (error.what, error.todo, error.said) == (
        f"{asked}: {failure}. It was not done.",
        todo,
        "",
    )


def test_refused_login_is_remembered_with_its_parts() -> None:
    """No call is sent any more: trying again can lock an account."""
    scene = _scene(["sites", "sites"], [])
    error = scene.tries.refuse_login(LOGIN)
    assert error is LOGIN
    for call in (scene.read, scene.write, scene.read):
        assert _end(call) is LOGIN
    assert scene.done == []


@given(st.text())
@example("a\x1b[31m\tb\r\n\u202ec")
@example("x" * 10**6)
@example("")
@example("\ud800")
def test_anything_the_host_says_is_shown(said: str) -> None:
    """In one printable line of bounded length."""
    error = _end(_scene([RefusalError(said)], []).read)
    assert isinstance(error, PanelRefusedError)
    assert error.said.isprintable()
    assert 0 < len(error.said) <= 300


def test_waiting_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A person at the terminal wonders otherwise."""
    caplog.set_level(logging.WARNING)
    _scene([LOST, "sites"], []).read()
    assert caplog.messages == [
        "No usable answer from Host's API: its answer was cut short. Trying again in 1 s."
    ]


@pytest.mark.parametrize(
    ("asked", "done"),
    [(30.0, ["send", 30.0, "send"]), (0.5, ["send", 1.0, "send"]), (3600.0, ["send"])],
)
def test_the_next_try_waits_as_the_server_asks(asked: float, done: list[str | float]) -> None:
    """Unless that is too long: then it is for the next run."""
    busy = NoAnswerError("it answered with HTTP status 429", reached=False, after=asked)
    scene = Calls(iter([busy, "sites"]))
    if len(done) == 1:
        with pytest.raises(PanelUnreachableError, match="again later"):
            scene.read()
    else:
        assert scene.read() == "sites"
    assert scene.done == done
