"""XML-RPC calls over HTTPS: one request each, never repeated, with an answer of bounded size."""

from __future__ import annotations

import contextlib
import html
import http.client
import importlib.metadata
import ipaddress
import logging
import re
import socket
import ssl
import time
import xmlrpc.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.parsers import expat

import requests
import urllib3.exceptions
from urllib3.util.ssl_match_hostname import CertificateError

from certbot_webfaction.hosts.hiding import hidden
from certbot_webfaction.text import one_line, printable

logger = logging.getLogger(__name__)

TIMEOUT = 60.0
"""Seconds to wait for the connection, and for each further piece of the answer.

The panel makes some apps while the caller waits, hence so long.
"""

BODY_TIMEOUT = 300.0
"""Seconds in which the whole body of an answer has to come, for servers that send it in drops.

It is looked at after each piece. Headers in drops may take as long as they like.
"""

LIMIT = 32 * 2**20
"""Bytes of the longest answer: with about 10 KB per certificate and its key, 3000 of them."""

DEPTH = 64
"""Elements within each other in the deepest answer; a website's mounts are 16 deep."""

_PIECE = 2**18  # read at once, in bytes; expat before 2.6 parses an unfinished token anew each time
_PAGE = 2**16  # bytes of an error page that are read, of which a few words are shown
_BROKEN = (  # what a connection that breaks raises
    OSError,  # requests' own exceptions too
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
)
# Characters that XML can't hold (XML 1.0, section 2.2). As the complement of those that it can, the
# expression would take every certbot run 5 ms to compile.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class NoAnswerError(Exception):
    """No usable answer came. Its text says why, as the end of a sentence about the API.

    ``reached`` tells whether the call may have reached the panel and been carried out;
    ``passing`` whether the same call may well succeed when it is made again.
    """

    def __init__(self, cause: str, *, reached: bool, passing: bool) -> None:
        super().__init__(cause)
        self.reached = reached
        self.passing = passing


class FaultError(Exception):
    """The panel answered with a Fault. Its text is the start of the fault's string, as it came."""


class Transport:
    """Sends calls to one address over one connection, which is opened when first used.

    Proxies and CA bundles are those of the environment, as for certbot's own requests
    (`acme.client.ClientNetwork`).

    :param url: ``https``, or ``http`` to a loopback address
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._session: requests.Session | None = None
        self._secrets: list[str] = []
        self._key: list[str] = []

    def hide(self, secret: str) -> None:
        """Never show ``secret`` in an error, even if the panel repeats it in its answer."""
        if secret and secret not in self._secrets:
            self._secrets.append(secret)

    def hidden(self, text: str) -> str:
        """The start of ``text`` without what is to be hidden and the private key last sent."""
        return hidden(text, [*self._secrets, *self._key])

    def call(self, method: str, *parameters: Any) -> Any:
        """Make a call and return its result; dates and binary values as Python's own types.

        :raises FaultError: if the answer is a Fault
        :raises NoAnswerError: if there is no usable answer, or the call could not be sent
        """
        started = time.monotonic()
        outcome = "no usable answer"
        self._key = _key_lines(parameters) or self._key
        try:
            answer = self._exchange(_request_body(method, parameters))
            outcome = "ok"
            return answer
        except xmlrpc.client.Fault as fault:
            outcome = "fault"
            words = self.hidden(str(fault.faultString))
        finally:
            logger.debug("%s: %s after %.3f s", method, outcome, time.monotonic() - started)
        raise FaultError(words)  # here, so that what is hidden is not in its context

    def _exchange(self, body: bytes) -> Any:
        if self._session is None:
            self._session = _open_session(self.url)
        try:
            with self._session.post(
                self.url,
                data=body,
                timeout=TIMEOUT,
                stream=True,
                allow_redirects=False,
            ) as response:
                return self._read(response)
        except (ValueError, *_BROKEN) as error:  # ValueError: an address that requests can't use
            failure = _failure(error)
        raise failure  # here, so that the request is not in its context

    def _read(self, response: requests.Response) -> Any:
        if response.status_code != 200:
            raise NoAnswerError(
                self._status(response),
                reached=True,
                passing=response.status_code >= 500 or response.status_code in (408, 429),
            )
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise NoAnswerError(
                f"its answer is compressed ({one_line(encoding, 100)}), which was not asked for",
                reached=True,
                passing=False,
            )
        return _parse(_pieces(response))

    def _status(self, response: requests.Response) -> str:
        status = f"it answered with HTTP status {response.status_code}"
        if response.is_redirect:
            return f"{status}, a redirect, which is not followed because the password would travel"
        if "Content-Encoding" in response.headers:
            return status
        page = b""
        with contextlib.suppress(NoAnswerError, *_BROKEN):  # the status tells more
            for part in _parts(response):
                page += part
                if len(page) >= _PAGE:
                    break
        # Before as well: unescaping changes a secret that holds what looks like an entity.
        text = html.unescape(self.hidden(page.decode("utf-8", "replace")))
        text = printable(self.hidden(text))
        return f'{status} and "{text}"' if text else status


def _request_body(method: str, parameters: tuple[Any, ...]) -> bytes:
    if any(_NOT_IN_XML.search(text) for text in _strings(parameters)):
        raise NoAnswerError(
            "a value to be sent holds a control character, which XML can't carry",
            reached=False,
            passing=False,
        )
    text = xmlrpc.client.dumps(parameters, method)
    # A parser reads a bare CR as LF (XML 1.0, section 2.11), a password would be another one.
    return text.replace("\r", "&#13;").encode()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)


def _key_lines(parameters: tuple[Any, ...]) -> list[str]:
    """The lines of the private key among the parameters: a server may repeat a part of it."""
    return [
        line
        for text in _strings(parameters)
        if "PRIVATE KEY-----" in text
        for line in text.split("\n")
        if line.strip() and "-----" not in line
    ]


def _open_session(url: str) -> requests.Session:
    """Make the session; nothing is sent yet."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        usable = parts.scheme in ("https", "http") and host and "@" not in parts.netloc
    except ValueError:  # such as "https://[::1/"
        usable = False
    if not usable:
        raise NoAnswerError(
            "its address is no https URL without user name and password",
            reached=False,
            passing=False,
        )
    session = requests.Session()
    if parts.scheme == "http":
        if not _is_loopback(host):
            raise NoAnswerError(
                "its address is plain http, which would send the password unprotected;"
                " http is only for this machine itself, all else needs https",
                reached=False,
                passing=False,
            )
        session.trust_env = False  # no proxy gets to see an unprotected password
    session.headers.update(
        {
            "User-Agent": f"certbot-webfaction/{_version()}",
            "Content-Type": "text/xml",
            "Accept-Encoding": "identity",  # so that what arrives is as long as what is parsed
        }
    )
    return session


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _version() -> str:
    try:
        return importlib.metadata.version("certbot-webfaction")
    except importlib.metadata.PackageNotFoundError:  # run from its source tree
        return "unreleased"


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Read the answer piece by piece, in time, up to `LIMIT` and exactly to its declared end."""
    header = response.headers.get("Content-Length", "")
    declared = int(header) if header.isdecimal() else None
    too_large = NoAnswerError(
        f"its answer is larger than {LIMIT / 2**20:g} MiB", reached=True, passing=False
    )
    if declared is not None and declared > LIMIT:
        raise too_large
    length = 0
    for piece in _joined(_parts(response)):
        length += len(piece)
        if length > LIMIT:
            raise too_large
        yield piece
    # urllib3 1.26 does not notice a connection that was closed early.
    if declared is not None and length != declared:
        raise NoAnswerError("its answer was cut short", reached=True, passing=True)


def _parts(response: requests.Response) -> Iterator[bytes]:
    """Read what has come, in time."""
    deadline = time.monotonic() + BODY_TIMEOUT
    raw: Any = response.raw
    # Only a newer urllib3 can be asked for that; `read` waits for all that it may return.
    read = getattr(raw, "read1", None) or raw._fp.read1
    while part := read(_PIECE):
        yield part
        if time.monotonic() > deadline:
            raise NoAnswerError(
                f"its answer took more than {BODY_TIMEOUT:g} seconds", reached=True, passing=True
            )


def _joined(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Join parts, which may be as small as a packet, to pieces."""
    piece = b""
    for part in parts:
        piece += part
        if len(piece) >= _PIECE:
            yield piece
            piece = b""
    yield piece


def _parse(pieces: Iterator[bytes]) -> Any:
    """Turn an answer into its result.

    :raises xmlrpc.client.Fault: if it is one
    """
    unmarshaller = xmlrpc.client.Unmarshaller(use_builtin_types=True)
    unmarshaller.xml("", None)  # no encoding: expat decodes
    parser = expat.ParserCreate()
    parser.buffer_text = True  # else every line break becomes an object
    depth = 0

    def start(tag: str, attributes: Any) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH:
            raise NoAnswerError("its answer is nested too deeply", reached=True, passing=False)
        unmarshaller.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        unmarshaller.end(tag)

    def refuse_doctype(*_declaration: object) -> None:
        raise NoAnswerError("its answer declares a document type", reached=True, passing=False)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = unmarshaller.data
    parser.StartDoctypeDeclHandler = refuse_doctype
    for piece in pieces:
        _step(parser.Parse, piece, False)
    _step(parser.Parse, b"", True)
    values = _step(unmarshaller.close)
    if len(values) != 1:
        raise _not_xmlrpc()
    return values[0]


def _step(parse: Any, *arguments: Any) -> Any:
    try:
        return parse(*arguments)
    except (NoAnswerError, xmlrpc.client.Fault):
        raise
    except Exception:  # the unmarshaller stumbles over odd documents in any way it likes
        raise _not_xmlrpc() from None


def _not_xmlrpc() -> NoAnswerError:
    return NoAnswerError("its answer is no complete XML-RPC answer", reached=True, passing=True)


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
    (urllib3.exceptions.HTTPError, "the connection ended before the answer did", True, True),
    (http.client.HTTPException, "the connection ended before the answer did", True, True),
    (ConnectionError, "the connection ended before the answer did", True, True),
    # An address, a proxy's address or a CA bundle that requests can't use: its text names it.
    (Exception, "it can't be asked: {reason}", False, False),
)


def _failure(error: Exception) -> NoAnswerError:
    behind = list(_behind(error, set()))
    for kind, cause, reached, passing in _FAILURES:
        for found in behind:
            if isinstance(found, kind):
                reason = one_line(getattr(found, "verify_message", None) or str(found), 100)
                text = cause.format(reason=reason, timeout=TIMEOUT)
                return NoAnswerError(text, reached=reached, passing=passing)
    raise AssertionError("the last row fits every exception") from error


def _behind(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    if id(error) in seen:
        return
    seen.add(id(error))
    yield error
    wrapped = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
    for inner in wrapped:
        if isinstance(inner, BaseException):
            yield from _behind(inner, seen)
