"""Which sites requests for a name reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from certbot_webfaction.names import a_label, covers
from certbot_webfaction.panel.model import HttpSite, HttpsSite

Site = TypeVar("Site", HttpSite, HttpsSite)


class Sites(Generic[Site]):
    """Http or https sites, found by the names that they serve, those that the host adds too."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self.all: tuple[Site, ...] = tuple(sites)
        self.by_id: dict[str, Site] = {site.id: site for site in self.all}
        self._by_name: dict[str, list[Site]] = {}
        for site in self.all:
            for name in dict.fromkeys(map(a_label, site.names + site.auxiliary)):
                self._by_name.setdefault(name, []).append(site)

    def serving(self, name: str) -> list[Site]:
        """The sites that requests for a name reach: by its own name, else by a wildcard.

        A web server takes the exact name before a wildcard that covers it.
        """
        name = a_label(name)
        wildcard = f"*.{name.partition('.')[2]}"
        return self._by_name.get(name) or self._by_name.get(wildcard, [])

    def reached(self, domain: str) -> list[Site]:
        """The sites that a domain of a certificate is for.

        A wildcard is for every site that serves a name it covers.
        """
        if not domain.startswith("*."):
            return self.serving(domain)
        return [site for site in self.all if any(covers(domain, own) for own in site.names)]

    @cached_property
    def _names_below(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for site in self.all:
            for own in site.names:
                found.setdefault(a_label(own).partition(".")[2], []).append(own)
        return found

    def names_covered_by(self, pattern: str) -> list[str]:
        """The names of sites that a wildcard covers."""
        return self._names_below.get(a_label(pattern).removeprefix("*."), [])
