"""The state of one account on the host, with the rules that the panel keeps.

In memory, but for the files below the home directory. Both the API and tests, which set a scene
with the same methods, come through here, so no state can arise that the panel would not allow.
The rules are those of the API document; where it is silent, [assume] marks what we chose.
"""

from __future__ import annotations

import datetime
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.ports import reserve

_STATIC = re.compile(r"static_only|static_php(5[2-6]|7[0-4])")
_SYMLINK = re.compile(r"symlink_static_only|symlink(5[2-6]|7[0-4])")
_CODE = re.compile(
    r"(django|mod_wsgi|custom_(websockets_)?app_with_port|rails|wordpress_|node)[\w.-]*"
)


Mounts = tuple[tuple[str, str], ...]
"""The apps of a website, each with the URL path where it is mounted."""


class HostError(Exception):
    """The panel says no; ``messages`` say why."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


class DataError(HostError):
    """What was asked for breaks a rule."""


class LoginError(HostError):
    """Wrong user name, password or machine, or no such session (any more)."""


@dataclass(frozen=True)
class App:
    """An app; ``port`` is 0 for types that run no code, ``extra_info`` a symlink's directory."""

    id: int
    name: str
    type: str
    autostart: bool
    port: int
    open_port: bool
    extra_info: str
    machine: str


@dataclass(frozen=True)
class Website:
    """A website; ``website_apps`` are pairs of app and path, ``certificate`` may be ``""``."""

    id: int
    name: str
    ip: str
    https: bool
    subdomains: tuple[str, ...]
    website_apps: Mounts
    certificate: str


@dataclass(frozen=True)
class Certificate:
    """A certificate as uploaded: leaf, key and chain without the leaf, all PEM."""

    id: int
    name: str
    domains: tuple[str, ...]
    expiry_date: str
    certificate: str
    private_key: str = field(repr=False)
    intermediates: str


@dataclass(frozen=True)
class Domain:
    """A domain of the account's DNS; ``subdomains`` are labels (``www``)."""

    id: int
    domain: str
    subdomains: tuple[str, ...]


@dataclass(frozen=True)
class DnsOverride:
    """One record that the account added; ``spf_record`` is published as TXT."""

    domain: str
    a_ip: str = ""
    cname: str = ""
    mx_name: str = ""
    mx_priority: str = ""
    spf_record: str = ""
    aaaa_ip: str = ""
    srv_record: str = ""


@dataclass(frozen=True)
class Ip:
    """An address of one of the account's machines."""

    machine: str
    ip: str
    is_main: bool


@dataclass(frozen=True)
class Snapshot:
    """Everything the panel knows of the account at one moment."""

    apps: tuple[App, ...]
    websites: tuple[Website, ...]
    certificates: tuple[Certificate, ...]
    domains: tuple[Domain, ...]
    dns_overrides: tuple[DnsOverride, ...]
    cronjobs: tuple[str, ...]


class Host:
    """One account. Every method may be called from any thread; a broken rule raises `DataError`.

    ``home`` is the parent of the home directory, which is made with ``webapps`` in it. ``machines``
    are the names that a login may give, ``web_server`` the one that serves websites; by default
    both are this machine's short name, the former with its first letter raised.
    ``fresh_page`` is the name of a page that the panel writes into each new app (`""`: none), and
    ``takes_ecdsa`` tells whether it takes certificates with such a key [assume].
    ``listeners`` are called after every change, outside the lock, in the thread that made it.
    """

    def __init__(
        self,
        home: Path,
        *,
        username: str = "alice",
        password: str = "correct horse battery staple",
        machines: tuple[str, ...] = (),
        web_server: str = "",
        ips: tuple[str, ...] = ("127.0.0.1",),
        umask: int = 0o022,
        fresh_page: str = "",
        takes_ecdsa: bool = True,
    ) -> None:
        short_name = socket.gethostname().partition(".")[0]
        self.home = home
        self.username = username
        self.password = password
        self.machines = machines or (short_name[:1].upper() + short_name[1:],)
        self.web_server = web_server or short_name
        self.ips = tuple(Ip(self.machine, ip, is_main=ip == ips[0]) for ip in ips)
        self.umask = umask
        self.fresh_page = fresh_page
        self.takes_ecdsa = takes_ecdsa
        self.listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._last_id = 1000
        self._apps: dict[str, App] = {}
        self._websites: dict[tuple[str, bool], Website] = {}
        self._certificates: dict[str, Certificate] = {}
        self._domains: dict[str, Domain] = {}
        self._dns_overrides: list[DnsOverride] = []
        self._cronjobs: list[str] = []
        self._reserved: list[socket.socket] = []
        self._make_directory(self.webapps)

    @property
    def machine(self) -> str:
        """The account's first, mostly only, machine."""
        return self.machines[0]

    @property
    def home_directory(self) -> Path:
        """The home directory of the account's user."""
        return self.home / self.username

    @property
    def webapps(self) -> Path:
        """The directory that holds a directory for each app."""
        return self.home_directory / "webapps"

    def snapshot(self) -> Snapshot:
        """The state as it is now; it does not change afterwards."""
        with self._lock:
            return Snapshot(
                apps=tuple(self._apps.values()),
                websites=tuple(self._websites.values()),
                certificates=tuple(self._certificates.values()),
                domains=tuple(self._domains.values()),
                dns_overrides=tuple(self._dns_overrides),
                cronjobs=tuple(self._cronjobs),
            )

    def restore(self, snapshot: Snapshot) -> None:
        """Hold again what ``snapshot`` does; files in the home directory are the caller's."""
        with self._change():
            self._apps = {app.name: app for app in snapshot.apps}
            self._websites = {(site.name, site.https): site for site in snapshot.websites}
            self._certificates = {known.name: known for known in snapshot.certificates}
            self._domains = {domain.domain: domain for domain in snapshot.domains}
            self._dns_overrides = list(snapshot.dns_overrides)
            self._cronjobs = list(snapshot.cronjobs)

    # Apps

    def add_app(
        self,
        name: str,
        type: str,
        autostart: bool = False,
        extra_info: str = "",
        open_port: bool = False,
        machine: str = "",
    ) -> App:
        """Create an app and its directory: empty, or a symbolic link to ``extra_info``."""
        with self._change():
            _check_name(name)
            if name in self._apps:
                raise DataError("Application with this Name and Account already exists.")
            is_symlink = _SYMLINK.fullmatch(type) is not None
            runs_code = _CODE.fullmatch(type) is not None
            if not (is_symlink or runs_code or _STATIC.fullmatch(type)):
                raise DataError("Application type is not valid.")
            if is_symlink and not extra_info.startswith("/"):
                raise DataError("Extra info must be an absolute path.")
            directory = self.webapps / name
            if directory.is_symlink() or directory.exists():
                raise DataError("Application directory already exists.")  # [assume]
            if is_symlink:
                directory.symlink_to(extra_info)
            else:
                self._make_directory(directory)
                if self.fresh_page:
                    (directory / self.fresh_page).write_text("Your app is ready.")
            port = self._port() if runs_code else 0
            app = App(
                self._new_id(),
                name,
                type,
                autostart,
                port,
                open_port,
                extra_info,
                machine or self.machine,
            )
            self._apps[name] = app
            return app

    def delete_app(self, name: str) -> None:
        """Delete an app and its directory; not while a website mounts it [assume]."""
        with self._change():
            if name not in self._apps:
                raise DataError("Application does not exist.")
            for website in self._websites.values():
                if any(app == name for app, _path in website.website_apps):
                    raise DataError(f"Application is used by site {website.name}.")
            directory = self.webapps / name
            if directory.is_symlink():
                directory.unlink()
            else:
                shutil.rmtree(directory, ignore_errors=True)
            del self._apps[name]

    # Websites

    def add_website(
        self,
        name: str,
        subdomains: tuple[str, ...],
        website_apps: Mounts,
        https: bool = False,
        certificate: str = "",
        ip: str = "",
    ) -> Website:
        """Create a website, on the main address unless ``ip`` names another."""
        with self._change():
            if (name, https) in self._websites:
                raise DataError("Site with this Name, Account and Https already exists.")
            website = Website(
                self._new_id(),
                name,
                ip or self.ips[0].ip,
                https,
                subdomains,
                website_apps,
                certificate,
            )
            self._check_website(website)
            self._websites[name, https] = website
            return website

    def update_website(
        self,
        name: str,
        ip: str,
        https: bool,
        subdomains: tuple[str, ...],
        website_apps: Mounts,
        certificate: str | None,
    ) -> Website:
        """Replace what a website has; ``certificate`` ``None`` keeps it (a version 1 session)."""
        with self._change():
            before = self._find_website(name, ip, https)
            after = replace(
                before,
                subdomains=subdomains,
                website_apps=website_apps,
                certificate=before.certificate if certificate is None else certificate,
            )
            self._check_website(after)
            self._websites[name, https] = after
            return after

    def delete_website(self, name: str, ip: str, https: bool) -> None:
        """Delete a website; its apps and certificate stay."""
        with self._change():
            self._find_website(name, ip, https)
            del self._websites[name, https]

    def _find_website(self, name: str, ip: str, https: bool) -> Website:
        website = self._websites.get((name, https))
        if website is None or website.ip != ip:
            raise DataError("Site does not exist.")
        return website

    def _check_website(self, website: Website) -> None:
        """Refuse a website that refers to what does not exist, or that answers ambiguously.

        That two websites of one protocol share no domain, and that no path is mounted twice, is
        [assume]: otherwise the front end could not tell which one to serve.
        """
        wrong = []
        if not website.name:
            wrong.append("Site name must not be empty.")
        if website.ip not in [known.ip for known in self.ips]:
            wrong.append(f"IP {website.ip} does not exist.")
        if website.certificate and website.certificate not in self._certificates:
            wrong.append(f"Ssl certificate {website.certificate} does not exist.")
        for app, path in website.website_apps:
            if app not in self._apps:
                wrong.append(f"Application {app} does not exist.")
            if not path.startswith("/"):
                wrong.append(f"Path {path} must begin with a slash.")
        paths = [path.rstrip("/") for _app, path in website.website_apps]
        if len(set(paths)) < len(paths):
            wrong.append("Each path can be used only once.")
        for other in self._websites.values():
            if other.https == website.https and other.id != website.id:
                wrong += [
                    f"Subdomain {subdomain} is already used by site {other.name}."
                    for subdomain in website.subdomains
                    if subdomain in other.subdomains
                ]
        if wrong:
            raise DataError(*wrong)

    # Certificates

    def add_certificate(
        self, name: str, certificate: str, private_key: str, intermediates: str = ""
    ) -> Certificate:
        """Upload a new certificate: leaf, key and chain, PEM."""
        with self._change():
            _check_name(name)
            if name in self._certificates:
                raise DataError("Ssl certificate with this Name and Account already exists.")
            new = _certificate(self._new_id(), name, certificate, private_key, intermediates)
            self._check_key(private_key)
            self._certificates[name] = new
            return new

    def update_certificate(
        self, name: str, certificate: str, private_key: str, intermediates: str = ""
    ) -> Certificate:
        """Replace a certificate; websites that use it follow."""
        with self._change():
            before = self._find_certificate(name)
            new = _certificate(before.id, name, certificate, private_key, intermediates)
            self._check_key(private_key)
            self._certificates[name] = new
            return new

    def _check_key(self, private_key: str) -> None:
        key = load_pem_private_key(private_key.encode(), password=None)
        if not self.takes_ecdsa and isinstance(key, ec.EllipticCurvePrivateKey):
            raise DataError("Private key is not a valid RSA key.")

    def delete_certificate(self, name: str) -> None:
        """Delete a certificate that no website uses."""
        with self._change():
            self._find_certificate(name)
            for website in self._websites.values():
                if website.certificate == name:
                    raise DataError(f"Ssl certificate is used by site {website.name}.")
            del self._certificates[name]

    def _find_certificate(self, name: str) -> Certificate:
        if name not in self._certificates:
            raise DataError("Ssl certificate does not exist.")
        return self._certificates[name]

    # Domains and DNS

    def add_domain(self, domain: str, *subdomains: str) -> Domain:
        """Create a domain, or add subdomains to one that exists."""
        with self._change():
            before = self._domains.get(domain) or Domain(self._new_id(), domain, ())
            new = [label for label in subdomains if label not in before.subdomains]
            after = replace(before, subdomains=(*before.subdomains, *dict.fromkeys(new)))
            self._domains[domain] = after
            return after

    def delete_domain(self, domain: str, *subdomains: str) -> None:
        """Remove these subdomains, or without any the domain; no name that has records [assume]."""
        with self._change():
            before = self._domains.get(domain)
            if before is None or not set(subdomains) <= set(before.subdomains):
                raise DataError("Domain does not exist.")
            gone = set(subdomains) or {*before.subdomains, ""}
            for label in gone:
                name = f"{label}.{domain}" if label else domain
                if any(record.domain == name for record in self._dns_overrides):
                    raise DataError(f"Domain {name} has DNS overrides.")
            if subdomains:
                left = tuple(label for label in before.subdomains if label not in gone)
                self._domains[domain] = replace(before, subdomains=left)
            else:
                del self._domains[domain]

    def add_dns_override(self, record: DnsOverride) -> None:
        """Publish a record under a name that exists as a domain or subdomain."""
        with self._change():
            names = set(self._domains)
            for domain in self._domains.values():
                names |= {f"{label}.{domain.domain}" for label in domain.subdomains}
            if record.domain not in names:
                raise DataError(f"Domain {record.domain} does not exist.")
            if record == DnsOverride(record.domain):
                raise DataError("A DNS override needs a value.")  # [assume]
            if record in self._dns_overrides:
                raise DataError("DNS override already exists.")  # [assume]
            self._dns_overrides.append(record)

    def delete_dns_override(self, record: DnsOverride) -> None:
        """Remove the one record that is equal in every field."""
        with self._change():
            if record not in self._dns_overrides:
                raise DataError("DNS override does not exist.")
            self._dns_overrides.remove(record)

    # Cron jobs

    def add_cronjob(self, line: str) -> None:
        """Add a line to the account's crontab; nothing here ever runs it."""
        with self._change():
            self._cronjobs.append(line)

    def delete_cronjob(self, line: str) -> None:
        """Remove a line from the account's crontab."""
        with self._change():
            if line not in self._cronjobs:
                raise DataError("Cronjob does not exist.")
            self._cronjobs.remove(line)

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._lock:
            yield
        for listener in self.listeners:
            listener()

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _port(self) -> int:
        """A port for an app, kept from other programs, but not from the app, while we are here.

        Also when the app is deleted: `restore` may bring it back.
        """
        self._reserved.append(reserve())
        port: int = self._reserved[-1].getsockname()[1]
        return port

    def _make_directory(self, directory: Path) -> None:
        directory.mkdir(parents=True)
        # Set afterwards: mkdir obeys this process's umask, not the account's.
        directory.chmod(0o777 & ~self.umask)


def _check_name(name: str) -> None:
    """Recorded for certificates, [assume] for apps."""
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise DataError("Value must be alphanumeric only")


def _certificate(
    id: int, name: str, certificate: str, private_key: str, intermediates: str
) -> Certificate:
    """Check an upload as the panel does, and read from the leaf what the panel lists."""
    try:
        leaves = x509.load_pem_x509_certificates(certificate.encode())
        key = load_pem_private_key(private_key.encode(), password=None)
        chain = x509.load_pem_x509_certificates(intermediates.encode()) if intermediates else []
    except (ValueError, TypeError) as error:  # TypeError: the key is encrypted
        raise DataError("Ssl certificate, private key or intermediates are not valid.") from error
    leaf = leaves[0]
    if len(leaves) > 1 or leaf in chain:
        raise DataError("Ssl certificate must be the leaf alone, intermediates without it.")
    if leaf.public_key() != key.public_key():
        raise DataError("Ssl certificate and private key do not match.")
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        domains = tuple(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        domains = ()
    expires: datetime.datetime = leaf.not_valid_after_utc
    return Certificate(
        id, name, domains, expires.date().isoformat(), certificate, private_key, intermediates
    )
