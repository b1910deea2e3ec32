"""certbot's lineages on disk: their files, names, fingerprints and validity."""

from __future__ import annotations

import datetime
import functools
import hashlib
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from certbot import errors

from certbot_webfaction.panel.model import Upload

if TYPE_CHECKING:
    from cryptography import x509


class CertificateFiles(NamedTuple):
    """The files of one certificate: leaf, private key, and chain.

    Where there is no file for the chain, it follows the leaf in the leaf's; and where the leaf is
    in the chain's, as in a ``fullchain.pem``, it does not count as a part of that. ``lineage`` is
    the name of the certbot lineage that the files belong to, ``""`` for other files.
    """

    leaf: Path
    key: Path
    chain: Path | None
    lineage: str = ""

    @property
    def source(self) -> str:
        """What stands for this certificate in documents and messages."""
        return self.lineage or str(self.leaf)

    def exist(self) -> bool:
        """Whether leaf and key are there; after `certbot delete` a lineage's are not."""
        return is_there(self.leaf) and is_there(self.key)

    def fingerprint(self) -> str:
        """The SHA-256 of the leaf in hexadecimal, as browsers show it.

        :raises certbot.errors.PluginError: if its file holds none
        """
        found = _fingerprint(self.leaf, _version(self.leaf))
        if not found:
            raise self._no_certificate()
        return found

    def chain_fingerprints(self) -> tuple[str, ...]:
        """The SHA-256 of each certificate of the chain, in its order."""
        return fingerprints(self._chain())

    def names(self) -> tuple[str, ...]:
        """The domains on the leaf."""
        return leaf_names(read_pem(self.leaf), str(self.leaf))

    def expires(self) -> datetime.datetime:
        """When the leaf expires, in UTC."""
        return self.validity()[1]

    def validity(self) -> tuple[datetime.datetime, datetime.datetime]:
        """From when until when the leaf is valid, in UTC."""
        return leaf_validity(read_pem(self.leaf), str(self.leaf))

    def upload(self) -> Upload:
        """What the panel is to be given."""

        return Upload(leaf=self._leaf(), private_key=read_pem(self.key), chain=self._chain())

    def _leaf(self) -> str:
        blocks = _certificates(read_pem(self.leaf))
        if not blocks:
            raise self._no_certificate()
        return blocks[0]

    def _no_certificate(self) -> errors.PluginError:
        return errors.PluginError(
            f"{self.leaf} holds no certificate. Issue it anew: `certbot certonly --cert-name"
            f" {self.source} --force-renewal`."
        )

    def _chain(self) -> str:
        leaf, blocks = self._leaf(), _certificates(read_pem(self.chain or self.leaf))
        return "".join(block for block in blocks if block != leaf)


@functools.cache  # every lineage is compared at every lineage of a renewal, and few have changed
def _fingerprint(leaf: Path, version: tuple[int, ...]) -> str:
    return next(iter(fingerprints(read_pem(leaf))), "")


def fingerprints(pem: str) -> tuple[str, ...]:
    """The SHA-256 of each certificate in a PEM text, in hexadecimal; none if it can't be read."""
    try:
        ders = [ssl.PEM_cert_to_DER_cert(block) for block in _certificates(pem)]
    except ValueError:
        return ()
    return tuple(hashlib.sha256(der).hexdigest() for der in ders if der)


def _certificates(pem: str) -> list[str]:
    """The certificates of a PEM text, each by itself; it may hold their key, too."""
    found = re.findall("-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", pem)
    return [f"{certificate}\n" for certificate in found]


def leaf_names(pem: str, what: str = "A certificate") -> tuple[str, ...]:
    """The DNS names on the first certificate of a PEM text, its common name where it has none.

    :param what: what it is, for the error
    :raises certbot.errors.PluginError: if it can't be read
    """
    from cryptography import x509

    leaf = _parse(pem, what)
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(name.value).lower() for name in common)


def leaf_expires(pem: str) -> datetime.datetime:
    """When the first certificate of a PEM text expires, in UTC."""
    return leaf_validity(pem)[1]


def leaf_validity(
    pem: str, what: str = "A certificate"
) -> tuple[datetime.datetime, datetime.datetime]:
    """From when until when the first certificate of a PEM text is valid, in UTC.

    :param what: what it is, for the error
    :raises certbot.errors.PluginError: if it can't be read
    """
    leaf = _parse(pem, what)
    # not_valid_after_utc came with cryptography 42; Debian 12 has 38.
    if hasattr(leaf, "not_valid_after_utc"):
        return leaf.not_valid_before_utc, leaf.not_valid_after_utc
    utc = datetime.timezone.utc
    return leaf.not_valid_before.replace(tzinfo=utc), leaf.not_valid_after.replace(tzinfo=utc)


def _parse(pem: str, what: str) -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise errors.PluginError(f"{what} can't be read: {error}.") from error


def read_pem(path: Path) -> str:
    """The text of a PEM file.

    :raises certbot.errors.PluginError: if it can't be read
    """
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise _unreadable(path, error) from error


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


def _version(path: Path) -> tuple[int, ...]:
    """What tells a file from the one that was there before, and from itself before a change."""
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _unreadable(path: Path, error: OSError) -> errors.PluginError:
    return errors.PluginError(f"{path} can't be read: {error.strerror}.")
