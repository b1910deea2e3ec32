"""What a visitor of the host's websites gets."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from tests.sandbox.apache import Ports

_SECONDS = 60


@dataclass(frozen=True)
class Response:
    """An answer over HTTP; ``location`` is where a redirect leads, else ``""``."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self.headers.get("location", "")


@dataclass(frozen=True)
class Served:
    """A certificate as a TLS server sends it.

    ``fingerprint`` is the leaf's SHA-256 in lower-case hex, ``issuer`` its issuer's common name,
    ``chain`` everything that was sent, leaf first, PEM.
    """

    fingerprint: str
    names: tuple[str, ...]
    issuer: str
    chain: tuple[str, ...]


class Visitor:
    """A client that finds every domain on ``ports`` of 127.0.0.1; it follows no redirect."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def http(self, domain: str, path: str = "/", **headers: str) -> Response:
        """Ask for a page over http."""
        with self._connect(self._ports.http) as connection:
            return _ask(connection, domain, path, headers)

    def https(self, domain: str, path: str = "/", **headers: str) -> Response:
        """Ask for a page over https, whatever the certificate."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return self._ask_tls(context, domain, path, headers)

    def verified(self, domain: str, roots: str, path: str = "/") -> Response:
        """Ask for a page over https as a browser does that trusts ``roots`` (PEM) and nothing else.

        Raises `ssl.SSLCertVerificationError` where that browser would warn.
        """
        context = ssl.create_default_context(cadata=roots)
        return self._ask_tls(context, domain, path, {})

    def served(self, domain: str) -> Served:
        """The certificate that is sent to clients which ask for a domain."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        with self._connect(self._ports.https) as tcp:
            # pyOpenSSL raises WantReadError on sockets with a time-out
            tcp.settimeout(None)
            connection = SSL.Connection(context, tcp)
            connection.set_tlsext_host_name(domain.encode("ascii"))
            connection.set_connect_state()
            connection.do_handshake()
            certificates = connection.get_peer_cert_chain(as_cryptography=True) or []
            connection.close()
        return _served(list(certificates))

    def _ask_tls(
        self, context: ssl.SSLContext, domain: str, path: str, headers: dict[str, str]
    ) -> Response:
        with (
            self._connect(self._ports.https) as tcp,
            context.wrap_socket(tcp, server_hostname=domain) as tls,
        ):
            return _ask(tls, domain, path, headers)

    def _connect(self, port: int) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)


def _ask(stream: socket.socket, domain: str, path: str, headers: dict[str, str]) -> Response:
    connection = http.client.HTTPConnection(domain)
    connection.sock = stream
    connection.request("GET", path, headers={"Connection": "close", **headers})
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    return Response(answer.status, text, {name.lower(): v for name, v in answer.getheaders()})


def _served(certificates: list[x509.Certificate]) -> Served:
    leaf = certificates[0]
    extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    issuer = leaf.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    return Served(
        fingerprint=leaf.fingerprint(SHA256()).hex(),
        names=tuple(extension.value.get_values_for_type(x509.DNSName)),
        issuer=str(issuer),
        chain=tuple(part.public_bytes(Encoding.PEM).decode() for part in certificates),
    )
