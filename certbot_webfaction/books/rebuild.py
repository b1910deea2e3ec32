"""Rebuilding books that are damaged or missing, from the panel and the lineages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from certbot.display import util as display_util

from certbot_webfaction.books import Books
from certbot_webfaction.books.wanted import Source, WantedSite
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.files import CertificateFiles, fingerprints
from certbot_webfaction.names import covered
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import Certificate, Change, HttpsSite


def rebuild(
    books: Books,
    lost: Collection[str],
    panel: IPanel,
    lineages: Lineages,
    installed: Sequence[str],
) -> None:
    """Rebuild the documents that were lost, and write both.

    Without either, and without a lineage that the panel may have, they are new, and the panel is
    not asked. Nothing on it changes. What was there before us is lost with the journal: it is
    noted to be what is there now, so that an undo leaves it alone.

    :param lost: ``wanted``, ``journal`` or both
    :param installed: the lineages whose renewals use our installer for this account
    :raises certbot.errors.PluginError: if the panel is needed and does not answer
    """
    uploaded = [change.on for change in books.journal.all(Change.CERTIFICATE)]
    ours = [
        files
        for files in map(lineages.files, dict.fromkeys([*uploaded, *installed]))
        if files.exist()
    ]
    if ours or len(lost) == 1:
        _rebuild_from_panel(books, lost, panel, lineages, ours)
    books.save()
    if books.wanted.sites:
        names = ", ".join(source.name for source in books.wanted.sources())
        display_util.notify(
            "Rebuilt what certbot-webfaction knows of the account from its panel: certificates"
            f" {names}."
        )


def _rebuild_from_panel(
    books: Books,
    lost: Collection[str],
    panel: IPanel,
    lineages: Lineages,
    ours: Sequence[CertificateFiles],
) -> None:
    panel.login()
    held = _held(panel, lineages, ours)
    if "wanted" in lost:
        _rebuild_wanted(books, panel, held)
    if "journal" in lost:
        _rebuild_journal(books, panel)
    else:
        _drop_unwanted(books)


def _held(
    panel: IPanel, lineages: Lineages, ours: Sequence[CertificateFiles]
) -> dict[str, CertificateFiles]:
    """The lineages that sites present, present or former leaf, by the handle on the panel."""
    by_leaf = {leaf: files for files in ours for leaf in lineages.issued(files.lineage)}
    held = {}
    for handle in dict.fromkeys(site.holds for site in panel.https_sites() if site.holds):
        certificate = panel.certificate(handle)
        for leaf in _leaf(certificate):
            if leaf in by_leaf:
                held[handle] = by_leaf[leaf]
    return held


def _leaf(certificate: Certificate | None) -> tuple[str, ...]:
    """The fingerprint of a certificate's leaf, if it can be told."""
    return fingerprints(certificate.leaf)[:1] if certificate else ()


def _rebuild_wanted(books: Books, panel: IPanel, held: dict[str, CertificateFiles]) -> None:
    for site in panel.https_sites():
        if site.holds in held:
            books.wanted.sites[site.id] = _wanted_site(books, site, held[site.holds])
    books.wanted.redirects = {site.id: site.label for site in panel.http_sites() if site.redirects}


def _wanted_site(books: Books, site: HttpsSite, files: CertificateFiles) -> WantedSite:
    change = books.journal.find(Change.SITE, site.id)
    source = Source.of(files)
    if change and change.before is None:  # we made it
        return WantedSite(
            source, list(change.after["names"]), change.after["made_from"], site.label
        )
    names = [own for own in site.names if covered(own, files.names())]
    return WantedSite(source, names, label=site.label)


def _rebuild_journal(books: Books, panel: IPanel) -> None:
    for site in panel.https_sites():
        if want := books.wanted.sites.get(site.id):
            field = {
                "certificate": site.holds,
                "names": list(want.names),
                "made_from": want.made_from,
                "state": site.state,
            }
            before = None if want.made_from else field
            books.journal.put(Change(Change.SITE, site.id, before, field, done=True))
            certificate = panel.certificate(site.holds) if site.holds else None
            for leaf in _leaf(certificate):
                after = {"certificate": site.holds, "fingerprint": leaf}
                books.journal.put(
                    Change(Change.CERTIFICATE, want.source.name, after=after, done=True)
                )
    for http in panel.http_sites():
        if http.redirects and http.id in books.wanted.redirects:
            label = {"label": http.label}
            books.journal.put(Change(Change.REDIRECT, http.id, http.state, label, done=True))


def _drop_unwanted(books: Books) -> None:
    """Forget what a rebuilt *wanted* does not know, lest it be undone."""
    for what, known in (
        (Change.SITE, books.wanted.sites),
        (Change.REDIRECT, books.wanted.redirects),
    ):
        for change in books.journal.all(what):
            if change.on not in known:
                books.journal.drop(change)
