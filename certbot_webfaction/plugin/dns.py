"""A host's DNS plugin: an authenticator through the panel's own DNS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from acme import challenges
from certbot import achallenges
from certbot.plugins import dns_common

from certbot_webfaction.account import Account
from certbot_webfaction.challenges import dns01, domain_of, validation_name
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.plugin import door
from certbot_webfaction.text import listed

PROPAGATION_SECONDS = 60


class DnsAuthenticator(dns_common.DNSAuthenticator):
    """Answers challenges with TXT records of the account's DNS, for wildcards too."""

    host: ClassVar[Host]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._left_out: set[str] = set()

    @classmethod
    def add_parser_arguments(
        cls, add: Callable[..., None], default_propagation_seconds: int = PROPAGATION_SECONDS
    ) -> None:
        super().add_parser_arguments(add, default_propagation_seconds)
        door.add_credentials_option(cls.host, add)

    def more_info(self) -> str:
        return (
            "Publishes a TXT record at _acme-challenge below each domain in the DNS of the account,"
            " and removes it after the CA has looked."
        )

    def prepare(self) -> None:
        """Log in, and remove what an interrupted run left.

        :raises certbot.errors.ConfigurationError: if the user or the renewal file named this
            plugin; see `certbot_webfaction.plugin.door.raising_for`
        :raises certbot.errors.PluginError: if certbot merely lists its plugins
        """
        with door.raising_for(self.config, self.name):
            self._account.login()
            if door.is_named(self.config, self.name):
                # Rebuilds a damaged journal before we write to it, lest the installer's be lost.
                self._account.read_books()
                dns01.remove_leftovers(self._account)
                names = door.names_ahead(self.config, self._account.lineages)
                if names and not self.config.allow_subset_of_names:
                    self._account.panel.find_zones(map(validation_name, names))

    @cached_property
    def _account(self) -> Account:
        """The account of the credentials file, opened without a call to its panel."""
        return door.account_of(self.config, self.host, self.host.dns_plugin)

    @cached_property
    def _records(self) -> dns01.Records:
        return dns01.Records(self._account)

    def perform(
        self, achalls: list[achallenges.AnnotatedChallenge]
    ) -> list[challenges.ChallengeResponse]:
        """Publish the records and wait; nothing is published where one has no place.

        With --allow-subset-of-names those that have none fail at the CA instead, and the others are
        certified.

        :raises certbot.errors.PluginError: names every domain that is not in the account
        """
        names = [validation_name(domain_of(achall, self.host)) for achall in achalls]
        if self.config.allow_subset_of_names:
            self._left_out = dns01.without_zone(self._account, names)
        else:
            self._account.panel.find_zones(names)
        return super().perform(achalls)

    def auth_hint(self, failed_achalls: list[achallenges.AnnotatedChallenge]) -> str:
        """Say what to check where the CA did not see the records."""
        failed = (validation_name(domain_of(each, self.host)) for each in failed_achalls)
        names = listed(list(dict.fromkeys(failed)), 5)
        seconds = self.conf("propagation-seconds")
        return (
            f"The CA did not find the TXT records for {names} {seconds} s after they were"
            " published. Either that was too early: give the name servers longer with"
            f" --{self.name}-propagation-seconds. Or the domain is in the panel, but its DNS is"
            " served elsewhere: check that its registrar names this host's name servers, or use"
            " the authenticator of the host that serves it."
        )

    def _setup_credentials(self) -> None:
        self._account.login()

    def _perform(self, domain: str, validation_name: str, validation: str) -> None:
        if validation_name not in self._left_out:
            self._records.publish(validation_name, validation)

    def _cleanup(self, domain: str, validation_name: str, validation: str) -> None:
        self._records.withdraw(validation)
