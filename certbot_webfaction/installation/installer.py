"""What certbot asks an installer to do, on one account, without certbot."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.account import Account
from certbot_webfaction.books.wanted import Source, Wanted
from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.installation.compare import Failure, compare, forget_gone
from certbot_webfaction.installation.decide import (
    Present,
    acknowledge,
    acknowledge_redirects,
    by_reason,
    find_sites,
    sites_to_redirect,
    want_certificate,
    warn_of_losses,
)
from certbot_webfaction.installation.reconcile import Watch, reconcile
from certbot_webfaction.installation.watch import ServedWatch, tell_unfinished
from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.names import a_label
from certbot_webfaction.replacing import version

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """What an installer has to know of the run of certbot that it is in.

    ``redirect`` tells whether the user asked for it; ``authenticator`` is that of the run or of the
    lineage that is installed, ``""`` for none.
    """

    verb: str
    quiet: bool = False
    redirect: bool = False
    authenticator: str = ""


class Installer:
    """Installs certificates on an account, and undoes that.

    *Wanted* is to it what a web server's configuration is to others: `save` writes what `deploy`
    and `redirect` asked for, `restart` brings the panel to it, `roll_back` restores it.

    :param watch: looks at what is served
    """

    def __init__(self, account: Account, run: Run, watch: Watch | None = None) -> None:
        self.account = account
        self.run = run
        self._given_watch = watch
        self._deploying: tuple[CertificateFiles, list[str]] | None = None
        self._redirecting: dict[str, str] = {}
        self._concerned: set[str] = set()
        self._told: list[Failure] = []
        self._warned: set[str] = set()
        self._has_checkpoint = False

    def names(self) -> set[str]:
        """The names of the account's http and https sites; http-01 can't answer for a wildcard."""
        panel = self.account.panel
        names = {name for site in panel.http_sites() for name in site.names}
        names |= {name for site in panel.https_sites() for name in site.names}
        return {a_label(name) for name in names if not name.startswith("*.")}

    def check(self, names: Sequence[str], lineage: str) -> None:
        """Refuse before a certificate is issued what `save` would refuse after.

        :param names: those that are to be on it
        :param lineage: what it is to renew or expand, ``""`` for none
        :raises certbot.errors.PluginError: names every domain that it could be installed for
            nowhere
        """
        account = self.account
        account.read_books()
        handle = account.books.journal.handle_of(lineage)
        found = find_sites(names, names, handle, Present(account.panel), account)
        if found.refusals:
            left = [name for name in names if name not in found.refusals]
            raise ExplainedError(
                "A certificate could not be installed for every domain that is named, so the CA was"
                f" not asked:\n{by_reason(found.refusals)}\n",
                "Create what is missing on the panel, or name fewer domains, and run the command"
                f" again. {account.way_on(lineage, left)}".rstrip(),
            )
        warn_of_losses(found, self._warned)

    def deploy(self, files: CertificateFiles, domain: str) -> None:
        """Take a domain; all of a certificate's are decided on together, in `save`."""
        if self._deploying is None:
            self._deploying = files, []
        self._deploying[1].append(domain)

    def redirect(self, domain: str) -> None:
        """Want the http sites that serve a domain to redirect to https.

        :raises certbot.errors.PluginEnhancementAlreadyPresent: if they do already
        :raises certbot.errors.PluginError: if a name would be hidden that https does not serve;
            only a warning where the redirect is certbot's default
        """
        account, asked = self.account, self.run.redirect
        if self.run.authenticator == "webroot" and asked:
            logger.warning(
                "Renewals of the certificate for %s may fail now: they put files into a website's"
                " own directory (-a webroot), which a redirect hides. Issue it with -a %s to have"
                " both.",
                domain,
                account.host.name,
            )
        elif self.run.authenticator == "webroot":
            logger.warning(
                "%s was not redirected to https: its certificate is renewed by files in the http"
                " website's own directory (-a webroot), which a redirect would hide. Issue it with"
                " -a %s to have both.",
                domain,
                account.host.name,
            )
            return
        now = Present(account.panel)
        account.read_books()
        if acknowledge_redirects(account.books, domain, now):
            account.books.save()
        try:
            for site in sites_to_redirect(account, domain, now, asked=asked):
                self._redirecting[site.id] = site.label
        except errors.PluginEnhancementAlreadyPresent:
            raise
        except errors.PluginError as error:
            if asked:
                raise
            logger.warning("%s", error)

    def save(self, checkpoint: Callable[[Path], None]) -> bool:
        """Decide what is wanted, and write it if it is something new.

        :param checkpoint: keeps a file as it is, before it is written
        :returns: whether it was
        :raises certbot.errors.PluginError: if a domain of a certificate would be on no site
        """
        books = self.account.books
        self.account.read_books()
        deploying = self._deploying
        wanted = self._want(*deploying) if deploying else copy.deepcopy(books.wanted)
        wanted.redirects.update(self._redirecting)
        self._concerned.update(self._redirecting)
        self._deploying, self._redirecting = None, {}
        self._has_checkpoint = wanted != books.wanted
        if self._has_checkpoint:
            checkpoint(books.wanted_path)
            books.wanted = wanted
            books.save_wanted()
        return self._has_checkpoint

    def roll_back(self, restore: Callable[[], None]) -> None:
        """Restore what was wanted; `restart` brings the panel there.

        In other verbs than ``rollback`` certbot calls this after a failed `restart`. What `save`
        found unchanged made no checkpoint then, and an older one is not its to take back.

        :param restore: puts the file back that `save` had kept
        """
        if self.run.verb != "rollback" and not self._has_checkpoint:
            return
        self._has_checkpoint = False
        self.account.read_books()
        books = self.account.books
        wanted, there = books.wanted, version(books.wanted_path)
        before = wanted.sources()
        restore()
        self.account.read_books()
        after = books.wanted.sources()
        is_restored = version(books.wanted_path) != there
        is_same = books.wanted == wanted and not compare(books, self.account.lineages)
        if self.run.verb == "rollback" and is_restored and is_same:
            logger.warning(
                "What was rolled back had changed nothing on the panel, as where a redirect was"
                " refused. Run the same command again to take back what was done before that."
            )
        for source in before if self.account.panel.abilities.keeps_certificates else ():
            handle = books.journal.handle_of(source.name)
            if handle and source not in after:
                logger.warning(
                    "The certificate %s stays on the panel as it is now; what it held before"
                    " certbot-webfaction uploaded it can't be brought back.",
                    source.name,
                )

    def restart(self) -> None:
        """Bring the panel to what is wanted; no call is made where it is there already.

        :raises certbot.errors.PluginError: names all that could not be done
        """
        try:
            self.account.read_books()
            failures = self._reconcile()
            if self.run.verb not in ("renew", "rollback"):
                # What `finish` has warned of fails no run that is about something else.
                failures = [
                    failure
                    for failure in failures
                    if failure.about in self._concerned or failure not in self._told
                ]
            _raise(failures)
        except errors.PluginError as error:
            if self.run.verb != "rollback":
                raise
            raise errors.PluginError(
                f"{error}\nThe rollback itself is noted. `certbot renew` does on the panel what is"
                " left of it; another `certbot rollback` would take back one more checkpoint, too."
            ) from error

    def finish(self) -> None:
        """Finish what an earlier run left, once in a process; what fails is warned of.

        In a renewal of many lineages, what one could not do the next one's `restart` tries again.
        """
        if self.account.memory.finished:
            return
        self.account.memory.finished = True
        try:
            self._told = self._reconcile()
            _raise(self._told)
        except errors.PluginError as error:
            tell_unfinished(error)

    def catch_up(self) -> None:
        """Make up for what failed in an earlier run, for all lineages, once in a process.

        :raises certbot.errors.PluginError: if it fails again
        """
        if self.account.memory.caught_up:
            return
        self.account.memory.caught_up = True
        _raise(self._reconcile(overdue=True))

    def has_installed(self, lineage: str) -> bool:
        """Whether a lineage is wanted anywhere."""
        return any(source.lineage == lineage for source in self.account.books.wanted.sources())

    def _want(self, files: CertificateFiles, domains: Sequence[str]) -> Wanted:
        """Note what was changed by hand, and decide on a certificate."""
        account, now, source = self.account, Present(self.account.panel), Source.of(files)
        acknowledge(account.books, source, domains, now)
        account.books.save()
        self._concerned.add(source.name)
        wanted = want_certificate(account, files, domains, now, self._warned)
        self._warn_of_renewals(files)
        _warn_of_content(files)
        return wanted

    def _warn_of_renewals(self, files: CertificateFiles) -> None:
        """Warn where a certificate is installed whose renewals would not come to us.

        `certbot install` leaves the renewal file as it is. A hook that deploys sees to it itself.
        """
        account = self.account
        renewal = account.lineages.renewal_of(files.lineage) if files.lineage else None
        if renewal and renewal.installer != account.host.name and self.run.verb != "deploy":
            file = account.lineages.renewal_file(renewal.lineage)
            logger.warning(
                "Renewals of the certificate %s will not reach the panel: its renewal file"
                " names %s. %s",
                renewal.lineage,
                renewal.installer or "no installer",
                account.phrases.reconfigure(renewal.lineage, file),
            )

    def _reconcile(self, *, overdue: bool = False) -> list[Failure]:
        """Compare the books, and bring the panel into step where they differ.

        :param overdue: whether an upload that is missing makes up for one that failed
        :returns: what could not be done; the rest was
        """
        account = self.account
        if forget_gone(account.books, account.lineages):
            account.books.save()
        found = compare(account.books, account.lineages)
        if not found:
            return list(found.unreadable)
        if overdue and found.certificates:
            names = ", ".join(source.name for source in found.certificates)
            display_util.notify(
                f"Renewed certificates are not yet on the panel: {names}. Uploading them now."
            )
        run = self.run
        left = reconcile(account, found, self._watch, asked=run.redirect, quiet=run.quiet)
        return [*found.unreadable, *left]

    @cached_property
    def _watch(self) -> Watch:
        return self._given_watch or ServedWatch(
            self.account, quiet=self.run.quiet, at_the_end=self.run.verb == "renew"
        )


def _warn_of_content(files: CertificateFiles) -> None:
    """Warn of what visitors would be warned of, or refuse, in a certificate that is installed."""
    if files.is_expired():
        logger.warning(
            "The certificate in %s expired on %s: every browser warns of it. Install a newer one.",
            files.leaf,
            f"{files.expires():%Y-%m-%d}",
        )
    if files.lacks_chain():
        logger.warning(
            "The certificate in %s comes without the chain from its CA, so that some browsers and"
            " most programs refuse it. Name the file that the CA gave with it by --chain-path FILE,"
            " or put its content behind the certificate.",
            files.leaf,
        )


def _raise(failures: Iterable[Failure]) -> None:
    if texts := [failure.text for failure in failures]:
        raise errors.PluginError("\n".join(texts))
