"""Bringing the panel to what is wanted, in the fewest calls, after any interruption."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from certbot import configuration, errors
from certbot.display import util as display_util

from certbot_webfaction.account import HostAccount
from certbot_webfaction.books import document
from certbot_webfaction.books.documents import wanted_path
from certbot_webfaction.books.journal import (
    ChangedCertificate,
    ChangedContent,
    Journal,
    MadeWebsite,
    Uploaded,
)
from certbot_webfaction.books.wanted import (
    REDIRECT,
    REDIRECT_APP,
    Wanted,
    WantedWebsite,
    redirects,
)
from certbot_webfaction.hosts.webfaction.model import Upload, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.hosts.webfaction.seen import FRESH
from certbot_webfaction.installation import redirect
from certbot_webfaction.installation.differences import Differences, Problem
from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.phrases import install_command
from certbot_webfaction.web.served import Expected

logger = logging.getLogger(__name__)


class Watch(Protocol):
    """Looks at what domains serve, and warns where it is not what is expected of them."""

    def expect(self, expected: Mapping[str, Expected]) -> None:
        """Look at these domains, now or together with others later."""

    def wait(self, expected: Mapping[str, Expected]) -> None:
        """Return when these domains serve what is expected, or after the longest wait."""


def reconcile(
    account: HostAccount,
    found: Differences,
    wanted: Wanted,
    journal: Journal,
    config: configuration.NamespaceConfig,
    watch: Watch,
) -> list[Problem]:
    """Bring the panel to what is wanted.

    :param found: the differences between the documents
    :param watch: told what each domain should serve now, and asked before anything redirects there
    :returns: what could not be done; the rest was
    :raises certbot_webfaction.panel.errors.PanelUnreachableError: if the panel does not answer
    """
    return _Reconciliation(account, wanted, journal, config, watch).run(found)


def _expected_of(files: CertificateFiles) -> Expected:
    return Expected(files.fingerprint(), files.chain_fingerprints())


class _Reconciliation:
    """One pass over the differences. The order keeps every site served at every moment."""

    def __init__(
        self,
        account: HostAccount,
        wanted: Wanted,
        journal: Journal,
        config: configuration.NamespaceConfig,
        watch: Watch,
    ) -> None:
        self.account = account
        self.panel = account.panel
        self.wanted = wanted
        self.journal = journal
        self.config = config
        self.files = {name: entry.files(config) for name, entry in wanted.certificates.items()}
        self.watch = watch
        self.problems: list[Problem] = []

    def run(self, found: Differences) -> list[Problem]:
        self.account.login()
        undone = [name for name in found.undo_redirects if self._attempt(self._undo_redirect, name)]
        uploaded = [name for name in found.uploads if self._attempt(self._upload, name, name)]
        failed = set(found.uploads) - set(uploaded)
        attached = [
            name
            for name in found.websites
            for certificate in [self.wanted.websites[name].certificate]
            if certificate not in failed and self._attempt(self._bring_website, name, certificate)
        ]
        new = [
            name
            for name, website in self.wanted.websites.items()
            if name in attached or (website.certificate in uploaded and name not in found.websites)
        ]
        self.watch.expect(self._expected(new))
        for name in found.redirects:
            if not self.problems:
                self._attempt(self._redirect, name, name)
        if undone == found.undo_redirects:  # else visitors may still be sent to these websites
            for name in found.undo_websites:
                self._attempt(self._undo_website, name)
            if found.undo_app:
                self._attempt(
                    lambda _: redirect.remove_app(self.account, self.journal), REDIRECT_APP
                )
        return self.problems

    def _attempt(self, step: Callable[[str], None], name: str, about: str = "") -> bool:
        """Take a step; note what the panel refuses and go on, as other steps may well succeed."""
        try:
            step(name)
        except PanelUnreachableError:
            raise
        except errors.PluginError as error:
            self.problems.append(Problem(about, str(error)))
            return False
        return True

    def _save(self) -> None:
        self.account.save(self.journal)

    # Certificates

    def _upload(self, name: str) -> None:
        files = self.files[name]
        uploaded = Uploaded(files.source, files.fingerprint())
        noted = name in self.journal.uploads
        if not noted:  # else its entry is out of step, and stays that until the panel has this leaf
            self.journal.uploads[name] = uploaded
            self._save()
        self._send(name, files.upload(), there=noted or self.panel.saw_certificate(name))
        uploaded.done = True
        self.journal.uploads[name] = uploaded
        self._save()
        display_util.notify(f"Uploaded certificate {files.source} to the panel as {name}.")

    def _send(self, name: str, upload: Upload, *, there: bool) -> None:
        """Replace a certificate, or create it; which of them, is not always known for sure."""
        client = self.panel.client
        try:
            if there:
                client.update_certificate(name, upload)
            else:
                client.create_certificate(name, upload)
        except PanelRefusedError:
            # The string of "no such certificate" was never recorded, so the panel is asked.
            if there == self._is_on_panel(name):
                raise
            self._send(name, upload, there=not there)

    def _is_on_panel(self, certificate: str) -> bool:
        return any(known.name == certificate for known in self.panel.client.certificates())

    # Https websites

    def _bring_website(self, name: str) -> None:
        try:
            self._bring_existing_or_made(name)
        except PanelRefusedError:
            certificate = self.wanted.websites[name].certificate
            if self._is_on_panel(certificate):
                raise
            self._upload(certificate)  # somebody deleted it while no website used it
            self._bring_existing_or_made(name)

    def _bring_existing_or_made(self, name: str) -> None:
        if self.wanted.websites[name].made_from:
            self._bring_made_website(name)
        else:
            self._attach(name)

    def _attach(self, name: str) -> None:
        certificate = self.wanted.websites[name].certificate
        website = self.panel.website(name, https=True)
        if website is None:
            del self.wanted.websites[name]
            document.write(wanted_path(self.account), self.wanted)
            raise errors.PluginError(
                f"The https website {name} is gone from the panel, so the certificate {certificate}"
                " is not used there any more. If that is not what you meant, run"
                f" `{install_command(self.config, self.files[certificate].source)}`."
            )
        entry = self.journal.certificates.get(name)
        known = entry is not None and website.certificate in (entry.before, entry.ours)
        before = entry.before if entry and known else website.certificate
        self.journal.certificates[name] = ChangedCertificate(before, certificate)
        self._save()
        if website.certificate != certificate:
            self.panel.update_website(replace(website, certificate=certificate))
            display_util.notify(f"The https website {name} now uses certificate {certificate}.")
        self.journal.certificates[name].done = True
        self._save()

    def _bring_made_website(self, name: str) -> None:
        want = self.wanted.websites[name]
        website = self.panel.website(name, https=True)
        made = self.journal.websites.get(name)
        if website is None:
            self._make_website(name, want)
        elif made is None and set(want.domains) <= set(website.domains):
            self._attach(name)  # what we noted of it is lost, or it is somebody else's: it stays
            return
        elif made is None:
            raise errors.PluginError(
                f"An https website {name} has appeared on the panel while one was to be made for"
                f" {', '.join(want.domains)}. Run the command again."
            )
        else:
            kept = [
                own for own in website.domains if own in want.domains or own not in made.domains
            ]
            domains = tuple(dict.fromkeys([*kept, *want.domains]))
            made.domains, made.certificate, made.done = (*want.domains,), want.certificate, False
            self._save()
            changed = replace(website, domains=domains, certificate=want.certificate)
            if changed != website:
                self.panel.update_website(changed)
        self.journal.websites[name].done = True
        self._save()

    def _make_website(self, name: str, want: WantedWebsite) -> None:
        source = self.panel.website(want.made_from, https=False)
        if source is None:
            raise errors.PluginError(
                f"The http website {want.made_from} is gone from the panel, so no https website"
                f" could be made from it for {', '.join(want.domains)}. Create it on the panel and"
                " run the command again."
            )
        redirected = self.journal.contents.get(want.made_from)
        content: tuple[Mount, ...] | None = redirected.before if redirected else source.content
        if redirects(source) and (redirected is None or REDIRECT in redirected.before):
            content = redirect.content_behind(source, self.panel.websites(FRESH))
        if content is None:
            raise errors.PluginError(
                f"The http website {source.name} redirects to https already, and what it showed"
                f" before is not known, so no https website was made for"
                f" {', '.join(want.domains)}. Let it show its own app again in the panel, then run"
                " the command again."
            )
        made = MadeWebsite(
            source.ip, tuple(want.domains), content, want.certificate, want.made_from
        )
        self.journal.websites[name] = made
        self._save()
        self.panel.create_website(
            Website(name, made.ip, True, made.domains, made.content, made.certificate)
        )
        display_util.notify(
            f"Created the https website {name} for {', '.join(want.domains)}"
            f" with certificate {want.certificate}."
        )

    def _undo_website(self, name: str) -> None:
        website = self.panel.website(name, https=True)
        made, changed = self.journal.websites.get(name), self.journal.certificates.get(name)
        if website is not None and made is not None:
            self._undo_made_website(website, made)
        elif website is not None and changed is not None:
            self._undo_attachment(website, changed)
        self.journal.websites.pop(name, None)
        self.journal.certificates.pop(name, None)
        self._save()

    def _undo_made_website(self, website: Website, made: MadeWebsite) -> None:
        as_made = Website(website.name, made.ip, True, made.domains, made.content, made.certificate)
        if sender := self._sends_to(website):
            self._keep(website, f"visitors of the http website {sender} are still sent to it")
        elif _alike(website, as_made):
            self.panel.delete_website(website)
            display_util.notify(f"Deleted the https website {website.name} again.")
        else:
            self._keep(website, "it was changed by hand since certbot-webfaction made it")

    def _undo_attachment(self, website: Website, changed: ChangedCertificate) -> None:
        if website.certificate != changed.ours:
            if website.certificate != changed.before:
                self._keep(website, f"it was chosen by hand since it was {changed.ours}")
        elif not changed.before and (sender := self._sends_to(website)):
            self._keep(website, f"visitors of the http website {sender} are still sent to it")
        elif changed.ours != changed.before:
            self._use_again(website, changed.before)

    def _use_again(self, website: Website, before: str) -> None:
        try:
            self.panel.update_website(replace(website, certificate=before))
        except PanelRefusedError:
            if not before or self._is_on_panel(before):
                raise
            self._keep(website, f"the certificate {before}, which it used before, is gone")
        else:
            display_util.notify(
                f"The https website {website.name} uses"
                f" {before or 'the shared certificate of the host'} again."
            )

    def _keep(self, website: Website, reason: str) -> None:
        logger.warning(
            "The https website %s stays on the panel with the certificate %s: %s."
            " certbot-webfaction does not see to it any more.",
            website.name,
            website.certificate or "of the host",
            reason,
        )

    def _sends_to(self, website: Website) -> str | None:
        """An http website that redirects visitors of this https website's domains to it."""
        for other in self.panel.websites(FRESH):
            if not other.https and redirects(other) and set(other.domains) & set(website.domains):
                return other.name
        return None

    # Redirects

    def _redirect(self, name: str) -> None:
        website = self.panel.website(name, https=False)
        if website is None:
            raise errors.PluginError(
                f"The http website {name} is gone from the panel, so it was not redirected."
            )
        self.watch.wait(self._expected_behind(website))
        redirect.ensure_app(self.account, self.journal)
        before = website.content
        if redirects(website):
            entry = self.journal.contents.get(name)
            behind = redirect.content_behind(website, self.panel.websites(FRESH))
            before = entry.before if entry else behind or before
        self.journal.contents[name] = ChangedContent(before, redirect.CONTENT)
        self._save()
        if not redirects(website):
            self.panel.update_website(website.with_content(redirect.CONTENT))
            display_util.notify(f"The http website {name} now redirects to https.")
        self.journal.contents[name].done = True
        self._save()

    def _undo_redirect(self, name: str) -> None:
        website, content = self.panel.website(name, https=False), self.journal.contents[name]
        if website is None:
            logger.warning(
                "The http website %s is gone from the panel, or has another name; if it still"
                " redirects to https, that has to be changed in the panel.",
                name,
            )
        elif redirects(website):
            self._show_again(website, content.before)
        elif website.content != content.before:
            logger.warning(
                "The http website %s keeps its content: it was changed by hand since"
                " certbot-webfaction made it redirect.",
                name,
            )
        del self.journal.contents[name]
        self._save()

    def _show_again(self, website: Website, before: tuple[Mount, ...]) -> None:
        """Put back what an http website showed; mounts that were added by hand since stay."""
        apps = {app.name for app in self.panel.apps()}
        gone = [mount.app for mount in before if mount.app not in apps]
        if REDIRECT in before or gone:
            logger.warning(
                "The http website %s still redirects to https: what it showed before %s. Choose its"
                " content in the panel.",
                website.name,
                f"is gone ({', '.join(gone)})" if gone else "is not known",
            )
            return
        paths = [mount.path for mount in before]
        added = [mount for mount in website.content if mount.path not in ("/", *paths)]
        self.panel.update_website(website.with_content((*before, *added)))
        display_util.notify(f"The http website {website.name} shows its own content again.")

    # What is served

    def _expected(self, websites: list[str]) -> dict[str, Expected]:
        return {
            domain: _expected_of(self.files[want.certificate])
            for want in map(self.wanted.websites.__getitem__, websites)
            for domain in want.domains
            if not domain.startswith("*.")
        }

    def _expected_behind(self, website: Website) -> dict[str, Expected]:
        return {
            domain: _expected_of(self.files[want.certificate])
            for want in self.wanted.websites.values()
            for domain in want.domains
            if domain in website.domains and not domain.startswith("*.")
        }


def _alike(website: Website, other: Website) -> bool:
    """Whether two are the same but for the order of domains and mounts."""
    return _unordered(website) == _unordered(other)


def _unordered(website: Website) -> Website:
    return replace(
        website,
        domains=tuple(sorted(website.domains)),
        mounts=tuple(sorted(website.mounts, key=lambda mount: (mount.path, mount.app))),
    )
