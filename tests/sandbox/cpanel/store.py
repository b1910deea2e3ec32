"""The account's store of certificates and keys, by ids that follow from the content."""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from tests.sandbox.cpanel.errors import PanelError

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate in the store: leaf and bundle PEM, ``created`` in seconds since the epoch."""

    id: str
    pem: str
    cabundle: str
    created: int
    friendly_name: str = ""
    is_autossl: bool = False

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate, parsed."""
        return x509.load_pem_x509_certificate(self.pem.encode())


@dataclass(frozen=True)
class StoredKey:
    """A private key in the store, PEM."""

    id: str
    pem: str = field(repr=False)
    created: int = 0
    friendly_name: str = ""


class Store:
    """Certificates and keys; the same content has the same id, so nothing is stored twice."""

    def __init__(self) -> None:
        self.certificates: dict[str, StoredCertificate] = {}
        self.keys: dict[str, StoredKey] = {}

    def add_certificate(self, new: StoredCertificate) -> StoredCertificate:
        """Keep a certificate; a bundle that comes later completes one that had none."""
        before = self.certificates.get(new.id)
        if before is None or (new.cabundle and not before.cabundle):
            self.certificates[new.id] = new
        return self.certificates[new.id]

    def add_key(self, new: StoredKey) -> StoredKey:
        """Keep a key."""
        return self.keys.setdefault(new.id, new)

    def key_of(self, certificate: x509.Certificate) -> StoredKey | None:
        """The key that fits, if it is here."""
        return self.keys.get(key_id(certificate.public_key()))

    def best_for(self, domain: str) -> StoredCertificate | None:
        """The certificate for a domain that lasts longest and whose key is here."""
        fit = [
            stored
            for stored in self.certificates.values()
            if covers(names_of(stored.parsed), domain) and self.key_of(stored.parsed)
        ]
        return max(fit, key=lambda stored: stored.parsed.not_valid_after_utc, default=None)


def blocks(text: str) -> list[str]:
    """The certificates of a text, PEM."""
    return _BLOCK.findall(text)


def parse_certificate(pem: str) -> x509.Certificate:
    """The certificate, or the panel's refusal of what is none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        text = "The system could not parse the certificate because of an error: "
        raise PanelError(f"{text}{error}") from error


def parse_key_id(pem: str) -> str:
    """The id of a key given as PEM, or the panel's refusal of what is none."""
    try:
        return key_id(load_pem_private_key(pem.encode(), None).public_key())
    except (ValueError, TypeError) as error:
        raise PanelError("The system could not parse the private key.") from error


def certificate_id(certificate: x509.Certificate) -> str:
    """``NAMES_HEX5_HEX5_NOTAFTER_MD5``, where the hexadecimal digits are the key's."""
    names = "_".join(re.sub(r"\W", "_", name) for name in names_of(certificate))[:80]
    digits = _modulus(certificate.public_key())
    until = int(certificate.not_valid_after_utc.timestamp())
    digest = _md5(certificate.public_bytes(Encoding.DER))
    return f"{names}_{digits[:5]}_{digits[-5:]}_{until}_{digest}"


def key_id(public_key: object) -> str:
    """``HEX5_HEX5_MD5``."""
    assert isinstance(public_key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey))
    digits = _modulus(public_key)
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{digits[:5]}_{digits[-5:]}_{_md5(der)}"


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names that a certificate is for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(extension.value.get_values_for_type(x509.DNSName))


def covers(names: tuple[str, ...], domain: str) -> bool:
    """Whether a certificate for ``names`` is good for a domain (RFC 6125, section 6.4)."""
    return domain in names or f"*.{domain.partition('.')[2]}" in names


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether nobody but itself vouches for a certificate."""
    return certificate.subject == certificate.issuer


def is_chain(leaf: x509.Certificate, chain: list[x509.Certificate]) -> bool:
    """Whether the chain's first certificate issued the leaf, and each other the one before."""
    for issued, issuer in itertools.pairwise([leaf, *chain]):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return False
    return bool(chain)


def _modulus(public_key: object) -> str:
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"{public_key.public_numbers().n:x}"
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    return public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
