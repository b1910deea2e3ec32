"""What was last seen of an account on cPanel."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from certbot_webfaction.hosts import seen
from certbot_webfaction.hosts.cpanel import model
from certbot_webfaction.hosts.cpanel.client import Client, Installations
from certbot_webfaction.hosts.cpanel.model import Domain, Installed, VirtualHost
from certbot_webfaction.hosts.seen import FRESH, MadeOf
from certbot_webfaction.panel.model import Upload


class Seen(seen.Seen[Client]):
    """What was seen of an account: its domains, and what virtual hosts present by servername.

    ``uploads`` are the certificates that this process may install, by their handles: the panel
    knows a certificate only as that of a virtual host. ``swept`` are the kinds and ids of what was
    deleted last from its store.
    """

    def __init__(
        self, make_client: Callable[[], Client], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(make_client, clock)
        self.domains = self._reading(lambda client: client.domains())
        self.installed = self._reading(lambda client: client.installed())
        self._capable = self._reading(lambda client: client.capable())
        self.uploads: dict[str, Upload] = {}
        self.swept: Collection[tuple[str, str]] = ()
        self._by_servername = MadeOf(self._virtual_hosts)
        self._by_handle = MadeOf(_by_handle)

    def saw_redirect(self, servername: str, *, on: bool) -> None:
        """Take note that a virtual host redirects to https, or does no more."""
        self.domains.value = tuple(
            replace(domain, redirects=on) if domain.servername == servername else domain
            for domain in self.domains()
        )

    def saw_uninstalled(self, servername: str) -> None:
        """Take note that a virtual host presents nothing any more."""
        presented = self.installed()
        self.installed.value = {key: presented[key] for key in presented if key != servername}

    def hosts(self, within: float | None = None) -> tuple[VirtualHost, ...]:
        """The virtual hosts."""
        return tuple(self._hosts(within).values())

    def host(self, servername: str, within: float | None = FRESH) -> VirtualHost | None:
        """The virtual host with this servername."""
        return self._hosts(within).get(servername)

    def presenting(self, handle: str) -> Installed | None:
        """What a virtual host presents that presents this certificate."""
        return self._by_handle(self.installed()).get(handle)

    def _hosts(self, within: float | None) -> Mapping[str, VirtualHost]:
        """The virtual hosts by servername."""
        return self._by_servername(self.domains(within), self.installed(within))

    def _virtual_hosts(
        self, domains: Sequence[Domain], installed: Installations
    ) -> Mapping[str, VirtualHost]:
        """Make them of what was seen.

        Where each presents a certificate, `installed` has told all names; for others one more
        function knows those of services.
        """
        capable: Mapping[str, tuple[str, ...]] = {}
        serves = {servername: each.serves for servername, each in installed.items()}
        if not all(serves.get(each.servername) for each in domains):
            capable = self._capable()
        main = domains[0].domain if domains else ""
        return {
            domain.servername: model.virtual_host(
                domain,
                [*serves.get(domain.servername, ()), *capable.get(domain.servername, ())],
                installed.get(domain.servername),
                main,
            )
            for domain in domains
        }


def _by_handle(presented: Installations) -> Mapping[str, Installed]:
    """What is presented by its handle; the first one counts where several present the same."""
    return {each.handle: each for each in reversed(presented.values())}
