"""The plugin ``webfaction``: authenticator (http-01) and installer."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acme import challenges
from certbot import achallenges, errors, interfaces
from certbot.display import util as display_util
from certbot.plugins import common

from certbot_webfaction.account import (
    HostAccount,
    add_options,
    open_account,
    read_options,
)
from certbot_webfaction.books import document
from certbot_webfaction.books.documents import read_documents, wanted_path
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted, WantedCertificate
from certbot_webfaction.installation.differences import Problem, differences, forget_gone
from certbot_webfaction.lineages.files import CertificateFiles, installed_files

# Every certbot run on the machine imports this module, and few go on to a challenge or the panel.
# What only those need is imported where it is used: `make bench` shows what is left.
if TYPE_CHECKING:
    from certbot_webfaction.installation.watch import ServedWatch

logger = logging.getLogger(__name__)

_installed: dict[tuple[str | None, str | None], set[str]] = {}
"""For each account that `generic_updates` has caught up with in this process, by the options that
name it (lest its credentials be read for every lineage), the lineages that are installed there.
They need no other look: their files change only in a renewal, which ends in `restart`."""

_finished: set[Path] = set()
"""The folders of the accounts on which `prepare` has finished, in this process, what was left."""

_settled: set[str | None] = set()
"""The credentials files of dns-webfaction whose accounts `generic_updates` has cleaned up."""


class Configurator(common.Configurator, interfaces.GenericUpdater):
    """Answers challenges through the panel's apps and installs certificates on its websites.

    As an installer it treats the document *wanted* as a web server's configuration: `save`
    checkpoints it, `restart` brings the panel to it, `rollback_checkpoints` restores it.
    """

    description = "Obtain and install certificates on WebFaction through its panel, without root"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._placed = self._performed = False
        self._raised: BaseException | None = None
        self._deploying: tuple[CertificateFiles, list[str]] | None = None
        self._redirecting: list[str] = []
        self._has_checkpoint = False
        self._concerned: set[str] = set()
        self._told: list[Problem] = []

    @classmethod
    def add_parser_arguments(cls, add: Callable[..., None]) -> None:
        add_options(add)

    def more_info(self) -> str:
        return (
            "Places challenge files in an app of each domain's http website, uploads certificates"
            " to the panel and attaches them to https websites, which it makes from the http ones"
            " where there are none."
        )

    def prepare(self) -> None:
        """Log in, and finish or undo what an interrupted run left.

        :raises certbot.errors.ConfigurationError: if the user or the renewal file named this
            plugin. certbot takes a `PluginError` here as "not available": it would go on without
            us, and take the installer out of the renewal file.
        :raises certbot.errors.PluginError: if certbot merely lists its plugins
        """
        named = self.name in (
            self.config.configurator,
            self.config.authenticator,
            self.config.installer,
        )
        try:
            self._account.login()
            if named:
                self._finish_what_was_left()
            if self.config.authenticator == self.name:
                from certbot_webfaction.challenges import answer, names_ahead

                if names := names_ahead(self.config):
                    answer.places_of(self._account, names)
        except errors.PluginError as error:
            if named:
                raise errors.ConfigurationError(str(error)) from error
            raise

    @cached_property
    def _account(self) -> HostAccount:
        """The account of the credentials file, opened without a call to its panel."""
        return open_account(read_options(self.config), self.config.config_dir)

    def _finish_what_was_left(self) -> None:
        # In a renewal of many lineages, what one could not do the next one's `restart` tries again.
        if self._account.folder in _finished:
            return
        documents = self._settle()
        if self.config.dry_run:
            return
        _finished.add(self._account.folder)
        try:
            self._told = self._reconcile(*documents)
            _raise(self._told)
        except errors.PluginError as error:
            logger.warning("An earlier change of the panel could not be completed yet: %s", error)

    def _settle(self) -> tuple[Wanted, Journal]:
        """Take back what a killed run left of challenges and of a checkpoint; mostly there is none.

        No call is made where there is none.

        :returns: the documents as they are then
        """
        self.recovery_routine()
        wanted, journal = self._read_documents()
        if not (journal.files or journal.mounts or journal.records):
            return wanted, journal
        from certbot_webfaction.challenges import answer, records

        answer.settle(self._account, self._names_to_renew)
        records.settle(self._account)
        return self._read_documents()

    def _settle_dns(self) -> None:
        """Take back what a killed run left in the DNS of an account that is not this one.

        No call is made where nothing was left.
        """
        if self.config.authenticator != "dns-webfaction":
            return
        credentials = self.config.dns_webfaction_credentials
        if credentials in _settled:
            return
        _settled.add(credentials)
        try:
            account = open_account(
                read_options(self.config, "dns_webfaction"), self.config.config_dir
            )
            if account.folder == self._account.folder or not account.journal().records:
                return
            from certbot_webfaction.challenges import records

            records.settle(account)
        except errors.Error as error:
            logger.warning(
                "Cleaning up after the challenges is not complete: %s The next run tries again.",
                error,
            )

    def _names_to_renew(self) -> set[str]:
        from certbot_webfaction.lineages.renewals import names_authenticated_by

        return names_authenticated_by(self.config, self.name)

    # Authenticator

    def get_chall_pref(self, identifier: str) -> Iterable[type[challenges.Challenge]]:
        return [challenges.HTTP01]

    def perform(
        self, achalls: list[achallenges.AnnotatedChallenge]
    ) -> list[challenges.ChallengeResponse]:
        """Place the challenge files, and see that the web server serves them.

        :raises certbot.errors.PluginError: if one is not served; the CA has not been asked then
        """
        from certbot_webfaction.challenges import answer, domain_of

        answers = [achall.response_and_validation() for achall in achalls]
        files = [
            answer.Challenge(domain_of(achall), achall.chall.encode("token"), validation)
            for achall, (_, validation) in zip(achalls, answers, strict=True)
        ]
        self._placed = self._performed = False
        self._raised = sys.exc_info()[1]
        places = answer.place(self._account, files)
        self._placed = True
        answer.see(self._account, files, places, quiet=self.config.quiet)
        self._performed = True
        return [response for response, _ in answers]

    def cleanup(self, achalls: list[achallenges.AnnotatedChallenge]) -> None:
        """Take the challenge files away, and after a failure what was made for them.

        certbot does not say which it is: a failure has left `perform` unfinished, or is being
        raised while certbot's `ExitHandler` calls this method. What was being raised in `perform`
        is another one: certbot drops names that the CA refuses, and tries again while handling
        that, if it was told --allow-subset-of-names.
        """
        from certbot_webfaction.challenges import answer

        raised = sys.exc_info()[1]
        succeeded = self._performed and raised is self._raised
        answer.clean_up(
            self._account,
            keep_mounts=succeeded and not self.config.dry_run,
            interrupted=not self._placed and not isinstance(raised, errors.PluginError),
        )

    def auth_hint(self, failed_achalls: list[achallenges.AnnotatedChallenge]) -> str:
        """Say what to check where the CA failed although the files were seen from here."""
        from certbot_webfaction.challenges import domain_of
        from certbot_webfaction.challenges.causes import auth_hint

        return auth_hint([domain_of(achall) for achall in failed_achalls], self._account.options)

    # Installer

    def get_all_names(self) -> Iterable[str]:
        """The domains of the account's websites; http-01 can't answer for a wildcard."""
        from certbot_webfaction.names import a_label

        websites = self._account.panel.websites()
        names = {a_label(domain) for website in websites for domain in website.domains}
        return {name for name in names if not name.startswith("*.")}

    def deploy_cert(
        self, domain: str, cert_path: str, key_path: str, chain_path: str, fullchain_path: str
    ) -> None:
        """Take a domain; all of a certificate's are decided on together, in `save`."""
        files = installed_files(self.config, cert_path, key_path, chain_path or fullchain_path)
        if self._deploying is None:
            self._deploying = files, []
        self._deploying[1].append(domain)

    def supported_enhancements(self) -> list[str]:
        return ["redirect"]

    def enhance(
        self, domain: str, enhancement: str, options: list[str] | str | None = None
    ) -> None:
        """Want the http websites that serve a domain to redirect to https.

        :raises certbot.errors.PluginEnhancementAlreadyPresent: if they do already
        :raises certbot.errors.PluginError: if a domain would be hidden that https does not serve;
            only a warning where the redirect is certbot's default
        """
        if enhancement != "redirect":
            raise errors.NotSupportedError(f"{enhancement} is not supported on WebFaction.")
        if self._authenticator_of_the_lineage() == "webroot" and not self.config.redirect:
            logger.warning(
                "%s was not redirected to https: its certificate is renewed by files in the http"
                " website's own directory (-a webroot), which a redirect would hide. Issue it with"
                " -a webfaction to have both.",
                domain,
            )
            return
        from certbot_webfaction.installation import decisions

        seen = decisions.Seen(self._account.panel)
        wanted, journal = self._read_documents()
        if decisions.acknowledge_redirects(wanted, journal, domain, seen):
            self._write_documents(wanted, journal)
        try:
            self._redirecting += decisions.websites_to_redirect(wanted, domain, seen, self.config)
        except errors.PluginEnhancementAlreadyPresent:
            raise
        except errors.PluginError as error:
            if self.config.redirect:
                raise
            logger.warning("%s", error)

    def _authenticator_of_the_lineage(self) -> str:
        """The authenticator of this run, or of the lineage that is being installed."""
        if self.config.authenticator:
            return str(self.config.authenticator)
        from certbot_webfaction.lineages.renewals import renewal_of

        renewal = renewal_of(self.config, self.config.certname or "")
        return renewal.authenticator if renewal else ""

    def save(self, title: str | None = None, temporary: bool = False) -> None:
        """Decide what is wanted, and write it as a checkpoint if it is something new.

        :raises certbot.errors.PluginError: if a domain of a certificate would be on no website
        """
        if title is None or temporary:
            return  # certbot saves after each domain, and again with a title after the last
        from certbot_webfaction.installation import decisions

        seen = decisions.Seen(self._account.panel)
        wanted, journal = self._read_documents()
        before = wanted
        if self._deploying:
            files, domains = self._deploying
            decisions.acknowledge(wanted, journal, WantedCertificate.of(files), domains, seen)
            self._write_documents(wanted, journal)
            wanted = decisions.want_certificate(wanted, files, domains, seen, journal, self.config)
            self._concerned.update(wanted.names_of(WantedCertificate.of(files)))
            self._see_to_renewals(files)
        self._concerned.update(self._redirecting)
        redirects = list(dict.fromkeys([*wanted.redirects, *self._redirecting]))
        wanted = replace(wanted, redirects=redirects)
        self._deploying, self._redirecting = None, []
        self._has_checkpoint = wanted != before
        if self._has_checkpoint:
            path = wanted_path(self._account)
            self.add_to_checkpoint({str(path)}, f"{title}\n")
            document.write(path, wanted)
            self.finalize_checkpoint(title)

    def rollback_checkpoints(self, rollback: int = 1) -> None:
        """Restore what was wanted; `restart` brings the panel there.

        In other verbs than ``rollback`` certbot calls this after a failed `restart`. What `save`
        found unchanged made no checkpoint then, and an older one is not its to take back.
        """
        if self.config.verb != "rollback" and not self._has_checkpoint:
            return
        self._has_checkpoint = False
        self._refuse_others(rollback)
        before, journal = self._read_documents()
        super().rollback_checkpoints(rollback)
        after, _ = self._read_documents()
        for name in set(before.certificates) - set(after.certificates):
            if name in journal.uploads:
                logger.warning(
                    "The certificate %s stays on the panel as it is now; what it held before"
                    " certbot-webfaction uploaded it can't be brought back.",
                    name,
                )

    def _refuse_others(self, count: int) -> None:
        """Take back nothing that isn't ours: certbot keeps all checkpoints in one pile."""
        pile = Path(self.config.backup_dir)
        for checkpoint in sorted(pile.iterdir())[-count:]:
            changed = (checkpoint / "FILEPATHS").read_text(encoding="utf-8").splitlines()
            for path in map(Path, changed):
                if path.resolve() != wanted_path(self._account).resolve():
                    raise errors.PluginError(
                        f"The checkpoint {checkpoint.name}, which would be taken back, changed"
                        f" {path}, and that belongs to another account or installer. Nothing was"
                        " rolled back. Roll that one back first, with its installer and its"
                        " --webfaction-credentials."
                    )

    def config_test(self) -> None:
        """Nothing to test: the panel checks every change itself."""

    def restart(self) -> None:
        """Bring the panel to what is wanted; no call is made where it is there already.

        :raises certbot.errors.PluginError: names all that could not be done
        """
        try:
            problems = self._reconcile(*self._read_documents())
            if self.config.verb not in ("renew", "rollback"):
                # What `prepare` has warned of fails no run that is about something else.
                problems = [
                    problem
                    for problem in problems
                    if problem.about in self._concerned or problem not in self._told
                ]
            _raise(problems)
        except errors.PluginError as error:
            if self.config.verb != "rollback":
                raise
            raise errors.PluginError(
                f"{error}\nThe rollback itself is noted. `certbot renew` does on the panel what is"
                " left of it; another `certbot rollback` would take back one more checkpoint, too."
            ) from error

    def _reconcile(
        self, wanted: Wanted, journal: Journal, *, overdue: bool = False
    ) -> list[Problem]:
        """Compare the documents, and bring the panel into step where they differ.

        :param overdue: whether an upload that is missing makes up for one that failed
        :returns: what could not be done; the rest was
        """
        if forget_gone(wanted, journal, self.config):
            self._write_documents(wanted, journal)
        found = differences(wanted, journal, self.config)
        if not found:
            return list(found.unreadable)
        if overdue and found.uploads:
            display_util.notify(
                f"Renewed certificates are not yet on the panel: {', '.join(found.uploads)}."
                " Uploading them now."
            )
        from certbot_webfaction.installation.reconcile import reconcile

        left = reconcile(self._account, found, wanted, journal, self.config, self._watch)
        return [*found.unreadable, *left]

    @cached_property
    def _watch(self) -> ServedWatch:
        from certbot_webfaction.installation.watch import ServedWatch

        return ServedWatch(self._account.options, self.config)

    def _read_documents(self) -> tuple[Wanted, Journal]:
        return read_documents(self._account, self.config, self.name)

    def _write_documents(self, wanted: Wanted, journal: Journal) -> None:
        document.write(wanted_path(self._account), wanted)
        self._account.save(journal)

    # Renewal

    def _see_to_renewals(self, files: CertificateFiles) -> None:
        """Warn where a certificate is installed whose renewals would not come to us.

        `certbot install` leaves the renewal file as it is. A hook that deploys sees to it itself.
        """
        from certbot_webfaction.lineages.renewals import reconfigure, renewal_of

        renewal = renewal_of(self.config, files.lineage)
        if renewal and renewal.installer != self.name and self.config.verb != "deploy":
            logger.warning(
                "Renewals of the certificate %s will not reach the panel: its renewal file"
                " names %s. %s",
                renewal.lineage,
                renewal.installer or "no installer",
                reconfigure(renewal, self.name, self.config),
            )

    def generic_updates(self, lineage: interfaces.RenewableCert, *args: Any, **kwargs: Any) -> None:
        """Make up for what failed in an earlier run; called for every lineage, due or not.

        The first lineage of an account is asked for all of them.

        :raises certbot.errors.PluginError: if it fails again
        """
        self._settle_dns()
        account = self.config.webfaction_credentials, self.config.webfaction_api_url
        is_first = account not in _installed
        if is_first:
            wanted, journal = self._settle()
            _installed[account] = {entry.lineage for entry in wanted.certificates.values()}
        if lineage.lineagename not in _installed[account]:
            from certbot_webfaction.phrases import install_command

            logger.warning(
                "The certificate %s names %s as its installer but was never installed with it."
                " Install it with `%s`.",
                lineage.lineagename,
                self.name,
                install_command(self.config, lineage.lineagename),
            )
        if is_first:
            _raise(self._reconcile(wanted, journal, overdue=True))


def _raise(problems: list[Problem]) -> None:
    if problems:
        raise errors.PluginError("\n".join(problem.text for problem in problems))
