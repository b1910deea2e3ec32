"""A panel and what it was last seen to hold, for all that one process does to an account."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certbot_webfaction.hosts.webfaction.interface import IClient
    from certbot_webfaction.hosts.webfaction.model import App, Certificate, Website

FRESH = 60.0
"""Seconds for which a reading of the panel counts as what it holds now."""


class Seen:
    """A panel and what it was last seen to hold, shared by everything in this process.

    Placing challenges is content with what was seen at any time, so that a renewal of many
    lineages reads the panel once; whoever changes a website asks for a `FRESH` reading first.
    """

    def __init__(
        self, make_client: Callable[[], IClient], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make_client = make_client
        self._clock = clock
        self._websites: dict[tuple[str, bool], Website] | None = None
        self._websites_seen = 0.0
        self._apps: dict[str, App] | None = None
        self._certificates: dict[str, Certificate] | None = None

    @cached_property
    def client(self) -> IClient:
        """The panel itself."""
        return self._make_client()

    def websites(self, within: float | None = None) -> tuple[Website, ...]:
        """The account's websites as seen in the last ``within`` seconds, or ever."""
        return tuple(self._websites_by_name(within).values())

    def _websites_by_name(self, within: float | None) -> dict[tuple[str, bool], Website]:
        old = within is not None and self._clock() - self._websites_seen > within
        if self._websites is None or old:
            self._websites = {_key(website): website for website in self.client.websites()}
            self._websites_seen = self._clock()
        return self._websites

    def website(self, name: str, *, https: bool) -> Website | None:
        """The http or https website of this name, as it is now (`FRESH`)."""
        return self._websites_by_name(FRESH).get((name, https))

    def apps(self) -> tuple[App, ...]:
        """The account's apps as seen by this process."""
        return tuple(self._apps_by_name().values())

    def _apps_by_name(self) -> dict[str, App]:
        if self._apps is None:
            self._apps = {app.name: app for app in self.client.apps()}
        return self._apps

    def app(self, name: str) -> App | None:
        """The app of this name, as seen by this process."""
        return self._apps_by_name().get(name)

    def certificates(self) -> tuple[Certificate, ...]:
        """The account's certificates as seen by this process, without what it uploaded since."""
        return tuple(self._certificates_by_name().values())

    def _certificates_by_name(self) -> dict[str, Certificate]:
        if self._certificates is None:
            self._certificates = {known.name: known for known in self.client.certificates()}
        return self._certificates

    def certificate(self, name: str) -> Certificate | None:
        """The certificate of this name, as `certificates`."""
        return self._certificates_by_name().get(name)

    def saw_certificate(self, name: str) -> bool:
        """Whether a certificate of this name was seen; the panel is not asked."""
        return self._certificates is not None and name in self._certificates

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._websites = None
        self._apps = None
        self._certificates = None

    def create_website(self, website: Website) -> None:
        """As `IClient.create_website`."""
        with self._changing():
            self.client.create_website(website)
        self._note(website)

    def update_website(self, website: Website) -> None:
        """As `IClient.update_website`."""
        with self._changing():
            self.client.update_website(website)
        self._note(website)

    def delete_website(self, website: Website) -> None:
        """As `IClient.delete_website`."""
        with self._changing():
            self.client.delete_website(website)
        if self._websites is not None:
            self._websites.pop(_key(website), None)

    def create_app(self, name: str, type: str) -> App:
        """As `IClient.create_app`."""
        with self._changing():
            app = self.client.create_app(name, type)
        if self._apps is not None:
            self._apps[name] = app
        return app

    def delete_app(self, name: str) -> None:
        """As `IClient.delete_app`."""
        with self._changing():
            self.client.delete_app(name)
        if self._apps is not None:
            self._apps.pop(name, None)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Forget what was seen if a change fails: it may have happened all the same."""
        try:
            yield
        except BaseException:
            self.forget()
            raise

    def _note(self, website: Website) -> None:
        if self._websites is not None:
            self._websites[_key(website)] = website


def _key(website: Website) -> tuple[str, bool]:
    return website.name, website.https
