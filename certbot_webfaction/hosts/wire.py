"""One HTTP exchange with a host's API: sent once, never repeated, its answer of bounded size."""

from __future__ import annotations

import contextlib
import html
import http.client
import ipaddress
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from urllib3.util.ssl_match_hostname import CertificateError

from certbot_webfaction.hosts.hiding import Secrets
from certbot_webfaction.text import one_line, printable

logger = logging.getLogger(__name__)

TIMEOUT = 90.0
"""Seconds to wait for the connection, and for each further piece of the answer.

Panels do some work while the caller waits: of one, more than 30 s for a domain are known.
"""

BODY_TIMEOUT = 300.0
"""Seconds in which the whole body of an answer has to come, for servers that send it in drops.

It is looked at after each piece. Headers in drops may take as long as they like.
"""

LIMIT = 32 * 2**20
"""Bytes of the longest answer: with about 10 KB per certificate and its key, 3000 of them."""

_PIECE = 2**18  # read at once, in bytes; expat before 2.6 parses an unfinished token anew each time
_PAGE = 2**16  # bytes of an error page that are read, of which a few words are shown

_T = TypeVar("_T")


class NoAnswerError(Exception):
    """No usable answer came. Its text says why, as the end of a sentence about the API.

    ``reached`` tells whether the call may have reached the panel and been carried out;
    ``passing`` whether the same call may well succeed when it is made again, ``after`` this many
    seconds at the least, if the server said so.
    """

    def __init__(
        self, cause: str, *, reached: bool = True, passing: bool = True, after: float = 0.0
    ) -> None:
        super().__init__(cause)
        self.reached = reached
        self.passing = passing
        self.after = after


class RefusalError(Exception):
    """The host answered, and said no. Its text is what it said, without secrets."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; reading ``pieces`` raises `NoAnswerError` where its body does not come."""

    status: int
    pieces: Iterator[bytes]


class Wire:
    """Sends to one address over one connection, which is opened when first used.

    Proxies and CA bundles are those of the environment, as for certbot's own requests
    (`acme.client.ClientNetwork`).

    :param url: ``https``, or ``http`` to a loopback address
    :param headers: of every request
    :param secrets: what is hidden where an error shows a page of the server
    """

    def __init__(self, url: str, headers: Mapping[str, str], secrets: Secrets) -> None:
        self._url = url
        self._headers = headers
        self._secrets = secrets
        self._session: requests.Session | None = None

    @property
    def address(self) -> str:
        """Where it sends to, as a message shows it; it may be none that can be parsed."""
        return (self._url.partition("//")[2] or self._url).rpartition("@")[2].rstrip("/")

    def exchange(
        self,
        call: str,
        read: Callable[[Answer], _T],
        *,
        method: str = "POST",
        path: str = "",
        body: bytes = b"",
        readable: Collection[int] = (200,),
    ) -> _T:
        """Send a request and return what ``read`` makes of its answer.

        :param call: what the log calls it
        :param path: what follows the address, with a slash before it
        :param readable: HTTP statuses of answers that ``read`` takes
        :raises NoAnswerError: if there is no usable answer, or the request could not be sent
        """
        started = time.monotonic()
        outcome = "no usable answer"
        try:
            with self._send(method, path, body) as response:
                self._check(response, readable)
                result = read(Answer(response.status_code, _pieces(response)))
            outcome = "ok"
        except RefusalError:
            outcome = "refused"
            raise
        finally:
            logger.debug("%s: %s after %.3f s", call, outcome, time.monotonic() - started)
        return result

    def _send(self, method: str, path: str, body: bytes) -> requests.Response:
        if self._session is None:
            self._session = _open_session(self._url, self._headers)
        url = self._url.rstrip("/") + path if path else self._url
        try:
            return self._session.request(
                method, url, data=body, timeout=TIMEOUT, stream=True, allow_redirects=False
            )
        except (ValueError, *_BROKEN) as error:  # ValueError: an address that requests can't use
            failure = _failure(error)
        raise failure  # here, so that the request is not in its context

    def _check(self, response: requests.Response, readable: Collection[int]) -> None:
        status = response.status_code
        if status not in readable:
            passing = status >= 500 or status in (408, 429)
            told = response.headers.get("Retry-After", "")
            raise NoAnswerError(
                self._explain(response),
                reached=status != 429,  # it came too soon, and was not looked at (RFC 6585)
                passing=passing,
                after=float(told) if re.fullmatch(r"\d{1,5}", told) else 0.0,
            )
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            cause = f"its answer is compressed ({one_line(encoding, 100)}), which was not asked for"
            raise NoAnswerError(cause, passing=False)

    def _explain(self, response: requests.Response) -> str:
        status = f"it answered with HTTP status {response.status_code}"
        if response.is_redirect:
            return f"{status}, a redirect, which is not followed because the password would travel"
        if "Content-Encoding" in response.headers:
            return status
        page = b""
        with contextlib.suppress(NoAnswerError):  # the status tells more
            for part in _parts(response):
                page += part
                if len(page) >= _PAGE:
                    break
        # Before as well: unescaping changes a secret that holds what looks like an entity.
        text = html.unescape(self._secrets.hidden(page.decode("utf-8", "replace")))
        text = printable(self._secrets.hidden(text))
        return f'{status} and "{text}"' if text else status


def _open_session(url: str, headers: Mapping[str, str]) -> requests.Session:
    """Make the session; nothing is sent yet."""
    unsafe = ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and parts.hostname and "@" not in parts.netloc
    except ValueError:  # such as "https://[::1/"
        usable = False
    if not usable:
        unsafe = "its address is no https URL without user name and password"
    elif parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        unsafe = (
            "its address is plain http, which would send the password unprotected;"
            " http is only for this machine itself, all else needs https"
        )
    if unsafe:
        raise NoAnswerError(unsafe, reached=False, passing=False)
    session = requests.Session()
    session.auth = lambda request: request  # else ~/.netrc would replace what we log in with
    session.trust_env = parts.scheme == "https"  # no proxy gets to see an unprotected password
    session.headers.update(headers)
    session.headers["User-Agent"] = f"certbot-webfaction/{version('certbot-webfaction')}"
    session.headers["Accept-Encoding"] = "identity"  # what arrives is as long as what is parsed
    return session


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Read the answer piece by piece, in time, up to `LIMIT` and exactly to its declared end."""
    header = response.headers.get("Content-Length", "")
    declared = int(header[:20]) if header.isdecimal() else None  # Python refuses 5000 digits
    _check_length(declared or 0)
    length, piece = 0, b""
    for part in _parts(response):  # which may be as small as a packet
        length += len(part)
        _check_length(length)
        piece += part
        if len(piece) >= _PIECE:
            yield piece
            piece = b""
    yield piece
    # urllib3 1.26 does not notice a connection that was closed early.
    if declared is not None and length != declared:
        raise NoAnswerError("its answer was cut short")


def _check_length(length: int) -> None:
    if length > LIMIT:
        cause = f"its answer is larger than {LIMIT / 2**20:g} MiB"
        raise NoAnswerError(cause, passing=False)


def _parts(response: requests.Response) -> Iterator[bytes]:
    """Read what has come, in time."""
    deadline = time.monotonic() + BODY_TIMEOUT
    raw: Any = response.raw
    # Only a newer urllib3 can be asked for that; `read` waits for all that it may return.
    read = getattr(raw, "read1", None) or raw._fp.read1
    try:
        while part := read(_PIECE):
            yield part
            if time.monotonic() > deadline:
                raise NoAnswerError(f"its answer took more than {BODY_TIMEOUT:g} seconds")
    except (ValueError, *_BROKEN) as error:  # after an answer has begun, the call has arrived
        raise NoAnswerError(str(_failure(error))) from None


_BROKEN = (  # what a connection that breaks raises
    OSError,  # requests' own exceptions too
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
)

_ENDED = "the connection ended before the answer did"

# What an exception of requests, urllib3 or http.client means, by the first row that fits it or
# one that it wraps: the cause, whether the call may have reached the panel, whether it may pass.
_FAILURES: tuple[tuple[type[BaseException], str, bool, bool], ...] = (
    (urllib3.exceptions.ProxyError, "the proxy could not be used", False, True),
    (ssl.SSLCertVerificationError, "its certificate is not valid: {reason}", False, False),
    # urllib3 1.26 compares names itself.
    (CertificateError, "its certificate is not valid: {reason}", False, False),
    (socket.gaierror, "its name could not be resolved", False, True),
    (ConnectionRefusedError, "it refused the connection", False, True),
    # In urllib3 1.26 a kind of ConnectTimeoutError, so it comes before that.
    (urllib3.exceptions.NewConnectionError, "no network leads to it", False, True),
    (urllib3.exceptions.ConnectTimeoutError, "no connection in {timeout:g} seconds", False, True),
    (urllib3.exceptions.ReadTimeoutError, "no answer in {timeout:g} seconds", True, True),
    (TimeoutError, "no answer in {timeout:g} seconds", True, True),
    (ssl.SSLError, "the encrypted connection failed", True, True),
    (urllib3.exceptions.HTTPError, _ENDED, True, True),
    (http.client.HTTPException, _ENDED, True, True),
    (ConnectionError, _ENDED, True, True),
    # An address, a proxy's address or a CA bundle that requests can't use: its text names it.
    (Exception, "it can't be asked: {reason}", False, False),
)


def _failure(error: Exception) -> NoAnswerError:
    behind: list[BaseException] = [error]
    for each in behind:  # and what it wraps in turn
        wrapped = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        behind += [
            inner
            for inner in wrapped
            if isinstance(inner, BaseException) and all(inner is not known for known in behind)
        ]
    for kind, cause, reached, passing in _FAILURES:
        for found in behind:
            if isinstance(found, kind):
                reason = one_line(getattr(found, "verify_message", None) or str(found), 100)
                text = cause.format(reason=reason, timeout=TIMEOUT)
                return NoAnswerError(text, reached=reached, passing=passing)
    raise AssertionError("the last row fits every exception") from error
