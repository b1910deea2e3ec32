"""A panel in memory, for unit tests of what stands above the panel."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cryptography import x509

from certbot_webfaction.hosts.webfaction import answers
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import (
    Account,
    App,
    Certificate,
    DnsRecord,
    Domain,
    Website,
)
from certbot_webfaction.panel.errors import PanelError, PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Upload

ALICE = Account(username="alice", home="/home/alice", web_server="web500")
IP = "192.0.2.80"

_TYPES = re.compile(
    r"static_only|static_php\d\d|(django|mod_wsgi|custom_|rails|wordpress_|node)\w*"
)


@dataclass
class _Order:
    error: PanelError
    verb: str | None
    after: bool
    left: int


class FakePanel(WebFaction):
    """Keeps the rules that the host keeps, but one: that a leaf and its key belong together.

    What stands on the panel may be set and looked at in `sites`, `installed`, `uploads`,
    `programs`, `zones` and `records`. `calls` holds each call, the verb and, where it is about
    one, a name: ``("create_app", "letsencrypt")``. `ran` holds the commands that were run; each
    puts out `output`.
    An upload whose leaf is no certificate covers no domains and never expires.
    """

    def __init__(
        self,
        websites: tuple[Website, ...] = (),
        apps: tuple[App, ...] = (),
        certificates: tuple[Certificate, ...] = (),
        domains: tuple[Domain, ...] = (),
        records: tuple[DnsRecord, ...] = (),
        account: Account = ALICE,
        ips: tuple[str, ...] = (IP,),
    ) -> None:
        self.account = account
        self.ips = ips
        self.sites = {(website.name, website.https): website for website in websites}
        self.programs = {app.name: app for app in apps}
        self.installed = {certificate.name: certificate for certificate in certificates}
        self.uploads: dict[str, Upload] = {}
        self.zones = {domain.name: domain for domain in domains}
        self.records = list(records)
        self.calls: list[tuple[str, ...]] = []
        self.ran: list[str] = []
        self.output = ""
        self._orders: list[_Order] = []

    def fail(
        self,
        n: int = 1,
        verb: str | None = None,
        *,
        after: bool = False,
        error: PanelError | None = None,
    ) -> None:
        """Let the ``n``-th call from now fail (of ``verb``), before or ``after`` its effect."""
        unreachable = PanelUnreachableError("The panel gave no usable answer.")
        self._orders.append(_Order(error or unreachable, verb, after, n))

    def verbs(self) -> list[str]:
        """The verbs called, in order."""
        return [call[0] for call in self.calls]

    def login(self) -> Account:
        with _Called(self, "login"):
            return self.account

    def websites(self) -> tuple[Website, ...]:
        with _Called(self, "websites"):
            return tuple(self.sites.values())

    def create_website(self, website: Website) -> None:
        with _Called(self, "create_website", website.name):
            if (website.name, website.https) in self.sites:
                raise _refused("Site with this Name, Account and Https already exists.")
            self._store(website)

    def update_website(self, website: Website) -> None:
        with _Called(self, "update_website", website.name):
            self._find(website)
            self._store(website)

    def delete_website(self, website: Website) -> None:
        with _Called(self, "delete_website", website.name):
            self._find(website)
            del self.sites[website.name, website.https]

    def apps(self) -> tuple[App, ...]:
        with _Called(self, "apps"):
            return tuple(self.programs.values())

    def create_app(self, name: str, type: str) -> App:
        with _Called(self, "create_app", name):
            _check_name(name)
            if name in self.programs:
                raise _refused("Application with this Name and Account already exists.")
            if not _TYPES.fullmatch(type):
                raise _refused("Application type is not valid.")
            self.programs[name] = answers.app(name, type, "", self.account.home)
            return self.programs[name]

    def delete_app(self, name: str) -> None:
        with _Called(self, "delete_app", name):
            if name not in self.programs:
                raise _refused("Application does not exist.")
            for website in self.sites.values():
                if any(mount.app == name for mount in website.mounts):
                    raise _refused(f"Application is used by site {website.name}.")
            del self.programs[name]

    def certificates(self) -> tuple[Certificate, ...]:
        with _Called(self, "certificates"):
            return tuple(self.installed.values())

    def create_certificate(self, name: str, upload: Upload) -> None:
        with _Called(self, "create_certificate", name):
            _check_name(name)
            if name in self.installed:
                raise _refused("Ssl certificate with this Name and Account already exists.")
            self._install(name, upload)

    def update_certificate(self, name: str, upload: Upload) -> None:
        with _Called(self, "update_certificate", name):
            if name not in self.installed:
                raise _refused("Ssl certificate does not exist.")
            self._install(name, upload)

    def run(self, command: str) -> str:
        with _Called(self, "run"):
            self.ran.append(command)
            return self.output

    def domains(self) -> tuple[Domain, ...]:
        with _Called(self, "domains"):
            return tuple(self.zones.values())

    def create_subdomain(self, domain: str, label: str) -> None:
        with _Called(self, "create_subdomain", f"{label}.{domain}"):
            before = self.zones.get(domain) or Domain(domain, ())
            labels = dict.fromkeys((*before.subdomains, _label(label)))
            self.zones[domain] = Domain(domain, tuple(labels))

    def delete_subdomain(self, domain: str, label: str) -> None:
        with _Called(self, "delete_subdomain", f"{label}.{domain}"):
            before = self.zones.get(domain)
            if before is None or _label(label) not in before.subdomains:
                raise _refused("Domain does not exist.")
            if any(record.name == f"{label}.{domain}" for record in self.records):
                raise _refused(f"Domain {label}.{domain} has DNS overrides.")
            left = tuple(each for each in before.subdomains if each != label)
            self.zones[domain] = replace(before, subdomains=left)

    def dns_records(self) -> tuple[DnsRecord, ...]:
        with _Called(self, "dns_records"):
            return tuple(self.records)

    def create_txt(self, name: str, value: str) -> None:
        with _Called(self, "create_txt", name):
            names = {
                f"{label}.{zone.name}" for zone in self.zones.values() for label in zone.subdomains
            }
            if name not in names | set(self.zones):
                raise _refused(f"Domain {name} does not exist.")
            if DnsRecord(name, "TXT", value) in self.records:
                raise _refused("DNS override already exists.")
            self.records.append(DnsRecord(name, "TXT", value))

    def delete_txt(self, name: str, value: str) -> None:
        with _Called(self, "delete_txt", name):
            if DnsRecord(name, "TXT", value) not in self.records:
                raise _refused("DNS override does not exist.")
            self.records.remove(DnsRecord(name, "TXT", value))

    def _take(self, verb: str) -> _Order | None:
        taken = None
        for order in list(self._orders):
            if order.verb in (None, verb):
                order.left -= 1
                if order.left == 0:
                    self._orders.remove(order)
                    taken = taken or order
        return taken

    def _find(self, website: Website) -> None:
        known = self.sites.get((website.name, website.https))
        if known is None or known.ip != website.ip:
            raise _refused("Site does not exist.")

    def _store(self, website: Website) -> None:
        wrong = []
        if not website.name:
            wrong.append("Site name must not be empty.")
        if website.ip not in self.ips:
            wrong.append(f"IP {website.ip} does not exist.")
        if website.certificate and website.certificate not in self.installed:
            wrong.append(f"Ssl certificate {website.certificate} does not exist.")
        wrong += [
            f"Application {mount.app} does not exist."
            for mount in website.mounts
            if mount.app not in self.programs
        ]
        if len({mount.path for mount in website.mounts}) < len(website.mounts):
            wrong.append("Each path can be used only once.")
        wrong += [
            f"Subdomain {domain} is already used by site {other.name}."
            for other in self.sites.values()
            if other.https == website.https and other.name != website.name
            for domain in website.domains
            if domain in other.domains
        ]
        if wrong:
            raise _refused(" ".join(wrong))
        self.sites[website.name, website.https] = website

    def _install(self, name: str, upload: Upload) -> None:
        try:
            leaf = x509.load_pem_x509_certificate(upload.leaf.encode())
        except ValueError:
            self.installed[name] = Certificate(name, (), None, upload.leaf)
        else:
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            domains = tuple(names.get_values_for_type(x509.DNSName))
            expires = leaf.not_valid_after_utc.date()
            self.installed[name] = Certificate(name, domains, expires, upload.leaf)
        self.uploads[name] = upload


class _Called:
    """One call: noted, and failing where a test ordered that."""

    def __init__(self, panel: FakePanel, verb: str, *subject: str) -> None:
        panel.calls.append((verb, *subject))
        self._order = panel._take(verb)

    def __enter__(self) -> None:
        if self._order and not self._order.after:
            raise self._order.error

    def __exit__(self, type: object, value: object, traceback: object) -> None:
        if self._order and type is None:
            raise self._order.error


def _refused(words: str) -> PanelRefusedError:
    return PanelRefusedError(f"The panel refused. The panel says: {words}")


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise _refused("Value must be alphanumeric only")


def _label(label: str) -> str:
    if not label.strip(". "):
        raise _refused("A subdomain needs a name.")
    return label
