"""The panel behind its three transports: it carries out calls, logs them, and fails as told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.sandbox.calls import Call, Calls
from tests.sandbox.cpanel import envelope
from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.api2 import API2
from tests.sandbox.cpanel.errors import InternalError, PanelError
from tests.sandbox.cpanel.faults import Refusal
from tests.sandbox.cpanel.functions import Arguments, Pairs
from tests.sandbox.cpanel.logins import Logins
from tests.sandbox.cpanel.uapi import UAPI
from tests.sandbox.faults import Fault, Faults, Refused

Transport = Literal["command", "execute", "json-api"]

_SUBJECTS = ("domain", "zone", "domains", "dir", "path", "id", "name")


@dataclass(frozen=True)
class Request:
    """A call as it came; ``api`` is 2, or 3 for UAPI; ``is_post`` whether it came by POST."""

    transport: Transport
    api: Literal[2, 3]
    module: str
    function: str
    pairs: Pairs
    is_post: bool = True
    bytes_in: int = 0

    @property
    def method(self) -> str:
        """The function as the call log and faults name it."""
        return f"{self.module}::{self.function}"

    @property
    def subject(self) -> str:
        """What the call is about; never a secret."""
        arguments = Arguments(self.pairs)
        return next(filter(None, map(arguments.get, _SUBJECTS)), "")


class Panel:
    """The API of an account.

    These may be changed while it runs: ``latency`` (seconds that each call takes at least, its
    work included), and the hooks, called with a call's number and method: ``before_call`` before
    it takes effect, ``after_call`` after that and before the answer is sent. ``is_refusing`` is
    whether connections are turned away, as after the fault `Refused`.
    """

    def __init__(self, account: Account, call_log: Path | None = None) -> None:
        self.account = account
        self.logins = Logins(account)
        self.latency = 0.0
        self.calls = Calls(call_log)
        self.faults = Faults(self._refuse)
        self.before_call: Callable[[int, str], None] = _nothing
        self.after_call: Callable[[int, str], None] = _nothing
        self.is_refusing = False
        self._count = 0
        self._installing = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def close(self) -> None:
        """Let no call wait any more."""
        self._closing.set()

    def wait_until_closed(self) -> None:
        """Wait as a call does that hangs."""
        self._closing.wait()

    def answer(self, request: Request) -> tuple[Fault | None, bytes]:
        """Carry out a call, unless a fault prevents it: what spoils the answer, and its body."""
        started, clock = time.time(), time.perf_counter()
        number = self._next_number()
        fault = self.faults.take(request.method)
        self.before_call(number, request.method)
        with self._installs(request) as is_alone:
            outcome = self._outcome(request, fault, is_alone)
            self.after_call(number, request.method)
            self._closing.wait(max(0.0, self.latency - (time.perf_counter() - clock)))
        right = b"" if outcome is None else self._written(request, outcome)
        body = fault.body(right) if fault else right
        told = "ok"
        if fault:
            told = fault.name
        elif isinstance(outcome, PanelError):
            told = f"fault: {' '.join(outcome.texts)}"
        self._record(request, number, started, clock, len(body), told)
        self.faults.answered()
        return fault, body

    def record_refusal(self, request: Request) -> None:
        """Log a call whose sender was not let in."""
        clock = time.perf_counter()
        self._record(request, self._next_number(), time.time(), clock, 0, "refused")

    def _record(
        self,
        request: Request,
        number: int,
        started: float,
        clock: float,
        bytes_out: int,
        outcome: str,
    ) -> None:
        duration = time.perf_counter() - clock
        self.calls.record(
            Call(
                number,
                request.method,
                request.subject,
                started,
                duration,
                request.bytes_in,
                bytes_out,
                outcome,
                request.transport,
            )
        )

    def _outcome(
        self, request: Request, fault: Fault | None, is_alone: bool
    ) -> envelope.Reply | PanelError | None:
        """What the function gave, or its refusal; ``None`` where a fault kept it from happening."""
        outcome: envelope.Reply | PanelError | None = None
        if fault is None or fault.takes_effect:
            try:
                if not is_alone and not self.account.switches.installs_overlap:
                    raise InternalError
                outcome = self._call(request)
            except PanelError as refusal:
                outcome = refusal
            except ValueError:  # such as text where a number belongs
                outcome = InternalError()
        return PanelError(fault.text) if isinstance(fault, Refusal) else outcome

    def _call(self, request: Request) -> envelope.Reply:
        functions = API2 if request.api == 2 else UAPI
        function = functions.find(request.module, request.function, self.account.version)
        if function.post and not request.is_post:
            raise PanelError(f"The function “{request.function}” must use HTTP POST.")
        return function.call(self.account, Arguments(request.pairs))

    def _written(self, request: Request, outcome: envelope.Reply | PanelError) -> bytes:
        switches = self.account.switches
        module, function = request.module, request.function
        answer: dict[str, Any]
        if request.api == 2:
            answer = envelope.api2(module, function, outcome, switches)
        else:
            answer = envelope.flat(outcome, switches)
            if request.transport != "execute" or switches.wrapped_http:
                answer = envelope.wrapped(module, function, answer)
        return envelope.text(answer, switches).encode()

    @contextmanager
    def _installs(self, request: Request) -> Iterator[bool]:
        """Whether no other install is going on, as long as this call is."""
        installs = request.method == "SSL::install_ssl"
        with self._lock:
            is_alone = not (installs and self._installing)
            self._installing += installs
        try:
            yield is_alone
        finally:
            with self._lock:
                self._installing -= installs

    def _next_number(self) -> int:
        with self._lock:
            self._count += 1
            return self._count

    def _refuse(self, refused: Refused) -> None:
        """Turn connections away for a while, or until a test says otherwise."""
        self.is_refusing = True
        if refused.seconds is not None:
            timer = threading.Timer(refused.seconds, self._accept_again)
            timer.daemon = True
            timer.start()

    def _accept_again(self) -> None:
        self.is_refusing = False


def _nothing(_number: int, _method: str) -> None:
    """No hook."""
