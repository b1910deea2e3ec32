"""Web servers on loopback that answer as they are told."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from tests.ports import reserve


@dataclass
class Page:
    """An answer; ``location`` makes it a redirect, ``raw`` is sent in place of any HTTP."""

    body: str = ""
    status: int = 200
    location: str = ""
    raw: bytes = b""


@dataclass
class Web:
    """A server of ``pages``, by host and path; every other is 404.

    ``port`` is that of ``address``. Where it is 0 the system chooses it, and nobody else gets it on
    the other loopback address, IPv6 or IPv4, where another `Web` may listen. With ``certificate``,
    the paths of chain and key, it speaks TLS; ``by_name`` has others for clients that ask for a
    name. Who calls himself as ``refused_agents`` says gets the status ``refusal``. The first
    ``late`` requests find no pages, and as many TLS clients none of ``by_name``. ``asked`` are the
    requests, ``agents`` who sent them, ``greeted`` the names that TLS clients asked for.
    """

    pages: dict[str, Page] = field(default_factory=dict)
    address: str = "127.0.0.1"
    port: int = 0
    certificate: tuple[Path, Path] | None = None
    by_name: dict[str, tuple[Path, Path]] = field(default_factory=dict)
    refused_agents: re.Pattern[str] | None = None
    refusal: int = 403
    late: int = 0
    asked: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)

    def __enter__(self) -> Web:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = f"{self.headers['Host']}{self.path}"
                web.asked.append(url)
                web.agents.append(agent := self.headers["User-Agent"])
                pages = web.pages if len(web.asked) > web.late else {}
                page = pages.get(url, Page("<h1>Not&nbsp;found</h1>", 404))
                if web.refused_agents and web.refused_agents.search(agent):
                    page = Page("No", web.refusal)
                if page.raw:
                    self.wfile.write(page.raw)
                    return
                self.send_response(page.status)
                if page.location:
                    self.send_header("Location", page.location)
                self.end_headers()
                self.wfile.write(page.body.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
            request_queue_size = 128  # many ask at once; what does not fit comes a second later

            def handle_error(self, request: object, client_address: object) -> None:
                pass  # clients here go away when they have seen enough

        self._beside: socket.socket | None = None
        if not self.port:
            kept, self._beside = _reserve_both(self.address)
            self.port = kept.getsockname()[1]
            self._server = Server((self.address, self.port), Handler)
            kept.close()
        else:
            self._server = Server((self.address, self.port), Handler)
        if self.certificate:
            context = _context(self.certificate)
            context.sni_callback = self._choose
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self._beside:
            self._beside.close()

    def _choose(self, tls: ssl.SSLObject, name: str, context: ssl.SSLContext) -> None:
        self.greeted.append(name)
        if name in self.by_name and len(self.greeted) > self.late:
            tls.context = _context(self.by_name[name])


def _context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@dataclass
class Time:
    """A clock that only sleeping moves, in seconds."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


_kept: list[socket.socket] = []


def nobody_listens() -> int:
    """A port of both loopback addresses that refuses connections, as long as this process runs."""
    _kept.extend(_reserve_both("127.0.0.1"))
    return int(_kept[-1].getsockname()[1])


def _reserve_both(address: str) -> tuple[socket.socket, socket.socket]:
    """The same port of this loopback address and of the other, IPv6 or IPv4."""
    other = "127.0.0.1" if ":" in address else "::1"
    while True:
        kept = reserve(address)
        try:
            return kept, reserve(other, kept.getsockname()[1])
        except OSError as error:
            kept.close()
            if error.errno != errno.EADDRINUSE:
                raise
