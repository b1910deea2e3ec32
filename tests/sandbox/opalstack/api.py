"""Opalstack's REST API for one account, on a real socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.ports import reserve
from tests.sandbox.calls import Call, Calls
from tests.sandbox.faults import Fault, Faults, Refused
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.endpoints import BASE, Answer, Endpoints, Request
from tests.sandbox.opalstack.faults import Throttled


class ApiServer:
    """The API of an account, as a context manager; one thread serves one connection.

    ``tls`` makes it https. ``calls`` logs each call: its ``method`` is HTTP's and the path without
    the uuid (``GET /site/read``), its ``subject`` the uuids, or the names of what is created;
    `Faults` are ordered by that method. These may be changed while it runs: ``latency`` (seconds
    that each call takes at least), and the hooks, called with a call's number and method:
    ``before_call`` before it takes effect, ``after_call`` after that and before the answer is sent.
    """

    def __init__(
        self, account: Account, *, tls: ssl.SSLContext | None = None, call_log: Path | None = None
    ) -> None:
        self.account = account
        self.latency = 0.0
        self.calls = Calls(call_log)
        self.faults = Faults(self._refuse)
        self.before_call: Callable[[int, str], None] = _nothing
        self.after_call: Callable[[int, str], None] = _nothing
        self._endpoints = Endpoints(account)
        self._tls = tls
        self._count = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._resume: threading.Timer | None = None
        self._reserved = reserve()  # keeps the port while nothing listens
        self.port: int = self._reserved.getsockname()[1]
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """The API's address, as for ``opalstack_api_url``."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{BASE}"

    @property
    def is_listening(self) -> bool:
        """Whether connections are accepted."""
        return self._server is not None

    def start_listening(self) -> None:
        """Accept connections (again)."""
        with self._lock:
            if self._server is None and not self._closing.is_set():
                self._server = _Server(self, self.port, self._tls)
                threading.Thread(
                    target=self._server.serve_forever, args=(0.01,), daemon=True
                ).start()

    def stop_listening(self, but: socket.socket | None = None) -> None:
        """Refuse connections until `start_listening`; those open are closed, ``but`` one."""
        with self._lock:
            server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()
            server.close_connections(but)

    def close(self) -> None:
        """Stop for good. Calls that hang end; clients see their connections closed."""
        self._closing.set()
        if self._resume:
            self._resume.cancel()
        self.stop_listening()
        self._reserved.close()

    def __enter__(self) -> ApiServer:
        self.start_listening()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def answer(self, request: Request) -> tuple[Fault | None, Answer]:
        """Carry out one call, unless a fault prevents it: what spoils the answer, and that."""
        started, clock = time.time(), time.perf_counter()
        with self._lock:
            self._count += 1
            number = self._count
        fault = self.faults.take(request.name)
        self.before_call(number, request.name)
        answer = Answer(200, b"")
        if fault is None or fault.takes_effect:
            answer = self._endpoints.answer(request)
        outcome = "ok" if answer.status == 200 else f"http {answer.status}"
        if fault:
            outcome, answer = fault.name, _spoiled(answer, fault)
        self.after_call(number, request.name)
        self._closing.wait(max(0.0, self.latency - (time.perf_counter() - clock)))
        self.calls.record(
            Call(
                number,
                request.name,
                request.subject,
                started,
                time.perf_counter() - clock,
                len(request.body),
                0 if fault and fault.end != "answer" else len(answer.body),
                outcome,
            )
        )
        self.faults.answered()
        return fault, answer

    def _refuse(self, refused: Refused) -> None:
        self.stop_listening(but=getattr(_current, "connection", None))
        if refused.seconds is not None:
            self._resume = threading.Timer(refused.seconds, self.start_listening)
            self._resume.daemon = True
            self._resume.start()


class _Server(ThreadingHTTPServer):
    """The listening socket, and the connections that are open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, api: ApiServer, port: int, tls: ssl.SSLContext | None) -> None:
        self.api = api
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), BaseHTTPRequestHandler)

    def close_connections(self, but: socket.socket | None) -> None:
        """End what clients have open, ``but`` one."""
        for connection in self._open - {but}:
            with contextlib.suppress(OSError):  # it may have ended by itself
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        _current.connection = request
        super().process_request_thread(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        stream = request
        if self._tls:
            stream = self._tls.wrap_socket(request.dup(), server_side=True)
        with contextlib.closing(stream) if self._tls else contextlib.nullcontext():
            _Handler(stream, client_address, self, request)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: the client went away, or does not trust us."""


class _Handler(BaseHTTPRequestHandler):
    """HTTP on one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one segment
    disable_nagle_algorithm = True

    def __init__(self, stream: Any, address: Any, server: _Server, raw: socket.socket) -> None:
        self._api = server.api
        self._raw = raw
        super().__init__(stream, address, server)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        request = Request(
            str(self.command),
            self.path,
            self.headers.get("Authorization", ""),
            self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        fault, answer = self._api.answer(request)
        if fault and fault.end == "reset":
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._raw.close()  # not shut down first, which would end it in order
            self.close_connection = True
            return
        if fault and fault.end == "hang":
            self._raw.recv(1)  # returns when the client goes away, or `close` comes
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.seconds is not None:
            self.send_header("Retry-After", str(answer.seconds))
        if not self._api.is_listening:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the call log has it all."""


_current = threading.local()
"""The connection that this thread serves, which has to be answered before it is closed."""


def _spoiled(right: Answer, fault: Fault) -> Answer:
    """The answer that is sent in place of the right one."""
    body = fault.body(right.body)
    media_type = "text/html" if body.startswith(b"<") else right.type
    return Answer(
        right.status if fault.status == 200 else fault.status,
        body,
        media_type,
        fault.seconds if isinstance(fault, Throttled) else None,
    )


def _nothing(_number: int, _method: str) -> None:
    """No hook."""
