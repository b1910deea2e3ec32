"""Asking name servers: real packets on real sockets, right and odd ones."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import dns.resolver
import pytest
from certbot import errors

from certbot_webfaction.web import nameservers
from certbot_webfaction.web.nameservers import Lack, lack
from certbot_webfaction.web.route import NameServer

NAME = "_acme-challenge.example.com"
POINTER = b"\xc0\x0c"
"""To the name of the question."""


def text(*parts: str) -> bytes:
    """A TXT record's data."""
    return b"".join(bytes([len(part)]) + part.encode() for part in parts)


def record(kind: int, data: bytes) -> bytes:
    """A record of the name that was asked for."""
    return POINTER + struct.pack("!HHIH", kind, 1, 300, len(data)) + data


def name(*labels: str) -> bytes:
    """A name, whole."""
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def answer(query: bytes, *records: bytes, code: int = 0, flags: int = 0x84) -> bytes:
    """An answer to a query."""
    head = query[:2] + bytes([flags, code]) + struct.pack("!4H", 1, len(records), 0, 0)
    return head + query[12:] + b"".join(records)


@contextmanager
def serving(
    reply: Callable[[bytes], bytes],
    cut: bool = False,
    called: str = "ns1.example.net",
    at: str = "127.0.0.1",
) -> Iterator[NameServer]:
    """A name server with these answers; ``cut`` sends them over TCP alone."""
    family = socket.AF_INET6 if ":" in at else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family) as tcp:
        tcp.bind((at, 0))
        tcp.listen()
        port = tcp.getsockname()[1]
        udp.bind((at, port))

        def over_udp() -> None:
            try:
                while True:
                    query, client = udp.recvfrom(4096)
                    udp.sendto(answer(query, flags=0x86) if cut else reply(query), client)
            except OSError:
                pass  # closed

        def over_tcp() -> None:
            try:
                while True:
                    client, _address = tcp.accept()
                    with client:
                        query = client.recv(4096)[2:]
                        whole = reply(query)
                        client.sendall(struct.pack("!H", len(whole)) + whole)
            except OSError:
                pass

        for work in (over_udp, over_tcp):
            threading.Thread(target=work, daemon=True).start()
        yield NameServer(called, (at,), port)


@pytest.mark.parametrize("cut", [False, True])
def test_a_value_that_is_shown_lacks_nothing(cut: bool) -> None:
    """Beside others, in one part or several; over TCP where it does not fit into UDP."""
    records = (record(16, text("other")), record(16, text("x" * 255, "y")))
    with serving(lambda query: answer(query, *records), cut) as server:
        assert lack(NAME, "other", server) is None
        assert lack(NAME, "x" * 255 + "y", server) is None
        missing = lack(NAME, "x" * 255, server)
    assert missing is not None
    assert missing.is_certain
    assert missing.text == f"ns1.example.net does not show it at {NAME}"


@pytest.mark.parametrize("cut", [False, True])
def test_a_server_is_asked_over_ipv6(cut: bool) -> None:
    """Where this machine has it; over TCP, too."""
    try:
        with serving(lambda q: answer(q, record(16, text("value"))), cut, at="::1") as server:
            assert lack(NAME, "value", server) is None
            missing = lack(NAME, "other", server)
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert missing is not None
    assert missing.is_certain


def test_a_name_that_is_not_there_yet_lacks_it_for_certain() -> None:
    """NXDOMAIN is an answer."""
    with serving(lambda query: answer(query, code=3)) as server:
        missing = lack(NAME, "value", server)
    assert missing is not None
    assert missing.is_certain


def test_a_cname_record_is_followed() -> None:
    """As a CA does, but not without end."""
    target = name("target", "example", "net")

    def reply(query: bytes) -> bytes:
        is_target = target in query
        return answer(query, record(16, text("value")) if is_target else record(5, target))

    with serving(reply) as server:
        assert lack(NAME, "value", server) is None
    with serving(lambda query: answer(query, record(5, POINTER))) as server:
        endless = lack(NAME, "value", server)
    assert endless is not None
    assert "CNAME records lead on and on" in endless.text


@pytest.mark.parametrize(
    "reply",
    [
        lambda query: b"",
        lambda query: query[:5],
        lambda query: answer(query, code=2),
        lambda query: b"\xff\xff" + answer(query)[2:] if query[:2] != b"\xff\xff" else b"",
        lambda query: answer(query, record(16, text("value"))[:-3]),
        lambda query: answer(query, record(5, struct.pack("!H", 0xC000 + 12 + len(query)))),
        lambda query: answer(query, b"\xc0"),
    ],
)
def test_what_can_not_be_asked_is_not_certain(reply: Callable[[bytes], bytes]) -> None:
    """Nonsense, a cut answer, a server that fails, a name that points to itself."""
    with serving(reply) as server:
        missing = lack(NAME, "value", server)
    assert missing is not None
    assert missing.is_certain is False or "does not show" in missing.text


def test_each_server_of_the_delegation_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that is behind is named."""
    with (
        serving(lambda query: answer(query, record(16, text("value"))), called="ns1.test") as first,
        serving(lambda query: answer(query), called="ns2.test") as second,
    ):
        monkeypatch.setattr(nameservers, "_servers_of", lambda at: [first, second])
        missing = lack(NAME, "value")
    assert missing == Lack(f"ns2.test does not show it at {NAME}", is_certain=True)


def test_the_nearest_zone_with_name_servers_is_delegated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver tells who they are; all of their addresses count."""

    def reply(query: bytes) -> bytes:
        if query[12:].startswith(name("example", "com")):
            return answer(query, *(record(2, name(ns, "test")) for ns in ("ns2", "ns1")))
        return answer(query, code=3 if name("missing", "example", "com") in query else 0)

    with serving(reply) as server:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = list(server.addresses), server.port
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        monkeypatch.setattr(nameservers, "resolve", lambda host: ("2001:db8::53", "192.0.2.53"))
        for asked in (NAME, "missing.example.com"):
            found = nameservers._servers_of(asked)
            assert [server.name for server in found] == ["ns1.test", "ns2.test"]
            assert found[0].addresses == ("2001:db8::53", "192.0.2.53")
        nobody = lack("_acme-challenge.nobody.test", "value")
    assert nobody is not None
    assert "nobody tells who they are" in nobody.text


def test_an_address_that_can_not_be_reached_is_passed_over() -> None:
    """A machine without IPv6 knows what the others show; each that answers has to show it."""
    with serving(lambda query: answer(query, record(16, text("value")))) as server:
        some = replace(server, addresses=("2001:db8::53", *server.addresses))
        assert lack(NAME, "value", some) is None
        behind = lack(NAME, "other", some)
        none = lack(NAME, "value", replace(server, addresses=()))
    assert behind is not None
    assert behind.is_certain
    assert none is not None
    assert not none.is_certain


@pytest.mark.parametrize(
    ("given", "server"),
    [
        (None, None),
        ("192.0.2.53", NameServer("192.0.2.53", ("192.0.2.53",), 53)),
        ("127.0.0.1:5353", NameServer("127.0.0.1", ("127.0.0.1",), 5353)),
        ("[2001:db8::53]:5353", NameServer("2001:db8::53", ("2001:db8::53",), 5353)),
    ],
)
def test_a_server_is_read(given: str | None, server: NameServer | None) -> None:
    """With its port, if that is another."""
    assert NameServer.parse(given, "--x-nameserver") == server


@pytest.mark.parametrize("given", ["a:b", "::1", "127.0.0.1:0", "127.0.0.1:99999"])
def test_what_is_no_server_is_refused(given: str) -> None:
    """With the option, and how to write it."""
    with pytest.raises(errors.PluginError, match=r"--x-nameserver .* It is ADDRESS"):
        NameServer.parse(given, "--x-nameserver")
