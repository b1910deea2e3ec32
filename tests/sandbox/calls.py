"""The log of the calls that reached the API."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """One call, without its parameters, which carry secrets.

    ``number`` counts from 1 over the server's life, ``started`` is seconds since the epoch,
    ``duration`` is in seconds until the answer was ready, ``outcome`` is ``ok``, ``fault: …`` or
    the name of the fault that a test ordered. ``subject`` is the name of the app, website,
    certificate or domain that the call was about, or ``""``. ``transport`` is how it came, where
    there is more than one way.
    """

    number: int
    method: str
    subject: str
    started: float
    duration: float
    bytes_in: int
    bytes_out: int
    outcome: str
    transport: str = ""


class Calls(list[Call]):
    """The calls in the order they were answered; with ``path`` also there, as JSON lines."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path

    def record(self, call: Call) -> None:
        """Add a call."""
        self.append(call)
        if self._path:
            with self._path.open("a") as log:
                log.write(json.dumps(asdict(call)) + "\n")

    def methods(self) -> list[str]:
        """The methods called, in order."""
        return [call.method for call in self]
