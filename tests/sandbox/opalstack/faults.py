"""What can go wrong between a client and the API beyond `tests.sandbox.faults`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.sandbox.faults import Fault

_THROTTLED = json.dumps({"detail": "Request was throttled."}).encode()


@dataclass(frozen=True)
class Throttled(Fault):
    """429; ``seconds`` is what the header ``Retry-After`` says, ``None`` for no header."""

    seconds: int | None = None


def throttled(seconds: int | None) -> Throttled:
    """429, instead of any effect."""
    return Throttled(
        "http 429",
        takes_effect=False,
        status=429,
        body=lambda _right: _THROTTLED,
        seconds=seconds,
    )


def page(status: int, *, takes_effect: bool = False) -> Fault:
    """A page in HTML with this status, as a proxy before the API sends it."""
    text = f"<html><body><h1>{status}</h1><p>The server is busy.</p></body></html>"
    return Fault(
        f"http {status}",
        takes_effect=takes_effect,
        status=status,
        body=lambda _right: text.encode(),
    )


def empty(status: int = 200) -> Fault:
    """No body; the call takes effect."""
    return Fault("empty", takes_effect=True, status=status, body=lambda _right: b"")


def refused(status: int, body: object) -> Fault:
    """This answer in JSON, instead of any effect."""
    text = json.dumps(body).encode()
    return Fault(f"http {status}", takes_effect=False, status=status, body=lambda _right: text)
