"""Where the account is not yet as it is wanted, told by the documents and the leaves on disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from certbot import configuration, errors

from certbot_webfaction.books.journal import Journal, Uploaded
from certbot_webfaction.books.wanted import REDIRECT_APP, Wanted, WantedWebsite

logger = logging.getLogger(__name__)


class Problem(NamedTuple):
    """Something that could not be done, told to the user.

    ``about`` is the name of a certificate on the panel, or of an http website that is to redirect.
    """

    about: str
    text: str


class Differences(NamedTuple):
    """Where wanted and journal differ, each a sequence of names; false when all is in step.

    ``unreadable`` tells of certificates on disk that can't be read; what concerns them is in none
    of the others.
    """

    uploads: Sequence[str] = ()
    websites: Sequence[str] = ()
    redirects: Sequence[str] = ()
    undo_redirects: Sequence[str] = ()
    undo_websites: Sequence[str] = ()
    undo_app: bool = False
    unreadable: Sequence[Problem] = ()

    def __bool__(self) -> bool:
        return any(self._replace(unreadable=()))


def differences(
    wanted: Wanted, journal: Journal, config: configuration.NamespaceConfig
) -> Differences:
    """Compare the two documents and the leaves on disk, without a call to the panel."""
    uploads, unreadable = [], {}
    for name in wanted.used_certificates():
        files = wanted.certificates[name].files(config)
        try:
            current = Uploaded(files.source, files.fingerprint(), done=True)
        except errors.PluginError as error:
            unreadable[name] = Problem(name, str(error))
            continue
        if journal.uploads.get(name) != current:
            uploads.append(name)
    touched = {**journal.certificates, **journal.websites}
    return Differences(
        uploads=uploads,
        websites=[
            name
            for name, website in wanted.websites.items()
            if website.certificate not in unreadable and not _in_step(name, website, journal)
        ],
        redirects=[
            name
            for name in wanted.redirects
            for content in [journal.contents.get(name)]
            if content is None or not content.done
        ],
        undo_redirects=[name for name in journal.contents if name not in wanted.redirects],
        undo_websites=[name for name in touched if name not in wanted.websites],
        undo_app=REDIRECT_APP in journal.apps and not wanted.redirects,
        unreadable=list(unreadable.values()),
    )


def _in_step(name: str, website: WantedWebsite, journal: Journal) -> bool:
    changed, made = journal.certificates.get(name), journal.websites.get(name)
    if made is not None and website.made_from:
        return (
            made.done
            and made.certificate == website.certificate
            and list(made.domains) == website.domains
        )
    return changed is not None and changed.done and changed.ours == website.certificate


def forget_gone(wanted: Wanted, journal: Journal, config: configuration.NamespaceConfig) -> bool:
    """Forget the certificates whose files are gone, as after `certbot delete`.

    :returns: whether there were any; the caller saves both documents then
    """
    gone = [name for name, entry in wanted.certificates.items() if not entry.files(config).exist()]
    for name in gone:
        logger.info(
            "The certificate %s is gone from this machine. Its copy %s stays on the panel for the"
            " websites that use it, and will not be renewed there.",
            wanted.certificates[name].source,
            name,
        )
        del wanted.certificates[name]
        journal.uploads.pop(name, None)
    for website, want in list(wanted.websites.items()):
        if want.certificate in gone:
            del wanted.websites[website]
            journal.certificates.pop(website, None)
            journal.websites.pop(website, None)
    return bool(gone)
