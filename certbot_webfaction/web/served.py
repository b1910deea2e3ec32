"""Which certificates domains serve over TLS, and waiting until they are the right ones."""

from __future__ import annotations

import functools
import hashlib
import ssl
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from certbot import errors

from certbot_webfaction.lineages.files import leaf_names, leaf_validity
from certbot_webfaction.text import printable
from certbot_webfaction.web import dialling, workers
from certbot_webfaction.web.route import Route
from certbot_webfaction.web.waiting import wait_until_right


@dataclass(frozen=True)
class Expected:
    """The certificate that a domain should serve: SHA-256 fingerprints in hexadecimal.

    ``chain`` are those of the chain without the leaf, in its order.
    """

    leaf: str
    chain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Served:
    """What a domain serves: the fingerprints of leaf and chain as sent, and words for the leaf.

    Where no TLS connection came about, ``leaf`` is empty and ``words`` say why.
    """

    words: str
    leaf: str = ""
    chain: tuple[str, ...] = ()


def wait_until_served(
    expected: Mapping[str, Expected], route: Route, wait: float, *, quiet: bool = False
) -> dict[str, str]:
    """Ask each domain over TLS until it serves its certificate or the wait is over.

    :param expected: the certificate that each domain should serve
    :param wait: seconds
    :returns: for each domain that does not, words for what it serves instead
    """
    checks = {
        domain: functools.partial(_check, domain, certificate, route)
        for domain, certificate in expected.items()
    }
    return wait_until_right("the web server to serve certificates", checks, wait, quiet=quiet)


def _check(domain: str, expected: Expected, route: Route) -> str | None:
    served = fetch(domain, route)
    if served.leaf != expected.leaf:
        return served.words
    if served.chain[: len(expected.chain)] != expected.chain:
        return f"{served.words}, but not with the chain that belongs to it"
    return None


def fetch_all(domains: Iterable[str], route: Route, seconds: float) -> dict[str, Served]:
    """Ask each domain once for its certificate, without waiting for another.

    :param seconds: the longest time for all of them together; who has not answered then is taken
        to serve nothing
    """
    checks = {domain: functools.partial(fetch, domain, route) for domain in domains}
    silent = Served(f"no certificate: no answer in {seconds:g} s")
    answers = workers.run(checks, seconds)
    return {domain: answers.get(domain, silent) for domain in checks}


def fetch(domain: str, route: Route) -> Served:
    """Ask a domain once for its certificate, whatever that is worth."""
    try:
        candidates = route.addresses(domain)[::-1]  # panels know IPv4 alone
        with (
            dialling.connect(candidates, route.https_port) as connection,
            dialling.start_tls(connection, domain) as tls,
        ):
            certificates = _sent(tls)
    except ssl.SSLError as error:
        said = f" ({error.reason.replace('_', ' ').lower()})" if error.reason else ""
        return Served(f"no certificate: TLS failed{said}")
    except (OSError, ValueError) as error:
        return Served(f"no certificate: {dialling.trouble(error).value}")
    if not certificates:
        return Served("no certificate")
    leaf, *chain = (hashlib.sha256(certificate).hexdigest() for certificate in certificates)
    return Served(_words(certificates[0]), leaf, tuple(chain))


def _sent(tls: ssl.SSLSocket) -> list[bytes]:
    """The certificates as the server sends them (DER)."""
    if sys.version_info >= (3, 13):
        return tls.get_unverified_chain()
    # From 3.10 to 3.12, which are not changed any more, it is there without a public name.
    sent = tls._sslobj.get_unverified_chain() or []  # type: ignore[attr-defined]  # no stub has it
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in sent]


@functools.cache  # a site's names serve the same one, and who waits asks again and again
def _words(leaf: bytes) -> str:
    """Describe a certificate so that the owner of its websites knows which it is."""
    pem = ssl.DER_cert_to_PEM_cert(leaf)
    try:
        names, expires = leaf_names(pem), leaf_validity(pem).ends
    except errors.PluginError:
        return "a certificate that can't be read"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    listed = printable(", ".join(names[:3])) or "no domain"
    return f"a certificate for {listed}{more} that expires on {expires:%Y-%m-%d}"
