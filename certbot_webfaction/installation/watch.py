"""Seeing that certificates are served, not just uploaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from certbot import util

from certbot_webfaction.account import Account, Memory
from certbot_webfaction.hosts.host import Options
from certbot_webfaction.web import workers
from certbot_webfaction.web.served import Expected, wait_until_served

logger = logging.getLogger(__name__)


class ServedWatch:
    """Looks at what names serve.

    :param at_the_end: whether to look once, for all lineages, at the end of the process, as a
        ``certbot renew`` does
    """

    def __init__(self, account: Account, *, quiet: bool, at_the_end: bool) -> None:
        self._options = account.options
        self._memory = account.memory
        self._quiet = quiet
        self._at_the_end = at_the_end
        self._seen: dict[str, Expected] = {}

    def expect(self, expected: Mapping[str, Expected]) -> None:
        """Look at these names: now, or at the end of the process."""
        if not self._at_the_end:
            self.wait(expected)
        elif expected:
            if not self._memory.looks:
                workers.start(len(expected))
                util.atexit_register(_look_at_the_end, self._memory, self._options, self._quiet)
            self._memory.looks.update(expected)

    def wait(self, expected: Mapping[str, Expected]) -> None:
        """Wait until these names serve what is expected, and warn of those that do not."""
        new = {name: entry for name, entry in expected.items() if self._seen.get(name) != entry}
        if new:
            _look(new, self._options, self._quiet)
            self._seen.update(new)


def _look_at_the_end(memory: Memory, options: Options, quiet: bool) -> None:
    _look(memory.looks, options, quiet)
    memory.looks = {}


def _look(expected: Mapping[str, Expected], options: Options, quiet: bool) -> None:
    if options.wait == 0:
        return
    findings = wait_until_served(expected, options.route, options.wait, quiet=quiet)
    if findings:
        lines = "\n".join(f"  {name}: {finding}" for name, finding in findings.items())
        logger.warning(
            "After %d seconds the new certificate is not yet served everywhere:\n%s\n"
            "The panel has it. Web servers take it over with a delay; if it lasts, run"
            " `certbot-webfaction doctor`.",
            options.wait,
            lines,
        )
