"""The state of one cPanel account, with the rules that the panel keeps.

In memory, but for the files below the home directory. All transports and tests, which set a scene
with the same methods, come through here, so no state can arise that the panel would not allow.
Where the specification is silent, `Switches` says what was chosen.
"""

from __future__ import annotations

import copy
import datetime
import os
import pwd
import re
import secrets
import string
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509

from tests.sandbox.cpanel.authority import Authority, self_signed
from tests.sandbox.cpanel.errors import (
    FeatureError,
    NoArgumentError,
    NoBundleError,
    PanelError,
    StaleError,
)
from tests.sandbox.cpanel.installs import Given, Installation, certificates_agree
from tests.sandbox.cpanel.redirects import write_own_redirect
from tests.sandbox.cpanel.store import (
    Store,
    StoredCertificate,
    StoredKey,
    certificate_id,
    covers,
    is_chain,
    is_self_signed,
    key_id,
    names_of,
    parse_certificate,
    parse_key_id,
)
from tests.sandbox.cpanel.switches import Switches
from tests.sandbox.cpanel.vhosts import (
    Installed,
    VirtualHost,
    addon_host,
    main_host,
    sub_host,
    with_parked,
)
from tests.sandbox.cpanel.zones import Edit, Record, Zone, with_ttl

FEATURES = (
    "sslinstall",
    "sslmanager",
    "autossl",
    "zoneedit",
    "changemx",
    "apitokens",
    "cron",
    "redirects",
    "passengerapps",
    "filemanager",
)
UNNAMED = "a feature that no source names"
_AUTOSSL_DAYS = 15  # [assume] so long before its end AutoSSL renews its own certificate
_CLOBBER_DAYS = 3
IP = "127.0.0.1"


@dataclass(frozen=True)
class Token:
    """An API token; times in seconds since the epoch."""

    name: str
    token: str = field(repr=False)
    create_time: int
    expires_at: int | None = None


@dataclass(frozen=True)
class Visit:
    """What the panel's own request for a page met."""

    status: int
    text: str
    location: str = ""


@dataclass(frozen=True)
class Snapshot:
    """What an account held at a moment."""

    hosts: Mapping[str, VirtualHost]
    certificates: Mapping[str, StoredCertificate]
    keys: Mapping[str, StoredKey]
    zones: Mapping[str, Zone]


class Account:
    """One account. Every method may be called from any thread; a broken rule raises `PanelError`.

    ``home`` is the parent of the home directory. ``version`` is cPanel's (110, 134…), ``features``
    what the plan has, ``known_issuers`` the CA certificates (PEM) that the server can complete a
    chain with. ``visit`` asks the web for a page as the panel does. ``listeners`` are called after
    every change, outside the lock, in the thread that made it.
    """

    def __init__(
        self,
        home: Path,
        *,
        username: str = "alice",
        password: str = "correct horse battery staple",
        domain: str = "example.com",
        version: int = 134,
        switches: Switches | None = None,
    ) -> None:
        self.username = username
        self.password = password
        self.version = version
        self.switches = switches or Switches()
        self.features = {*FEATURES, UNNAMED}
        self.has_two_factor = False
        self.known_issuers: list[str] = []
        self.autossl_authority = Authority("AutoSSL")
        self.autossl_excluded: set[str] = set()
        self.autossl_is_due = False
        self.unreachable: set[str] = set()
        self.visit: Callable[[str, str], Visit] = _nobody_answers
        self.now: Callable[[], datetime.datetime] = _now
        self.listeners: list[Callable[[], None]] = []
        self.home = home / username
        self.store = Store()
        self.zones: dict[str, Zone] = {}
        self._edited: dict[str, float] = {}
        self.tokens: dict[str, Token] = {}
        self.parked: list[str] = []
        self.main_domain = domain
        self._hosts: dict[str, VirtualHost] = {}
        self._lock = threading.RLock()
        self.home.mkdir(parents=True)
        self.home.chmod(0o711)
        public_html = self.home / "public_html"
        with self.change():
            self._add_zone(domain)
            self._add_host(main_host(domain, public_html))
        _open_to_web_server(public_html)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock for a change, and tell the listeners afterwards."""
        with self._lock:
            yield
        for listener in self.listeners:
            listener()

    def snapshot(self) -> Snapshot:
        """Virtual hosts, store and zones as they are now; it does not change afterwards."""
        with self._lock:
            store = self.store
            return Snapshot(
                dict(self._hosts), dict(store.certificates), dict(store.keys), _copied(self.zones)
            )

    def restore(self, snapshot: Snapshot) -> None:
        """Hold again what ``snapshot`` does; files in the home directory are the caller's."""
        with self.change():
            self._hosts = dict(snapshot.hosts)
            self.store.certificates = dict(snapshot.certificates)
            self.store.keys = dict(snapshot.keys)
            self.zones = _copied(snapshot.zones)

    # Domains

    @property
    def hosts(self) -> tuple[VirtualHost, ...]:
        """The virtual hosts now."""
        with self._lock:
            return tuple(self._hosts.values())

    def host(self, servername: str) -> VirtualHost:
        """The virtual host with this servername."""
        return self._hosts[servername]

    def add_addon(self, domain: str, document_root: str = "") -> VirtualHost:
        """Add an addon domain with its hidden subdomain; ``document_root`` is below the home."""
        hidden = f"{domain}.{self.main_domain}"
        directory = self.home / (document_root or domain)
        is_servername = self.switches.addon_is_servername
        with self.change():
            host = addon_host(domain, hidden, directory, is_servername=is_servername)
            self._add_host(host)
            self._add_zone(domain)
            return self._hosts[host.servername]

    def add_subdomain(self, domain: str, document_root: str = "") -> VirtualHost:
        """Add a subdomain (``shop.example.com`` or ``*.example.com``) of one of the domains."""
        parent = domain.partition(".")[2]
        if not any(parent == zone or parent.endswith(f".{zone}") for zone in self.zones):
            raise PanelError(f"{parent} is not one of the domains on your account.")
        directory = self.home / (document_root or domain.replace("*", "_wildcard_"))
        host = sub_host(domain, directory, star_servername=self.switches.star_servername)
        with self.change():
            self._add_host(host)
            return self._hosts[host.servername]

    def park(self, domain: str) -> None:
        """Make a domain an alias of the main domain."""
        with self.change():
            self._check_new(domain)
            main = self._hosts[self.main_domain]
            self._hosts[self.main_domain] = with_parked(main, domain)
            self.parked.append(domain)
            self._add_zone(domain)

    def remove_host(self, servername: str) -> None:
        """Take a virtual host off the account, as its owner does; the files stay."""
        with self.change():
            del self._hosts[servername]

    def set_app(self, servername: str, directory: str) -> None:
        """Have a Passenger app, its directory below the home, at ``/`` of a virtual host."""
        with self.change():
            app = self.home / directory
            (app / "public").mkdir(parents=True)
            (app / "passenger.html").write_text("The app answers.")
            self._hosts[servername] = replace(self._hosts[servername], app=app)

    def host_of(self, domain: str) -> VirtualHost:
        """The virtual host that has a name."""
        for host in self._hosts.values():
            if domain in host.fqdns:
                return host
        raise PanelError(f"Sorry, {domain} is not one of the domains on your account.")

    def _add_host(self, host: VirtualHost) -> None:
        for name in host.names:
            self._check_new(name)
        host.document_root.mkdir(parents=True, exist_ok=True)
        if self.switches.self_signed_at_first:
            own = self_signed(*host.names)
            stored = self.store.add_certificate(self._stored(own.certificate, ""))
            self.store.add_key(self._key(own.private_key, stored))
            host = replace(host, installed=Installed(stored, own.private_key))
        self._hosts[host.servername] = host

    def _check_new(self, name: str) -> None:
        if not re.fullmatch(r"(\*\.)?[a-z0-9_.-]+", name):
            raise PanelError(f"“{name}” is not a valid domain name.")
        if any(name in host.fqdns for host in self._hosts.values()):
            raise PanelError(f"The domain “{name}” already exists.")

    # Features and functions

    def require(self, feature: str) -> None:
        """Refuse what the plan lacks."""
        if feature not in self.features:
            raise FeatureError(feature)

    # Certificates

    def install(self, domain: str, given: Given) -> Installation:
        """Put a certificate on the virtual host of ``domain``; what is refused may be stored."""
        with self.change():
            if not given.certificate.strip():
                raise NoArgumentError("cert")
            leaf_pem, leaf = given.leaf(self.switches)
            stored = self._stored(leaf_pem, given.cabundle)
            key = self._key(given.private_key, stored)
            ids = {"cert_id": stored.id, "key_id": key.id}
            try:
                host = self._installable(domain)
                certificates_agree(stored, key, host, self.known_issuers, self.now())
            except PanelError as refusal:
                if self.switches.stores_refused or isinstance(refusal, NoBundleError):
                    self.store.add_certificate(stored)
                    self.store.add_key(key)
                first = f"The certificate could not be installed on the domain “{domain}”."
                data = ids if stored.id in self.store.certificates else None
                raise PanelError(first, *refusal.texts, data=data) from refusal
            self.store.add_key(key)
            self.store.add_certificate(stored)
            installed = Installed(stored, key.pem)
            before = host.installed
            if before and before.certificate.id == stored.id:
                return Installation("none", host, stored.id, key.id, leaf)
            self._hosts[host.servername] = replace(host, installed=installed)
            return Installation("update" if before else "install", host, stored.id, key.id, leaf)

    def uninstall(self, domain: str) -> None:
        """Take https off a virtual host; certificate and key stay in the store."""
        with self.change():
            host = self.host_of(domain)
            if not host.installed:
                raise PanelError(f"There is no SSL host for the domain “{domain}”.")
            self._hosts[host.servername] = replace(host, installed=None, redirects=False)

    def store_certificate(self, pem: str, friendly_name: str = "") -> StoredCertificate:
        """Put a certificate into the store."""
        with self.change():
            stored = self._stored(pem, "")
            return self.store.add_certificate(replace(stored, friendly_name=friendly_name))

    def store_key(self, pem: str, friendly_name: str = "") -> StoredKey:
        """Put a key into the store."""
        with self.change():
            key = StoredKey(parse_key_id(pem), pem, self._seconds(), friendly_name)
            return self.store.add_key(key)

    def delete_certificate(self, id: str) -> None:
        """Delete a certificate from the store; where it is installed it stays served."""
        with self.change():
            in_use = any(
                host.installed and host.installed.certificate.id == id for host in self.hosts
            )
            if in_use and not self.switches.deletes_installed:
                raise PanelError("The certificate is installed, and cannot be deleted.")
            del self.store.certificates[id]

    def delete_key(self, id: str) -> None:
        """Delete a key from the store."""
        with self.change():
            if self.store.keys.pop(id, None) is None:
                raise PanelError("The key does not exist.")

    def toggle_redirect(self, domains: list[str], on: bool) -> None:
        """Switch the https redirect of these domains; an addon comes with its hidden subdomain."""
        with self.change():
            hosts = {self.host_of(domain).servername for domain in domains}
            for host in map(self.host, hosts):
                pair = {host.domain, f"{host.domain}.{self.main_domain}"}
                if host.kind == "addon" and not pair <= set(domains):
                    raise PanelError(f"“{host.domain}” and its subdomain must come together.")
                if on and not self.can_redirect(host):
                    raise PanelError(f"The domain “{host.domain}” has no valid certificate.")
            for name in hosts:
                host = self._hosts[name] = replace(self._hosts[name], redirects=on)
                if self.switches.redirect_in_htaccess:
                    write_own_redirect(host, exempt=self.switches.redirect_exempts)

    def can_redirect(self, host: VirtualHost) -> bool:
        """Whether its certificate is valid, or AutoSSL would see to one."""
        return self._is_valid(host) or "autossl" in self.features

    def covers_all_aliases(self, host: VirtualHost) -> bool:
        """Whether the installed certificate is good for every alias."""
        names = names_of(host.installed.certificate.parsed) if host.installed else ()
        return all(covers(names, name) for name in host.aliases)

    def run_autossl(self) -> None:
        """Do what AutoSSL does each night: give a certificate to each host that it may care for."""
        with self.change():
            self.autossl_is_due = False
            if "autossl" not in self.features:
                return
            for host in self.hosts:
                names = self._autossl_names(host)
                if names and self._needs_autossl(host, names):
                    issued = self.autossl_authority.issue(*names)
                    stored = self._stored(issued.certificate, issued.chain)
                    stored = self.store.add_certificate(replace(stored, is_autossl=True))
                    self.store.add_key(self._key(issued.private_key, stored))
                    installed = Installed(stored, issued.private_key)
                    self._hosts[host.servername] = replace(host, installed=installed)

    def _autossl_names(self, host: VirtualHost) -> list[str]:
        left_out = self.autossl_excluded | self.unreachable
        return [name for name in host.fqdns if name not in left_out and "*" not in name]

    def _needs_autossl(self, host: VirtualHost, names: list[str]) -> bool:
        if host.installed is None:
            return True
        stored = host.installed.certificate
        left = stored.parsed.not_valid_after_utc - self.now()
        if stored.is_autossl:
            lacks = any(not covers(names_of(stored.parsed), name) for name in names)
            return lacks or left < datetime.timedelta(days=_AUTOSSL_DAYS)
        if is_self_signed(stored.parsed):
            return True
        ends = left < datetime.timedelta(days=_CLOBBER_DAYS)
        return ends and self.switches.clobber_externally_signed

    def _is_valid(self, host: VirtualHost) -> bool:
        if host.installed is None:
            return False
        certificate = host.installed.certificate.parsed
        return not is_self_signed(certificate) and certificate.not_valid_after_utc > self.now()

    def _installable(self, domain: str) -> VirtualHost:
        host = self.host_of(domain)
        if domain != host.servername and not self.switches.installs_on_alias:
            raise PanelError(f"“{domain}” is not the name of a virtual host.")
        return host

    def _stored(self, pem: str, cabundle: str) -> StoredCertificate:
        certificate = parse_certificate(pem)
        own_id = certificate_id(certificate)
        known = self.store.certificates.get(own_id)
        is_autossl = bool(known and known.is_autossl and self.switches.restored_is_autossl)
        bundle = cabundle or self.known_bundle(certificate)
        return StoredCertificate(own_id, pem, bundle, self._seconds(), is_autossl=is_autossl)

    def known_bundle(self, certificate: x509.Certificate) -> str:
        """What the server knows of a certificate's chain by itself, PEM or ``""``."""
        known = (
            pem for pem in self.known_issuers if is_chain(certificate, [parse_certificate(pem)])
        )
        return next(known, "")

    def _key(self, pem: str, stored: StoredCertificate) -> StoredKey:
        """The key as given; since 138 without one the key in the store that fits."""
        if pem.strip():
            return StoredKey(parse_key_id(pem), pem, self._seconds())
        key = self.store.key_of(stored.parsed) if self.version >= 138 else None
        if key is None:
            raise NoArgumentError("key")
        return key

    # DNS

    def zone(self, name: str) -> Zone:
        """The zone of this name, if the account controls it."""
        if name not in self.zones:
            raise PanelError(f"You do not control a DNS zone named {name}.")
        return self.zones[name]

    def edit_zone(self, name: str, edits: list[Edit], serial: int | None = None) -> int:
        """Edit a zone as `Zone.edit` does; return its new serial."""
        with self.change():
            zone = self.zone(name)
            now, former = self.now().timestamp(), self._edited.get(name, 0)
            if serial and not self.switches.edits_each_second and now < former + 1:
                raise StaleError(serial, zone.serial)
            self._edited[name] = now
            minimum = self.switches.minimum_ttl
            zone.edit(
                [
                    replace(edit, record=edit.record and with_ttl(edit.record, minimum))
                    for edit in edits
                ],
                serial,
            )
            return zone.serial

    def add_record(self, zone: str, name: str, type: str, *data: str) -> None:
        """Add a record as somebody else does who edits the zone; ``name`` is absolute."""
        record = Record(name, type, 14400, data)
        self.edit_zone(zone, [Edit(record, None)])

    def zone_of(self, name: str) -> Zone | None:
        """The longest zone that a name is in."""
        fit = [zone for zone in self.zones if name == zone or name.endswith(f".{zone}")]
        return self.zones[max(fit, key=len)] if fit else None

    def remove_zone(self, name: str) -> None:
        """Have the account control no such zone, as on hosts that keep DNS to themselves."""
        with self.change():
            del self.zones[name]

    def move_dns_away(self, name: str) -> None:
        """Have the world ask another server for a zone: edits here reach nobody."""
        with self.change():
            self.zone(name).is_public = False

    def texts(self) -> dict[str, list[str]]:
        """The TXT values that the world sees, by name."""
        texts: dict[str, list[str]] = {}
        with self._lock:
            for zone in self.zones.values():
                for record in zone.records() if zone.is_public else ():
                    if record.type == "TXT":
                        texts.setdefault(record.name, []).append("".join(record.data))
        return texts

    def aliases(self) -> dict[str, str]:
        """The CNAME records that the world sees."""
        with self._lock:
            return {
                record.name: record.data[0]
                for zone in self.zones.values()
                for record in (zone.records() if zone.is_public else ())
                if record.type == "CNAME"
            }

    def _add_zone(self, domain: str) -> None:
        self.zones[domain] = Zone(domain, IP)

    # Tokens

    def create_token(self, name: str, expires_at: int | None = None) -> Token:
        """Make an API token that may do everything the account may."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,50}", name):
            raise PanelError("The API token’s name is not valid.")
        with self.change():
            if name in self.tokens:
                raise PanelError(f"You already have an API token named “{name}”.")
            alphabet = string.ascii_uppercase + string.digits
            secret = "".join(secrets.choice(alphabet) for _ in range(32))
            self.tokens[name] = Token(name, secret, self._seconds(), expires_at)
            return self.tokens[name]

    def revoke_token(self, name: str) -> None:
        """Revoke a token."""
        with self.change():
            if self.tokens.pop(name, None) is None:
                raise PanelError(f"There is no API token named “{name}”.")

    def is_token(self, secret: str) -> bool:
        """Whether this is a token that is accepted now."""
        if self.switches.tokens_need_feature and "apitokens" not in self.features:
            return False
        return any(
            secrets.compare_digest(token.token.encode(), secret.encode())
            and (token.expires_at is None or token.expires_at > self.now().timestamp())
            for token in self.tokens.values()
        )

    def _seconds(self) -> int:
        return int(self.now().timestamp())


def _copied(zones: Mapping[str, Zone]) -> dict[str, Zone]:
    return {name: copy.copy(zone) for name, zone in zones.items()}


def key_id_of(stored: StoredCertificate) -> str:
    """The id that the key of a certificate has in the store."""
    return key_id(stored.parsed.public_key())


def _open_to_web_server(directory: Path) -> None:
    """As on a host the document root is closed to other users, where we can have it so."""
    if os.getuid() == 0:
        os.chown(directory, -1, pwd.getpwnam("nobody").pw_gid)
        directory.chmod(0o750)


def _nobody_answers(_name: str, _path: str) -> Visit:
    raise OSError("Connection refused")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
