"""Deciding what is to be wanted of an account. Nothing here changes the panel."""

from __future__ import annotations

import copy
import datetime
import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.books import Books
from certbot_webfaction.books.wanted import Source, Wanted, WantedSite
from certbot_webfaction.lineages.files import CertificateFiles, fingerprints
from certbot_webfaction.names import covered, covers
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import Certificate, Change, HttpSite, HttpsSite
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.phrases import Phrases
from certbot_webfaction.text import grouped, listed

logger = logging.getLogger(__name__)


class Present:
    """The panel as it is now, for a decision; it is asked only for what the decision needs."""

    def __init__(self, panel: IPanel) -> None:
        self._panel = panel

    @cached_property
    def http(self) -> Sites[HttpSite]:
        """The http sites."""
        return Sites(self._panel.http_sites(fresh=True))

    @cached_property
    def https(self) -> Sites[HttpsSite]:
        """The https sites, those that could be made among them."""
        return Sites(self._panel.https_sites(fresh=True))

    def certificate(self, handle: str | None) -> Certificate | None:
        """The certificate of this handle, if there is one."""
        return self._panel.certificate(handle) if handle else None

    def held_by(self, site: HttpsSite) -> Certificate | None:
        """The certificate that a site presents."""
        return self.certificate(site.holds)


@dataclass
class Placing:
    """Where a certificate may go: the names of sites that it is for, and why it may not.

    ``refusals`` are the domains that it could be installed for nowhere, each with the reason;
    ``left`` are the reasons of sites that are left out while others serve the same domain.
    ``losses`` tell of names that nothing will be valid for any more, though nobody's site is lost.
    """

    sites: dict[str, HttpsSite] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    losses: list[str] = field(default_factory=list)


def find_sites(
    names: Sequence[str], domains: Iterable[str], handle: str, now: Present, account: Account
) -> Placing:
    """Find the https sites that a certificate is for.

    :param names: the names on it
    :param domains: those of them that it is to be installed for
    :param handle: its handle on the panel, ``""`` where it is not there
    """
    found = Placing()
    for domain in domains:
        sites = now.https.reached(domain)
        reasons = {site.id: _why_not(site, names, handle, now, account) for site in sites}
        given = [reason for reason in reasons.values() if reason]
        if len(given) == len(sites):
            found.refusals[domain] = "; ".join(given) or "no website of the account serves it"
            continue
        found.left.update(given)
        for site in sites:
            if not reasons[site.id]:
                found.sites[site.id] = site
                mine = found.names.setdefault(site.id, [])
                mine += [own for own in _names_for(domain, site, names) if own not in mine]
    losses = [_loss(site, names, handle, now, account.phrases) for site in found.sites.values()]
    found.losses = [loss for loss in losses if loss]
    return found


def warn_of_losses(found: Placing, told: set[str]) -> None:
    """Warn of names that will not be covered any more, of each once.

    :param told: what has been warned of
    """
    for loss in found.losses:
        if loss not in told:
            logger.warning("%s", loss)
            told.add(loss)


def _names_for(domain: str, site: HttpsSite, names: Sequence[str]) -> list[str]:
    """The names of a site that a domain of the certificate brings: all for one that exists."""
    if site.exists:
        return [own.lower() for own in site.names if covered(own, names)]
    own_names = site.names if domain.startswith("*.") else (domain,)
    return [own.lower() for own in own_names if covers(domain, own)]


def _why_not(
    site: HttpsSite, names: Sequence[str], handle: str, now: Present, account: Account
) -> str:
    """Why a certificate may not take a site: it would take a valid one from a name of it.

    What the host keeps is not somebody's choice, and comes back when ours is undone.
    """
    current = _at_stake(site, handle, now)
    if current is None or current.kept_by_host:
        return ""
    losing = _losing(site.names, names, current)
    if not losing:
        return ""
    return (
        f"the {site.label} also serves {', '.join(losing)}, which the certificate"
        f" {current.label} covers there until {current.expires} and this one does not. The website"
        f" was left as it is. {_one_certificate((*site.names, *names), account)}"
    )


def _one_certificate(names: Sequence[str], account: Account) -> str:
    """How to have one certificate for all these names, where no good one is used up for nothing."""
    if there := account.lineages.covering(names):
        command = account.phrases.install(there)
        return f"The certificate {there} on this machine covers all of it: `{command}`"
    text = f"One certificate for all of it: `{account.phrases.get(names)}`"
    wildcards = [name for name in names if name.startswith("*.")]
    odd = [name for name in names if "_" in name and not covered(name, wildcards)]
    if not odd:
        return text
    has_rest = account.lineages.covering([name for name in names if name not in odd])
    return (
        f"{'Nothing covers it' if has_rest else text}, but for"
        f" {', '.join(dict.fromkeys(odd))}: no CA certifies a name with an underscore."
        " Only a wildcard covers it; or put it on a website of its own"
    )


def _loss(
    site: HttpsSite, names: Sequence[str], handle: str, now: Present, phrases: Phrases
) -> str:
    """What to warn of before a certificate takes a site; ``""`` if no name loses cover."""
    current = _at_stake(site, handle, now)
    losing = _losing((*site.names, *site.auxiliary), names, current) if current else []
    if current is None or not losing:
        return ""
    return (
        f"The certificate {current.label}, which this one replaces on the {site.label}, covers"
        f" {listed(losing)} too until {current.expires}. Browsers and mail programs that use these"
        " names will warn. One certificate for all of them:"
        f" `{phrases.get((*names, *losing))}`"
    )


def _at_stake(site: HttpsSite, handle: str, now: Present) -> Certificate | None:
    """The certificate that a site presents, if that is another one and valid."""
    if not site.holds or site.holds == handle:
        return None
    current = now.held_by(site)
    return None if current is None or _expired(current) else current


def _losing(own: Sequence[str], names: Sequence[str], current: Certificate) -> list[str]:
    """The names of a site that a certificate covers and these names do not."""
    return [each for each in own if not covered(each, names) and covered(each, current.names)]


def want_certificate(
    account: Account,
    files: CertificateFiles,
    domains: Iterable[str],
    now: Present,
    told: set[str] | None = None,
) -> Wanted:
    """Want a certificate on every https site that serves one of ``domains``.

    :param told: what has been warned of
    :returns: what is to be wanted; what has been wanted so far stays as it is
    :raises certbot.errors.PluginError: names every domain that would be on no site
    """
    wanted = copy.deepcopy(account.books.wanted)
    names, source = files.names(), Source.of(files)
    handle = account.books.journal.handle_of(source.name)
    found = find_sites(names, domains, handle, now, account)
    if found.refusals:
        raise errors.PluginError(_nowhere(source, names, found.refusals, account))
    for reason in sorted(found.left):
        logger.warning("The certificate %s was not put everywhere: %s", source.name, reason)
    _let_go(wanted, source, names, account.phrases)
    warn_of_losses(found, set() if told is None else told)
    for key, site in found.sites.items():
        if site.exists:
            _attach(wanted, site, source, found.names[key])
        else:
            _make(wanted, site, source, found.names[key])
    return wanted


def _attach(wanted: Wanted, site: HttpsSite, source: Source, names: list[str]) -> None:
    before = wanted.sites.get(site.id)
    if before and before.made_from:  # its names are those that it was made for
        wanted.sites[site.id] = WantedSite(source, before.names, before.made_from, site.label)
    else:
        wanted.sites[site.id] = WantedSite(source, names, label=site.label)


def _make(wanted: Wanted, site: HttpsSite, source: Source, names: list[str]) -> None:
    """Want a site that does not exist yet, or its names on the one that we made for others."""
    for want in wanted.sites.values():
        if want.made_from == site.made_from and want.source == source:
            want.names += [name for name in names if name not in want.names]
            return
    key, label = site.id, site.label
    for number in itertools.count(2):
        if key not in wanted.sites:  # of another certificate, and yet to be made, too
            break
        key, label = f"{site.id}_{number}", f"{site.label}_{number}"
    wanted.sites[key] = WantedSite(source, names, site.made_from, label)


def _let_go(wanted: Wanted, source: Source, names: tuple[str, ...], phrases: Phrases) -> None:
    """Warn of names that sites present this certificate for, and that it no longer covers."""
    for key in wanted.sites_of(source):
        want = wanted.sites[key]
        lost = [own for own in want.names if not covered(own, names)]
        if not lost:
            continue
        if not want.made_from:
            want.names = [own for own in want.names if own not in lost]
        logger.warning(
            "The certificate %s no longer covers %s, which the %s may serve: browsers warn its"
            " visitors then. Take it off that website in the panel, or cover it again: `%s`",
            source.name,
            ", ".join(lost),
            want.label,
            phrases.get((*names, *lost)),
        )


def _nowhere(
    source: Source, names: Sequence[str], refusals: dict[str, str], account: Account
) -> str:
    text = (
        f"The certificate {source.name} can't be installed for every domain on it:\n"
        f"{by_reason(refusals)}\nNo https website was changed. Create what is missing on the panel,"
        f" then run `{account.phrases.install(source.name)}`."
    )
    left = [name for name in names if name not in refusals]
    return f"{text} {account.way_on(source.lineage, left)}".strip()


def by_reason(refusals: dict[str, str]) -> str:
    """A line for each reason, with all domains that it is given for."""
    domains = grouped(refusals.items())
    return "\n".join(f"  {', '.join(names)}: {reason}" for reason, names in domains.items())


def acknowledge(books: Books, source: Source, domains: Sequence[str], now: Present) -> None:
    """Take note of what somebody changed by hand, before ``domains`` are installed anew.

    What was taken from us is no longer wanted, so that a rollback brings back what was found now;
    what is gone from the panel is forgotten, so that it is made again, and so is a certificate
    whose content somebody replaced. Both documents change in memory.
    """
    reached = {site.id for domain in domains for site in now.https.reached(domain)}
    for key in list(books.wanted.sites):
        site = now.https.by_id.get(key)
        change = books.journal.find(Change.SITE, key)
        if site is None or not site.exists:
            _acknowledge_gone(books, key, change)
        elif key in reached and change is not None:
            _acknowledge_changed(books, site, change)
    _acknowledge_replaced(books, source, now)


def _acknowledge_gone(books: Books, key: str, change: Change | None) -> None:
    if change.done if change else not books.wanted.sites[key].made_from:
        del books.wanted.sites[key]
        books.journal.drop_field(Change.SITE, key)


def _acknowledge_changed(books: Books, site: HttpsSite, change: Change) -> None:
    is_ours = site.holds == change.after["certificate"]
    if change.before is not None and change.done and not is_ours:
        del books.wanted.sites[site.id]
        books.journal.drop(change)
    elif change.before is None and not (is_ours and set(change.after["names"]) <= set(site.names)):
        change.done = False


def _acknowledge_replaced(books: Books, source: Source, now: Present) -> None:
    stored = books.journal.find(Change.CERTIFICATE, source.name)
    if stored is None:
        return
    held = now.certificate(stored.after["certificate"])
    if held is None or stored.after["fingerprint"] not in fingerprints(held.leaf):
        books.journal.drop(stored)


def acknowledge_redirects(books: Books, domain: str, now: Present) -> bool:
    """Forget the redirects for ``domain`` that somebody took away by hand.

    :returns: whether there were any; both documents have changed in memory then
    """
    gone = [
        change
        for site in now.http.reached(domain)
        if (change := books.journal.find(Change.REDIRECT, site.id))
        and change.done
        and not site.redirects
    ]
    for change in gone:
        books.journal.drop(change)
        books.wanted.redirects.pop(change.on, None)
    return bool(gone)


def sites_to_redirect(
    account: Account, domain: str, now: Present, *, asked: bool
) -> list[HttpSite]:
    """The http sites that serve ``domain`` and are to redirect to https.

    Where the user did not ask for the redirect (it is certbot's default), a site that can't be
    redirected does not keep others from it; a warning names it.

    :param asked: whether the user asked for it
    :raises certbot.errors.PluginEnhancementAlreadyPresent: if all of them already do
    :raises certbot.errors.PluginError: if a name of such a site would be sent to an https site that
        has no unexpired certificate for it, or to none
    """
    sites = now.http.reached(domain)
    if not sites:
        raise errors.PluginError(
            f"No http website serves {domain}, so there is nothing to redirect to https."
        )
    new = [site for site in sites if site.id not in account.books.wanted.redirects]
    if not new:
        raise errors.PluginEnhancementAlreadyPresent(f"{domain} is already redirected to https.")
    refusals = {site.id: why for site in new if (why := _why_dark(site, account, now))}
    if refusals and (asked or len(refusals) == len(new)):
        raise errors.PluginError("\n".join(refusals.values()))
    for refusal in refusals.values():
        logger.warning("%s", refusal)
    return [site for site in new if site.id not in refusals]


def _why_dark(site: HttpSite, account: Account, now: Present) -> str:
    """Why a redirect would send visitors of a site to an error; ``""`` if it would not."""
    dark = [own for own in site.names if not _secured(own, account, now)]
    if not dark:
        return ""
    return (
        f"The {site.label} was not redirected: it also serves {', '.join(dark)}, for which no https"
        " website has an unexpired certificate, so visitors would be sent to an error."
        f" {_one_certificate(site.names, account)}"
    )


def _secured(domain: str, account: Account, now: Present) -> bool:
    """Whether an https site has an unexpired certificate for a name."""
    books, at = account.books, datetime.datetime.now(datetime.timezone.utc)
    ours = {books.journal.handle_of(source.name): source for source in books.wanted.sources()}
    for site in now.https.serving(domain):
        source = ours.get(site.holds or "")
        files = source.files(account.lineages) if source else None
        if files and files.exist():
            if covered(domain, files.names()) and files.expires() > at:
                return True
            continue
        known = now.held_by(site)
        if known and covered(domain, known.names) and not _expired(known):
            return True
    return False


def _expired(certificate: Certificate) -> bool:
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return certificate.expires is not None and certificate.expires < today
