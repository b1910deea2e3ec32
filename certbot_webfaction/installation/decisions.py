"""Deciding what is to be wanted of an account. Nothing here changes the panel."""

from __future__ import annotations

import copy
import datetime
import itertools
import logging
import re
from collections.abc import Iterable

from certbot import configuration, errors

from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import (
    Wanted,
    WantedCertificate,
    WantedWebsite,
    redirects,
)
from certbot_webfaction.hosts.webfaction.model import Certificate, Website, serving
from certbot_webfaction.hosts.webfaction.seen import FRESH, SharedPanel
from certbot_webfaction.lineages.files import CertificateFiles, fingerprints
from certbot_webfaction.names import covered, covers
from certbot_webfaction.phrases import get_command, install_command

logger = logging.getLogger(__name__)


class Seen:
    """The panel as it is now, for a decision; it is asked only for what the decision needs."""

    def __init__(self, panel: SharedPanel) -> None:
        self._panel = panel

    @property
    def websites(self) -> tuple[Website, ...]:
        """All websites of the account."""
        return self._panel.websites(FRESH)

    def serving(self, name: str, *, https: bool) -> list[Website]:
        """The https or http websites that requests for a name reach."""
        return serving(self.websites, name, https=https)

    def reached(self, domain: str, *, https: bool) -> list[Website]:
        """The https or http websites that a domain of a certificate is for.

        A wildcard is for every website that serves a name it covers.
        """
        if not domain.startswith("*."):
            return self.serving(domain, https=https)
        return [
            website
            for website in self.websites
            if website.https == https and any(covers(domain, own) for own in website.domains)
        ]

    def certificate(self, name: str) -> Certificate | None:
        """The certificate of this name, `None` for the shared one of the host."""
        return self._panel.certificate(name) if name else None

    def https_website(self, name: str) -> Website | None:
        """The https website of this name."""
        return self._panel.website(name, https=True)


def want_certificate(
    wanted: Wanted,
    files: CertificateFiles,
    domains: Iterable[str],
    seen: Seen,
    journal: Journal,
    config: configuration.NamespaceConfig,
) -> Wanted:
    """Want a certificate on every website that serves one of ``domains``.

    :param wanted: what has been wanted so far; it stays as it is
    :param seen: the panel as it is now
    :returns: what is to be wanted
    :raises certbot.errors.PluginError: names every domain that would be on no website
    """
    result = copy.deepcopy(wanted)
    names = files.names()
    name = certificate_name(wanted, files, names, seen, journal)
    result.certificates[name] = WantedCertificate.of(files)

    refusals: dict[str, str] = {}
    refused: set[str] = set()
    homeless: list[str] = []
    for domain in domains:
        websites = seen.reached(domain, https=True)
        reasons = [_attach(result, name, site, names, seen, config) for site in websites]
        given = [reason for reason in reasons if reason]
        without_https = _without_https(domain, seen)
        homeless += without_https
        if len(given) == len(websites) and not without_https:
            refusals[domain] = "; ".join(given) or "no website of the account serves it"
        else:
            refused.update(given)
    if refusals:
        raise errors.PluginError(_no_website(files, refusals, config))
    for reason in sorted(refused):
        logger.warning("The certificate %s was not put everywhere: %s", files.source, reason)
    for domain in homeless:
        _make_website(result, name, domain, seen)
    _let_go(result, name, names, config)
    return result


def _let_go(
    wanted: Wanted, name: str, names: tuple[str, ...], config: configuration.NamespaceConfig
) -> None:
    """Warn of domains that websites used this certificate for, and that it no longer covers."""
    for website, want in wanted.websites.items():
        lost = [own for own in want.domains if not covered(own, names)]
        if want.certificate == name and lost:
            if not want.made_from:
                want.domains = [own for own in want.domains if own not in lost]
            logger.warning(
                "The certificate %s no longer covers %s, which the https website %s may serve:"
                " browsers warn its visitors then. Take it off that website in the panel, or cover"
                " it again: `%s`",
                name,
                ", ".join(lost),
                website,
                get_command(config, (*names, *lost)),
            )


def acknowledge(
    wanted: Wanted, journal: Journal, source: WantedCertificate, domains: Iterable[str], seen: Seen
) -> None:
    """Take note of what somebody changed by hand, before ``domains`` are installed anew.

    What was taken from us is no longer wanted, so that a rollback brings back what was found now;
    what is gone from the panel is forgotten, so that it is made again, and so is a certificate
    whose content somebody replaced. Both documents change.
    """
    for name in list(wanted.websites):
        website = seen.https_website(name)
        changed, made = journal.certificates.get(name), journal.websites.get(name)
        if website is None:
            gone = changed or made
            if gone.done if gone else not wanted.websites[name].made_from:
                wanted.websites.pop(name)
                journal.certificates.pop(name, None)
                journal.websites.pop(name, None)
        elif any(website in seen.reached(domain, https=True) for domain in domains):
            if changed and changed.done and website.certificate != changed.ours:
                wanted.websites.pop(name)
                journal.certificates.pop(name)
            elif made and (
                website.certificate != made.certificate
                or not set(made.domains) <= set(website.domains)
            ):
                made.done = False
    for name, uploaded in list(journal.uploads.items()):
        if uploaded.source == source.source:
            held = seen.certificate(name)
            if held is None or uploaded.fingerprint not in fingerprints(held.leaf):
                del journal.uploads[name]


def acknowledge_redirects(wanted: Wanted, journal: Journal, domain: str, seen: Seen) -> bool:
    """Forget the redirects for ``domain`` that somebody took away by hand.

    :returns: whether there were any; both documents have changed then
    """
    gone = [
        website.name
        for website in seen.reached(domain, https=False)
        for content in [journal.contents.get(website.name)]
        if content and content.done and not redirects(website)
    ]
    for name in gone:
        del journal.contents[name]
        wanted.redirects.remove(name)
    return bool(gone)


def websites_to_redirect(
    wanted: Wanted, domain: str, seen: Seen, config: configuration.NamespaceConfig
) -> list[str]:
    """The names of the http websites that serve ``domain`` and are to redirect to https.

    Where the user did not ask for the redirect (it is certbot's default), a website that can't be
    redirected does not keep others from it; a warning names it.

    :raises certbot.errors.PluginEnhancementAlreadyPresent: if all of them already do
    :raises certbot.errors.PluginError: if a domain of such a website would be sent to an https
        website that has no unexpired certificate for it, or to none
    """
    websites = seen.reached(domain, https=False)
    if not websites:
        raise errors.PluginError(
            f"No http website serves {domain}, so there is nothing to redirect to https."
        )
    new = [website for website in websites if website.name not in wanted.redirects]
    if not new:
        raise errors.PluginEnhancementAlreadyPresent(f"{domain} is already redirected to https.")
    refusals = {}
    for website in new:
        dark = [own for own in website.domains if not _secured(own, wanted, seen, config)]
        if dark:
            refusals[website.name] = (
                f"The http website {website.name} was not redirected: it also serves"
                f" {', '.join(dark)}, for which no https website has an unexpired certificate, so"
                " visitors would be sent to an error. One certificate for all of its domains:"
                f" `{get_command(config, website.domains)}`"
            )
    if refusals and (config.redirect or len(refusals) == len(new)):
        raise errors.PluginError("\n".join(refusals.values()))
    for refusal in refusals.values():
        logger.warning("%s", refusal)
    return [website.name for website in new if website.name not in refusals]


def _secured(
    domain: str, wanted: Wanted, seen: Seen, config: configuration.NamespaceConfig
) -> bool:
    now = datetime.datetime.now(datetime.timezone.utc)
    for website in seen.serving(domain, https=True):
        entry = wanted.certificates.get(website.certificate)
        files = entry.files(config) if entry else None
        if files and files.exist():
            if covered(domain, files.names()) and files.expires() > now:
                return True
            continue
        known = seen.certificate(website.certificate)
        if known and covered(domain, known.domains) and not _expired(known):
            return True
    return False


def certificate_name(
    wanted: Wanted,
    files: CertificateFiles,
    names: tuple[str, ...],
    seen: Seen,
    journal: Journal,
) -> str:
    """The panel's name for a certificate.

    It is the lineage's with all but letters, digits and underscores replaced by ``_``, as
    letsencrypt_webfaction named its certificates. A number follows where somebody else's
    certificate has that name: one that is neither ours nor covered by the lineage.
    """
    for known in wanted.names_of(WantedCertificate.of(files)):
        return known
    plain = re.sub(r"[^A-Za-z0-9_]", "_", files.lineage or names[0])
    for number in itertools.count(1):
        name = plain if number == 1 else f"{plain}_{number}"
        if name in wanted.certificates:
            continue
        existing = seen.certificate(name)
        uploaded = journal.uploads.get(name)
        if (
            existing is None
            or (uploaded is not None and uploaded.source == files.source)
            or (existing.domains and all(covered(own, names) for own in existing.domains))
        ):
            return name
    raise AssertionError("unreachable")


def _attach(
    wanted: Wanted,
    name: str,
    website: Website,
    names: tuple[str, ...],
    seen: Seen,
    config: configuration.NamespaceConfig,
) -> str | None:
    """Want the certificate on an https website, or return why not."""
    current = seen.certificate(website.certificate)
    losing = [
        own
        for own in website.domains
        if current
        and current.name != name
        and not covered(own, names)
        and covered(own, current.domains)
        and not _expired(current)
    ]
    if current and losing:
        return (
            f"the https website {website.name} also serves {', '.join(losing)}, which the"
            f" certificate {current.name} covers there until {current.expires} and this one does"
            " not. The website was left as it is. One certificate for all of it:"
            f" `{get_command(config, (*website.domains, *names))}`"
        )
    covered_here = [own.lower() for own in website.domains if covered(own, names)]
    before = wanted.websites.get(website.name)
    made_from = before.made_from if before else ""
    domains = before.domains if before and made_from else covered_here
    wanted.websites[website.name] = WantedWebsite(name, domains, made_from)
    return None


def _expired(certificate: Certificate) -> bool:
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return certificate.expires is not None and certificate.expires < today


def _without_https(domain: str, seen: Seen) -> list[str]:
    """The names that http websites serve for a domain of the certificate and no https one does."""
    return [
        own.lower()
        for website in seen.reached(domain, https=False)
        for own in (website.domains if domain.startswith("*.") else [domain])
        if covers(domain, own) and not seen.serving(own, https=True)
    ]


def _make_website(wanted: Wanted, certificate: str, domain: str, seen: Seen) -> None:
    """Want an https website for a domain, or the domain on the one that we made for others."""
    source = seen.serving(domain, https=False)[0]
    for website in wanted.websites.values():
        if website.made_from == source.name and website.certificate == certificate:
            if domain not in website.domains:
                website.domains.append(domain)
            return
    name = source.name
    for number in itertools.count(2):
        if not seen.https_website(name) and name not in wanted.websites:
            break
        name = f"{source.name}_{number}"
    wanted.websites[name] = WantedWebsite(certificate, [domain], made_from=source.name)


def _no_website(
    files: CertificateFiles, refusals: dict[str, str], config: configuration.NamespaceConfig
) -> str:
    domains: dict[str, list[str]] = {}
    for domain, reason in refusals.items():
        domains.setdefault(reason, []).append(domain)
    reasons = "\n".join(f"  {', '.join(names)}: {reason}" for reason, names in domains.items())
    return (
        f"The certificate {files.source} can't be installed for every domain on it:\n{reasons}\n"
        "No https website was changed. Create what is missing on the panel, or name fewer domains,"
        f" then run `{install_command(config, files.source)}`."
    )
