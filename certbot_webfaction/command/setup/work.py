"""Getting and installing what is missing: one run of certbot after another."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from certbot import configuration

from certbot_webfaction.account import Account
from certbot_webfaction.command.setup.limits import limits_of
from certbot_webfaction.command.setup.missing import Step
from certbot_webfaction.command.setup.running import (
    is_dns_elsewhere,
    is_refused_for_domain,
    line_of,
    run_certbot,
    why_all_fail,
)
from certbot_webfaction.phrases import CAN_RECONFIGURE
from certbot_webfaction.text import grouped, listed

Say = Callable[[str], None]
"""Prints a line of what is not wrong."""


@dataclass
class Work:
    """What is done for an account, one certificate after another.

    ``options`` are those of each certbot, ``redirect`` those of one that installs. ``failed`` is
    what went wrong, each a paragraph to print, ``waiting`` are the names that a limit keeps, each
    with why and until when. ``wasted`` counts certificates that were got last and not installed.
    """

    account: Account
    config: configuration.NamespaceConfig
    redirect: Sequence[str]
    options: Sequence[str]
    say: Say
    dry_run: bool = False
    failed: list[str] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    secured: int = 0
    wasted: int = 0

    def do(self, steps: Sequence[Step], most: int | None) -> None:
        """Take the steps, until one fails in a way in which all others would.

        :param most: how many certificates are got, `None` for all
        """
        limits, got = limits_of(self.account, self.config.server), 0
        for number, step in enumerate(steps, 1):
            if not step.installs:
                now = datetime.datetime.now(datetime.timezone.utc)
                full = limits.full(step.names, now)
                if full or got == most:
                    why = full.words if full else f"--limit {most} is reached. Run this again"
                    self.waiting.append((step.names[0], why))
                    continue
                limits.order(step.names, now)
                got += 1
            if self.dry_run:
                for words in self._runs(step):
                    print(line_of(words))
                continue
            self.say(f"{number} of {len(steps)}: {listed(step.names)}")
            said = self._take(step)
            if is_refused_for_domain(said):
                limits.refuse(step.names)
            if why := self._why_all_fail(said):
                self.failed.append(f"Ended at {number} of {len(steps)}, for all would fail: {why}")
                return

    def _runs(self, step: Step) -> list[list[str]]:
        """The command lines of certbot for a step, without the program."""
        plugin, lineage = self.account.host.name, ["--cert-name", step.lineage]
        named = [word for name in step.names for word in ("-d", name)]
        last = [*lineage, *step.options, *named, *self.redirect, *self.options]
        if not step.installs:
            return [["run", "-n", "-a", plugin, "-i", plugin, *last]]
        runs = [["install", "-n", "-i", plugin, *last]]
        if step.reconfigures and CAN_RECONFIGURE:
            runs.insert(0, ["reconfigure", "-n", "-i", plugin, *lineage, *self.options])
        return runs

    def _take(self, step: Step) -> str:
        """Take a step; return what certbot said if it failed, though with fewer names."""
        failed = len(self.failed)
        said = self._run(step)
        if not (step.otherwise and is_dns_elsewhere(said)):
            return said
        wildcards = [name for name in step.names if name not in step.otherwise]
        self.failed[failed:] = [_failed(wildcards, said)]
        self.say(f"  again without {listed(wildcards)}")
        return self._run(replace(step, names=step.otherwise))

    def _run(self, step: Step) -> str:
        before = self.account.lineages.issued(step.lineage)
        for words in self._runs(step):
            outcome = run_certbot(words)
            if outcome.failed:
                said = outcome.said or "It ended without a word."
                self.say("  failed")
                self.failed.append(_failed(step.names, said))
                is_wasted = self.account.lineages.issued(step.lineage) != before
                self.wasted = self.wasted + 1 if is_wasted else 0
                return said
            if outcome.said:
                self.say(_indented(outcome.said))
        self.secured, self.wasted = self.secured + 1, 0
        return ""

    def _why_all_fail(self, said: str) -> str:
        if self.wasted == 2:
            return "two certificates, one after the other, were got and could not be installed."
        return why_all_fail(said, self.account, self.config) if said else ""

    def tell_rest(self) -> None:
        """Print what came of it, what failed and what waits."""
        for reason, names in grouped(self.waiting).items():
            self.say(f"Not yet: {listed(names, 10)}: {reason}.")
        for text in self.failed:
            print(text, flush=True)
        if not self.dry_run:
            self.say(f"Secured: {self.secured}. Failed: {len(self.failed)}.")


def _failed(names: Sequence[str], said: str) -> str:
    return f"Failed: {listed(names)}\n{_indented(said)}"


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")
