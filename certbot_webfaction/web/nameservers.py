"""What a name's own name servers show, asked as a CA asks them (RFC 1035, RFC 8555 section 8.4).

The machine's resolver tells who they are; it is not asked for the records, for it remembers that
there was none.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.names import a_label
from certbot_webfaction.web.route import resolve

TIMEOUT = 5.0
"""Seconds to wait for one answer."""

_TXT, _NS, _CNAME = 16, 2, 5
_ALIASES = 8  # CNAME records that are followed, one after another
_RESOLVER = Path("/etc/resolv.conf")


@dataclass(frozen=True)
class Server:
    """A name server: what it is called, and where it is asked."""

    name: str
    address: str
    port: int = 53


@dataclass(frozen=True)
class Lack:
    """Why a value is not known to be shown; ``is_certain`` where a server has told that."""

    text: str
    is_certain: bool


def parse_server(text: str | None, option: str) -> Server | None:
    """Read ``ADDRESS[:PORT]``; an IPv6 address stands in brackets.

    :param option: the option that gave it
    :raises certbot.errors.PluginError: if it can't be read
    """
    if not text:
        return None
    match = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+)(?::(\d{1,5}))?", text)
    if match and 0 < (port := int(match[2] or 53)) < 65536:
        address = match[1].strip("[]")
        return Server(address, address, port)
    raise ExplainedError(
        f"{option} {text} can't be read.",
        "It is ADDRESS or ADDRESS:PORT, for example 192.0.2.53 or 127.0.0.1:5353.",
    )


def lack(name: str, value: str, only: Server | None = None) -> Lack | None:
    """Why a CA might not see a TXT value at a name yet; `None` where all servers show it.

    :param only: the server to ask, for all of the delegation's
    """
    at = a_label(name)
    try:
        for _ in range(_ALIASES):
            servers = [only] if only else _servers_of(at)
            alias = ""
            for server in servers:
                texts, alias = _look_up(at, server)
                if not alias and value not in texts:
                    return Lack(f"{server.name} does not show it at {at}", is_certain=True)
            if not alias:
                return None
            at = alias
    except (OSError, ValueError, struct.error, IndexError) as error:
        return Lack(f"the name servers of {at} could not be asked: {error}", is_certain=False)
    return Lack(f"CNAME records lead on and on from {name}", is_certain=True)


def _look_up(name: str, server: Server) -> tuple[list[str], str]:
    """The TXT values at a name, or where a CNAME record leads from it."""
    answers = _ask(name, _TXT, server)
    texts = [data for kind, data in answers if kind == _TXT]
    aliases = [data for kind, data in answers if kind == _CNAME]
    return texts, aliases[-1] if aliases and not texts else ""


def _servers_of(name: str) -> list[Server]:
    """The name servers of the zone that a name is in."""
    found = re.search(r"(?m)^\s*nameserver\s+(\S+)", _RESOLVER.read_text())
    resolver = Server("the resolver", found[1] if found else "127.0.0.1")
    labels = name.split(".")
    for start in range(len(labels) - 1):
        zone = ".".join(labels[start:])
        hosts = [data for kind, data in _ask(zone, _NS, resolver, recursive=True) if kind == _NS]
        if hosts:
            return [Server(host, resolve(host)[0]) for host in sorted(hosts)]
    raise OSError("nobody tells who they are")


def _ask(name: str, kind: int, server: Server, *, recursive: bool = False) -> list[tuple[int, str]]:
    """The answers of a server, each with its type: over TCP where UDP has no room for them."""
    number = secrets.randbelow(2**16)
    labels = [label.encode("ascii") for label in name.split(".")]
    question = b"".join(bytes([len(label)]) + label for label in labels)
    flags = 0x0100 if recursive else 0
    query = (
        struct.pack("!6H", number, flags, 1, 0, 0, 0) + question + struct.pack("!BHH", 0, kind, 1)
    )
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.settimeout(TIMEOUT)
        udp.connect((server.address, server.port))  # so that only its answers arrive
        udp.send(query)
        message = udp.recv(2**16)
    if message[2] & 0x02:  # cut
        with socket.create_connection((server.address, server.port), TIMEOUT) as tcp:
            tcp.sendall(struct.pack("!H", len(query)) + query)
            with contextlib.closing(tcp.makefile("rb")) as stream:
                message = stream.read(struct.unpack("!H", stream.read(2))[0])
    if struct.unpack("!H", message[:2])[0] != number:
        raise OSError(f"{server.name} answered something else")
    if message[3] & 0x0F not in (0, 3):  # 3: there is no such name
        raise OSError(f"{server.name} answered with code {message[3] & 0x0F}")
    return _answers(message, 12 + len(question) + 5)


def _answers(message: bytes, at: int) -> list[tuple[int, str]]:
    found = []
    for _ in range(struct.unpack("!H", message[6:8])[0]):
        _name, at = _read_name(message, at)
        kind, _class, _ttl, length = struct.unpack("!HHIH", message[at : at + 10])
        at += 10
        if kind == _TXT:
            found.append((kind, _read_text(message[at : at + length])))
        elif kind in (_NS, _CNAME):
            found.append((kind, _read_name(message, at)[0]))
        at += length
    return found


def _read_text(data: bytes) -> str:
    """A TXT value from its parts of 255 bytes at most."""
    text = b""
    while data:
        text += data[1 : 1 + data[0]]
        data = data[1 + data[0] :]
    return text.decode("utf-8", "replace")


def _read_name(message: bytes, at: int) -> tuple[str, int]:
    """A name that begins at a place, and where it ends there (RFC 1035, section 4.1.4)."""
    labels: list[str] = []
    end = 0
    for _ in range(128):  # more than a name can have: pointers may lead in a circle
        length = message[at]
        if length >= 0xC0:
            end = end or at + 2
            at = struct.unpack("!H", message[at : at + 2])[0] & 0x3FFF
        elif length == 0:
            return ".".join(labels).lower(), end or at + 1
        else:
            labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
    raise ValueError("a name without end")
