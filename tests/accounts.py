"""Accounts for tests, around any panel, without a credentials file and without certbot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from certbot_webfaction.account import Account, Memory
from certbot_webfaction.books import Books
from certbot_webfaction.hosts.host import Host, Options
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.phrases import Phrases
from certbot_webfaction.web.route import Route


def make_account(
    directory: Path,
    panel: IPanel,
    host: Host = WEBFACTION,
    *,
    files: str = "auto",
    wait: int = 0,
    route: Route | None = None,
    own: Mapping[str, str | None] | None = None,
) -> Account:
    """An account around a panel, as a new process opens it.

    The books lie below the directory, and are written empty where they are missing. So do the
    lineages, which `tests.lineages.writing.write_lineage` writes there.

    :param own: the host's own options, by their names without prefix
    """
    credentials = directory / f"{host.name}.ini"
    options = Options(
        credentials=credentials,
        default_credentials=credentials,
        api_url=None,
        files=files,
        wait=wait,
        route=route or Route(),
        own={**{name: each.get("default") for name, each in host.options.items()}, **(own or {})},
    )
    books = Books(directory / host.name / "alice@panel.test", host.carry_over)
    if not books.journal_path.exists():
        books.save()
    books.read()
    lineages = Lineages(
        live=directory / "live",
        archive=directory / "archive",
        renewal=directory / "renewal",
        deploy_hooks=directory / "renewal-hooks" / "deploy",
    )
    phrases = Phrases(host.name, host.dns_plugin or host.name)
    return Account(host, options, lambda: panel, lineages, phrases, Memory(lambda: panel, books))
