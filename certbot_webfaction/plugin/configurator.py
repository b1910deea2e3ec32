"""A host's plugin: authenticator and installer."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from acme import challenges
from certbot import achallenges, errors, interfaces
from certbot.plugins import common

from certbot_webfaction.account import Account
from certbot_webfaction.challenges import (
    causes,
    dns01,
    domain_of,
    http01,
    validation_name,
    warn_of_leftovers,
)
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.installation.installer import Installer
from certbot_webfaction.names import covered
from certbot_webfaction.panel.errors import refusal_of
from certbot_webfaction.panel.model import HttpSite, Place
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.plugin import door
from certbot_webfaction.web.challenge_file import ChallengeFile

logger = logging.getLogger(__name__)


class Configurator(common.Configurator, interfaces.GenericUpdater):
    """Answers challenges on a host's http sites, and installs certificates on its https sites.

    As an installer it treats the document *wanted* as a web server's configuration: `save`
    checkpoints it, `restart` brings the panel to it, `rollback_checkpoints` restores it.
    """

    host: ClassVar[Host]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places: list[Place] = []
        self._performed = False
        self._raised: BaseException | None = None
        self._records: dns01.Records | None = None

    @classmethod
    def add_parser_arguments(cls, add: Callable[..., None]) -> None:
        door.add_options(cls.host, add)

    def more_info(self) -> str:
        return (
            "Places challenge files where each domain's http website serves them, uploads"
            " certificates to the panel and attaches them to https websites, which it makes where"
            " there are none and the host has them apart."
        )

    @cached_property
    def _account(self) -> Account:
        """The account of the credentials file, opened without a call to its panel."""
        return door.account_of(self.config, self.host)

    @cached_property
    def _installer(self) -> Installer:
        return Installer(self._account, door.run_of(self.config, self._account.lineages))

    def prepare(self) -> None:
        """Log in, and finish or undo what an interrupted run left.

        :raises certbot.errors.ConfigurationError: if the user or the renewal file named this
            plugin; see `certbot_webfaction.plugin.door.raising_for`
        :raises certbot.errors.PluginError: if certbot merely lists its plugins
        """
        with door.raising_for(self.config, self.name):
            self._account.login()
            if door.is_named(self.config, self.name):
                self._finish_what_was_left()
            self._check_ahead()

    def _check_ahead(self) -> None:
        """Refuse before the CA is asked what would fail after, as far as the names are known."""
        config = self.config
        names = door.names_ahead(config, self._account.lineages)
        if not names:
            return
        if config.authenticator == self.name:
            names = self._find_ahead(names)
        if config.installer == self.name and config.verb == "run":
            self._installer.check(names, self._lineage_ahead())

    def _lineage_ahead(self) -> str:
        return door.lineage_ahead(self.config, self._account.lineages)

    def _find_ahead(self, names: list[str]) -> list[str]:
        """Find where these names can be answered.

        :returns: all of them; with --allow-subset-of-names those that can be
        """
        account, subset = self._account, self.config.allow_subset_of_names
        by_dns = [name for name in names if self._kind_ahead(name) is challenges.DNS01]
        by_file = [name for name in names if name not in by_dns]
        if by_dns and not subset:
            self._find_zones(by_dns)
        if by_file and subset:
            by_file = http01.answerable(account, by_file, quiet=True)
        elif by_file:
            http01.find_places(account, by_file, self._lineage_ahead)
        return [*by_file, *by_dns]

    def _find_zones(self, names: list[str]) -> None:
        find = self._account.panel.find_zones
        refusal = refusal_of(lambda: find(map(validation_name, names)))
        if refusal and any(self._kinds(name)[0] is challenges.HTTP01 for name in names):
            raise errors.PluginError(
                f"{refusal} Or leave out preferred-challenges, on the command line or in cli.ini:"
                " names without a wildcard are answered by files then."
            )
        if refusal:
            raise refusal

    def _finish_what_was_left(self) -> None:
        if self._account.memory.finished:
            return
        self._undo_what_was_left()
        if not self.config.dry_run:
            self._installer.finish()

    def _undo_what_was_left(self) -> None:
        """Take back what a killed run left of challenges and of a checkpoint; mostly there is none.

        No call is made where there is none.
        """
        self.recovery_routine()
        self._account.read_books()
        needed = self._account.lineages.names_authenticated_by
        http01.remove_leftovers(self._account, functools.partial(needed, self.name))
        dns01.remove_leftovers(self._account)

    # Authenticator

    def get_chall_pref(self, identifier: str) -> Iterable[type[challenges.Challenge]]:
        """By a file where one can be put, by a DNS record for wildcards and everywhere else."""
        return self._kinds(str(identifier))

    def _kinds(self, name: str) -> list[type[challenges.Challenge]]:
        """The kinds of challenges that can be answered for a name, the first one preferred."""
        able = self._account.panel.abilities
        if not able.dns:
            return [challenges.HTTP01]
        if name.startswith("*."):
            return [challenges.DNS01]
        # Where the user prefers a kind, the order does not matter, and no site is looked up for it.
        if able.files and (
            self.config.pref_challs
            or self._http_sites.serving(name)
            or not dns01.has_zone(self._account, name)
        ):
            return [challenges.HTTP01, challenges.DNS01]
        return [challenges.DNS01, challenges.HTTP01]

    @cached_property
    def _http_sites(self) -> Sites[HttpSite]:
        return Sites(self._account.panel.http_sites())

    def _kind_ahead(self, name: str) -> type[challenges.Challenge]:
        """The kind that certbot will choose for a name, if the CA offers it."""
        kinds = self._kinds(name)
        preferred = self.config.pref_challs or ()
        chosen = [kind for typ in preferred for kind in kinds if kind.typ == typ]
        return (chosen or kinds)[0]

    def perform(
        self, achalls: list[achallenges.AnnotatedChallenge]
    ) -> list[challenges.ChallengeResponse]:
        """Place the challenge files, publish the records, and see that both are served.

        certbot takes a response for every challenge. With --allow-subset-of-names one that is not
        answered fails at the CA, and the others are certified.

        :raises certbot.errors.PluginError: if one is not served; the CA has not been asked then
        """
        self._places, self._performed = [], False
        self._raised = sys.exc_info()[1]
        responses, files, records = [], [], []
        for achall in achalls:
            domain = domain_of(achall, self.host)
            response, validation = achall.response_and_validation()
            responses.append(response)
            if isinstance(achall.chall, challenges.DNS01):
                records.append((validation_name(domain), validation))
            else:
                files.append(ChallengeFile(domain, achall.chall.encode("token"), validation))
        self._answer_by_records(records)
        self._answer_by_files(files)
        self._performed = True
        return responses

    def _answer_by_records(self, records: list[tuple[str, str]]) -> None:
        if records:
            self._records = dns01.Records(self._account)
            names = [name for name, _ in records]
            if self.config.allow_subset_of_names:
                lost = dns01.without_zone(self._account, names)
                records = [(name, value) for name, value in records if name not in lost]
            else:
                self._account.panel.find_zones(names)
            for name, value in records:
                self._records.publish(name, value)
            dns01.see(self._account, records, quiet=self.config.quiet)

    def _answer_by_files(self, files: list[ChallengeFile]) -> None:
        if not files:
            return
        account, subset = self._account, self.config.allow_subset_of_names
        if subset:
            self._places = http01.place_some(account, files)
        else:
            self._places = http01.place(account, files, self._lineage_ahead)
        placed = {place.domain for place in self._places}
        files = [file for file in files if file.domain in placed]
        wrong = http01.see(account, files, self._places, quiet=self.config.quiet, subset=subset)
        self._places = [place for place in self._places if place.domain not in wrong]

    def cleanup(self, achalls: list[achallenges.AnnotatedChallenge]) -> None:
        """Take away what answered, and after a failure what was made for files.

        certbot does not say which it is: a failure has left `perform` unfinished, or is being
        raised while certbot's `ExitHandler` calls this method. What was being raised in `perform`
        is another one: certbot drops names that the CA refuses, and tries again while handling
        that, if it was told --allow-subset-of-names.
        """
        raised = sys.exc_info()[1]
        succeeded = self._performed and raised is self._raised
        by_record = [each for each in achalls if isinstance(each.chall, challenges.DNS01)]
        if records := self._records:
            for achall in by_record:
                records.withdraw(achall.response_and_validation()[1])
        if len(by_record) == len(achalls):
            return
        http01.clean_up(
            self._account,
            keep_made=succeeded and not self.config.dry_run,
            interrupted=not self._places and not isinstance(raised, errors.PluginError),
        )

    def auth_hint(self, failed_achalls: list[achallenges.AnnotatedChallenge]) -> str:
        """Say what to check where the CA failed although the answers were seen from here."""
        if all(isinstance(achall.chall, challenges.DNS01) for achall in failed_achalls):
            return dns01.auth_hint(self._account)
        failed = {domain_of(achall, self.host) for achall in failed_achalls}
        places = [place for place in self._places if place.domain in failed]
        if not places:
            return "These are the domains that are left out; the reason stands above."
        return causes.auth_hint(places, self._account)

    # Installer

    def get_all_names(self) -> Iterable[str]:
        """The names of the account's sites, but wildcards."""
        return self._installer.names()

    def deploy_cert(
        self, domain: str, cert_path: str, key_path: str, chain_path: str, fullchain_path: str
    ) -> None:
        """Take a domain; all of a certificate's are decided on together, in `save`."""
        chain = chain_path or fullchain_path
        files = self._account.lineages.files_at(cert_path, key_path, chain)
        # certbot deploys for the domains that it was given, not for those that it was left with.
        if not self.config.allow_subset_of_names or covered(domain, files.names()):
            self._installer.deploy(files, domain)

    def supported_enhancements(self) -> list[str]:
        return ["redirect"] if self._account.panel.abilities.redirect else []

    def enhance(
        self, domain: str, enhancement: str, options: list[str] | str | None = None
    ) -> None:
        """Want the http sites of a domain to redirect to https, see `Installer.redirect`."""
        if enhancement not in self.supported_enhancements():
            raise errors.NotSupportedError(f"{enhancement} is not supported on {self.host.label}.")
        self._installer.redirect(domain)

    def save(self, title: str | None = None, temporary: bool = False) -> None:
        """Decide what is wanted, and write it as a checkpoint if it is something new.

        :raises certbot.errors.PluginError: if a domain of a certificate would be on no site
        """
        if title is None or temporary:
            return  # certbot saves after each domain, and again with a title after the last
        if self._installer.save(lambda path: self.add_to_checkpoint({str(path)}, f"{title}\n")):
            self.finalize_checkpoint(title)

    def rollback_checkpoints(self, rollback: int = 1) -> None:
        """Restore what was wanted; `restart` brings the panel there."""

        def restore() -> None:
            self._refuse_others(rollback)
            super(Configurator, self).rollback_checkpoints(rollback)

        self._installer.roll_back(restore)

    def _refuse_others(self, count: int) -> None:
        """Take back nothing that isn't ours: certbot keeps all checkpoints in one pile."""
        mine = self._account.books.wanted_path.resolve()
        for checkpoint in sorted(Path(self.config.backup_dir).iterdir())[-count:]:
            changed = (checkpoint / "FILEPATHS").read_text(encoding="utf-8").splitlines()
            for path in map(Path, changed):
                if path.resolve() != mine:
                    raise errors.PluginError(
                        f"The checkpoint {checkpoint.name}, which would be taken back, changed"
                        f" {path}, and that belongs to another account or installer. Nothing was"
                        " rolled back. Roll that one back first, with its installer and its"
                        f" {self.host.flag('credentials')}."
                    )

    def config_test(self) -> None:
        """Nothing to test: the panel checks every change itself."""

    def restart(self) -> None:
        """Bring the panel to what is wanted; no call is made where it is there already.

        :raises certbot.errors.PluginError: names all that could not be done
        """
        self._installer.restart()

    # Renewal

    def generic_updates(self, lineage: interfaces.RenewableCert, *args: Any, **kwargs: Any) -> None:
        """Make up for what failed in an earlier run; called for every lineage, due or not.

        The first lineage of an account is asked for all of them.

        :raises certbot.errors.PluginError: if it fails again
        """
        account = self._account
        self._undo_in_dns_of_another_account()
        if not account.memory.caught_up:
            self._undo_what_was_left()
        if not self._installer.has_installed(lineage.lineagename):
            logger.warning(
                "The certificate %s names %s as its installer but is not installed with it."
                " Install it with `%s`.",
                lineage.lineagename,
                self.name,
                account.phrases.install(lineage.lineagename),
            )
        self._installer.catch_up()

    def _undo_in_dns_of_another_account(self) -> None:
        """Take back what a killed run of the host's DNS plugin left in an account not this one."""
        if not self.host.dns_plugin or self.config.authenticator != self.host.dns_plugin:
            return
        try:
            account = door.account_of(self.config, self.host, self.host.dns_plugin)
            if account.memory is self._account.memory or account.memory.cleaned_up:
                return
            account.memory.cleaned_up = True
            account.books.read()
            dns01.remove_leftovers(account)
        except errors.Error as error:
            warn_of_leftovers(error)
