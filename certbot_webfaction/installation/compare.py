"""Where the account is not yet as it is wanted, told by the books and the leaves on disk."""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass

from certbot import errors

from certbot_webfaction.books import Books
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Source, WantedSite
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.panel.model import Change

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Something that could not be done, told to the user.

    ``about`` is the source of a certificate, or the identity of an http site that is to redirect.
    """

    about: str
    text: str


@dataclass(frozen=True)
class Differences:
    """Where *wanted* and the journal differ; false when all is in step.

    ``certificates`` are sources, the next four identities of sites, ``leftovers`` what was made for
    redirects or to keep certificates, and serves none any more. ``unreadable`` tells of
    certificates on disk that can't be read; what concerns them is in none of the others.
    """

    certificates: Sequence[Source] = ()
    sites: Sequence[str] = ()
    redirects: Sequence[str] = ()
    undo_redirects: Sequence[str] = ()
    undo_sites: Sequence[str] = ()
    leftovers: Sequence[Change] = ()
    unreadable: Sequence[Failure] = ()

    def __bool__(self) -> bool:
        return any(found for name, found in vars(self).items() if name != "unreadable")


def compare(books: Books, lineages: Lineages) -> Differences:
    """Compare the two documents and the leaves on disk, without a call to the panel."""
    wanted, journal = books.wanted, books.journal
    certificates, unreadable = _out_of_step(books, lineages)
    sites = sites_out_of_step(books, {source.name for source in unreadable})
    return Differences(
        certificates=certificates,
        sites=sites,
        redirects=[key for key in wanted.redirects if not _is_done(Change.REDIRECT, key, journal)],
        undo_redirects=_unwanted(journal, Change.REDIRECT, wanted.redirects),
        undo_sites=_unwanted(journal, Change.SITE, wanted.sites),
        leftovers=[
            *([] if wanted.redirects else journal.made_for(Change.REDIRECT)),
            *([] if certificates or sites else _unused(books)),
        ],
        unreadable=list(unreadable.values()),
    )


def sites_out_of_step(books: Books, unreadable: Container[str]) -> list[str]:
    """The sites that do not present what they are to, by the books.

    :param unreadable: the sources whose leaf can't be read, by name: what presents them stays
    """
    return [
        key
        for key, want in books.wanted.sites.items()
        if want.source.name not in unreadable and not _is_installed(key, want, books.journal)
    ]


def _out_of_step(books: Books, lineages: Lineages) -> tuple[list[Source], dict[Source, Failure]]:
    """The sources whose leaf the panel does not have, and those whose leaf can't be read."""
    certificates: list[Source] = []
    unreadable: dict[Source, Failure] = {}
    for source in books.wanted.sources():
        try:
            files = source.files(lineages)
            is_stored = _is_stored(books.journal.find(Change.CERTIFICATE, source.name), files)
        except errors.PluginError as error:
            unreadable[source] = Failure(source.name, str(error))
            continue
        if not is_stored:
            certificates.append(source)
    return certificates, unreadable


def _unwanted(journal: Journal, what: str, wanted: Container[str]) -> list[str]:
    return [change.on for change in journal.all(what) if change.on not in wanted]


def _is_stored(change: Change | None, files: CertificateFiles) -> bool:
    fingerprint = files.fingerprint()
    if change is None or not change.done or change.after["fingerprint"] != fingerprint:
        return False
    # A lineage's chain changes with its leaf alone; somebody's own files may get one later.
    chain = change.after.get("chain")
    return chain is None or chain == list(files.chain_fingerprints())


def _is_installed(key: str, want: WantedSite, journal: Journal) -> bool:
    change = journal.find(Change.SITE, key)
    if change is None or not change.done:
        return False
    is_made = change.before is None
    return change.after["certificate"] == journal.handle_of(want.source.name) and (
        not is_made or change.after["names"] == want.names
    )


def _unused(books: Books) -> list[Change]:
    """What was made to keep certificates that no site is to present any more."""
    journal = books.journal
    used = {journal.handle_of(source.name) for source in books.wanted.sources()}
    used |= {change.after["certificate"] for change in journal.all(Change.SITE)}
    return [each for each in journal.made_for(Change.CERTIFICATE) if each.on not in used]


def _is_done(what: str, key: str, journal: Journal) -> bool:
    change = journal.find(what, key)
    return change is not None and change.done


def _is_to_be_handed_back(change: Change | None) -> bool:
    return change is not None and bool((change.before or {}).get("kept_by_host"))


def forget_gone(books: Books, lineages: Lineages) -> bool:
    """Forget the certificates whose files are gone, as after `certbot delete`.

    What the host itself saw to before us is only wanted no more, and is undone therefore.

    :returns: whether there were any; the caller saves the books then
    """
    wanted, journal = books.wanted, books.journal
    gone = [source for source in wanted.sources() if not source.files(lineages).exist()]
    for source in gone:
        logger.info(
            "The certificate %s is gone from this machine. Its copy stays on the panel for the"
            " websites that use it, and will not be renewed there.",
            source.name,
        )
        for key in wanted.sites_of(source):
            del wanted.sites[key]
            if not _is_to_be_handed_back(journal.find(Change.SITE, key)):
                journal.drop_field(Change.SITE, key)
        journal.drop_field(Change.CERTIFICATE, source.name)
    return bool(gone)
