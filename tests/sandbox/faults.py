"""What can go wrong between a client and the API, for tests to order.

``server.faults.on(3, RESET_AFTER)`` spoils the third call from now; see `Faults`.
"""

from __future__ import annotations

import threading
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Fault:
    """One way to fail; ``name`` is the outcome in the call log.

    ``takes_effect`` tells whether the call is carried out. Then comes the ``end`` of the call: an
    answer, a TCP reset, or nothing until the client goes away. For an answer, ``body`` makes what
    is sent, with HTTP status ``status``, from the right answer (empty without effect).
    """

    name: str
    takes_effect: bool
    end: Literal["answer", "reset", "hang"] = "answer"
    status: int = 200
    body: Callable[[bytes], bytes] = bytes
    expires_sessions: bool = False


@dataclass(frozen=True)
class Refused:
    """Nothing listens when the call comes, and its client's connection is closed.

    For ``seconds``, or until the test calls `ApiServer.start_listening`.
    """

    seconds: float | None = None


RESET_BEFORE = Fault("reset before", takes_effect=False, end="reset")
RESET_AFTER = Fault("reset after", takes_effect=True, end="reset")
HANG_BEFORE = Fault("hang before", takes_effect=False, end="hang")
HANG_AFTER = Fault("hang after", takes_effect=True, end="hang")
HTTP_500 = Fault(
    "http 500",
    takes_effect=False,
    status=500,
    body=lambda _right: b"<html><body><h1>500 Internal Server Error</h1></body></html>",
)
TRUNCATED = Fault("truncated", takes_effect=True, body=lambda right: right[: len(right) // 2])
SESSION_EXPIRED = Fault("session expired", takes_effect=True, expires_sessions=True)
REFUSED = Refused()


def fault(string: str) -> Fault:
    """A Fault with exactly this string, instead of any effect."""
    answer = xmlrpc.client.dumps(xmlrpc.client.Fault(1, string)).encode()
    return Fault(f"fault: {string}", takes_effect=False, body=lambda _right: answer)


def wrong(value: Any) -> Fault:
    """Another result than the right one, such as ``""`` or ``[1, 2]`` for a list of structs."""
    answer = xmlrpc.client.dumps((value,), methodresponse=True).encode()
    return Fault("wrong result", takes_effect=True, body=lambda _right: answer)


def huge(megabytes: int) -> Fault:
    """An answer of this many megabytes (10**6 bytes): one long string."""
    return Fault(
        "huge",
        takes_effect=True,
        body=lambda _right: _response(b"<string>" + b"x" * (megabytes * 10**6) + b"</string>"),
    )


def nested(depth: int) -> Fault:
    """An answer of arrays within arrays, ``depth`` deep."""
    opening, closing = b"<array><data><value>", b"</value></data></array>"
    return Fault(
        "nested",
        takes_effect=True,
        body=lambda _right: _response(opening * depth + b"<int>1</int>" + closing * depth),
    )


def _response(value: bytes) -> bytes:
    head = b"<?xml version='1.0'?><methodResponse><params><param><value>"
    return head + value + b"</value></param></params></methodResponse>"


@dataclass
class _Order:
    """``left`` counts down to the call that fails; ``None``: each one does."""

    fault: Fault | Refused
    left: int | None
    method: str | None


class Faults:
    """The orders of a test that are still to come; calls count from the moment of the order."""

    def __init__(self, refuse: Callable[[Refused], None]) -> None:
        self._refuse = refuse
        self._orders: list[_Order] = []
        self._lock = threading.Lock()

    def on(self, n: int, fault: Fault | Refused, method: str | None = None) -> None:
        """Let the ``n``-th call from now fail (1: the next), or the ``n``-th of ``method``."""
        if isinstance(fault, Refused):
            if method is not None:
                raise ValueError("which method is refused cannot be known before it connects")
            if n == 1:
                self._refuse(fault)
                return
        with self._lock:
            self._orders.append(_Order(fault, n, method))

    def always(self, fault: Fault, method: str | None = None) -> None:
        """Let every call from now on fail, or every one of ``method``."""
        with self._lock:
            self._orders.append(_Order(fault, None, method))

    def clear(self) -> None:
        """Let all go well from now on."""
        with self._lock:
            self._orders.clear()

    def take(self, method: str) -> Fault | None:
        """Count a call that has come, and return what is to spoil it: the order given first."""
        taken = None
        with self._lock:
            for order in self._orders[:]:
                if order.method not in (None, method) or isinstance(order.fault, Refused):
                    continue
                if order.left is not None:
                    order.left -= 1
                    if order.left > 0:
                        continue
                    self._orders.remove(order)
                taken = taken or order.fault
        return taken

    def answered(self) -> None:
        """Count a call that is over: the one after it may have to find nobody listening."""
        due: list[Refused] = []
        with self._lock:
            for order in self._orders[:]:
                if isinstance(order.fault, Refused) and order.left is not None:
                    order.left -= 1
                    if order.left == 1:
                        self._orders.remove(order)
                        due.append(order.fault)
        for refused in due:
            self._refuse(refused)
