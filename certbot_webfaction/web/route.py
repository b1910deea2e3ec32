"""Where to look for a domain: where DNS points, or where ``--…-connect-to`` says."""

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
        match = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+)(?::(\d{1,5}))?(?::(\d{1,5}))?", text)
        if match:
            http_port, https_port = int(match[2] or 80), int(match[3] or 443)
            if 0 < http_port < 65536 and 0 < https_port < 65536:
                return cls(match[1].strip("[]"), http_port, https_port)
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


def _first(known: Iterable[str], version: int) -> str | None:
    return next((address for address in known if ip_version(address) == version), None)


def ip_version(address: str) -> int | None:
    """4 or 6; `None` for a name, as ``--…-connect-to`` may give."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).version
    except ValueError:
        return None
