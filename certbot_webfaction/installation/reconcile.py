"""Bringing the panel to what is wanted, in the fewest calls, after any interruption."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.account import Account
from certbot_webfaction.books.wanted import Source, WantedSite
from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.installation.compare import (
    Differences,
    Failure,
    compare,
    sites_out_of_step,
)
from certbot_webfaction.installation.decide import Present
from certbot_webfaction.installation.outlook import look_ahead
from certbot_webfaction.lineages.files import is_elliptic
from certbot_webfaction.names import covered
from certbot_webfaction.panel.errors import (
    CertificateGoneError,
    ChangedByHandError,
    ImpossibleError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.model import Change, HttpSite, HttpsSite, Upload
from certbot_webfaction.web.served import Expected

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Watch(Protocol):
    """Looks at what names serve, and warns where it is not what is expected of them."""

    def expect(self, expected: Mapping[str, Expected]) -> None:
        """Look at these names, now or together with others later."""

    def wait(self, expected: Mapping[str, Expected]) -> Mapping[str, str]:
        """Return when these names serve what is expected, or after the longest wait.

        :returns: for each that does not, words for what it serves
        """

    def finish(self, sweep: Callable[[], Sequence[Failure]]) -> None:
        """Sweep what is used no more, now or for others, too, later.

        :param sweep: does it, and returns what could not be done
        """


def reconcile(
    account: Account, found: Differences, watch: Watch, *, asked: bool, quiet: bool
) -> list[Failure]:
    """Bring the panel to what is wanted.

    :param found: the differences between the books
    :param watch: told what each name should serve now, and asked before anything redirects there
    :param asked: whether the user asked for redirects; one by default is given up where it would
        harm a website, with a warning
    :param quiet: whether progress is kept from the terminal
    :returns: what could not be done; the rest was
    :raises certbot_webfaction.panel.errors.PanelUnreachableError: if the panel does not answer
    """
    return _Reconciliation(account, watch, asked=asked, quiet=quiet).run(found)


class _Reconciliation:
    """One pass over the differences. The order keeps every site served at every moment."""

    def __init__(self, account: Account, watch: Watch, *, asked: bool, quiet: bool) -> None:
        self.account = account
        self.panel = account.panel
        self.books = account.books
        self.watch = watch
        self.asked = asked
        self.quiet = quiet
        self.failures: list[Failure] = []
        self.unused: set[Source] = set()

    def run(self, found: Differences) -> list[Failure]:
        self.account.login()
        undone = self._each(self._undo_redirect, found.undo_redirects)
        stored = self._each(self._store, found.certificates, lambda source: source.name)
        failed = set(found.certificates) - set(stored)
        sites = self.books.wanted.sites
        # Where certificates are no objects of their own, a renewed one is another for its sites.
        lacking = sites_out_of_step(self.books, [each.about for each in found.unreadable])
        ready = [key for key in lacking if sites[key].source not in failed]
        installed = self._each(self._bring, ready, lambda key: sites[key].source.name)
        renewed = [
            key
            for key, want in sites.items()
            if key in installed or (want.source in stored and key not in lacking)
        ]
        renewed = [key for key in renewed if sites[key].source not in self.unused]
        self.watch.expect(self._expected(sites[key] for key in renewed))
        for key in found.redirects:
            if not self.failures:
                self._each(self._redirect, [key], str)
        if len(undone) == len(found.undo_redirects):
            # else visitors may still be sent to these sites
            self._each(self._undo_site, found.undo_sites)
            self.watch.finish(self._sweep)
        return self.failures

    def _sweep(self) -> list[Failure]:
        known = len(self.failures)
        left = compare(self.books, self.account.lineages).leftovers
        swept = self._each(self.panel.sweep, [left] if left else [])
        self._each(self._undo_leftover, left if swept else [])
        return self.failures[known:]

    def _each(
        self,
        step: Callable[[T], None],
        subjects: Iterable[T],
        about: Callable[[T], str] | None = None,
    ) -> list[T]:
        """Take a step for each; note what the panel refuses and go on, as others may well succeed.

        :returns: those for which it succeeded
        """
        succeeded = []
        for subject in list(subjects):
            name = about(subject) if about else ""
            try:
                step(subject)
            except PanelUnreachableError:
                raise
            except errors.PluginError as error:
                self.failures.append(Failure(name, str(error)))
            else:
                succeeded.append(subject)
        return succeeded

    # Certificates

    def _store(self, source: Source) -> None:
        try:
            self._put_on_the_panel(source)
        except CertificateGoneError:
            self._tell_gone(source)
            self.books.journal.drop_field(Change.CERTIFICATE, source.name)
            self._put_on_the_panel(source)

    def _tell_gone(self, source: Source) -> None:
        """Warn of a certificate that was renewed and goes nowhere."""
        labels = [self.books.wanted.sites[key].label for key in self.books.wanted.sites_of(source)]
        self.unused.add(source)
        logger.warning(
            "The certificate %s is gone from the panel, or has another name there, so it is"
            " uploaded as a new one, which no website uses. What it was for (%s) goes on with what"
            " it has and will not be renewed. `%s` has it use the new one.",
            self.books.journal.handle_of(source.name),
            ", ".join(labels),
            self.account.phrases.install(source.name),
        )

    def _put_on_the_panel(self, source: Source) -> None:
        files, journal = source.files(self.account.lineages), self.books.journal
        fingerprint, names = files.fingerprint(), files.names()
        change = journal.find(Change.CERTIFICATE, source.name)
        taken = [c.after["certificate"] for c in journal.all(Change.CERTIFICATE) if c is not change]
        known = journal.handle_of(source.name)

        def note(handle: str, *, done: bool = False) -> None:
            after: dict[str, object] = {"certificate": handle, "fingerprint": fingerprint}
            if not source.lineage:
                after["chain"] = list(files.chain_fingerprints())
            journal.put(Change(Change.CERTIFICATE, source.name, after=after, done=done))
            self.books.save_journal()

        # One that is known is out of step, and stays that until the panel has this leaf.
        label, upload = source.lineage or names[0], files.upload()
        try:
            note(self.panel.store(label, names, upload, known, taken, note), done=True)
        except CertificateGoneError:
            raise
        except PanelRefusedError as error:
            if not known:  # nothing of it is there
                journal.drop_field(Change.CERTIFICATE, source.name)
                self.books.save_journal()
            raise self._refused(source, names, upload, error) from error

    def _refused(
        self, source: Source, names: Sequence[str], upload: Upload, error: PanelRefusedError
    ) -> ExplainedError:
        """What the panel said to a certificate, with the way to a key that more panels take."""
        if not source.lineage or not is_elliptic(upload.leaf):
            return error
        command = self.account.phrases.get(names, source.lineage, "--key-type rsa")
        return ExplainedError(
            error.what,
            f"{error.todo} The key of this certificate is ECDSA, which not every panel takes. If it"
            f" is for that, get one with an RSA key: `{command}`.".strip(),
            error.said,
        )

    # Https sites

    def _bring(self, key: str) -> None:
        want = self.books.wanted.sites[key]
        site = self._site_for(key, want)
        try:
            self._present(site, want)
        except CertificateGoneError:
            # Somebody deleted it while no site presented it.
            self.books.journal.drop_field(Change.CERTIFICATE, want.source.name)
            self._store(want.source)
            self._present(site, want)

    def _site_for(self, key: str, want: WantedSite) -> HttpsSite:
        """The site as it is now, or as it is to be made."""
        site = Present(self.panel).https.by_id.get(key)
        if site is not None and site.exists:
            return site
        if want.made_from:
            return HttpsSite(key, want.label, tuple(want.names), made_from=want.made_from)
        del self.books.wanted.sites[key]
        self.books.save_wanted()
        raise errors.PluginError(
            f"The {want.label} is gone from the panel, so the certificate {want.source.name} is not"
            " used there any more. If that is not what you meant, run"
            f" `{self.account.phrases.install(want.source.name)}`."
        )

    def _present(self, site: HttpsSite, want: WantedSite) -> None:
        journal = self.books.journal
        change = journal.find(Change.SITE, site.id)
        has_appeared = site.exists and want.made_from and change is None
        if has_appeared and not set(want.names) <= set(site.names):
            raise ExplainedError(
                f"An {site.label} has appeared on the panel while one was to be made for"
                f" {', '.join(want.names)}.",
                "Run the command again.",
            )
        handle = journal.handle_of(want.source.name)
        before = self._before(site, change)
        made = change if change and change.before is None else None
        after = {
            "certificate": handle,
            "names": list(want.names),
            "made_from": want.made_from,
            "state": None,
        }
        with self.books.changing(Change(Change.SITE, site.id, before, after)):
            after["state"] = self.panel.install(site, handle, want.names, made, self.books)

    def _before(self, site: HttpsSite, change: Change | None) -> dict[str, object] | None:
        """What a site held before us: `None` where we make it, or made it."""
        if not site.exists:
            return None
        if change is not None and (
            change.before is None
            or site.holds == change.before["certificate"]
            or self._is_ours(site.holds, change)
        ):
            return change.before  # type: ignore[no-any-return] # JSON that we wrote
        before = {"certificate": site.holds, "names": [], "made_from": "", "state": site.state}
        return {**before, "kept_by_host": True} if site.kept_by_host else before

    def _is_ours(self, holds: str | None, change: Change) -> bool:
        """Whether a site holds what we gave it: at last, or before a change that failed."""
        made = [each.on for each in self.books.journal.made_for(Change.CERTIFICATE)]
        return holds in (change.after["certificate"], *made)

    def _undo_site(self, key: str) -> None:
        site = Present(self.panel).https.by_id.get(key)
        change = self.books.journal.find(Change.SITE, key)
        if change is not None and site is not None and site.exists:
            self._put_back(site, change)
        self.books.journal.drop_field(Change.SITE, key)
        self.books.save_journal()

    def _put_back(self, site: HttpsSite, change: Change) -> None:
        ours, before = change.after["certificate"], change.before
        if before is not None and not self._is_ours(site.holds, change):
            if site.holds != before["certificate"]:
                self._keep(site, f"it was chosen by hand since it was {ours}")
            return
        if before is not None and before["certificate"] == ours:
            return
        sender = self._sends_to(site) if before is None or not before["certificate"] else None
        if sender:
            self._keep(site, f"visitors of the {sender.label} are still sent to it")
            return
        try:
            self.panel.restore(site, change)
        except ChangedByHandError as error:
            self._keep(site, error.what)

    def _keep(self, site: HttpsSite, reason: str) -> None:
        logger.warning(
            "The %s stays on the panel with the certificate %s: %s."
            " certbot-webfaction does not see to it any more.",
            site.label,
            site.holds or "of the host",
            reason,
        )

    def _sends_to(self, site: HttpsSite) -> HttpSite | None:
        """An http site that redirects visitors of this https site's names to it."""
        for other in Present(self.panel).http.all:
            if other.redirects and set(other.names) & set(site.names):
                return other
        return None

    # Redirects

    def _redirect(self, key: str) -> None:
        site = Present(self.panel).http.by_id.get(key)
        if site is None:
            raise errors.PluginError(
                f"The {self.books.wanted.redirects[key]} is gone from the panel, so it was not"
                " redirected."
            )
        if site.redirects:
            self._switch(site)
            return
        wrong = self.watch.wait(self._expected_behind(site))
        ahead = look_ahead(self.account, site, wrong, quiet=self.quiet)
        hidden = f"over https its visitors would not find {', '.join(ahead.hidden)}"
        if ahead.in_place:
            display_util.notify(f"The {site.label} sends its visitors to https already.")
            self._give_up(site)
        elif ahead.harm or (ahead.hidden and not self.asked):
            self._refuse(site, ahead.harm or hidden)
        else:
            if ahead.hidden:
                logger.warning("The %s is redirected as asked, but %s.", site.label, hidden)
            self._switch(site)

    def _refuse(self, site: HttpSite, why: str) -> None:
        """Leave an http site as it is; that is no failure of what certbot does by default."""
        text = f"The {site.label} was not redirected to https: {why.rstrip('.')}."
        for want in self._behind(site)[:1]:
            if want.source.lineage:
                command = self.account.phrases.redirect(want.source.lineage)
                text += f" Once that is put right, redirect it with `{command}`."
        if self.asked:
            raise errors.PluginError(text)
        logger.warning("%s", text)
        self._give_up(site)

    def _give_up(self, site: HttpSite) -> None:
        del self.books.wanted.redirects[site.id]
        self.books.save_wanted()

    def _switch(self, site: HttpSite) -> None:
        known = self.books.journal.find(Change.REDIRECT, site.id)
        before = known.before if known else site.state
        change = Change(Change.REDIRECT, site.id, before, {"label": site.label})
        try:
            with self.books.changing(change):
                self.panel.redirect(site, self.books)
        except ImpossibleError as error:
            self.books.forget(change)
            self._refuse(site, str(error))
            return
        if not site.redirects:
            display_util.notify(f"The {site.label} now redirects to https.")

    def _undo_redirect(self, key: str) -> None:
        change = self.books.journal.find(Change.REDIRECT, key)
        site = Present(self.panel).http.by_id.get(key)
        if change is None:
            return
        if site is None:
            logger.warning(
                "The %s is gone from the panel, or has another name; if it still redirects to"
                " https, that has to be changed in the panel.",
                change.after["label"],
            )
        else:
            self._show_again(site, change)
        self.books.forget(change)

    def _show_again(self, site: HttpSite, change: Change) -> None:
        try:
            self.panel.show_again(site, change.before, self.books)
        except ChangedByHandError as error:
            reason = f"keeps its content: {error.what}"
            if site.redirects:
                reason = f"still redirects to https: {error.what}. Choose its content in the panel"
            logger.warning("The %s %s.", site.label, reason)

    def _undo_leftover(self, change: Change) -> None:
        self.panel.undo(change)
        self.books.forget(change)

    # What is served

    def _behind(self, site: HttpSite) -> list[WantedSite]:
        """The https sites of ours that an http site would send its visitors to."""
        wanted = self.books.wanted.sites.values()
        return [want for want in wanted if set(want.names) & set(site.names)]

    def _expected_behind(self, site: HttpSite) -> dict[str, Expected]:
        expected = self._expected(self._behind(site))
        return {name: each for name, each in expected.items() if name in site.names}

    def _expected(self, sites: Iterable[WantedSite]) -> dict[str, Expected]:
        expected = {}
        for want in sites:
            files = want.source.files(self.account.lineages)
            served, names = Expected(files.fingerprint(), files.chain_fingerprints()), files.names()
            expected.update(
                {
                    name: served
                    for name in want.names
                    if not name.startswith("*.") and covered(name, names)
                }
            )
        return expected
