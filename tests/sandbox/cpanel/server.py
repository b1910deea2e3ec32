"""The panel over HTTP: ``/execute/MODULE/FUNCTION`` and ``/json-api/cpanel``."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from email.message import MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.sandbox.cpanel.faults import LOGIN_HTML
from tests.sandbox.cpanel.functions import Arguments, Pairs, Upload
from tests.sandbox.cpanel.panel import Panel, Request
from tests.sandbox.faults import Fault

_URL_BYTES = 16_384  # [assume] PEMs in a query fit, if barely
_API2_DENIED = {
    "cpanelresult": {
        "apiversion": "2",
        "error": "Access denied",
        "data": {"reason": "Access denied", "result": "0"},
        "type": "text",
    }
}
_NOT_API1 = "Token authentication allows access to UAPI or API 2 calls only."


class PanelServer:
    """The panel's web server on a free port of 127.0.0.1, as a context manager.

    ``tls`` makes it https. ``access_log`` is a file that gets each request line, as on a host.
    """

    def __init__(
        self, panel: Panel, tls: ssl.SSLContext | None = None, access_log: Path | None = None
    ) -> None:
        self.panel = panel
        self._tls = tls
        self._server = _Server(panel, tls, access_log)
        self.port: int = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Its address, without a path."""
        host = "https://localhost" if self._tls else "http://127.0.0.1"
        return f"{host}:{self.port}"

    def start(self) -> None:
        """Accept connections."""
        arguments = {"poll_interval": 0.05}
        threading.Thread(target=self._server.serve_forever, kwargs=arguments, daemon=True).start()

    def close(self) -> None:
        """Stop for good. Calls that hang end; clients see their connections closed."""
        self.panel.close()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()

    def __enter__(self) -> PanelServer:
        self.start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, panel: Panel, tls: ssl.SSLContext | None, access_log: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.panel = panel
        self._tls = tls
        self._access_log = access_log
        self._connections: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.panel.is_refusing:
            _reset(connection)
            raise OSError("refused")
        if self._tls:
            # The handshake is left to the connection's own thread.
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Close what is open."""
        for connection in set(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: the client went away, or does not trust us."""

    def log(self, line: str) -> None:
        """Add a request line to the access log."""
        if self._access_log:
            with self._access_log.open("a") as log:
                log.write(f"{line}\n")


class _Handler(BaseHTTPRequestHandler):
    """HTTP on one connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "cpsrvd", ""
    wbufsize = -1  # head and body leave in one segment
    server: _Server

    def do_GET(self) -> None:
        """Answer a call whose arguments are in the query."""
        query = parse_qsl(urlsplit(self.path).query, keep_blank_values=True)
        self._answer(query, is_post=False)

    def do_POST(self) -> None:
        """Answer a call whose arguments are a form, and may be in the query as well."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = parse_qsl(urlsplit(self.path).query, keep_blank_values=True)
        self._answer([*query, *_form(self.headers.get("Content-Type", ""), body)], is_post=True)

    def _answer(self, pairs: Pairs, *, is_post: bool) -> None:
        self.server.log(self.requestline)
        if len(self.path) > _URL_BYTES:
            self._send(414, b"URI too long", "text/plain")
            return
        request = self._request(pairs, is_post=is_post)
        if request is None:
            self._send(404, b"<html><body>Not Found</body></html>", "text/html")
            return
        panel = self.server.panel
        if not panel.logins.admits(self.headers.get("Authorization", "")):
            panel.record_refusal(request)
            self._deny()
            return
        if request.api != 2 and request.transport == "json-api" and not _is_uapi(pairs):
            self._send(403, _NOT_API1.encode(), "text/plain")
            return
        self._send_outcome(*panel.answer(request))

    def _request(self, pairs: Pairs, *, is_post: bool) -> Request | None:
        size = len(self.path) + int(self.headers.get("Content-Length", 0))
        parts = urlsplit(self.path).path.strip("/").split("/")
        if len(parts) == 3 and parts[0] == "execute":
            return Request("execute", 3, parts[1], parts[2], pairs, is_post, size)
        if parts != ["json-api", "cpanel"]:
            return None
        arguments = Arguments(pairs)
        module = arguments.get("cpanel_jsonapi_module")
        function = arguments.get("cpanel_jsonapi_func")
        version = arguments.get("cpanel_jsonapi_apiversion")
        own = [pair for pair in pairs if not pair[0].startswith("cpanel_jsonapi_")]
        return Request("json-api", 2 if version == "2" else 3, module, function, own, is_post, size)

    def _send_outcome(self, fault: Fault | None, body: bytes) -> None:
        if fault and fault.end == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.close_connection = True
            _close(self.connection)
        elif fault and fault.end == "hang":
            with contextlib.suppress(OSError):
                self.connection.recv(1)  # returns when the client goes away, or `close` comes
            self.close_connection = True
        elif fault and body.startswith(b"<"):
            self._send(fault.status, body, "text/html")
        else:
            status = fault.status if fault else 200
            self._send(status, body, "application/json", close=self.server.panel.is_refusing)

    def _deny(self) -> None:
        """Refuse as recorded, or in one of the ways that are told of."""
        refusal = self.server.panel.account.switches.refusal
        if refusal == "json":
            content_type = 'text/plain; charset="utf-8"'
            body = json.dumps(_API2_DENIED).encode()
            self._send(403, body, content_type, reason="Forbidden Access denied", close=True)
        else:
            status = 403 if refusal == "page" else 200
            self._send(status, LOGIN_HTML.encode(), "text/html", close=True)

    def _send(
        self, status: int, body: bytes, content_type: str, reason: str = "", close: bool = False
    ) -> None:
        self.send_response(status, reason or None)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the call log has it all."""


_AT_ONCE = struct.pack("ii", 1, 0)


def _reset(connection: socket.socket) -> None:
    """End a connection as where nobody listens any more."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    connection.close()


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.close()


def _is_uapi(pairs: Pairs) -> bool:
    return Arguments(pairs).get("cpanel_jsonapi_apiversion") == "3"


def _form(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The fields of a form, either encoding."""
    if not content_type.startswith("multipart/form-data"):
        return parse_qsl(body.decode(), keep_blank_values=True)
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    return [_field(part) for part in message.iter_parts()]


def _field(part: MIMEPart) -> tuple[str, str]:
    """A field's name and content."""
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    name = str(part.get_param("name", header="content-disposition"))
    filename = part.get_filename()
    return name, Upload(content.decode(), filename) if filename else content.decode()
