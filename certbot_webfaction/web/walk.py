"""Asking for a URL over http or https and following its redirects, as a CA or a visitor does."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import socket
import string
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from certbot_webfaction.web import dialling
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import Route, ip_version

REDIRECTS = 10
"""How many redirects Let's Encrypt follows (letsencrypt.org, "Challenge Types")."""

BODY_LIMIT = 4096
"""How many bytes of a body are read."""

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
"""The user agent of a browser."""


@dataclass(frozen=True)
class Client:
    """Who asks: its user agent, which statuses it follows, and whether to any host and port.

    Let's Encrypt goes to 80 and 443 of names alone (boulder, va/http.go).
    """

    agent: str
    followed: tuple[int, ...]
    anywhere: bool

    def follows(self, status: int, target: str) -> bool:
        """Whether it follows a redirect."""
        try:
            parts = urlsplit(target)
            standard = parts.port in (None, _PORTS.get(parts.scheme))
        except ValueError:
            return False
        if status not in self.followed or parts.scheme not in _PORTS or not parts.hostname:
            return False
        return self.anywhere or (standard and ip_version(parts.hostname) is None)


_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Walk:
    """What came of one URL: the URLs from the first over redirects to the last.

    ``address`` was connected to for the first. Then there is either ``trouble`` at the last URL
    (with ``detail``), or its ``status`` and the start of its ``body``; ``refused_redirect`` is
    where the last URL redirects to and the client does not follow. ``leaf`` is the SHA-256 of the
    certificate that the first https URL was served with, in hexadecimal; it is not checked.
    """

    urls: tuple[str, ...]
    address: str = ""
    status: int = 0
    body: str = ""
    trouble: Trouble | None = None
    detail: str = ""
    refused_redirect: str = ""
    leaf: str = ""

    @property
    def loops(self) -> bool:
        """Whether the redirects come back to where they were, or there are too many of them."""
        return self.refused_redirect in self.urls or bool(
            self.refused_redirect and len(self.urls) > REDIRECTS
        )


def walk(url: str, client: Client, route: Route, *addresses: str) -> Walk:
    """Ask for a URL and follow its redirects.

    :param addresses: where to connect to for this URL, by preference, if not where DNS points; the
        first one's IP version is preferred on the way, too
    """
    urls, address, leaf = [url], "", ""
    try:
        candidates = addresses or route.addresses(_host(url))
        address = candidates[0]
        while True:
            answer = _get(urls[-1], candidates, client, route)
            leaf = leaf or answer.leaf
            end = Walk(tuple(urls), address, answer.status, answer.body, leaf=leaf)
            if not answer.location:
                return end
            target = _join(urls[-1], answer.location)
            again = target in urls or len(urls) > REDIRECTS
            if again or not client.follows(answer.status, _to_usual_port(target, route)):
                return replace(end, refused_redirect=target)
            urls.append(target)
            candidates = route.addresses(_host(target))
            if ip_version(address) == 4:
                candidates = candidates[::-1]
    except (OSError, http.client.HTTPException, ValueError) as error:
        kind = dialling.trouble(error)
        return Walk(tuple(urls), address, trouble=kind, detail=str(error), leaf=leaf)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _join(url: str, location: str) -> str:
    # It may hold any byte, and http.client reads it as Latin-1.
    location = quote(location, safe=string.punctuation, encoding="latin-1")
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError:
        return location


def _to_usual_port(url: str, route: Route) -> str:
    """The URL without its port where that stands for the usual one, as ``route`` says."""
    try:
        parts = urlsplit(url)
        stands_for = {"http": route.http_port, "https": route.https_port}.get(parts.scheme)
        if parts.port is None or parts.port != stands_for:
            return url
    except ValueError:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))


@dataclass(frozen=True)
class _Answer:
    """An answer; ``location`` is where it redirects to, ``""`` if it does not."""

    status: int
    location: str
    body: str
    leaf: str


def _get(url: str, candidates: Sequence[str], client: Client, route: Route) -> _Answer:
    """Ask the first address that connects."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    own_port = parts.port if parts.port != _PORTS[parts.scheme] else None
    port = own_port or (route.https_port if parts.scheme == "https" else route.http_port)
    connection = http.client.HTTPConnection(host, own_port or http.client.HTTP_PORT)
    with contextlib.closing(connection):
        connection.sock = dialling.connect(candidates, port)
        leaf = ""
        if parts.scheme == "https":
            connection.sock = tls = dialling.start_tls(connection.sock, host)
            leaf = hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest()
        try:
            headers = {"User-Agent": client.agent, "Accept": "*/*", "Connection": "close"}
            connection.request("GET", _target(parts), headers=headers)
            response = _answer(connection.sock, time.monotonic() + dialling.TIMEOUT)
        except TimeoutError as error:
            raise dialling.SilentError(*error.args) from error
        is_redirect = response.status in range(300, 400)
        location = response.getheader("Location", "") if is_redirect else ""
        return _Answer(response.status, location, _start(response), leaf)


def _target(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _answer(connection: socket.socket, deadline: float) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(connection, method="GET")
    response.fp.close()
    response.fp = io.BufferedReader(_Bounded(connection, deadline))
    response.begin()
    return response


class _Bounded(io.RawIOBase):
    """What a connection brings until ``deadline``; its own time-out is for each part alone."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if time.monotonic() > self._deadline:
            raise TimeoutError("the answer took too long")
        return self._connection.recv_into(buffer)


def _start(response: http.client.HTTPResponse) -> str:
    """Read the start of a body, as far as it comes in time."""
    body = b""
    with contextlib.suppress(OSError, http.client.HTTPException):
        while len(body) < BODY_LIMIT and (part := response.read1(BODY_LIMIT - len(body))):
            body += part
    return body.decode("utf-8", "replace")
