"""Connecting to a domain as its visitors would, and the words for what goes wrong on the way."""

from __future__ import annotations

import enum
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable

from certbot_webfaction.web.route import Route

TIMEOUT = 10.0
"""Seconds for one connection, and for an answer on it."""

Resolver = Callable[[str], tuple[str, ...]]
"""Gives the IPv6 and IPv4 addresses of a name; raises `OSError` if there are none."""


class Trouble(enum.Enum):
    """Why no answer came from an address."""

    NOT_FOUND = "DNS has no address for the name"
    NO_RESOLVER = "this machine's DNS resolver does not answer"
    REFUSED = "the connection was refused"
    TIMED_OUT = "the connection timed out"
    SILENT = "it took the connection, and no answer came in time"
    UNREACHABLE = "the address can't be reached from here"
    BROKEN = "the connection broke"
    TLS = "TLS failed"
    NO_HTTP = "the answer was not HTTP"


class SilentError(TimeoutError):
    """There is a connection, but nothing comes over it."""


def resolve(name: str) -> tuple[str, ...]:
    """Ask DNS for a name's addresses, through this machine's resolver."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses(name: str, route: Route, resolver: Resolver) -> tuple[str, ...]:
    """Where to connect to for a name: one IPv6 address before one IPv4, as CAs prefer.

    :raises OSError: if DNS has none
    """
    if route.address is not None:
        return (route.address,)
    try:
        known = resolver(name)
    except UnicodeError as error:  # a label that is empty or too long for DNS
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return tuple(filter(None, (first(known, 6), first(known, 4))))


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


def first(known: Iterable[str], version: int) -> str | None:
    """The first address of an IP version."""
    return next((address for address in known if ip_version(address) == version), None)


def ip_version(address: str) -> int | None:
    """4 or 6; `None` for a name, as ``--webfaction-connect-to`` may give."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).version
    except ValueError:
        return None


def trouble(error: Exception) -> Trouble:
    """Which trouble an exception of a connection stands for."""
    if isinstance(error, ssl.SSLError):
        return Trouble.TLS
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
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
