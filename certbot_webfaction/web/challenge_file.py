"""Fetching challenge files over http as a CA does, before it is asked to."""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import socket
import ssl
import string
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.web import dialling
from certbot_webfaction.web.dialling import Resolver, Trouble
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.waiting import wait_until_right

REDIRECTS = 10
"""How many redirects Let's Encrypt follows (letsencrypt.org, "Challenge Types")."""

BODY_LIMIT = 4096
"""How many bytes of a body are read."""


class ChallengeFile(NamedTuple):
    """What a CA will ask a domain for: the token in the path, and the content to come back."""

    domain: str
    token: str
    content: str

    @property
    def url(self) -> str:
        """Where the CA starts."""
        return f"http://{self.domain}{CHALLENGE_PATH}/{self.token}"


class Walk(NamedTuple):
    """What came of one URL: the URLs from the first over redirects to the last.

    ``address`` was connected to for the first. Then there is either ``trouble`` at the last URL
    (with ``detail``), or its ``status`` and the start of its ``body``; ``refused_redirect`` is
    where the last URL redirects to and no CA follows.
    """

    urls: tuple[str, ...]
    address: str = ""
    status: int = 0
    body: str = ""
    trouble: Trouble | None = None
    detail: str = ""
    refused_redirect: str = ""

    def right(self, content: str) -> bool:
        """Whether a CA would be content; it ignores space at the end (RFC 8555, section 8.3)."""
        return self.trouble is None and self.status == 200 and self.body.rstrip() == content


class WrongAnswer(NamedTuple):
    """What a domain gave instead of its challenge file.

    ``addresses`` are all that DNS has (empty where ``--webfaction-connect-to`` leads elsewhere),
    ``walk`` is what a CA would see, and ``by_ipv4`` the same over IPv4 where that went over IPv6.
    """

    addresses: tuple[str, ...]
    walk: Walk
    by_ipv4: Walk | None = None


def look(
    files: Sequence[ChallengeFile],
    route: Route,
    wait: float,
    *,
    quiet: bool = False,
    resolver: Resolver = dialling.resolve,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, WrongAnswer]:
    """Fetch each file until it comes back right or the wait is over.

    :param wait: seconds
    :returns: for each domain that did not serve its file, what it served instead
    """
    checks = {file.domain: functools.partial(_check, file, route, resolver) for file in files}
    return wait_until_right(
        "the web server to serve challenge files",
        checks,
        wait,
        quiet=quiet,
        clock=clock,
        sleep=sleep,
    )


def _check(file: ChallengeFile, route: Route, resolver: Resolver) -> WrongAnswer | None:
    """Ask over IPv6 first and, as Let's Encrypt, over IPv4 only where IPv6 does not connect."""
    try:
        candidates = dialling.addresses(file.domain, route, resolver)
    except OSError as error:
        walk = Walk((file.url,), trouble=dialling.trouble(error), detail=str(error))
        return WrongAnswer((), walk)
    walks = [_walk(file.url, candidates[0], route, resolver)]
    if walks[0].right(file.content):
        return None
    if len(candidates) > 1:
        walks.append(_walk(file.url, candidates[1], route, resolver))
        if len(walks[0].urls) == 1 and walks[0].trouble in _NOT_CONNECTED:
            walks.reverse()
            if walks[0].right(file.content):
                return None
            del walks[1]
    known: tuple[str, ...] = ()
    if route.address is None:
        with contextlib.suppress(OSError):
            known = resolver(file.domain)
    return WrongAnswer(known, *walks)


_NOT_CONNECTED = (Trouble.REFUSED, Trouble.TIMED_OUT, Trouble.UNREACHABLE)


def _walk(url: str, address: str, route: Route, resolver: Resolver) -> Walk:
    """Follow redirects as Let's Encrypt does: 10 at most, to http and https on 80 and 443."""
    urls = [url]
    candidates: tuple[str, ...] = (address,)
    try:
        while True:
            status, location, body = _get(urls[-1], candidates, route)
            if status not in range(300, 400) or not location:
                return Walk(tuple(urls), address, status, body)
            target = _join(urls[-1], location)
            if status not in _FOLLOWED or len(urls) > REDIRECTS or not _leads_on(target):
                return Walk(tuple(urls), address, status, body, refused_redirect=target)
            urls.append(target)
            candidates = dialling.addresses(urlsplit(target).hostname or "", route, resolver)
            if dialling.ip_version(address) == 4:
                candidates = candidates[::-1]
    except (OSError, http.client.HTTPException, ValueError) as error:
        kind = dialling.trouble(error)
        return Walk(tuple(urls), address, trouble=kind, detail=str(error))


_FOLLOWED = (301, 302, 307, 308)
"""The statuses whose ``Location`` Let's Encrypt follows (boulder, va/http.go)."""


def _join(url: str, location: str) -> str:
    # It may hold any byte, and http.client reads it as Latin-1.
    location = quote(location, safe=string.punctuation, encoding="latin-1")
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _leads_on(target: str) -> bool:
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError:
        return False
    return (
        (parts.scheme, port or _PORTS.get(parts.scheme)) in (("http", 80), ("https", 443))
        and bool(parts.hostname)
        and dialling.ip_version(parts.hostname or "") is None
    )


_PORTS = {"http": 80, "https": 443}


def _get(url: str, candidates: Sequence[str], route: Route) -> tuple[int, str, str]:
    """Ask the first address that connects; return status, ``Location`` and the body's start."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    connection = http.client.HTTPConnection(host)
    with contextlib.closing(connection):
        port = route.https_port if secure else route.http_port
        connection.sock = dialling.connect(candidates, port)
        try:
            if secure:
                tls = _unchecked_tls()
                connection.sock = tls.wrap_socket(connection.sock, server_hostname=host)
            path = parts.path or "/"
            connection.request(
                "GET", f"{path}?{parts.query}" if parts.query else path, headers=_HEADERS
            )
            response = _answer(connection.sock, time.monotonic() + dialling.TIMEOUT)
        except TimeoutError as error:
            raise dialling.SilentError(*error.args) from error
        return response.status, response.getheader("Location", ""), _start(response)


_HEADERS = {"User-Agent": "certbot-webfaction", "Accept": "*/*", "Connection": "close"}


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


def _unchecked_tls() -> ssl.SSLContext:
    """TLS to whoever answers: CAs follow redirects to sites whose certificate is yet to come."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
