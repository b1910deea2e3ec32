"""Rebuilding documents that are damaged or missing, from the panel and the lineages."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from certbot import configuration
from certbot.display import util as display_util

from certbot_webfaction.account import HostAccount
from certbot_webfaction.books import document
from certbot_webfaction.books.documents import wanted_path
from certbot_webfaction.books.journal import (
    ChangedCertificate,
    ChangedContent,
    Journal,
    MadeApp,
    MadeWebsite,
    Uploaded,
)
from certbot_webfaction.books.wanted import (
    REDIRECT_APP,
    Wanted,
    WantedCertificate,
    WantedWebsite,
)
from certbot_webfaction.hosts.webfaction.model import Certificate, Website
from certbot_webfaction.installation import redirect
from certbot_webfaction.lineages.files import (
    CertificateFiles,
    fingerprints,
    lineage_files,
    read_pem,
)
from certbot_webfaction.lineages.renewals import read_renewals
from certbot_webfaction.names import covered


def rebuild(
    account: HostAccount,
    config: configuration.NamespaceConfig,
    installer: str,
    wanted: Wanted | None,
    journal: Journal | None,
) -> tuple[Wanted, Journal]:
    """Rebuild the documents that are missing, write them, and return both.

    Without either, and without a lineage that the account's panel may have, they are new.

    :param installer: the name that renewal files know the installer by
    :param wanted: as it was read, `None` if it has to be rebuilt; likewise ``journal``
    :raises certbot.errors.PluginError: if the panel is needed and does not answer
    """
    uploaded = {entry.source for entry in journal.uploads.values()} if journal else set()
    lineages = _our_lineages(account, config, installer, uploaded)
    if wanted is None and journal is None and not lineages:
        wanted, journal = Wanted(), Journal()
        document.write(wanted_path(account), wanted)
        account.save(journal)
        return wanted, journal
    account.login()
    panel = account.panel
    if wanted is None:
        wanted = _wanted_from_panel(
            config, lineages, panel.certificates(), panel.websites(), journal or Journal()
        )
        document.write(wanted_path(account), wanted)
    if journal is None:
        journal = _journal_from_panel(wanted, panel.certificates(), panel.websites())
    else:
        _drop_unwanted(journal, wanted)
    account.save(journal)
    if wanted.certificates:
        display_util.notify(
            "Rebuilt what certbot-webfaction knows of the account from its panel: certificates"
            f" {', '.join(wanted.certificates)}."
        )
    return wanted, journal


def _our_lineages(
    account: HostAccount,
    config: configuration.NamespaceConfig,
    installer: str,
    uploaded: Collection[str],
) -> list[CertificateFiles]:
    """The lineages that were uploaded, or whose renewals use our installer for this account."""
    return [
        files
        for renewal in read_renewals(config)
        for files in [lineage_files(config, renewal.lineage)]
        if files.exist()
        and (
            renewal.lineage in uploaded
            or (renewal.installer == installer and account.renews(renewal, installer, config))
        )
    ]


def _wanted_from_panel(
    config: configuration.NamespaceConfig,
    lineages: list[CertificateFiles],
    certificates: tuple[Certificate, ...],
    websites: tuple[Website, ...],
    journal: Journal,
) -> Wanted:
    """What must have been wanted: the lineages that the panel has, where it uses them."""
    wanted = Wanted()
    for files in lineages:
        issued = _issued(config, files.lineage)
        for certificate in certificates:
            if set(fingerprints(certificate.leaf)) & issued:
                wanted.certificates[certificate.name] = WantedCertificate.of(files)
                for site in websites:
                    if site.https and site.certificate == certificate.name:
                        domains = [d for d in site.domains if covered(d, files.names())]
                        made = journal.websites.get(site.name)
                        wanted.websites[site.name] = (
                            WantedWebsite(certificate.name, list(made.domains), made.made_from)
                            if made
                            else WantedWebsite(certificate.name, domains)
                        )
    wanted.redirects = [
        site.name for site in websites if not site.https and site.content == redirect.CONTENT
    ]
    return wanted


def _issued(config: configuration.NamespaceConfig, name: str) -> set[str]:
    """The fingerprints of every leaf that the lineage ever had."""
    leaves = (Path(config.default_archive_dir) / name).glob("cert*.pem")
    return {found for leaf in leaves for found in fingerprints(read_pem(leaf))}


def _journal_from_panel(
    wanted: Wanted, certificates: tuple[Certificate, ...], websites: tuple[Website, ...]
) -> Journal:
    """What we must have done, as far as the panel shows it.

    What fields held before us is lost; they are noted to have held what they hold, so that an
    undo leaves them alone. Content behind a redirect is taken from the https website.
    """
    journal = Journal()
    for certificate in certificates:
        if entry := wanted.certificates.get(certificate.name):
            for leaf in fingerprints(certificate.leaf)[:1]:
                journal.uploads[certificate.name] = Uploaded(entry.source, leaf, done=True)
    for website in websites:
        want = wanted.websites.get(website.name) if website.https else None
        if want and want.made_from:
            journal.websites[website.name] = MadeWebsite(
                website.ip,
                tuple(want.domains),
                website.content,
                website.certificate,
                want.made_from,
                done=True,
            )
        elif want:
            journal.certificates[website.name] = ChangedCertificate(
                website.certificate, website.certificate, done=True
            )
        elif website.content == redirect.CONTENT and website.name in wanted.redirects:
            before = redirect.content_behind(website, websites) or website.content
            journal.contents[website.name] = ChangedContent(before, website.content, done=True)
            journal.apps[REDIRECT_APP] = MadeApp("", done=True)
    return journal


def _drop_unwanted(journal: Journal, wanted: Wanted) -> None:
    """Forget what a rebuilt *wanted* does not know, lest it be undone."""
    for entries in (journal.certificates, journal.websites):
        for name in set(entries) - set(wanted.websites):
            del entries[name]
    for name in set(journal.contents) - set(wanted.redirects):
        del journal.contents[name]
