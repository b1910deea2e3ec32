"""The plugin ``dns-webfaction``: authenticator (dns-01) through the panel's own DNS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from acme import challenges
from certbot import achallenges, errors
from certbot.plugins import dns_common

from certbot_webfaction.account import HostAccount, open_account, read_options
from certbot_webfaction.books.documents import read_documents

# Every certbot run on the machine imports this module, and few go on to a challenge.
if TYPE_CHECKING:
    from certbot_webfaction.challenges.records import Records

PROPAGATION_SECONDS = 60

_INSTALLER = "webfaction"  # whose documents the journal belongs to


class Authenticator(dns_common.DNSAuthenticator):
    """Answers challenges with TXT records of the account's DNS, for wildcards too."""

    description = "Obtain certificates, wildcards too, through the DNS of a WebFaction account"

    @classmethod
    def add_parser_arguments(
        cls, add: Callable[..., None], default_propagation_seconds: int = PROPAGATION_SECONDS
    ) -> None:
        super().add_parser_arguments(add, default_propagation_seconds)
        add(
            "credentials",
            metavar="FILE",
            help="INI file with user name and password"
            " (default: CONFIG_DIR/webfaction.ini; certbot-webfaction init writes it)",
        )

    def more_info(self) -> str:
        return (
            "Publishes a TXT record at _acme-challenge below each domain in the DNS of the account,"
            " and removes it after the CA has looked."
        )

    def prepare(self) -> None:
        """Log in, and remove what an interrupted run left.

        :raises certbot.errors.ConfigurationError: if the user or the renewal file named this
            plugin; see `certbot_webfaction.plugin.configurator.Configurator.prepare`
        :raises certbot.errors.PluginError: if certbot merely lists its plugins
        """
        from certbot_webfaction.challenges import names_ahead, records, validation_name

        named = self.name in (self.config.configurator, self.config.authenticator)
        try:
            self._account.login()
            if named:
                # Rebuilds a damaged journal before we write to it, lest the installer's be lost.
                read_documents(self._account, self.config, _INSTALLER)
                records.settle(self._account)
                if names := names_ahead(self.config):
                    self._records.find(map(validation_name, names))
        except errors.PluginError as error:
            if named:
                raise errors.ConfigurationError(str(error)) from error
            raise

    @cached_property
    def _account(self) -> HostAccount:
        """The account of the credentials file, opened without a call to its panel."""
        return open_account(read_options(self.config, "dns_webfaction"), self.config.config_dir)

    @cached_property
    def _records(self) -> Records:
        from certbot_webfaction.challenges.records import Records

        return Records(self._account)

    def perform(
        self, achalls: list[achallenges.AnnotatedChallenge]
    ) -> list[challenges.ChallengeResponse]:
        """Publish the records and wait; nothing is published where one has no place.

        :raises certbot.errors.PluginError: names every domain that is not in the account
        """
        from certbot_webfaction.challenges import domain_of, validation_name

        self._records.find(validation_name(domain_of(achall)) for achall in achalls)
        return super().perform(achalls)

    def auth_hint(self, failed_achalls: list[achallenges.AnnotatedChallenge]) -> str:
        """Say what to check where the CA did not see the records."""
        from certbot_webfaction.challenges import domain_of, validation_name

        names = list(dict.fromkeys(validation_name(domain_of(achall)) for achall in failed_achalls))
        listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        seconds = self.conf("propagation-seconds")
        return (
            f"The CA did not find the TXT records for {listed} {seconds} s after they were"
            " published. Either that was too early: give the name servers longer with"
            f" --{self.name}-propagation-seconds. Or the domain is in the panel, but its DNS is"
            " served elsewhere: check that its registrar names this host's name servers, or use"
            " the authenticator of the host that serves it."
        )

    def _setup_credentials(self) -> None:
        self._account.login()

    def _perform(self, domain: str, validation_name: str, validation: str) -> None:
        self._records.publish(validation_name, validation)

    def _cleanup(self, domain: str, validation_name: str, validation: str) -> None:
        self._records.withdraw(validation)
