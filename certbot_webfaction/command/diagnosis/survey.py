"""The account as it is now: its panel, its books, the lineages here, and what visitors get."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from certbot import errors
from certbot.util import is_staging

from certbot_webfaction.account import Account
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.challenges import validation_name
from certbot_webfaction.installation.compare import Differences, compare, forget_gone
from certbot_webfaction.lineages.files import CertificateFiles, fingerprints
from certbot_webfaction.lineages.renewals import Hindrance, Renewal, next_renewal, read_renewal
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelUnreachableError, refusal_of
from certbot_webfaction.panel.findings import Finding, Problem
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import Change, HttpSite, HttpsSite, Place
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.web.served import Served, fetch_all
from certbot_webfaction.web.visit import Visit, visit_all


@dataclass(frozen=True)
class Lineage:
    """A lineage of certbot's: its renewal settings, and what its leaf says.

    ``fingerprint`` is the leaf's SHA-256 in hexadecimal, ``chain`` are those of its chain, in its
    order. ``renews`` is when certbot is to renew it by itself, `None` for never; ``hindrance`` is
    why that will fail, as its files tell. ``ours`` tells whether it names a plugin of ours for this
    account.
    """

    renewal: Renewal
    names: tuple[str, ...]
    fingerprint: str
    chain: tuple[str, ...]
    expires: datetime.datetime
    renews: datetime.datetime | None
    hindrance: Hindrance | None
    ours: bool

    @property
    def name(self) -> str:
        """certbot's name for it."""
        return self.renewal.lineage

    @property
    def is_test(self) -> bool:
        """Whether it is from a CA's staging server, as ``certbot certificates`` decides it."""
        return is_staging(self.renewal.parameters.get("server", ""))


def read_lineages(account: Account) -> tuple[list[Lineage], list[Problem]]:
    """Read all lineages; return them, and what is wrong with those that can't be read."""
    lineages, problems = [], []
    for path in account.lineages.renewal_files():
        renewal, files = read_renewal(path), account.lineages.files(path.stem)
        text = (
            f"The renewal file {path} can't be read, so certbot does not renew the lineage"
            f" {path.stem}"
        )
        remedy = "`certbot certificates` may say more of it."
        try:
            if renewal:
                lineages.append(_read_lineage(renewal, files, account))
                continue
            remedy = (
                "Restore the file from a backup. Or get the certificate anew and delete the file"
                f" then: `{account.phrases.get(files.names())}`"
            )
        except errors.PluginError as error:
            if renewal:
                text = f"The lineage {path.stem} can't be read: {error}"
        problems.append(Problem("unreadable-lineage", text, remedy))
    return lineages, problems


def _read_lineage(renewal: Renewal, files: CertificateFiles, account: Account) -> Lineage:
    plugins = {renewal.authenticator, renewal.installer} & set(account.host.plugins)
    # Nobody else speaks of a lineage without an authenticator, and each `certbot renew` fails.
    ours = not renewal.authenticator or any(account.renews(renewal, each) for each in plugins)
    renews = next_renewal(renewal, files) if renewal.authenticator else None
    return Lineage(
        renewal,
        names=files.names(),
        fingerprint=files.fingerprint(),
        chain=files.chain_fingerprints(),
        expires=files.expires(),
        renews=renews,
        hindrance=account.lineages.why_renewal_fails(renewal.lineage),
        ours=ours,
    )


def _records_of(lineage: Lineage, account: Account) -> list[str]:
    """The names of the records in DNS by which our plugins answer for a lineage."""
    plugin, settings = lineage.renewal.authenticator, lineage.renewal.parameters
    if plugin not in account.host.plugins or not account.renews(lineage.renewal, plugin):
        return []
    preferred = re.findall("dns|http", settings.get("pref_challs", ""))
    usual = "http" if account.panel.abilities.files else "dns"
    every = plugin != account.host.name or (preferred or [usual])[0] == "dns"
    return [validation_name(name) for name in lineage.names if every or name.startswith("*.")]


def _refused(records: Mapping[str, list[str]], panel: IPanel) -> dict[str, errors.PluginError]:
    every = [name for names in records.values() for name in names]
    if not every or not refusal_of(partial(panel.find_zones, every)):
        return {}
    asked = {each: refusal_of(partial(panel.find_zones, names)) for each, names in records.items()}
    return {lineage: refusal for lineage, refusal in asked.items() if refusal}


SERVED_SECONDS = 3.0
"""The longest time that all domains together are asked what they serve."""


class Survey:
    """What the panel, the books and certbot's lineages say about an account, all at one moment.

    Nothing is rebuilt, renamed or written. ``held`` are the handles of what https sites use, with
    the certificates that the panel has under them. ``unreadable`` is what is wrong with lineages
    that can't be read; ``damage`` says why the books can't be, which count as empty then.
    ``stored`` are the certificates that the books have on the panel, by their sources,
    ``installed`` the lineages that they want on sites, and ``differences`` is what the next
    `certbot renew` has to do. ``records`` are by lineage the names of records in DNS that are to
    answer for it, ``without_records`` why none can. ``is_new`` tells that there are no books of the
    account, as with a token that is another one, or wrong.

    :param offline: whether to tell what can be told without the panel: without sites
    :raises certbot.errors.PluginError: if the panel does not answer
    """

    def __init__(self, account: Account, *, offline: bool = False) -> None:
        self.account = account
        self.offline = offline
        self.is_new = not account.books.wanted_path.exists()
        self.now = datetime.datetime.now(datetime.timezone.utc)
        panel = account.panel
        self.http: Sites[HttpSite] = Sites(() if offline else panel.http_sites())
        https = () if offline else panel.https_sites()
        self.https: Sites[HttpsSite] = Sites(site for site in https if site.exists)
        self.held = {
            site.holds: panel.certificate(site.holds) for site in self.https.all if site.holds
        }
        self.lineages, self.unreadable = read_lineages(account)
        asked = () if offline else self.lineages
        self.records = {each.name: _records_of(each, account) for each in asked}
        self.without_records = _refused(self.records, panel)
        self.wanted, self.differences = Wanted(), Differences()
        self.damage: str | None = None
        self.stored = {change.on: change for change in self._read_books().all(Change.CERTIFICATE)}
        self.installed = {source.lineage for source in self.wanted.sources()}
        self._ours = [each for each in self.lineages if each.ours or each.name in self.installed]
        self._by_leaf: dict[str | None, Lineage] = {}
        self._by_handle: dict[str | None, Lineage] = {}
        self._by_name: dict[str, list[Lineage]] = {}
        for lineage in self.lineages:
            self._index(lineage)

    def _index(self, lineage: Lineage) -> None:
        self._by_leaf[lineage.fingerprint] = lineage
        if lineage.name in self.installed and (handle := self.handle_of(lineage.name)):
            self._by_handle[handle] = lineage
        for name in lineage.names:
            self._by_name.setdefault(a_label(name), []).append(lineage)

    def _read_books(self) -> Journal:
        books, lineages = self.account.books, self.account.lineages
        try:
            books.peek()
            forget_gone(books, lineages)
            self.differences = compare(books, lineages)
        except errors.PluginError as error:
            self.damage = str(error)
            return Journal()
        self.wanted = books.wanted
        return books.journal

    def handle_of(self, source: str) -> str | None:
        """The handle under which a source's certificate is on the panel; `None`: it is not."""
        change = self.stored.get(source)
        return change.after["certificate"] or None if change else None

    def leaf_of(self, handle: str | None) -> str | None:
        """The fingerprint of a certificate that a site uses; `None`: it can't be told."""
        known = self.held.get(handle or "")
        return next(iter(fingerprints(known.leaf)), None) if known else None

    def domains(self) -> list[str]:
        """The domains of all sites and of lineages that are ours, related ones together."""
        names = [name for http in self.http.all for name in http.names]
        names += [name for https in self.https.all for name in https.names]
        names += self._our_names()
        return sorted({a_label(name): name for name in names}.values(), key=_related)

    def our_domains(self) -> list[str]:
        """The domains that are on our lineages, or on https sites that use one of them."""
        names, leaves = set(self._our_names()), {lineage.fingerprint for lineage in self._ours}
        for site in self.https.all:
            if site.holds in self._by_handle or self.leaf_of(site.holds) in leaves:
                names.update(site.names)
        return sorted(names, key=_related)

    def _our_names(self) -> list[str]:
        return self.expand(name for lineage in self._ours for name in lineage.names)

    def expand(self, names: Iterable[str]) -> list[str]:
        """Put for each wildcard the names of sites that it covers, if there are any."""
        expanded = []
        for name in names:
            matching = []
            if name.startswith("*."):
                matching = self.http.names_covered_by(name) + self.https.names_covered_by(name)
            expanded += matching or [name]
        return list(dict.fromkeys(expanded))

    def lineage_of(self, domain: str, handle: str | None) -> Lineage | None:
        """The lineage that belongs to a domain: the one that its site uses, else the likeliest.

        :param handle: that of the site's certificate
        """
        if used := self._by_handle.get(handle) or self._by_leaf.get(self.leaf_of(handle)):
            return used
        name = a_label(domain)
        exact = self._by_name.get(name, [])
        return max(
            exact + self._by_name.get(f"*.{name.partition('.')[2]}", []),
            key=lambda lineage: (lineage.ours, lineage in exact, lineage.expires),
            default=None,
        )

    @cached_property
    def has_deploy_hook(self) -> bool:
        """Whether a hook in certbot's directory for all lineages deploys certificates."""
        for hook in self.account.lineages.deploy_hooks.glob("*"):
            # certbot runs what can be executed and is no editor's backup (certbot._internal.hooks).
            is_run = os.access(hook, os.X_OK) and not hook.name.endswith("~")
            with contextlib.suppress(OSError):  # a directory, a link to nowhere
                if is_run and b"certbot-webfaction" in hook.read_bytes():
                    return True
        return False

    def ask_served(self, subjects: Iterable[Subject]) -> None:
        """Ask all domains that are on https sites, at the same time, what they serve."""
        asked = self._in_sight(each for each in subjects if each.https)
        route = self.account.options.route
        for domain, served in fetch_all(asked, route, SERVED_SECONDS).items():
            asked[domain].served = served

    def visit(self, subjects: Iterable[Subject]) -> None:
        """Walk to all domains that use certificates of lineages, as their visitors do."""
        asked = self._in_sight(each for each in subjects if each.in_place and each.holds)
        for domain, visited in visit_all(asked, self.account.options.route).items():
            asked[domain].visited = visited

    def _in_sight(self, subjects: Iterable[Subject]) -> dict[str, Subject]:
        """Those that can be asked: no wildcard, and none where a wait of 0 says not to look."""
        wait = self.account.options.wait
        return {each.domain: each for each in subjects if wait and each.domain[0] != "*"}


class Subject:
    """One domain: the way from it to the certificate that visitors get.

    ``meant`` tells that it is meant to have a certificate from here even if no lineage has it yet:
    the user named it. ``place`` is where its challenge files go, or why they can't; `None` without
    an http site. ``holds`` is the handle of the certificate that its https site uses,
    ``certificate`` what the panel has under that, ``leaf`` the fingerprint.

    ``lineage`` belongs to it; ``is_installed`` tells whether that is wanted on any site.
    ``renewed_by`` is the lineage if its renewals replace what the https site uses.

    ``served`` is what `Survey.ask_served` found, ``visited`` what `Survey.visit` did, ``probed``
    what the doctor says of its challenge path; `None` before that and where it could not ask.

    :raises certbot_webfaction.panel.errors.PanelUnreachableError: if the panel does not answer
    """

    def __init__(self, survey: Survey, domain: str, *, meant: bool = False) -> None:
        self.survey, self.domain, self.meant = survey, domain, meant
        self.account, self.phrases = survey.account, survey.account.phrases
        self.http = next(iter(survey.http.serving(domain)), None)
        self.https = next(iter(survey.https.serving(domain)), None)
        self.place = _find_place(survey.account, self.http, domain) if self.http else None
        self.holds = self.https.holds if self.https else None
        self.certificate = survey.held.get(self.holds or "")
        self.leaf = survey.leaf_of(self.holds)
        self.lineage = lineage = survey.lineage_of(domain, self.holds)
        self.is_installed = lineage is not None and lineage.name in survey.installed
        handle = survey.handle_of(lineage.name) if lineage and self.is_installed else None
        self.renewed_by = lineage if handle and handle == self.holds else None
        self.served: Served | None = None
        self.visited: Visit | None = None
        self.probed: Finding | None = None

    @property
    def in_place(self) -> Lineage | None:
        """The lineage, if its https site uses no other certificate than that one's, new or old."""
        lineage = self.lineage
        if lineage and (not self.holds or self.renewed_by or self.leaf == lineage.fingerprint):
            return lineage
        return None

    @property
    def keeper(self) -> str | None:
        """Who sees to the certificate of its https site: certbot, the host or the user."""
        if not self.https or not self.holds:
            return None
        if self.in_place:
            return "certbot"
        is_hosts = self.https.kept_by_host or (self.certificate and self.certificate.kept_by_host)
        return "host" if is_hosts else "user"

    @property
    def ready_place(self) -> Place | None:
        """The place of its challenge files, if nothing has to be made for it."""
        return self.place if isinstance(self.place, Place) and self.place.ready else None


def name_of(site: HttpSite | HttpsSite | None) -> str:
    """What the panel's user calls a site, ``-`` for none."""
    return (site.name or site.id) if site else "-"


def _find_place(account: Account, site: HttpSite, domain: str) -> Place | errors.PluginError:
    try:
        return account.panel.find_place(site, domain)
    except PanelUnreachableError:
        raise
    except errors.PluginError as error:
        return error


def _related(domain: str) -> tuple[list[str], str]:
    """What sorts subdomains behind their domain, and www behind the name that it belongs to."""
    return a_label(domain).removeprefix("www.").split(".")[::-1], domain
