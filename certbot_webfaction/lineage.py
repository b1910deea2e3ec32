"""certbot's lineages on disk: their files, names, fingerprints and renewal settings."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from certbot import configuration, errors

from certbot_webfaction.panel.model import Upload

if TYPE_CHECKING:
    from cryptography import x509


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
        return leaf_expires(_read(self.leaf))

    def upload(self) -> Upload:
        """What the panel is to be given."""
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


@dataclass(frozen=True)
class Renewal:
    """What certbot's renewal file says of a lineage; plugin names are ``""`` where none is.

    ``renew_before_expiry`` is an interval in certbot's words (``30 days``), ``""`` for its default.
    """

    lineage: str
    authenticator: str
    installer: str
    parameters: dict[str, str]
    renew_before_expiry: str = ""


def read_renewals(config: configuration.NamespaceConfig) -> list[Renewal]:
    """The renewal settings of all lineages, by name; files that can't be read are left out."""
    import configobj

    renewals = []
    for path in sorted(Path(config.renewal_configs_dir).glob("*.conf")):
        try:
            file = configobj.ConfigObj(str(path), encoding="utf-8", default_encoding="utf-8")
            parameters = {key: str(value) for key, value in file["renewalparams"].items()}
            before_expiry = str(file.get("renew_before_expiry", ""))
        except (configobj.ConfigObjError, OSError, UnicodeDecodeError, KeyError, AttributeError):
            continue  # certbot itself reports these, at every renewal
        plugins = {key: parameters.get(key, "") for key in ("authenticator", "installer")}
        plugins = {key: "" if name == "None" else name for key, name in plugins.items()}
        renewals.append(
            Renewal(
                lineage=path.stem,
                parameters=parameters,
                renew_before_expiry=before_expiry,
                **plugins,
            )
        )
    return renewals


def next_renewal(renewal: Renewal, files: CertificateFiles) -> datetime.datetime | None:
    """When `certbot renew` is to renew a lineage, in UTC; `None`: never by itself.

    As certbot decides it without asking the CA (certbot._internal.renewal.should_autorenew): when
    ``renew_before_expiry`` says so, by default 30 days before the expiry, and since certbot 4.0
    when a third of the lifetime is left, or half of it where that is below 10 days. Since 4.1 a CA
    may ask for another day (RFC 9773), mostly near this one.
    """
    import certbot

    if renewal.parameters.get("autorenew", "True").lower() in ("false", "no", "off", "0"):
        return None
    starts, expires = leaf_validity(_read(files.leaf))
    interval = renewal.renew_before_expiry
    if not interval and int(certbot.__version__.partition(".")[0]) >= 4:
        lifetime = expires - starts
        short = lifetime < datetime.timedelta(days=10)
        return starts + (lifetime / 2 if short else lifetime * 2 / 3)
    # certbot itself reads the words: "30 days", "3 weeks 2 days".
    from certbot._internal.storage import add_time_interval

    now = datetime.datetime.now(datetime.timezone.utc)
    return expires - (add_time_interval(now, interval or "30 days") - now)


def names_authenticated_by(config: configuration.NamespaceConfig, plugin: str) -> set[str]:
    """The domains of all lineages whose renewals the authenticator ``plugin`` answers for."""
    names: set[str] = set()
    for renewal in read_renewals(config):
        files = lineage_files(config, renewal.lineage)
        if renewal.authenticator == plugin and files.exist():
            names.update(files.names())
    return names


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
