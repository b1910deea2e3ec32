"""Bringing the panel to what is wanted, in the fewest calls, after any interruption."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from certbot import configuration, errors
from certbot.display import util as display_util

from certbot_webfaction.account import FRESH, HostAccount
from certbot_webfaction.frontend.served import Expected
from certbot_webfaction.installation import redirect
from certbot_webfaction.installation.differences import Differences
from certbot_webfaction.installation.wanted import REDIRECT_APP, Wanted, WantedWebsite
from certbot_webfaction.journal import (
    ChangedCertificate,
    ChangedContent,
    Journal,
    MadeWebsite,
    Uploaded,
)
from certbot_webfaction.lineage import CertificateFiles
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Website

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
) -> None:
    """Bring the panel to what is wanted.

    :param found: the differences between the documents
    :param watch: told what each domain should serve now, and asked before anything redirects there
    :raises certbot.errors.PluginError: names everything that could not be done; the rest was
    """
    files = {name: entry.files(config) for name, entry in wanted.certificates.items()}
    _Reconciliation(account, wanted, journal, files, watch).run(found)


def _expected_of(files: CertificateFiles) -> Expected:
    return Expected(files.fingerprint(), files.chain_fingerprints())


class _Reconciliation:
    """One pass over the differences. The order keeps every site served at every moment."""

    def __init__(
        self,
        account: HostAccount,
        wanted: Wanted,
        journal: Journal,
        files: Mapping[str, CertificateFiles],
        watch: Watch,
    ) -> None:
        self.account = account
        self.panel = account.panel
        self.wanted = wanted
        self.journal = journal
        self.files = files
        self.watch = watch
        self.problems: list[str] = []

    def run(self, found: Differences) -> None:
        self.account.login()
        undone = [name for name in found.undo_redirects if self._attempt(self._undo_redirect, name)]
        uploaded = [name for name in found.uploads if self._attempt(self._upload, name)]
        failed = set(found.uploads) - set(uploaded)
        attached = [
            name
            for name in found.websites
            if self.wanted.websites[name].certificate not in failed
            and self._attempt(self._bring_website, name)
        ]
        new = [
            name
            for name, website in self.wanted.websites.items()
            if name in attached or (website.certificate in uploaded and name not in found.websites)
        ]
        self.watch.expect(self._expected(new))
        for name in found.redirects:
            if not self.problems:
                self._attempt(self._redirect, name)
        if undone == found.undo_redirects:  # else visitors may still be sent to these websites
            for name in found.undo_websites:
                self._attempt(self._undo_website, name)
        if found.undo_app:
            self._attempt(lambda _: redirect.remove_app(self.account, self.journal), REDIRECT_APP)
        if self.problems:
            raise errors.PluginError("\n".join(self.problems))

    def _attempt(self, step: Callable[[str], None], name: str) -> bool:
        """Take a step; note what the panel refuses and go on, as other steps may well succeed."""
        try:
            step(name)
        except PanelUnreachableError:
            raise
        except errors.PluginError as error:
            self.problems.append(str(error))
            return False
        return True

    def _save(self) -> None:
        self.account.save(self.journal)

    # Certificates

    def _upload(self, name: str) -> None:
        files = self.files[name]
        known = name in self.journal.uploads or self.panel.saw_certificate(name)
        self.journal.uploads[name] = Uploaded(files.source, files.fingerprint())
        self._save()
        if known:
            self._update_certificate(name, files)
        else:
            self.panel.client.create_certificate(name, files.upload())
        self.journal.uploads[name].done = True
        self._save()
        display_util.notify(f"Uploaded certificate {files.source} to the panel as {name}.")

    def _update_certificate(self, name: str, files: CertificateFiles) -> None:
        try:
            self.panel.client.update_certificate(name, files.upload())
        except PanelRefusedError:
            # The string of "no such certificate" was never recorded, so the panel is asked.
            if any(known.name == name for known in self.panel.client.certificates()):
                raise
            self.panel.client.create_certificate(name, files.upload())

    # Https websites

    def _bring_website(self, name: str) -> None:
        if self.wanted.websites[name].made_from:
            self._bring_made_website(name)
        else:
            self._attach(name)

    def _attach(self, name: str) -> None:
        certificate = self.wanted.websites[name].certificate
        website = self._website(name, https=True)
        if website is None:
            raise errors.PluginError(
                f"The https website {name} is gone from the panel, so the certificate {certificate}"
                " is not used there. If that is not what you meant, create it on the panel and run"
                f" `certbot install --cert-name {self.files[certificate].source} -i webfaction`."
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
        website = self._website(name, https=True)
        made = self.journal.websites.get(name)
        if website is None:
            self._make_website(name, want)
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
        source = self._website(want.made_from, https=False)
        if source is None:
            raise errors.PluginError(
                f"The http website {want.made_from} is gone from the panel, so no https website"
                f" could be made from it for {', '.join(want.domains)}. Create it on the panel and"
                " run the command again."
            )
        redirected = self.journal.contents.get(want.made_from)
        content = redirected.before if redirected else source.content
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
        website = self._website(name, https=True)
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
        if replace(website, domains=made.domains) == as_made and set(website.domains) == set(
            made.domains
        ):
            self.panel.delete_website(website)
            display_util.notify(f"Deleted the https website {website.name} again.")
        else:
            logger.warning(
                "The https website %s stays on the panel: it was changed by hand since"
                " certbot-webfaction made it.",
                website.name,
            )

    def _undo_attachment(self, website: Website, changed: ChangedCertificate) -> None:
        if website.certificate == changed.ours != changed.before:
            self.panel.update_website(replace(website, certificate=changed.before))
            display_util.notify(
                f"The https website {website.name} uses"
                f" {changed.before or 'the shared certificate of the host'} again."
            )
        elif website.certificate != changed.before:
            logger.warning(
                "The https website %s keeps the certificate %s: it was chosen by hand since"
                " certbot-webfaction chose %s.",
                website.name,
                website.certificate or "of the host",
                changed.ours,
            )

    # Redirects

    def _redirect(self, name: str) -> None:
        website = self._website(name, https=False)
        if website is None:
            raise errors.PluginError(
                f"The http website {name} is gone from the panel, so it was not redirected."
            )
        self.watch.wait(self._expected_behind(website))
        redirect.ensure_app(self.account, self.journal)
        entry = self.journal.contents.get(name)
        known = entry is not None and website.content in (entry.before, entry.ours)
        before = entry.before if entry and known else website.content
        self.journal.contents[name] = ChangedContent(before, redirect.CONTENT)
        self._save()
        if website.content != redirect.CONTENT:
            self.panel.update_website(website.with_content(redirect.CONTENT))
            display_util.notify(f"The http website {name} now redirects to https.")
        self.journal.contents[name].done = True
        self._save()

    def _undo_redirect(self, name: str) -> None:
        website, content = self._website(name, https=False), self.journal.contents[name]
        if website is not None and website.content == content.ours != content.before:
            self.panel.update_website(website.with_content(content.before))
            display_util.notify(f"The http website {name} shows its own content again.")
        elif website is not None and website.content != content.before:
            logger.warning(
                "The http website %s keeps its content: it was changed by hand since"
                " certbot-webfaction made it redirect.",
                name,
            )
        del self.journal.contents[name]
        self._save()

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

    def _website(self, name: str, *, https: bool) -> Website | None:
        for website in self.panel.websites(FRESH):
            if website.name == name and website.https == https:
                return website
        return None
