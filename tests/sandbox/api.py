"""WebFaction's XML-RPC API for one account, on a real socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
import xmlrpc.client
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from xml.parsers.expat import ExpatError

from tests.sandbox.calls import Call, Calls
from tests.sandbox.dispatch import CallError, Dispatcher, Sessions
from tests.sandbox.faults import Fault, Faults, Refused
from tests.sandbox.host import Host, HostError
from tests.sandbox.methods import Methods

FaultStyle = Literal["old", "list", "new"]


class ApiServer:
    """The API of a host, as a context manager; one thread serves one connection.

    ``tls`` makes it https. ``now`` is the time in seconds that sessions expire by. These may be
    changed while it runs: ``fault_style`` (how faults are spelled), ``latency`` (seconds that each
    call takes at least, its work included), and the hooks, called with a call's number and method:
    ``before_call`` before it takes effect, ``after_call`` after that and before the answer is sent.
    """

    def __init__(
        self,
        host: Host,
        *,
        tls: ssl.SSLContext | None = None,
        fault_style: FaultStyle = "old",
        latency: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        call_log: Path | None = None,
    ) -> None:
        self.host = host
        self.fault_style: FaultStyle = fault_style
        self.latency = latency
        self.calls = Calls(call_log)
        self.faults = Faults(self._refuse)
        self.before_call: Callable[[int, str], None] = _nothing
        self.after_call: Callable[[int, str], None] = _nothing
        self._sessions = Sessions(now)
        self._dispatcher = Dispatcher(Methods(host, self._sessions), self._sessions)
        self._tls = tls
        self._count = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._closing = threading.Event()
        self._resume: threading.Timer | None = None
        self._is_listening = False
        self._listener = _bound(0)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The API's address, as for ``--webfaction-api-url``."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"

    @property
    def is_listening(self) -> bool:
        """Whether connections are accepted."""
        return self._is_listening

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

    def close(self) -> None:
        """Stop for good. Calls that hang end; clients see their connections closed."""
        self._closing.set()
        if self._resume:
            self._resume.cancel()
        self.stop_listening()
        self._listener.close()

    def start_listening(self) -> None:
        """Accept connections (again)."""
        with self._lock:
            if self._closing.is_set() or self._is_listening:
                return
            self._is_listening = True
            self._listener.listen(128)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop_listening(self, but: socket.socket | None = None) -> None:
        """Refuse connections until `start_listening`; those open are closed, ``but`` one."""
        with self._lock:
            if self._is_listening:
                self._is_listening = False
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
                self._listener.close()
                # Bound without listening: connections are refused and nobody else gets the port.
                self._listener = _bound(self.port)
            for connection in self._connections - {but}:
                _wake(connection)

    def expire_sessions(self) -> None:
        """Let every session expire now."""
        self._sessions.expire()

    def _refuse(self, refused: Refused) -> None:
        self.stop_listening(but=getattr(_current, "connection", None))
        if refused.seconds is not None:
            self._resume = threading.Timer(refused.seconds, self.start_listening)
            self._resume.daemon = True
            self._resume.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return  # stopped listening
            with self._lock:
                if listener is not self._listener:  # stopped listening meanwhile
                    connection.close()
                    return
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        _current.connection = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = connection
            if self._tls:
                stream = self._tls.wrap_socket(connection.dup(), server_side=True)
            with stream:
                _Handler(self, stream, connection)
        except OSError:
            pass  # the client went away, or does not trust us
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    def answer(
        self, method: str, parameters: tuple[Any, ...], bytes_in: int
    ) -> tuple[Fault | None, bytes]:
        """Carry out one call, unless a fault prevents it: what spoils the answer, and its body."""
        started, clock = time.time(), time.perf_counter()
        with self._lock:
            self._count += 1
            number = self._count
        fault = self.faults.take(method)
        self.before_call(number, method)
        if fault and fault.expires_sessions:
            self.expire_sessions()
        outcome, body = "ok", b""
        if fault is None or fault.takes_effect:
            outcome, body = self._result(method, parameters)
        if fault:
            body = fault.body(body)
            outcome = outcome if fault.expires_sessions else fault.name
        self.after_call(number, method)
        self._closing.wait(max(0.0, self.latency - (time.perf_counter() - clock)))
        self.calls.record(
            Call(
                number,
                method,
                self._dispatcher.subject(method, parameters),
                started,
                time.perf_counter() - clock,
                bytes_in,
                0 if fault and fault.end != "answer" else len(body),
                outcome,
            )
        )
        self.faults.answered()
        return fault, body

    def _result(self, method: str, parameters: tuple[Any, ...]) -> tuple[str, bytes]:
        """Outcome and XML of a call that takes effect."""
        try:
            result = self._dispatcher.call(method, parameters)
            return "ok", xmlrpc.client.dumps((result,), methodresponse=True).encode()
        except HostError as error:
            string = _spelled(error, self.fault_style)
            return f"fault: {string}", xmlrpc.client.dumps(xmlrpc.client.Fault(1, string)).encode()


class _Handler(BaseHTTPRequestHandler):
    """HTTP on one connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave in one segment

    def __init__(self, api: ApiServer, stream: socket.socket, connection: socket.socket) -> None:
        self._api = api
        self._raw = connection
        super().__init__(stream, connection.getpeername(), None)  # type: ignore[arg-type] # unused

    def do_POST(self) -> None:
        request = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            parameters, method = xmlrpc.client.loads(request)
        except (ExpatError, xmlrpc.client.Error, ValueError):
            self.send_error(400, "Not an XML-RPC call")
            return
        fault, body = self._api.answer(method or "", parameters, len(request))
        if fault and fault.end == "reset":
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        if fault and fault.end == "hang":
            self._raw.recv(1)  # returns when the client goes away, or `close` comes
            self.close_connection = True
            return
        self.send_response(fault.status if fault else 200)
        is_page = fault is not None and fault.status != 200
        self.send_header("Content-Type", "text/html" if is_page else "text/xml")
        self.send_header("Content-Length", str(len(body)))
        if not self._api.is_listening:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the call log has it all."""


_current = threading.local()
"""The connection that this thread serves, which has to be answered before it is closed."""


def _spelled(error: HostError, style: FaultStyle) -> str:
    """A fault's string, in one of the three spellings that were recorded."""
    message = " ".join(error.messages)
    if isinstance(error, CallError):
        # What Python 2's own XML-RPC server made of a call that fitted no method.
        return message if style == "new" else f"<type 'exceptions.TypeError'>:{message}"
    kind = type(error).__name__
    # The repr() of a list of Python 2's unicode strings.
    listed = f"[{', '.join('u' + ascii(each) for each in error.messages)}]" if message else ""
    if style == "old":
        return f"<class 'webfaction_api.exceptions.{kind}'>:{listed}"
    return (listed if style == "list" else message) or kind


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _wake(connection: socket.socket) -> None:
    """End a connection that another thread may be waiting on."""
    with contextlib.suppress(OSError):  # it may have ended by itself
        connection.shutdown(socket.SHUT_RDWR)


def _nothing(_number: int, _method: str) -> None:
    """No hook."""
