"""Seeing that certificates are served, not just uploaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from certbot import configuration, util

from certbot_webfaction.account import Options
from certbot_webfaction.web import workers
from certbot_webfaction.web.served import Expected, wait_until_served

logger = logging.getLogger(__name__)

_put_off: dict[Options, dict[str, Expected]] = {}


class ServedWatch:
    """Looks at what domains serve. A `certbot renew` looks once, for all lineages, at its end."""

    def __init__(self, options: Options, config: configuration.NamespaceConfig) -> None:
        self._options = options
        self._quiet = config.quiet
        self._at_the_end = config.verb == "renew"
        self._seen: dict[str, Expected] = {}

    def expect(self, expected: Mapping[str, Expected]) -> None:
        """Look at these domains: now, or in a `certbot renew` after its last lineage."""
        if not self._at_the_end:
            self.wait(expected)
        elif expected:
            if not _put_off:
                workers.start(len(expected))
                util.atexit_register(_look_at_the_end, self._quiet)
            _put_off.setdefault(self._options, {}).update(expected)

    def wait(self, expected: Mapping[str, Expected]) -> None:
        """Wait until these domains serve what is expected, and warn of those that do not."""
        new = {name: entry for name, entry in expected.items() if self._seen.get(name) != entry}
        if new:
            _look(new, self._options, self._quiet)
            self._seen.update(new)


def _look_at_the_end(quiet: bool) -> None:
    for options, expected in _put_off.items():
        _look(expected, options, quiet)
    _put_off.clear()


def _look(expected: Mapping[str, Expected], options: Options, quiet: bool) -> None:
    if options.wait == 0:
        return
    findings = wait_until_served(expected, options.route, options.wait, quiet=quiet)
    if findings:
        lines = "\n".join(f"  {domain}: {finding}" for domain, finding in findings.items())
        logger.warning(
            "After %d seconds the new certificate is not yet served everywhere:\n%s\n"
            "The panel has it. Web servers take it over with a delay; if it lasts, run"
            " `certbot-webfaction doctor`.",
            options.wait,
            lines,
        )
