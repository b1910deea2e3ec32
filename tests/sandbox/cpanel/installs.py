"""When a certificate may go onto a virtual host, and what the panel says of it then."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.sandbox.cpanel.errors import NoBundleError, PanelError
from tests.sandbox.cpanel.store import (
    StoredCertificate,
    StoredKey,
    blocks,
    covers,
    is_chain,
    is_self_signed,
    key_id,
    names_of,
    parse_certificate,
)
from tests.sandbox.cpanel.switches import Switches
from tests.sandbox.cpanel.vhosts import VirtualHost


@dataclass(frozen=True)
class Given:
    """What a client sends to be installed, PEM."""

    certificate: str
    private_key: str = field(repr=False)
    cabundle: str

    def leaf(self, switches: Switches) -> tuple[str, x509.Certificate]:
        """The leaf, as PEM and parsed."""
        found = blocks(self.certificate)
        if len(found) > 1 and not switches.takes_full_chain:
            raise PanelError("The certificate text has more than one certificate.")
        pem = found[0] if found else self.certificate
        leaf = parse_certificate(pem)
        is_ecdsa = isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
        if is_ecdsa and not switches.takes_ecdsa:
            raise PanelError(
                "The system could not parse the certificate because of an error: The ASN.1 data "
                "is corrupt. Its header indicates a length of 89 bytes, but its content is 97 "
                "bytes long."
            )
        return pem, leaf


@dataclass(frozen=True)
class Installation:
    """What was done: ``action`` is ``install``, ``update`` or ``none``; ``host`` as it was."""

    action: str
    host: VirtualHost
    certificate_id: str
    key_id: str
    leaf: x509.Certificate

    @property
    def covered(self) -> list[str]:
        """The host's names that the certificate is good for."""
        return [name for name in self._own if covers(names_of(self.leaf), name)]

    @property
    def uncovered(self) -> list[str]:
        """The host's names that it is not good for."""
        return [name for name in self._own if not covers(names_of(self.leaf), name)]

    @property
    def extra(self) -> list[str]:
        """The certificate's names that the host has not."""
        return [name for name in names_of(self.leaf) if name not in self._own]

    @property
    def _own(self) -> tuple[str, ...]:
        return (self.host.servername, *self.host.aliases)


def certificates_agree(
    stored: StoredCertificate,
    key: StoredKey,
    host: VirtualHost,
    known_issuers: list[str],
    now: datetime.datetime,
) -> None:
    """Refuse a certificate whose key, chain, names or dates don't fit.

    Only the text for a missing bundle is recorded, and that such a certificate is stored.
    """
    leaf = stored.parsed
    if key.id != key_id(leaf.public_key()):
        raise PanelError("The private key does not match the certificate.")
    if leaf.not_valid_after_utc < now:
        raise PanelError("The certificate has expired.")
    if not any(covers(names_of(leaf), name) for name in host.fqdns):
        raise PanelError(f"The certificate covers no domain of “{host.servername}”.")
    if not is_self_signed(leaf):
        _require_chain(leaf, stored, known_issuers)


def _require_chain(
    leaf: x509.Certificate, stored: StoredCertificate, known_issuers: list[str]
) -> None:
    """Refuse a certificate whose issuer neither comes along nor is known to the server."""
    given = [parse_certificate(pem) for pem in blocks(stored.cabundle)]
    known = [parse_certificate(pem) for pem in known_issuers]
    if not is_chain(leaf, given) and not any(is_chain(leaf, [issuer]) for issuer in known):
        issuer = leaf.issuer.rfc4514_string().removeprefix("CN=")
        raise NoBundleError(
            "Certificate verification failed!The system did not find the Certificate Authority "
            f"Bundle that matches this certificate.Contact “{issuer}” to obtain the Certificate "
            "Authority Bundle."
        )
