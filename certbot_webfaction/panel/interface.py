"""A host's control panel: the verbs that every host has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from zope.interface import Attribute, Interface

from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.findings import Finding
from certbot_webfaction.panel.model import (
    Abilities,
    Certificate,
    Change,
    HttpSite,
    HttpsSite,
    Login,
    Place,
    State,
    Upload,
)


class Notes(Protocol):
    """Where a host notes what it changes besides what it was asked for, such as what it makes."""

    def changing(self, change: Change) -> AbstractContextManager[Change]:
        """Note a change before it is made, and that it is done when the block ends without error.

        Whatever the block sets in the change is noted then, too.
        """

    def noted(self, what: str, on: str) -> Change | None:
        """The change of this field that is noted, if any."""

    def forget(self, change: Change) -> None:
        """Take the note away: it did not happen, it was undone, or it is to stay."""


class IPanel(Interface):
    """One account on a host.

    Every method logs in by itself where that is needed. Reads are repeated; after a write whose
    answer was lost the panel is read to see whether it took effect, so that a call that returns has
    happened exactly once. What is asked for that is so already takes no write.

    All raise `PanelUnreachableError` or `PanelRefusedError`, `LoginRefusedError` for the login
    (`certbot_webfaction.panel.errors`).
    """

    abilities: Abilities = Attribute("What the host can do.")
    files: Files = Attribute("Small text files in directories of the account, see `Files`.")

    def login() -> Login:
        """Log in if this process has not yet, and return whose account it is."""

    def http_sites(fresh: bool = False) -> tuple[HttpSite, ...]:
        """All http sites: as this process last saw them, with ``fresh`` a minute ago at most."""

    def https_sites(fresh: bool = False) -> tuple[HttpsSite, ...]:
        """All https sites, those that could be made among them; likewise."""

    def certificate(handle: str) -> Certificate | None:
        """A certificate as this process has seen it, but for what it stored itself."""

    def store(
        label: str,
        names: Sequence[str],
        upload: Upload,
        known: str,
        taken: Collection[str],
        choose: Callable[[str], None],
    ) -> str:
        """Have a certificate on the panel, and return its handle.

        Sites that hold the handle serve the new certificate after a while. Where certificates are
        no objects of their own, it is kept for `install` alone.

        :param label: what to name it after where it is new
        :param names: the domains on it; a certificate that holds others is nobody's to replace
        :param known: the handle under which it was stored before, ``""`` for none
        :param taken: handles of other certificates of ours
        :param choose: is called with a new handle before anything is made under it, where that is
            known by then
        :raises CertificateGoneError: if the known one is not on the panel (any more)
        """

    def install(
        site: HttpsSite, certificate: str, names: Sequence[str], made: Change | None, notes: Notes
    ) -> State:
        """Let a site present a stored certificate, and return the state that it has then.

        A site that does not exist yet is made, with these names. One that we made gets those of
        them that it lacks, loses those that only we gave it, and keeps what others gave it. The
        names of all others stay.

        :param certificate: its handle
        :param made: the `Change` by which we made the site, `None` for one that was there
        :param notes: tell what the http site showed that a new one is made from
        :raises CertificateGoneError: if there is no such certificate (any more)
        """

    def restore(site: HttpsSite, change: Change) -> None:
        """Give a site back what it held before a change, or delete it if we made it.

        It holds the certificate that we gave it, and no visitors are sent to it.

        :raises ChangedByHandError: if one that we made is not as we left it, or what it held before
            is gone
        """

    def serve_anew(site: HttpsSite) -> None:
        """Let the web server read a site's certificate anew, where the host may need to be told.

        It was replaced, and is not served after a long wait. Elsewhere nothing is done.
        """

    def redirect(site: HttpSite, notes: Notes) -> None:
        """Let an http site redirect to https, and go on answering challenges.

        :raises ImpossibleError: if something of somebody else's is in the way
        """

    def hidden_by_redirect(site: HttpSite) -> Sequence[str]:
        """What visitors of an http site would not find over https, each in words; mostly none."""

    def show_again(site: HttpSite, before: State, notes: Notes) -> None:
        """Let an http site that redirects show what it showed before.

        :raises ChangedByHandError: if that is gone or not known
        """

    def find_place(site: HttpSite, domain: str) -> Place:
        """Find where the challenge files of a domain of the site go; nothing is changed.

        :raises certbot.errors.PluginError: if there is no place, with what to do
        """

    def make_places(places: Sequence[Place], notes: Notes) -> list[Place]:
        """Make what places lack, and return them as they are then."""

    def find_zones(names: Iterable[str]) -> None:
        """See that TXT records can be published at these names.

        :raises certbot.errors.PluginError: for all names at once that are in no zone of the account
        """

    def publish(name: str, value: str, notes: Notes) -> None:
        """Publish a TXT record beside others of the same name."""

    def undo(change: Change, again: bool = False) -> None:
        """Undo a change that the host noted: something made, a mount, a record.

        What somebody uses or changed since is left, with a warning.

        :param again: whether this has failed before, in another run
        """

    def sweep(changes: Sequence[Change]) -> None:
        """Undo in few calls what kept certificates that no site is to present any more.

        `undo` of each has to follow: it sees to what a host could not do together.
        """

    def examine() -> Sequence[tuple[str, Finding]]:
        """What there is to say about the account and this machine, each with a check's title."""

    def report() -> Mapping[str, Any]:
        """What the panel is like, for who has no account there: plain JSON.

        Versions, features, and shapes of answers; no name, no other value of the user's, no secret.
        """

    def forget() -> None:
        """Read everything anew when it is next asked for."""
