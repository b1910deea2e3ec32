"""Connecting to a domain as its visitors would, and the words for what goes wrong on the way."""

from __future__ import annotations

import enum
import functools
import socket
import ssl
from collections.abc import Iterable

from certbot_webfaction.names import a_label

TIMEOUT = 10.0
"""Seconds for one connection, and for an answer on it."""


class Trouble(enum.Enum):
    """Why no answer came from an address."""

    NOT_FOUND = "DNS has no address for the name"
    NO_RESOLVER = "DNS gave no answer for the name"
    REFUSED = "the connection was refused"
    TIMED_OUT = "the connection timed out"
    SILENT = "it took the connection, and no answer came in time"
    UNREACHABLE = "the address can't be reached from here"
    BROKEN = "the connection broke"
    TLS = "TLS failed"
    NO_HTTP = "the answer was not HTTP"


class SilentError(TimeoutError):
    """There is a connection, but nothing comes over it."""


def connect(candidates: Iterable[str], port: int) -> socket.socket:
    """Connect to the first of these addresses that can be.

    :raises OSError: the last one's, if none can
    """
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for address in candidates:
        try:
            return socket.create_connection((address, port), TIMEOUT)
        except OSError as error:
            failure = error
    raise failure


def start_tls(connection: socket.socket, name: str) -> ssl.SSLSocket:
    """Speak TLS for a name with whoever answers: the certificate is for the caller to judge.

    :raises OSError: `ssl.SSLError` or another, if that fails
    """
    try:
        return _context().wrap_socket(connection, server_hostname=a_label(name))
    except TimeoutError as error:
        raise SilentError("the TLS handshake took too long") from error


@functools.cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trouble(error: Exception) -> Trouble:
    """Which trouble an exception of a connection stands for."""
    if isinstance(error, ssl.SSLError):
        return Trouble.TLS
    if isinstance(error, socket.gaierror) and error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL):
        return Trouble.NO_RESOLVER
    if isinstance(error, socket.gaierror):
        return Trouble.NOT_FOUND
    if isinstance(error, ConnectionRefusedError):
        return Trouble.REFUSED
    if isinstance(error, SilentError):
        return Trouble.SILENT
    if isinstance(error, TimeoutError):
        return Trouble.TIMED_OUT
    if isinstance(error, ConnectionError):
        return Trouble.BROKEN
    if isinstance(error, OSError):
        return Trouble.UNREACHABLE
    return Trouble.NO_HTTP
