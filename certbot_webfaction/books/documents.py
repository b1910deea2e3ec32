"""Reading an account's two documents."""

from __future__ import annotations

from pathlib import Path

from certbot import configuration

from certbot_webfaction.account import HostAccount
from certbot_webfaction.books import document
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.lineages.files import is_there


def wanted_path(account: HostAccount) -> Path:
    """Where the account's document *wanted* lies."""
    return account.folder / "wanted.json"


def read_documents(
    account: HostAccount, config: configuration.NamespaceConfig, installer: str
) -> tuple[Wanted, Journal]:
    """Read *wanted* and the journal; rebuild what is damaged, or missing where it should not be.

    Without either, they are rebuilt where a renewal file names our installer for this account, so
    that a lost folder does not leave certificates on the panel to expire. Nothing on the panel
    changes.

    :param installer: the name that renewal files know the installer by
    :raises certbot.errors.PluginError: if the panel is needed and does not answer
    """
    wanted, journal = _read(account, Wanted), _read(account, Journal)
    if wanted is not None and journal is not None:
        return wanted, journal
    from certbot_webfaction.books.rebuild import rebuild  # seldom needed

    return rebuild(account, config, installer, wanted, journal)


def _read(account: HostAccount, kind: type[document.T]) -> document.T | None:
    """Read one of the documents; `None` if it has to be rebuilt."""
    path = wanted_path(account) if kind is Wanted else account.journal_path
    try:
        return document.read(path, kind) if is_there(path) else None
    except document.DamagedError:
        return None
