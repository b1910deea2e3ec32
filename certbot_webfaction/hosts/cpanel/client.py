"""The client for an account on cPanel: its reads, and writes that happen exactly once."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from certbot_webfaction.hosts.cpanel import model
from certbot_webfaction.hosts.cpanel.answers import (
    CallRefusedError,
    is_true,
    listed,
    number,
    objects,
    text,
)
from certbot_webfaction.hosts.cpanel.credentials import COMMAND
from certbot_webfaction.hosts.cpanel.model import Domain, Installed
from certbot_webfaction.hosts.cpanel.transports import Command, Https, Transport
from certbot_webfaction.hosts.host import Credentials
from certbot_webfaction.hosts.tries import Tries
from certbot_webfaction.hosts.wire import NoAnswerError, RefusalError
from certbot_webfaction.panel.errors import ImpossibleError, PanelRefusedError
from certbot_webfaction.panel.model import Upload

SINCE: Mapping[str, int] = {
    "WebVhosts::list_ssl_capable_domains": 64,
    "DCV::check_domains_via_http": 60,
    "SSL::start_autossl_check": 68,
    "SSL::get_autossl_problems": 68,
    "SSL::toggle_ssl_redirect_for_domains": 80,
    "DNS::has_local_authority": 78,
    "DNS::parse_zone": 96,
    "DNS::mass_edit_zone": 96,
}
"""The version of cPanel that brought a function (its documentation)."""

FEATURES: Mapping[str, str] = {
    "SSL::installed_hosts": "sslinstall",
    "SSL::install_ssl": "sslinstall",
    "SSL::delete_ssl": "sslinstall",
    "SSL::start_autossl_check": "autossl",
    "DNS::parse_zone": "zoneedit",
    "DNS::mass_edit_zone": "zoneedit",
    "ZoneEdit::fetchzone_records": "zoneedit",
    "ZoneEdit::add_zone_record": "zoneedit",
    "SSL::delete_cert": "sslmanager",
    "SSL::delete_key": "sslmanager",
    "Fileman::list_files": "filemanager",
    "Fileman::save_file_content": "filemanager",
    "Mime::list_redirects": "redirects",
}
"""The feature of an account's plan that a function needs (its documentation)."""


T = TypeVar("T")

Installations = dict[str, Installed]
"""What each virtual host presents, by its servername."""


class Client:
    """One account; nothing is sent before the first call, and what is tried again tells `Tries`.

    :param sleep: waits for a number of seconds
    """

    def __init__(
        self, credentials: Credentials, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.is_here = credentials["api_url"] == COMMAND
        username = credentials.get("username", "")
        self._transport: Transport
        if self.is_here:
            self._transport = Command(COMMAND, username)
        else:
            token = credentials["token"]
            self._transport = Https(
                credentials["api_url"],
                username,
                token,
                lambda error: self._tries.refuse_login(error),
            )
        self._tries = Tries("cPanel", self._transport.address, sleep)

    @property
    def address(self) -> str:
        """Where the panel is."""
        return self._transport.address

    # Reads

    def read(self, what: str, call: str, **arguments: str) -> Any:
        """Read something as the panel tells it; see `read_as`."""
        return self.read_as(what, call, lambda told: told, **arguments)

    def read_as(self, what: str, call: str, make: Callable[[Any], T], **arguments: str) -> T:
        """Read something.

        :param what: completes "cPanel refused to …"
        :param call: module and function of UAPI, ``SSL::installed_hosts``
        :param make: makes of what is told what is returned, or raises `NoAnswerError`
        :raises ImpossibleError: if the account's plan or the server's version lacks it
        :raises PanelRefusedError: if the panel refuses it
        :raises PanelUnreachableError: if there is no usable answer
        """
        with self._explained(what, call):
            return self._tries.read(what, lambda: make(self.ask(call, **arguments)))

    def ask(self, call: str, **arguments: str) -> Any:
        """Make a call of UAPI, one try; see `Transport.uapi`."""
        module, _, function = call.partition("::")
        return self._transport.uapi(module, function, arguments)

    def ask_api2(self, call: str, **arguments: str) -> list[dict[str, Any]]:
        """Make a call of API 2, one try; see `Transport.api2`."""
        module, _, function = call.partition("::")
        return self._transport.api2(module, function, arguments)

    def domains(self) -> tuple[Domain, ...]:
        """The account's domains, the main one first."""
        return self.read_as(
            "list the domains",
            "DomainInfo::domains_data",
            model.read_domains,
            return_https_redirects_status="1",
        )

    def capable(self) -> dict[str, tuple[str, ...]]:
        """The names of each virtual host by its servername, those of services among them.

        What is refused is not known; `domains` has told the others.
        """
        call = "WebVhosts::list_ssl_capable_domains"
        try:
            return self.read_as("list the virtual hosts", call, model.read_capable)
        except (PanelRefusedError, ImpossibleError):
            return {}

    def installed(self) -> Installations:
        """What virtual hosts present by their servername."""
        what = "list the installed certificates"
        with self._explained(what, "SSL::installed_hosts"):
            return self._tries.read(what, self._installed)

    def _installed(self) -> Installations:
        """One try. Errors beside data are about single hosts (cpanelgo takes them so, too)."""
        try:
            told = self.ask("SSL::installed_hosts")
        except CallRefusedError as error:
            if not listed(error.data):
                raise
            told = error.data
        return model.read_installed(told)

    @cached_property
    def features(self) -> Mapping[str, bool]:
        """The features of the account's plan, as far as the panel tells them."""
        call = "Features::list_features"
        try:
            told = self._tries.read("list its features", lambda: objects(self.ask(call)))
        except PanelRefusedError:
            return {}
        return {name: is_true(value) for each in told for name, value in each.items()}

    @cached_property
    def version(self) -> int:
        """The server's version, such as 110; 0 where it does not tell."""
        told = self._tries.read(
            "tell its version", lambda: self.ask("StatsBar::get_stats", display="cpanelversion")
        )
        value = next((text(each.get("value")) for each in listed(told)), "")
        return number(value.removeprefix("11.").partition(".")[0])

    @contextlib.contextmanager
    def _explained(self, what: str, call: str) -> Iterator[None]:
        """Find out, when the panel refuses a call, whether the account can't make it at all.

        Texts don't tell: they are in the account's language.
        """
        try:
            yield
        except PanelRefusedError as error:
            with contextlib.suppress(PanelRefusedError):
                self._check_version(what, call, error.said)
            self.check_feature(what, call, said=error.said)
            raise

    def _check_version(self, what: str, call: str, said: str) -> None:
        since = SINCE.get(call, 0)
        if since and 0 < self.version < since:
            raise ImpossibleError(
                f"cPanel could not be asked to {what}: {call} came with version {since}, and this"
                f" server has {self.version}.",
                "Ask the host for an update.",
                said,
            )

    def check_feature(self, what: str, call: str, otherwise: str = "", said: str = "") -> None:
        """Refuse what the account's plan lacks a feature for.

        :param what: completes "cPanel could not be asked to …"
        :param otherwise: another way, a sentence
        :param said: the panel's words, if it was asked
        :raises ImpossibleError: if it lacks one
        """
        feature = FEATURES.get(call, "")
        if feature and not self.features.get(feature, True):
            todo = f"Ask the host to enable “{feature}”, or for a plan that has it. {otherwise}"
            raise ImpossibleError(
                f"cPanel could not be asked to {what}: the plan of this account lacks the feature"
                f" “{feature}”.",
                todo.strip(),
                said,
            )

    # Writes

    def write(
        self,
        what: str,
        todo: str,
        call: str,
        look: Callable[[], Any],
        send: Callable[[], Any],
    ) -> Any:
        """Make a change exactly once, see `Tries.write`; refusals as in `read`."""
        with self._explained(what, call):
            return self._tries.write(what, todo, send, look)

    def install(
        self,
        servername: str,
        label: str,
        upload: Upload,
        todo: str,
        stored: Callable[[str, str], None] = lambda certificate, key: None,
    ) -> Installations:
        """Put a certificate on a virtual host, and return what all present then.

        What counts is what the panel shows afterwards: installs that were reported as failed have
        been seen to be live (cpanelgo).

        :param todo: what a refusal means, and what to do about it
        :param stored: is told the ids of certificate and key in the panel's store, where they stay
            even if the certificate is refused
        """
        handle = model.handle_of(upload.leaf)

        def look() -> Installations | None:
            found = self._installed()
            return found if _holds(found, servername, handle) else None

        def send() -> Installations:
            refused = self._install_once(servername, upload, stored)
            found = look()
            command = self._transport
            if found is None and isinstance(command, Command) and command.may_decode_input:
                # No source tells whether it decodes that as it does its arguments. Where it does,
                # each plus of a PEM has come to be a space.
                command.decodes_input = True
                self._install_once(servername, upload, stored)
                found = look()
                command.decodes_input = None if found is None else True
            if found is not None:
                return found
            shown = "It was installed, but another certificate is shown there."
            raise refused or RefusalError(shown)

        installed: Installations = self.write(
            f"install the certificate {handle} on the {label}",
            todo,
            "SSL::install_ssl",
            look,
            send,
        )
        return installed

    def tell_stored(
        self, servername: str, upload: Upload, stored: Callable[[str, str], None]
    ) -> None:
        """Tell the ids of what was installed, where the answer was lost; see `install`.

        The same certificate once more changes nothing, and has the same answer.
        """
        self._tries.read(
            "tell what it stored", lambda: self._install_once(servername, upload, stored)
        )

    def _install_once(
        self, servername: str, upload: Upload, stored: Callable[[str, str], None]
    ) -> CallRefusedError | None:
        """Send a certificate; the refusal, if it is refused."""
        values = {"cert": upload.leaf, "key": upload.private_key, "cabundle": upload.chain}
        given = {key: value for key, value in values.items() if value.strip()}
        refused = None
        try:
            told = self.ask("SSL::install_ssl", domain=servername, **given)
        except CallRefusedError as error:
            refused, told = error, error.data
        for ids in listed(told):
            stored(text(ids.get("cert_id")), text(ids.get("key_id")))
        return refused

    def uninstall(self, servername: str, label: str) -> None:
        """Take the certificate off a virtual host."""
        self.write(
            f"take the certificate off the {label}",
            "Delete it in the panel, under SSL/TLS, Manage SSL sites.",
            "SSL::delete_ssl",
            lambda: servername not in self._installed(),
            lambda: self.ask("SSL::delete_ssl", domain=servername),
        )

    def stored(self, id: str) -> Upload | None:
        """A certificate of the panel's store with its key and chain; `None` where it is gone."""
        try:
            told = self.read("show a certificate", "SSL::fetch_cert_info", id=id)
        except PanelRefusedError:
            return None
        found = next(iter(listed(told)), {})
        leaf, key = text(found.get("certificate")), text(found.get("key"))
        return Upload(leaf, key, text(found.get("cabundle"))) if leaf and key else None

    def toggle_redirect(self, domains: Sequence[str], label: str, *, on: bool) -> None:
        """Switch the redirect of a virtual host to https on or off."""

        def switched() -> bool:
            found = [each for each in self.domains() if each.domain in domains]
            return bool(found) and all(each.redirects == on for each in found)

        self.write(
            f"{'redirect' if on else 'stop redirecting'} the {label} to https",
            "The switch is in the panel under Domains, Force HTTPS Redirect.",
            "SSL::toggle_ssl_redirect_for_domains",
            switched,
            lambda: self.ask(
                "SSL::toggle_ssl_redirect_for_domains",
                domains=",".join(domains),
                state=str(int(on)),
            ),
        )

    def delete_stored(self, kind: str, id: str) -> None:
        """Delete a certificate (``cert``) or a key (``key``) from the panel's store."""
        call = f"SSL::delete_{kind}"
        todo = f"Delete the {kind} {id} in the panel, under SSL/TLS."

        def is_gone() -> bool:
            return all(each.get("id") != id for each in listed(self.ask(f"SSL::list_{kind}s")))

        try:
            self.write(f"delete a {kind}", todo, call, is_gone, lambda: self.ask(call, id=id))
        except PanelRefusedError:
            if not self._tries.read(f"look for a {kind}", is_gone):
                raise

    def delete_together(self, stored: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        """Delete certificates and keys from the panel's store, see `delete_stored`, by one call.

        It stops at the first that fails (`Batch::strict` in the vendor's documentation, without a
        version). How it tells of that is not recorded, so what counts is each one's own answer.

        :param stored: kinds and ids
        :returns: those that are known to be gone
        """
        commands = {
            f"command-{number}": json.dumps(["SSL", f"delete_{each[0]}", {"id": each[1]}])
            for number, each in enumerate(stored)
        }
        try:
            told = self.ask("Batch::strict", **commands) if commands else ()
        except CallRefusedError as error:
            told = error.data
        except (RefusalError, NoAnswerError):
            told = ()
        done = itertools.takewhile(lambda each: is_true(each.get("status")), listed(told))
        return [each for each, _ in zip(stored, done, strict=False)]

    def start_autossl(self) -> str:
        """Ask AutoSSL to look at the account's virtual hosts.

        :returns: why the panel refuses that, ``""`` where it does not
        """
        try:
            self._tries.read("start AutoSSL", lambda: self.ask("SSL::start_autossl_check"))
        except PanelRefusedError as error:
            return error.said
        return ""


def _holds(found: Installations, servername: str, handle: str) -> bool:
    return servername in found and found[servername].handle == handle
