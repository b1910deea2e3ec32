"""The files of certificates on disk: their leaf, key and chain, names, fingerprints, validity."""

from __future__ import annotations

import base64
import contextlib
import datetime
import functools
import hashlib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from certbot import errors
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.panel.model import Upload
from certbot_webfaction.replacing import Version, version


@dataclass(frozen=True)
class CertificateFiles:
    """The files of one certificate: leaf, private key, and chain.

    A file may hold more than one of these, in any order: of several certificates beside the leaf,
    the one that fits the key is it. Where there is no file for the chain, that is the rest of the
    leaf's; and where the leaf is in the chain's, as in a ``fullchain.pem``, it does not count as a
    part of that. ``lineage`` is the name of the certbot lineage that the files belong to, ``""``
    for other files.
    """

    leaf: Path
    key: Path
    chain: Path | None
    lineage: str = ""

    def exist(self) -> bool:
        """Whether leaf and key are there; after `certbot delete` a lineage's are not."""
        return is_there(self.leaf) and is_there(self.key)

    def fingerprint(self) -> str:
        """The SHA-256 of the leaf in hexadecimal, as browsers show it.

        :raises certbot.errors.PluginError: if its file holds none
        """
        found = fingerprints(self._leaf())
        if not found:
            raise self._no_certificate()
        return found[0]

    def chain_fingerprints(self) -> tuple[str, ...]:
        """The SHA-256 of each certificate of the chain, in its order."""
        return fingerprints("".join(self._chain()))

    def names(self) -> tuple[str, ...]:
        """The domains on the leaf."""
        return leaf_names(self._leaf(), str(self.leaf))

    def expires(self) -> datetime.datetime:
        """When the leaf expires, in UTC."""
        return self.validity().ends

    def validity(self) -> Validity:
        """From when until when the leaf is valid."""
        return leaf_validity(self._leaf(), str(self.leaf))

    def is_expired(self) -> bool:
        """Whether browsers warn of the leaf because its time is over."""
        return self.expires() < datetime.datetime.now(datetime.timezone.utc)

    def lacks_chain(self) -> bool:
        """Whether there is nothing between the leaf and a root, so that some clients refuse it."""
        leaf = _parse(self._leaf(), str(self.leaf))
        return not self._chain() and leaf.issuer != leaf.subject

    def upload(self) -> Upload:
        """What the panel is to be given.

        :raises certbot.errors.PluginError: if leaf or key are missing, or don't belong together
        """
        leaf, key = self._leaf(), _key(read_pem(self.key))
        if not leaf:
            raise self._no_certificate()
        if not key:
            raise ExplainedError(
                f"{self.key} holds no private key that a web server can use.",
                "If it is there, it has a passphrase: `openssl pkey -in FILE -out NEW_FILE` takes"
                " that off.",
            )
        if (public := public_of(key)) and public != public_of(leaf):
            raise ExplainedError(
                f"The private key in {self.key} belongs to no certificate in {self.leaf}.",
                "Name the key that the certificate was issued for.",
            )
        return Upload(leaf=leaf, private_key=key, chain="".join(self._chain()))

    def _leaf(self) -> str:
        with _reading(self.leaf):
            present = version(self.leaf)
        return _choose_leaf(self.leaf, self.key, present)

    def _no_certificate(self) -> ExplainedError:
        anew = f"Issue it anew: `certbot certonly --cert-name {self.lineage} --force-renewal`."
        other = "Name a file with a certificate, in PEM."
        return ExplainedError(f"{self.leaf} holds no certificate.", anew if self.lineage else other)

    def _chain(self) -> list[str]:
        """The chain from the leaf's issuer on; what can't be joined to it stays as it comes."""
        leaf = self._leaf()
        rest = [pem for pem in _certificates(read_pem(self.chain or self.leaf)) if pem != leaf]
        chain, last = [], leaf
        while last := next((pem for pem in rest if is_issued_by(last, pem)), ""):
            rest.remove(last)
            chain.append(last)
        return chain + rest


@functools.cache  # every lineage is compared at every lineage of a renewal, and few have changed
def _choose_leaf(leaf: Path, key: Path, _present: Version) -> str:
    """The certificate that fits the key, else the first; ``""`` if there is none."""
    found = _certificates(read_pem(leaf))
    if len(found) > 1 and (public := public_of(_key(read_pem(key)))):
        found = [pem for pem in found if public_of(pem) == public] or found
    return next(iter(found), "")


@functools.cache
def fingerprints(pem: str) -> tuple[str, ...]:
    """The SHA-256 of each certificate in a PEM text, in hexadecimal; none if it can't be read."""
    try:
        ders = [ssl.PEM_cert_to_DER_cert(block) for block in _certificates(pem)]
    except ValueError:
        return ()
    return tuple(hashlib.sha256(der).hexdigest() for der in ders if der)


_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.+?)-----END \1-----", re.DOTALL)


def _certificates(pem: str) -> list[str]:
    """The certificates of a PEM text, each by itself, under the header that everybody reads.

    OpenSSL reads "X509 CERTIFICATE", too, and "TRUSTED CERTIFICATE", where something follows the
    certificate that is no part of it (x509(1)).
    """
    found = []
    for match in _BLOCK.finditer(pem):
        label, content = match.groups()
        if label in ("CERTIFICATE", "X509 CERTIFICATE"):
            found.append(match[0].replace(label, "CERTIFICATE") + "\n")
        elif label == "TRUSTED CERTIFICATE":
            found.append(_without_trust(content))
    return found


def _without_trust(content: str) -> str:
    try:
        der = base64.b64decode(content)
    except ValueError:
        der = b""
    # The header of a SEQUENCE of 256 to 65,535 octets (X.690, section 8.1.3), as certificates are.
    length = 4 + int.from_bytes(der[2:4], "big") if der[:2] == b"\x30\x82" else len(der)
    return ssl.DER_cert_to_PEM_cert(der[:length])


def _key(pem: str) -> str:
    """The first private key of a PEM text that has no passphrase; ``""`` if there is none."""
    for match in _BLOCK.finditer(pem):
        label, content = match.groups()
        if label.endswith("PRIVATE KEY") and "ENCRYPTED" not in label + content:
            return f"{match[0]}\n"
    return ""


def public_of(pem: str) -> bytes:
    """The public key of a certificate or private key; nothing if it is of a kind not known here."""
    try:
        if "PRIVATE KEY-----" in pem:
            public = load_pem_private_key(pem.encode(), None).public_key()
        else:
            public = x509.load_pem_x509_certificate(pem.encode()).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return b""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def is_issued_by(pem: str, issuer: str) -> bool:
    """Whether a certificate names another as its issuer, or itself: browsers warn of that."""
    try:
        below, above = (x509.load_pem_x509_certificate(each.encode()) for each in (pem, issuer))
    except ValueError:
        return False
    return above.subject == below.issuer


def leaf_names(pem: str, what: str = "A certificate") -> tuple[str, ...]:
    """The DNS names on the first certificate of a PEM text, its common name where it has none.

    :param what: what it is, for the error
    :raises certbot.errors.PluginError: if it can't be read
    """
    leaf = _parse(pem, what)
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(name.value).lower() for name in common)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise errors.PluginError(f"{what} can't be read: {error}.") from error


class Validity(NamedTuple):
    """From when until when a certificate is valid, in UTC."""

    starts: datetime.datetime
    ends: datetime.datetime


def leaf_validity(pem: str, what: str = "A certificate") -> Validity:
    """From when until when the first certificate of a PEM text is valid.

    :param what: what it is, for the error
    :raises certbot.errors.PluginError: if it can't be read
    """
    leaf = _parse(pem, what)
    # not_valid_after_utc came with cryptography 42; Debian 12 has 38.
    if hasattr(leaf, "not_valid_after_utc"):
        return Validity(leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    utc = datetime.timezone.utc
    return Validity(
        leaf.not_valid_before.replace(tzinfo=utc), leaf.not_valid_after.replace(tzinfo=utc)
    )


def is_elliptic(pem: str) -> bool:
    """Whether the key of a certificate (PEM) is ECDSA, not RSA, as far as it can be read."""
    try:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    except ValueError:
        return False
    return isinstance(key, ec.EllipticCurvePublicKey)


def _parse(pem: str, what: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, x509.InvalidVersion) as error:
        raise errors.PluginError(f"{what} can't be read: {error}.") from error


def read_pem(path: Path) -> str:
    """The text of a PEM file.

    :raises certbot.errors.PluginError: if it can't be read
    """
    with _reading(path):
        return path.read_text(encoding="ascii", errors="replace")


def is_there(path: Path) -> bool:
    """Whether there is such a file.

    :raises certbot.errors.PluginError: if that can't be told, unlike `Path.exists`
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from error
    return True


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> errors.PluginError:
    return errors.PluginError(f"{path} can't be read: {error.strerror}.")
