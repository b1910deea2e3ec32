"""A server that gives prepared answers, for what the sandbox's API never says."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
import xmlrpc.client
from collections.abc import Iterable
from types import TracebackType
from typing import Any


class CannedServer:
    """Answers each connection's first request with ``pieces`` and closes it; a context manager.

    ``pieces`` are the bytes of a whole HTTP answer. `requests` holds what came, head and body.
    ``tls`` makes it https.
    """

    def __init__(self, pieces: Iterable[bytes], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[tuple[str, bytes]] = []
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):  # a client that has had enough goes away
                    if tls:
                        stream = tls.wrap_socket(self.request, server_side=True)
                        self.rfile, self.wfile = stream.makefile("rb"), stream.makefile("wb")
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        line = self.rfile.readline()
                        if not line:
                            return
                        head += line
                    lines = head.decode().split("\r\n")
                    lengths = [line[15:] for line in lines if line.startswith("Content-Length:")]
                    server.requests.append(
                        (head.decode(), self.rfile.read(int((lengths or ["0"])[0])))
                    )
                    for piece in pieces:
                        self.wfile.write(piece)
                    self.wfile.flush()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/"

    def __enter__(self) -> CannedServer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    """An HTTP answer; ``length`` is the one to declare if not the body's."""
    declared = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {declared}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def result(value: Any) -> bytes:
    """The body of an XML-RPC answer with this result."""
    return xmlrpc.client.dumps((value,), methodresponse=True).encode()
