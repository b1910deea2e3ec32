"""Seeing that certificates are served, not just uploaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from certbot import errors, util

from certbot_webfaction.account import Account
from certbot_webfaction.installation.compare import Failure
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.web import workers
from certbot_webfaction.web.served import Expected, wait_until_served

logger = logging.getLogger(__name__)


class ServedWatch:
    """Looks at what names serve.

    :param at_the_end: whether to look once, for all lineages, at the end of the process, as a
        ``certbot renew`` does
    """

    def __init__(self, account: Account, *, quiet: bool, at_the_end: bool) -> None:
        self._account = account
        self._quiet = quiet
        self._at_the_end = at_the_end
        self._seen: dict[str, Expected] = {}
        self._wrong: dict[str, str] = {}

    def expect(self, expected: Mapping[str, Expected]) -> None:
        """Look at these names: now, or at the end of the process."""
        if not self._at_the_end:
            self.wait(expected)
        elif expected:
            looks = self._account.memory.looks
            if not looks:
                util.atexit_register(_end, self._account, self._quiet)
            looks.update(expected)
            workers.start(len(looks))

    def finish(self, sweep: Callable[[], Sequence[Failure]]) -> None:
        """Sweep what is used no more: now, or at the end of a process that looks then."""
        memory = self._account.memory
        if memory.looks:
            memory.sweep = sweep
        else:
            sweep()

    def wait(self, expected: Mapping[str, Expected]) -> Mapping[str, str]:
        """Wait until these names serve what is expected, and warn of those that do not.

        :returns: for each of those, words for what it serves
        """
        new = {name: entry for name, entry in expected.items() if self._seen.get(name) != entry}
        if new:
            self._seen.update(new)
            self._wrong.update(_look(new, self._account, self._quiet))
        return {name: self._wrong[name] for name in expected if name in self._wrong}


def _end(account: Account, quiet: bool) -> None:
    memory = account.memory
    try:
        account.read_books()  # a deploy hook may have written them
        for failure in memory.sweep():
            tell_unfinished(failure.text)
    except errors.PluginError as error:
        tell_unfinished(error)
    _look(memory.looks, account, quiet)
    memory.looks = {}


def tell_unfinished(reason: object) -> None:
    """Warn of what the next run tries again."""
    logger.warning("An earlier change of the panel could not be completed yet: %s", reason)


def _look(expected: Mapping[str, Expected], account: Account, quiet: bool) -> dict[str, str]:
    options = account.options
    if options.wait == 0:
        return {}
    findings = wait_until_served(expected, options.route, options.wait, quiet=quiet)
    if findings and _serve_anew(account, findings):
        late = {name: expected[name] for name in findings}
        findings = wait_until_served(late, options.route, options.wait, quiet=quiet)
    if findings:
        lines = "\n".join(f"  {name}: {finding}" for name, finding in findings.items())
        logger.warning(
            "After %d seconds the new certificate is not yet served everywhere:\n%s\n"
            "The panel has it. Web servers take it over with a delay; if it lasts, run"
            " `certbot-webfaction doctor --host %s`. If a CDN stands before the website, %s"
            " ADDRESS looks past it, at the account's own server.",
            options.wait,
            lines,
            account.host.name,
            account.host.flag("connect-to"),
        )
    return findings


def _serve_anew(account: Account, names: Iterable[str]) -> bool:
    """Let the web server read the certificates of these names anew; whether it may do so now."""
    panel = account.panel
    if not panel.abilities.rereads:
        return False
    sites = Sites(panel.https_sites())
    late = {site.id: site for name in names for site in sites.serving(name) if site.holds}
    try:
        for site in late.values():
            panel.serve_anew(site)
    except errors.PluginError as error:
        logger.warning("The web server could not be told to read certificates anew: %s", error)
        return False
    return bool(late)
