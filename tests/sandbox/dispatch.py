"""From a call on the wire to a method: sessions, and the checks that every call goes through."""

from __future__ import annotations

import inspect
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from tests.sandbox.host import HostError, LoginError

SESSION_SECONDS = 3600


class CallError(HostError):
    """No such method, or not with such parameters."""


@dataclass(frozen=True)
class Session:
    """What a login opened. Its version decides what the API can do."""

    version: int
    machine: str
    expires: float


class Sessions:
    """The open sessions; ``now`` is the time in seconds, from any start."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, version: int, machine: str) -> str:
        """Open a session and return its id."""
        session_id = uuid.uuid4().hex
        with self._lock:
            self._open[session_id] = Session(version, machine, self._now() + SESSION_SECONDS)
        return session_id

    def find(self, session_id: str) -> Session:
        """The session with this id; `LoginError` if it never was or has expired."""
        with self._lock:
            session = self._open.get(session_id)
        if session is None or self._now() >= session.expires:
            raise LoginError("Session does not exist or has expired.")  # never recorded: [assume]
        return session

    def expire(self) -> None:
        """Let every session expire now."""
        with self._lock:
            self._open.clear()


class Dispatcher:
    """Finds the method of a call and checks its parameters; the public methods of ``methods``.

    Their annotations are the types that the API takes, and `Session` stands for a session's id.
    """

    def __init__(self, methods: object, sessions: Sessions) -> None:
        self._sessions = sessions
        self._methods: dict[str, Callable[..., Any]] = {
            name: method
            for name, method in inspect.getmembers(methods, inspect.ismethod)
            if not name.startswith("_")
        }

    def subject(self, name: str, parameters: tuple[Any, ...]) -> str:
        """What a call is about, for the log: the name of an app, website, certificate or domain."""
        try:
            given = inspect.signature(self._methods[name]).bind(*parameters).arguments
        except (KeyError, TypeError):
            return ""
        subject = given.get("name", given.get("domain", ""))
        return subject if isinstance(subject, str) else ""

    def call(self, name: str, parameters: tuple[Any, ...]) -> Any:
        """Carry out a call and return its result; `HostError` if it breaks a rule."""
        method = self._methods.get(name)
        if method is None:
            raise CallError(f'method "{name}" is not supported')
        signature = inspect.signature(method)
        try:
            given = signature.bind(*parameters)
        except TypeError as error:
            raise CallError(f"{name}() was given {len(parameters)} parameters: {error}") from error
        wanted = get_type_hints(method)
        for parameter, value in given.arguments.items():
            many = signature.parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL
            for each in value if many else (value,):
                if not _fits(each, str if wanted[parameter] is Session else wanted[parameter]):
                    raise CallError(f"{name}() got the wrong type for {parameter}")
        if "session" in given.arguments:
            given.arguments["session"] = self._sessions.find(given.arguments["session"])
        return method(*given.args)


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value from the wire is of the annotated type."""
    if wanted is Any:
        return True
    if wanted == list[str]:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is wanted  # not isinstance: a bool is no int here
