"""Which certificates domains serve over TLS, and waiting until they are the right ones."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from certbot import errors

from certbot_webfaction.lineages.files import leaf_expires, leaf_names
from certbot_webfaction.text import printable
from certbot_webfaction.web import dialling
from certbot_webfaction.web.dialling import TIMEOUT, Resolver
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.waiting import wait_until_right

if TYPE_CHECKING:
    from OpenSSL import SSL


class Expected(NamedTuple):
    """The certificate that a domain should serve: SHA-256 fingerprints in hexadecimal.

    ``chain`` are those of the chain without the leaf, in its order.
    """

    leaf: str
    chain: tuple[str, ...] = ()


class Served(NamedTuple):
    """What a domain serves: the fingerprints of leaf and chain as sent, and words for the leaf.

    Where no TLS connection came about, ``leaf`` is empty and ``words`` say why.
    """

    words: str
    leaf: str = ""
    chain: tuple[str, ...] = ()


def look_at(
    expected: Mapping[str, Expected],
    route: Route,
    wait: float,
    *,
    quiet: bool = False,
    resolver: Resolver = dialling.resolve,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Ask each domain over TLS until it serves its certificate or the wait is over.

    :param expected: the certificate that each domain should serve
    :param wait: seconds
    :returns: for each domain that does not, words for what it serves instead
    """
    checks = {
        domain: functools.partial(_check, domain, certificate, route, resolver)
        for domain, certificate in expected.items()
    }
    return wait_until_right(
        "the web server to serve certificates",
        checks,
        wait,
        quiet=quiet,
        clock=clock,
        sleep=sleep,
    )


def _check(domain: str, expected: Expected, route: Route, resolver: Resolver) -> str | None:
    served = ask(domain, route, resolver)
    if served.leaf != expected.leaf:
        return served.words
    if served.chain[: len(expected.chain)] != expected.chain:
        return f"{served.words}, but not with the chain that belongs to it"
    return None


AT_ONCE = 100
"""How many domains `ask_all` asks at a time."""


def ask_all(
    domains: Iterable[str],
    route: Route,
    seconds: float,
    *,
    resolver: Resolver = dialling.resolve,
) -> dict[str, Served]:
    """Ask each domain once for its certificate: a look, not a wait.

    :param seconds: the longest time for all of them together; who has not answered then is taken
        to serve nothing
    """
    answers = {domain: Served(f"no certificate: no answer in {seconds:g} s") for domain in domains}
    unasked = list(reversed(answers))
    importlib.import_module("OpenSSL.SSL")  # here, for it takes a while that is not the domains'
    deadline = time.monotonic() + seconds

    def work() -> None:
        with contextlib.suppress(IndexError):
            while time.monotonic() < deadline:
                domain = unasked.pop()
                answers[domain] = ask(domain, route, resolver)

    # Daemons, because Python waits for an executor's threads before it ends, and neither a name
    # that DNS does not answer nor a connection that hangs can be cut short.
    threads = [
        threading.Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(answers)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(answers)


def ask(domain: str, route: Route, resolver: Resolver = dialling.resolve) -> Served:
    """Ask a domain once for its certificate, whatever that is worth."""
    from OpenSSL import SSL

    try:
        candidates = dialling.addresses(domain, route, resolver)[::-1]  # panels know IPv4 alone
        with dialling.connect(candidates, route.https_port) as connection:
            certificates = _handshake(connection, domain)
    except SSL.Error as error:
        return Served(f"no certificate: TLS failed{_reason(error)}")
    except (OSError, ValueError) as error:
        return Served(f"no certificate: {dialling.trouble(error).value}")
    if not certificates:
        return Served("no certificate")
    leaf, *chain = (hashlib.sha256(certificate).hexdigest() for certificate in certificates)
    return Served(_words(certificates[0]), leaf, tuple(chain))


def _handshake(connection: socket.socket, domain: str) -> list[bytes]:
    """Return the certificates as the server sends them (DER); Python's ssl shows the leaf alone."""
    from OpenSSL import SSL, crypto

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    tls = SSL.Connection(context, connection)
    tls.set_tlsext_host_name(domain.encode("idna"))
    tls.set_connect_state()
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            tls.do_handshake()
            break
        except SSL.WantReadError:
            _wait_for(tls, deadline)
    certificates = tls.get_peer_cert_chain() or []
    with contextlib.suppress(SSL.Error):
        tls.shutdown()
    return [crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in certificates]


def _wait_for(tls: SSL.Connection, deadline: float) -> None:
    readable, _, _ = select.select([tls], [], [], max(0, deadline - time.monotonic()))
    if not readable:
        raise dialling.SilentError("the TLS handshake took too long")


def _reason(error: Exception) -> str:
    """OpenSSL's own words, where it has any."""
    with contextlib.suppress(IndexError, TypeError, ValueError):
        return f" ({printable(str(error.args[0][0][-1]))})"
    return ""


def _words(leaf: bytes) -> str:
    """Describe a certificate so that the owner of its websites knows which it is."""
    from cryptography import x509

    pem = ssl.DER_cert_to_PEM_cert(leaf)
    try:
        names, expires = leaf_names(pem), leaf_expires(pem)
    except (
        errors.PluginError,
        ValueError,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ):
        return "a certificate that can't be read"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    listed = printable(", ".join(names[:3])) or "no domain"
    return f"a certificate for {listed}{more} that expires on {expires:%Y-%m-%d}"
