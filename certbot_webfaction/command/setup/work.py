"""Getting and installing what is missing: one run of certbot after another."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from certbot.display import util as display_util

from certbot_webfaction.account import Account
from certbot_webfaction.command.setup.limits import Limits, limits_of
from certbot_webfaction.command.setup.missing import Step
from certbot_webfaction.command.setup.running import (
    Ca,
    is_dns_elsewhere,
    is_refused_for_domain,
    line_of,
    run_certbot,
    why_all_fail,
)
from certbot_webfaction.phrases import CAN_RECONFIGURE
from certbot_webfaction.text import grouped, listed


@dataclass
class Work:
    """What is done for an account, one certificate after another.

    ``options`` are those of each certbot, ``redirect`` those of one that installs. ``failed`` is
    what went wrong, each a paragraph to print, ``waiting`` are the names that are left for another
    run, each with why and until when. ``got`` counts certificates that were asked for, ``wasted``
    those that were got last and not installed.
    """

    account: Account
    ca: Ca
    redirect: Sequence[str]
    options: Sequence[str]
    dry_run: bool = False
    failed: list[str] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    got: int = 0
    secured: int = 0
    wasted: int = 0

    def do(self, steps: Sequence[Step], most: int | None) -> None:
        """Take the steps, until one fails in a way in which all others would.

        After Ctrl-C what is left waits, and so does the one that was interrupted.

        :param most: how many certificates are got, `None` for all
        """
        number = 1
        try:
            for number, step in enumerate(steps, 1):
                if why := self._why_wait(step, most):
                    self.waiting.append((step.names[0], why))
                elif self.dry_run:
                    print("\n".join(map(line_of, self._runs(step))))
                else:
                    display_util.notify(f"{number} of {len(steps)}: {listed(step.names)}")
                    if why := self._take(step):
                        why = f"Ended at {number} of {len(steps)}, for all would fail: {why}"
                        self.failed.append(why)
                        return
        except KeyboardInterrupt:
            display_util.notify("")  # behind the terminal's ^C
            why = "this run was interrupted. Run it again"
            self.waiting += ((left.names[0], why) for left in steps[number - 1 :])
            raise

    def _why_wait(self, step: Step, most: int | None) -> str:
        """Why a certificate is not got in this run; ``""`` if it is, which counts as an order."""
        if step.installs:
            return ""
        now = datetime.datetime.now(datetime.timezone.utc)
        if full := self._limits.full(step.names, now):
            return full
        if self.got == most:
            return f"--limit {most} is reached. Run this again"
        self._limits.order(step.names, now)
        self.got += 1
        return ""

    @cached_property
    def _limits(self) -> Limits:
        return limits_of(self.account, self.ca.server)

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
        """Take a step, though with fewer names; return why all others would fail."""
        failed = len(self.failed)
        said = self._run(step)
        if step.otherwise and is_dns_elsewhere(said):
            wildcards = [name for name in step.names if name not in step.otherwise]
            self.failed[failed:] = [_failed(wildcards, said)]
            display_util.notify(f"  again without {listed(wildcards)}")
            said = self._run(replace(step, names=step.otherwise))
        if is_refused_for_domain(said):
            self._limits.refuse(step.names)
        if self.wasted == 2:
            return "two certificates, one after the other, were got and could not be installed."
        return why_all_fail(said, self.account, self.ca) if said else ""

    def _run(self, step: Step) -> str:
        """Run certbot for a step; return what it said if it failed."""
        before = self.account.lineages.issued(step.lineage)
        for words in self._runs(step):
            is_failed, said = run_certbot(words)
            if is_failed:
                said = said or "It ended without a word."
                display_util.notify("  failed")
                self.failed.append(_failed(step.names, said))
                is_wasted = self.account.lineages.issued(step.lineage) != before
                self.wasted = self.wasted + 1 if is_wasted else 0
                return said
            if said:
                display_util.notify(_indented(said))
        self.secured, self.wasted = self.secured + 1, 0
        return ""

    def tell_rest(self) -> None:
        """Print what came of it, what failed and what waits."""
        for reason, names in grouped(self.waiting).items():
            display_util.notify(f"Not yet: {listed(names, 10)}: {reason}.")
        for text in self.failed:
            print(text, flush=True)
        if not self.dry_run:
            display_util.notify(f"Secured: {self.secured}. Failed: {len(self.failed)}.")


def _failed(names: Sequence[str], said: str) -> str:
    return f"Failed: {listed(names)}\n{_indented(said)}"


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")
