"""certbot's lineages on disk: their files, names, fingerprints and validity."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certbot import configuration, errors

if TYPE_CHECKING:
    from cryptography import x509

    from certbot_webfaction.panel.model import Upload


@dataclass(frozen=True)
class CertificateFiles:
    """The files of one certificate: leaf, private key, and the chain without the leaf.

    ``lineage`` is the name of the certbot lineage that they belong to, ``""`` for other files.
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
        return self.leaf.exists() and self.key.exists()

    def fingerprint(self) -> str:
        """The SHA-256 of the leaf in hexadecimal, as browsers show it.

        :raises certbot.errors.PluginError: if its file holds none
        """
        found = fingerprints(_read(self.leaf))
        if not found:
            raise errors.PluginError(
                f"{self.leaf} holds no certificate. Issue it anew: `certbot certonly --cert-name"
                f" {self.source} --force-renewal`."
            )
        return found[0]

    def chain_fingerprints(self) -> tuple[str, ...]:
        """The SHA-256 of each certificate of the chain, in its order."""
        return fingerprints(_read(self.chain)) if self.chain else ()

    def names(self) -> tuple[str, ...]:
        """The domains on the leaf."""
        return leaf_names(_read(self.leaf))

    def expires(self) -> datetime.datetime:
        """When the leaf expires, in UTC."""
        return self.validity()[1]

    def validity(self) -> tuple[datetime.datetime, datetime.datetime]:
        """From when until when the leaf is valid, in UTC."""
        return leaf_validity(_read(self.leaf))

    def upload(self) -> Upload:
        """What the panel is to be given."""
        from certbot_webfaction.panel.model import Upload

        chain = _read(self.chain) if self.chain else ""
        return Upload(leaf=_read(self.leaf), private_key=_read(self.key), chain=chain)


def lineage_files(config: configuration.NamespaceConfig, name: str) -> CertificateFiles:
    """The files of the lineage ``name``, whether or not it exists."""
    live = Path(config.live_dir) / name
    return CertificateFiles(live / "cert.pem", live / "privkey.pem", live / "chain.pem", name)


def installed_files(
    config: configuration.NamespaceConfig, leaf: str, key: str, chain: str | None
) -> CertificateFiles:
    """The files that certbot gives an installer, as their lineage's where they are one's."""
    folder = Path(leaf).parent
    if folder.parent == Path(config.live_dir).absolute():
        return lineage_files(config, folder.name)
    return CertificateFiles(Path(leaf), Path(key), Path(chain) if chain else None)


def fingerprints(pem: str) -> tuple[str, ...]:
    """The SHA-256 of each certificate in a PEM text, in hexadecimal; none if it can't be read."""
    end = "-----END CERTIFICATE-----"
    blocks = [
        block[block.index("-----BEGIN") :] for block in pem.split(end) if "-----BEGIN" in block
    ]
    try:
        ders = [ssl.PEM_cert_to_DER_cert(block + end) for block in blocks]
    except ValueError:
        return ()
    return tuple(hashlib.sha256(der).hexdigest() for der in ders if der)


def leaf_names(pem: str) -> tuple[str, ...]:
    """The DNS names on the first certificate of a PEM text, its common name where it has none."""
    from cryptography import x509

    leaf = _parse(pem)
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(name.value).lower() for name in common)


def leaf_expires(pem: str) -> datetime.datetime:
    """When the first certificate of a PEM text expires, in UTC."""
    return leaf_validity(pem)[1]


def leaf_validity(pem: str) -> tuple[datetime.datetime, datetime.datetime]:
    """From when until when the first certificate of a PEM text is valid, in UTC."""
    leaf = _parse(pem)
    # not_valid_after_utc came with cryptography 42; Debian 12 has 38.
    if hasattr(leaf, "not_valid_after_utc"):
        return leaf.not_valid_before_utc, leaf.not_valid_after_utc
    utc = datetime.timezone.utc
    return leaf.not_valid_before.replace(tzinfo=utc), leaf.not_valid_after.replace(tzinfo=utc)


def _parse(pem: str) -> x509.Certificate:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise errors.PluginError(f"A certificate can't be read: {error}.") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise errors.PluginError(f"{path} can't be read: {error.strerror}.") from error
