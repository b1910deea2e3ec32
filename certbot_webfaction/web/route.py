"""Where to look for a domain, and whom to ask about it, where the user says so or DNS does."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.names import a_label


def resolve(name: str) -> tuple[str, ...]:
    """Ask DNS for a name's addresses, through this machine's resolver.

    :raises OSError: if it has none
    """
    try:
        asked = a_label(name).encode("ascii")  # a str would be encoded anew, by older rules
        found = socket.getaddrinfo(asked, None, type=socket.SOCK_STREAM)
    except ValueError as error:  # no name that DNS can hold
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def read_address(text: str, *ports: int) -> tuple[str, list[int]] | None:
    """Read ``ADDRESS[:PORT…]``; `None` if it is something else.

    An IPv6 address stands in brackets.

    :param ports: those that count where the text names none, or fewer
    """
    most = len(ports)
    match = re.fullmatch(rf"(\[[^\]]+\]|[^:\[\]]+)((?::\d{{1,5}}){{0,{most}}})", text)
    given = [int(port) for port in match[2].split(":")[1:]] if match else []
    if match is None or not all(0 < port < 65536 for port in given):
        return None
    return match[1].strip("[]"), [*given, *ports[len(given) :]]


@dataclass(frozen=True)
class Route:
    """An address to connect to (``None``: what DNS says) and the ports of http and https."""

    address: str | None = None
    http_port: int = 80
    https_port: int = 443
    resolver: Callable[[str], tuple[str, ...]] = resolve

    @classmethod
    def parse(cls, text: str | None, option: str) -> Route:
        """Read ``ADDRESS[:HTTP_PORT[:HTTPS_PORT]]``; an IPv6 address stands in brackets.

        :param option: the option that gave it
        :raises certbot.errors.PluginError: if it can't be read
        """
        if not text:
            return cls()
        if read := read_address(text, 80, 443):
            address, (http_port, https_port) = read
            return cls(address, http_port, https_port)
        raise ExplainedError(
            f"{option} {text} can't be read.",
            "It is ADDRESS, ADDRESS:HTTP_PORT or ADDRESS:HTTP_PORT:HTTPS_PORT, for example"
            " 127.0.0.1:8080:8443.",
        )

    def addresses(self, name: str) -> tuple[str, ...]:
        """Where to connect to for a name: one IPv6 address before one IPv4, as CAs prefer.

        :raises OSError: if DNS has none
        """
        if self.address is not None:
            return (self.address,)
        known = self.resolver(name)
        return tuple(filter(None, (_first(known, 6), _first(known, 4))))


@dataclass(frozen=True)
class NameServer:
    """A name server: what it is called, and where it is asked."""

    name: str
    addresses: tuple[str, ...]
    port: int = 53

    @classmethod
    def parse(cls, text: str | None, option: str) -> NameServer | None:
        """Read ``ADDRESS[:PORT]``; an IPv6 address stands in brackets.

        :param option: the option that gave it
        :raises certbot.errors.PluginError: if it can't be read
        """
        if not text:
            return None
        if read := read_address(text, 53):
            address, [port] = read
            return cls(address, (address,), port)
        raise ExplainedError(
            f"{option} {text} can't be read.",
            "It is ADDRESS or ADDRESS:PORT, for example 192.0.2.53 or 127.0.0.1:5353.",
        )


def _first(known: Iterable[str], version: int) -> str | None:
    return next((address for address in known if ip_version(address) == version), None)


def ip_version(address: str) -> int | None:
    """4 or 6; `None` for a name, as ``--…-connect-to`` may give."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).version
    except ValueError:
        return None
