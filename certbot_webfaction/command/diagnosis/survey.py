"""The account as it is now, for those who only look: panel, documents, lineages, what is served."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from certbot import configuration, errors

from certbot_webfaction.account import HostAccount, Options
from certbot_webfaction.books import document
from certbot_webfaction.books.documents import wanted_path
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.challenges.placement import Place, find_places
from certbot_webfaction.hosts.webfaction.model import App, Certificate, Website
from certbot_webfaction.installation.differences import Differences, differences, forget_gone
from certbot_webfaction.lineages.files import CertificateFiles, fingerprints, lineage_files
from certbot_webfaction.lineages.renewals import Renewal, next_renewal, read_renewal, renewal_files
from certbot_webfaction.names import a_label, covers
from certbot_webfaction.web.served import Served, fetch_all

AUTHENTICATOR = "webfaction"
DNS_AUTHENTICATOR = "dns-webfaction"
INSTALLER = "webfaction"
"""The plugins' names in renewal files."""


@dataclass(frozen=True)
class Lineage:
    """A lineage of certbot's: its renewal settings, and what its leaf says.

    ``fingerprint`` is the leaf's SHA-256 in hexadecimal, ``chain`` are those of its chain, in its
    order. ``renews`` is when certbot is to renew it by itself, `None` for never. ``ours`` tells
    whether it names a plugin of ours for this account.
    """

    renewal: Renewal
    names: tuple[str, ...]
    fingerprint: str
    chain: tuple[str, ...]
    expires: datetime.datetime
    renews: datetime.datetime | None
    ours: bool

    @property
    def name(self) -> str:
        """certbot's name for it."""
        return self.renewal.lineage


@dataclass(frozen=True)
class Unreadable:
    """What is wrong with a lineage that can't be read, or that certbot can't.

    ``domains`` are those on its certificate, if only its renewal file is at fault.
    """

    text: str
    domains: tuple[str, ...] = ()


def read_lineages(
    config: configuration.NamespaceConfig, account: HostAccount
) -> tuple[list[Lineage], list[Unreadable]]:
    """Read all lineages; return them, and what is wrong with those that can't be read."""
    lineages, unreadable = [], []
    for path in renewal_files(config):
        renewal, files = read_renewal(path), lineage_files(config, path.stem)
        if renewal is None:
            unreadable.append(_not_renewed(path, files))
            continue
        try:
            lineages.append(
                Lineage(
                    renewal,
                    files.names(),
                    files.fingerprint(),
                    files.chain_fingerprints(),
                    files.expires(),
                    next_renewal(renewal, files) if renewal.authenticator else None,
                    _is_ours(renewal, config, account),
                )
            )
        except errors.PluginError as error:
            unreadable.append(Unreadable(f"The lineage {path.stem} can't be read: {error}"))
    return lineages, unreadable


def _not_renewed(path: Path, files: CertificateFiles) -> Unreadable:
    try:
        domains = files.names()
    except errors.PluginError:
        domains = ()
    return Unreadable(
        f"The renewal file {path} can't be read, so certbot does not renew the lineage {path.stem}",
        domains,
    )


def _is_ours(renewal: Renewal, config: configuration.NamespaceConfig, account: HostAccount) -> bool:
    plugins = {renewal.authenticator, renewal.installer} & {AUTHENTICATOR, DNS_AUTHENTICATOR}
    # Nobody else speaks of a lineage without an authenticator, and each `certbot renew` fails.
    return not renewal.authenticator or any(
        account.renews(renewal, plugin, config) for plugin in plugins
    )


@dataclass(frozen=True)
class Documents:
    """The account's documents as they are on disk, and what is wrong with them, if anything.

    They are empty where ``damage`` says something. ``differences`` is what the next `certbot renew`
    has to do.
    """

    wanted: Wanted = field(default_factory=Wanted)
    journal: Journal = field(default_factory=Journal)
    differences: Differences = field(default_factory=Differences)
    damage: str = ""


def peek_documents(account: HostAccount, config: configuration.NamespaceConfig) -> Documents:
    """Read the documents; nothing is rebuilt, renamed or written."""
    try:
        wanted = document.peek(wanted_path(account), Wanted)
        journal = document.peek(account.journal_path, Journal)
        forget_gone(wanted, journal, config)
        return Documents(wanted, journal, differences(wanted, journal, config))
    except errors.PluginError as error:
        return Documents(damage=str(error))


@dataclass(frozen=True)
class DomainState:
    """The way from a domain to the certificate that visitors get.

    ``place`` is where its challenge file goes; `None` with the reason in ``no_place``.
    ``certificate`` is what its https website uses on the panel, ``leaf`` the fingerprint of that.
    ``installed_as`` is the name on the panel under which the lineage was installed, ``""`` if it
    never was. ``wanted`` is the name of the certificate that the https website is to use, ``""``
    where that is not ours to say. ``uploaded`` is the fingerprint last uploaded for the lineage.
    ``served`` is `None` where that was not looked at.
    """

    domain: str
    http: Website | None = None
    https: Website | None = None
    place: Place | None = None
    no_place: str = ""
    certificate: Certificate | None = None
    leaf: str = ""
    lineage: Lineage | None = None
    installed_as: str = ""
    wanted: str = ""
    uploaded: str = ""
    served: Served | None = None


LOOK_SECONDS = 3.0
"""The longest look at what is served, for all domains together."""


class Survey:
    """What the panel, the documents and certbot's lineages say about an account.

    ``unreadable`` is what is wrong with lineages that can't be read.
    """

    def __init__(
        self,
        websites: Iterable[Website],
        apps: Iterable[App],
        certificates: Iterable[Certificate],
        lineages: Iterable[Lineage],
        documents: Documents,
        own_app: str | None = None,
        unreadable: Iterable[Unreadable] = (),
    ) -> None:
        self.websites = tuple(websites)
        self.certificates = {certificate.name: certificate for certificate in certificates}
        self.lineages = tuple(lineages)
        self.documents = documents
        self.unreadable = tuple(unreadable)
        self._apps = tuple(apps)
        self._own_app = own_app
        self._leaves = {name: _leaf(entry) for name, entry in self.certificates.items()}
        self._by_domain: dict[tuple[str, bool], list[Website]] = {}
        for website in self.websites:
            for domain in website.domains:
                key = (a_label(domain), website.https)
                self._by_domain.setdefault(key, []).append(website)
        self._lineages = {lineage.name: lineage for lineage in self.lineages}
        self._by_fingerprint = {lineage.fingerprint: lineage for lineage in self.lineages}
        self._by_name: dict[str, list[Lineage]] = {}
        for lineage in self.lineages:
            for name in lineage.names:
                self._by_name.setdefault(a_label(name), []).append(lineage)
        # Names on the panel by lineage, and the other way round.
        self._installed = {
            entry.lineage: name
            for name, entry in documents.wanted.certificates.items()
            if entry.lineage
        }
        self._sources = {name: lineage for lineage, name in self._installed.items()}

    def domains(self) -> list[str]:
        """The domains of all websites and of lineages that are ours, related ones together."""
        names = {a_label(domain): domain for site in self.websites for domain in site.domains}
        for lineage in self.lineages:
            if lineage.ours or lineage.name in self._installed:
                names.update((a_label(name), name) for name in self.expand(lineage.names))
        return sorted(names.values(), key=_related)

    def our_domains(self) -> list[str]:
        """The domains that are on our lineages, or on https websites that use one of them."""
        ours = [x for x in self.lineages if x.ours or x.name in self._installed]
        names = set(self.expand(name for lineage in ours for name in lineage.names))
        fingerprints = {lineage.fingerprint for lineage in ours}
        for website in self.websites:
            used = website.certificate
            if used in self._sources or self._leaves.get(used) in fingerprints:
                names.update(website.domains)
        return sorted(names, key=_related)

    def expand(self, names: Iterable[str]) -> list[str]:
        """Put for each wildcard the domains of websites that it covers, if there are any."""
        expanded = []
        for name in names:
            matching = self._covered_by(name) if name.startswith("*.") else []
            expanded += matching or [name]
        return list(dict.fromkeys(expanded))

    def _covered_by(self, pattern: str) -> list[str]:
        return [own for site in self.websites for own in site.domains if covers(pattern, own)]

    def is_on_https(self, domain: str) -> bool:
        """Whether an https website serves a domain."""
        return bool(self._serving(domain, https=True))

    def state(self, domain: str, served: Mapping[str, Served] | None = None) -> DomainState:
        """Follow one domain to its certificate; ``served`` is what was seen of it and others."""
        https = next(iter(self._serving(domain, https=True)), None)
        used = https.certificate if https else ""
        leaf = self._leaves.get(used, "")
        lineage = self._lineage(domain, used, leaf)
        installed_as = self._installed.get(lineage.name, "") if lineage else ""
        want = self.documents.wanted.websites.get(https.name) if https else None
        uploaded = self.documents.journal.uploads.get(installed_as)
        place, no_place = self._place(domain)
        return DomainState(
            domain,
            http=next(iter(self._serving(domain, https=False)), None),
            https=https,
            place=place,
            no_place=no_place,
            certificate=self.certificates.get(used),
            leaf=leaf,
            lineage=lineage,
            installed_as=installed_as,
            wanted=want.certificate if want else "",
            uploaded=uploaded.fingerprint if uploaded and uploaded.done else "",
            served=served.get(domain) if served else None,
        )

    def _serving(self, domain: str, *, https: bool) -> list[Website]:
        """The websites of a domain: by its own name, else by a wildcard."""
        name = a_label(domain)
        wildcard = f"*.{name.partition('.')[2]}"
        return self._by_domain.get((name, https)) or self._by_domain.get((wildcard, https), [])

    def _place(self, domain: str) -> tuple[Place | None, str]:
        websites = self._serving(domain, https=False)
        if not websites:
            return None, ""
        try:
            return find_places([domain], websites, self._apps, self._own_app)[0], ""
        except errors.PluginError as error:
            return None, str(error)

    def _lineage(self, domain: str, used: str, leaf: str) -> Lineage | None:
        """The lineage that belongs to a domain: the one its website uses, else the likeliest."""
        own = self._lineages.get(self._sources.get(used, "")) or self._by_fingerprint.get(leaf)
        if own:
            return own
        name = a_label(domain)
        wildcard = f"*.{name.partition('.')[2]}"
        exact = self._by_name.get(name, [])
        return max(
            exact + self._by_name.get(wildcard, []),
            key=lambda lineage: (lineage.ours, lineage in exact, lineage.expires),
            default=None,
        )


def take_survey(account: HostAccount, config: configuration.NamespaceConfig) -> Survey:
    """Ask the panel for everything, once, and read what certbot and we know of it.

    :raises certbot.errors.PluginError: if the panel does not answer
    """
    account.login()
    lineages, unreadable = read_lineages(config, account)
    return Survey(
        account.panel.websites(),
        account.panel.apps(),
        account.panel.certificates(),
        lineages,
        peek_documents(account, config),
        account.options.app,
        unreadable,
    )


def look_at_served(survey: Survey, domains: Iterable[str], options: Options) -> dict[str, Served]:
    """Ask the domains that are on https websites for their certificates.

    Nothing is asked where ``--webfaction-wait 0`` says not to look.
    """
    if options.wait == 0:
        return {}
    asked = [name for name in domains if not name.startswith("*.") and survey.is_on_https(name)]
    return fetch_all(asked, options.route, LOOK_SECONDS)


def _leaf(certificate: Certificate) -> str:
    return next(iter(fingerprints(certificate.leaf)), "")


def _related(domain: str) -> tuple[list[str], str]:
    """What sorts subdomains behind their domain, and www behind the name that it belongs to."""
    return a_label(domain).removeprefix("www.").split(".")[::-1], domain
