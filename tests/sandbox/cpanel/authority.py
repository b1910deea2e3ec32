"""A CA without servers: for the panel's own certificate, AutoSSL's, and tests of the store."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Issued:
    """A leaf, its key and the chain without the leaf, issuer first; all PEM."""

    certificate: str
    private_key: str = field(repr=False)
    chain: str


class Authority:
    """A root with one intermediate, which issues whatever it is asked for."""

    def __init__(self, name: str) -> None:
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        root = _name(f"{name} root")
        self._name = _name(f"{name} intermediate")
        certificate = _sign(root, root, self._root_key, self._root_key, 1, 3650, is_ca=True)
        chain = _sign(self._name, root, self._key, self._root_key, 1, 3650, is_ca=True)
        self.root = _pem(certificate)
        self.chain = _pem(chain)

    def issue(self, *names: str, key_type: str = "ecdsa", age: int = 1, left: int = 90) -> Issued:
        """Issue for these names (one may be `LOOPBACK`), valid since ``age`` days, for ``left``.

        ``key_type`` is ``ecdsa`` or ``rsa``.
        """
        key = (
            rsa.generate_private_key(65537, 2048)
            if key_type == "rsa"
            else ec.generate_private_key(ec.SECP256R1())
        )
        leaf = _sign(_name(names[0]), self._name, key, self._key, age, left, names=names)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return Issued(_pem(leaf), secret, self.chain)


def self_signed(*names: str) -> Issued:
    """A certificate that nobody but itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = _sign(_name(names[0]), _name(names[0]), key, key, 1, 365, names=names)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Issued(_pem(leaf), secret, "")


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificateIssuerPrivateKeyTypes,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    age: int,
    left: int,
    *,
    names: tuple[str, ...] = (),
    is_ca: bool = False,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    public_key = key.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=age))
        .not_valid_after(now + datetime.timedelta(days=left))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    if names:
        general = [
            x509.IPAddress(ipaddress.ip_address(name)) if name == LOOPBACK else x509.DNSName(name)
            for name in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(general), False)
    return builder.sign(issuer_key, SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
