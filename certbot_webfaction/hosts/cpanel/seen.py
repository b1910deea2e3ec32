"""The client and what it was last seen to show, for all that one process does to an account."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from certbot_webfaction.hosts.cpanel import model
from certbot_webfaction.hosts.cpanel.client import Client, Installations
from certbot_webfaction.hosts.cpanel.model import Domain, Installed, VirtualHost
from certbot_webfaction.panel.model import Upload

FRESH = 60.0
"""Seconds for which a reading of the panel counts as what it holds now."""


class Seen:
    """A client and what was seen of its account, shared by everything in this process.

    ``uploads`` are the certificates that this process may install, by their handles: the panel
    knows a certificate only as that of a virtual host.
    """

    def __init__(
        self, make_client: Callable[[], Client], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_client = make_client
        self._clock = clock
        self._domains: tuple[Domain, ...] | None = None
        self._domains_seen = 0.0
        self._installed: Installations | None = None
        self._installed_seen = 0.0
        self._capable: Mapping[str, tuple[str, ...]] | None = None
        self.uploads: dict[str, Upload] = {}

    @cached_property
    def client(self) -> Client:
        """The client itself."""
        return self._make_client()

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._domains = None
        self._installed = None
        self._capable = None

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Forget what was seen if a change fails: it may have happened all the same."""
        try:
            yield
        except BaseException:
            self.forget()
            raise

    def domains(self, within: float | None = None) -> tuple[Domain, ...]:
        """The account's domains as seen in the last ``within`` seconds, or ever."""
        if self._domains is None or self._is_old(self._domains_seen, within):
            self._domains = self.client.domains()
            self._domains_seen = self._clock()
        return self._domains

    def installed(self, within: float | None = None) -> Installations:
        """What virtual hosts present, by their servername."""
        if self._installed is None or self._is_old(self._installed_seen, within):
            self.saw_installed(self.client.installed())
        return self._installed or {}

    def saw_installed(self, installed: Installations) -> None:
        """Take note of what virtual hosts present now."""
        self._installed, self._installed_seen = installed, self._clock()

    def saw_taken_off(self, servername: str) -> None:
        """Take note that a virtual host presents nothing any more."""
        if self._installed is not None:
            self._installed = {k: v for k, v in self._installed.items() if k != servername}

    def saw_redirect(self, servername: str, *, on: bool) -> None:
        """Take note that a virtual host redirects to https, or does no more."""
        self._domains = tuple(
            replace(domain, redirects=on) if domain.servername == servername else domain
            for domain in self._domains or ()
        )

    def hosts(self, within: float | None = None) -> tuple[VirtualHost, ...]:
        """The virtual hosts.

        Where each presents a certificate, `installed` has told all names; for others one more
        function knows those of services.
        """
        domains, installed = self.domains(within), self.installed(within)
        capable: Mapping[str, tuple[str, ...]] = {}
        if not all(_tells_names(installed.get(each.servername)) for each in domains):
            capable = self._capable_domains()
        main = domains[0].domain if domains else ""
        return tuple(
            model.virtual_host(
                domain,
                _known(installed.get(domain.servername), capable.get(domain.servername, ())),
                installed.get(domain.servername),
                main,
            )
            for domain in domains
        )

    def host(self, servername: str, within: float | None = FRESH) -> VirtualHost | None:
        """The virtual host with this servername."""
        return next((host for host in self.hosts(within) if host.servername == servername), None)

    def _capable_domains(self) -> Mapping[str, tuple[str, ...]]:
        if self._capable is None:
            self._capable = self.client.capable()
        return self._capable

    def _is_old(self, seen: float, within: float | None) -> bool:
        return within is not None and self._clock() - seen > within


def _tells_names(installed: Installed | None) -> bool:
    return installed is not None and bool(installed.serves)


def _known(installed: Installed | None, capable: tuple[str, ...]) -> tuple[str, ...]:
    return (*(installed.serves if installed else ()), *capable)
