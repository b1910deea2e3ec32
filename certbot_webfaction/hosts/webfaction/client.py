"""The client for WebFaction's API: `WebFaction` provides `IClient`."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from zope.interface import implementer

from certbot_webfaction.hosts.webfaction import answers
from certbot_webfaction.hosts.webfaction.credentials import Credentials
from certbot_webfaction.hosts.webfaction.interface import IClient
from certbot_webfaction.hosts.webfaction.model import (
    Account,
    App,
    Certificate,
    DnsRecord,
    Domain,
    Website,
)
from certbot_webfaction.hosts.webfaction.xmlrpc import FaultError, NoAnswerError, Transport
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.model import Upload
from certbot_webfaction.text import one_line

logger = logging.getLogger(__name__)

RETRY_DELAYS = (
    1.0,  # a connection that was cut, a process that was replaced
    3.0,  # a server that restarts
    9.0,  # a front end that finds another server; what lasts longer is for the next renewal
)
"""Seconds to wait before the second try of a call, the third and the last."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class _Session:
    id: str = field(repr=False)
    account: Account


class MachineRefusedError(LoginRefusedError):
    """The account is on no such machine, or has to name one."""


@implementer(IClient)
class WebFaction:
    """One account on WebFaction; nothing is sent before the first call.

    What is tried again, and what is not, is told by the ``passing`` of each `NoAnswerError`. There
    are four tries of a call. After a write that may have reached the panel, each begins with a
    look at the panel, and the write is repeated only if it has not happened. So a read makes at
    most 4 calls, a write 9 (a login or two on top), with the 13 seconds of `RETRY_DELAYS` between
    them. Most end at once; how long one may take is told by `xmlrpc.TIMEOUT` and
    `xmlrpc.BODY_TIMEOUT`.

    :param sleep: waits for a number of seconds
    """

    def __init__(
        self, credentials: Credentials, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._credentials = credentials
        self._sleep = sleep
        self._transport = Transport(credentials.api_url)
        self._transport.hide(credentials.password)
        self._session: _Session | None = None
        self._login_refused: LoginRefusedError | None = None

    def login(self) -> Account:
        """See `IClient.login`."""
        if self._session is None:
            self._session = self._read("log in", self._open_session)
        return self._session.account

    def websites(self) -> tuple[Website, ...]:
        """See `IClient.websites`."""
        return self._read("list the websites", self._websites)

    def create_website(self, website: Website) -> None:
        """See `IClient.create_website`."""
        self._write(
            f"create {_called(website)} for {', '.join(website.domains)}",
            "Look in the panel whether a website of that name or with one of these domains is"
            " there already, and whether its apps and its certificate are.",
            lambda: any(_same(website, other) for other in self._websites()),
            "create_website",
            *_parameters(website),
        )

    def update_website(self, website: Website) -> None:
        """See `IClient.update_website`."""
        self._write(
            f"change {_called(website)}",
            "It stays as it was. Look in the panel whether it, its apps and its certificate are"
            " still there.",
            lambda: any(_same(website, other) for other in self._websites()),
            "update_website",
            *_parameters(website),
        )

    def delete_website(self, website: Website) -> None:
        """See `IClient.delete_website`."""
        key = (website.name, website.ip, website.https)
        self._write(
            f"delete {_called(website)}",
            "Look in the panel whether it is still there, and delete it there if so.",
            lambda: all((o.name, o.ip, o.https) != key for o in self._websites()),
            "delete_website",
            *key,
        )

    def apps(self) -> tuple[App, ...]:
        """See `IClient.apps`."""
        return self._read("list the apps", self._apps)

    def create_app(self, name: str, type: str) -> App:
        """See `IClient.create_app`."""
        home = self.login().home
        self._write(
            f'create the app "{name}" of type {type}',
            "Look in the panel whether an app of that name is there already, and whether the"
            " type exists (--webfaction-app-type).",
            lambda: any((app.name, app.type) == (name, type) for app in self._apps()),
            "create_app",
            name,
            type,
        )
        return answers.app(name, type, "", home)

    def delete_app(self, name: str) -> None:
        """See `IClient.delete_app`."""
        self._write(
            f'delete the app "{name}"',
            "Look in the panel whether it is still there and which websites use it.",
            lambda: all(app.name != name for app in self._apps()),
            "delete_app",
            name,
        )

    def certificates(self) -> tuple[Certificate, ...]:
        """See `IClient.certificates`."""
        listed = self._read("list the certificates", self._certificates)
        return tuple(certificate for certificate, _chain in listed)

    def create_certificate(self, name: str, upload: Upload) -> None:
        """See `IClient.create_certificate`."""
        self._write(
            f'upload the certificate "{name}"',
            "Websites serve what they served before. Look in the panel whether a certificate of"
            " that name is there already.",
            lambda: self._holds(name, upload),
            "create_certificate",
            name,
            upload.leaf,
            upload.private_key,
            upload.chain,
        )

    def update_certificate(self, name: str, upload: Upload) -> None:
        """See `IClient.update_certificate`."""
        self._write(
            f'replace the certificate "{name}"',
            "Websites serve what they served before. Look in the panel whether the certificate"
            " is still there.",
            lambda: self._holds(name, upload),
            "update_certificate",
            name,
            upload.leaf,
            upload.private_key,
            upload.chain,
        )

    def run(self, command: str) -> str:
        """See `IClient.run`."""
        return self._read("run a command", lambda: answers.output(self._ask("system", command)))

    def domains(self) -> tuple[Domain, ...]:
        """See `IClient.domains`."""
        return self._read("list the domains", self._domains)

    def create_subdomain(self, domain: str, label: str) -> None:
        """See `IClient.create_subdomain`."""
        self._write(
            f"add {label}.{domain} to its DNS",
            f"Look in the panel whether {domain} is a domain of this account.",
            lambda: self._has_subdomain(domain, label),
            "create_domain",
            domain,
            _label(label),
        )

    def delete_subdomain(self, domain: str, label: str) -> None:
        """See `IClient.delete_subdomain`."""
        self._write(
            f"remove {label}.{domain} from its DNS",
            "Look in the panel whether it is still there, and remove it there if so.",
            lambda: not self._has_subdomain(domain, label),
            "delete_domain",
            domain,
            _label(label),
        )

    def dns_records(self) -> tuple[DnsRecord, ...]:
        """See `IClient.dns_records`."""
        return self._read("list the DNS overrides", self._dns_records)

    def create_txt(self, name: str, value: str) -> None:
        """See `IClient.create_txt`."""
        self._write(
            f"publish a TXT record at {name}",
            "Look in the panel whether that name is there as a domain or subdomain.",
            lambda: DnsRecord(name.lower(), "TXT", value) in self._dns_records(),
            "create_dns_override",
            *_txt(name, value),
        )

    def delete_txt(self, name: str, value: str) -> None:
        """See `IClient.delete_txt`."""
        self._write(
            f"remove a TXT record at {name}",
            "Look in the panel whether it is still there, and remove it there if so.",
            lambda: DnsRecord(name.lower(), "TXT", value) not in self._dns_records(),
            "delete_dns_override",
            *_txt(name, value),
        )

    # One try of each read, for the reads above and for a look after a lost answer.

    def _websites(self) -> tuple[Website, ...]:
        return answers.websites(self._ask("list_websites"))

    def _apps(self) -> tuple[App, ...]:
        listed = self._ask("list_apps")
        return answers.apps(listed, self._opened().account.home)

    def _certificates(self) -> tuple[tuple[Certificate, str], ...]:
        return answers.certificates(self._ask("list_certificates"))

    def _domains(self) -> tuple[Domain, ...]:
        return answers.domains(self._ask("list_domains"))

    def _dns_records(self) -> tuple[DnsRecord, ...]:
        return answers.dns_records(self._ask("list_dns_overrides"))

    def _holds(self, name: str, upload: Upload) -> bool:
        sent = (name, _letters(upload.leaf), _letters(upload.chain))
        return any(
            (certificate.name, _letters(certificate.leaf), _letters(chain)) == sent
            for certificate, chain in self._certificates()
        )

    def _has_subdomain(self, domain: str, label: str) -> bool:
        return any(
            known.name == domain.lower() and label.lower() in known.subdomains
            for known in self._domains()
        )

    # Sessions

    def _ask(self, method: str, *parameters: Any) -> Any:
        """Make a call once, and once more where the session had expired."""
        session = self._opened()
        try:
            return self._transport.call(method, session.id, *parameters)
        except FaultError as fault:
            if not answers.is_session_fault(str(fault)):
                raise
        self._session = None
        return self._transport.call(method, self._opened().id, *parameters)

    def _opened(self) -> _Session:
        if self._session is None:
            self._session = self._open_session()
        return self._session

    def _open_session(self) -> _Session:
        """Log in, unless that was refused before: trying passwords again can lock an account."""
        if self._login_refused:
            raise self._login_refused
        mine = self._credentials
        try:
            answer = self._transport.call(
                "login", mine.username, mine.password, mine.machine or "", 2
            )
        except FaultError as fault:
            self._login_refused = _login_refusal(mine, self._words(fault))
            raise self._login_refused from None
        session_id, account = answers.session(answer, mine.username)
        self._transport.hide(session_id)
        return _Session(session_id, account)

    # Tries

    def _read(self, what: str, read: Callable[[], _T]) -> _T:
        delays = iter(RETRY_DELAYS)
        while True:
            try:
                return read()
            except FaultError as fault:
                raise _refusal(what, self._words(fault)) from None
            except NoAnswerError as error:
                if not self._waited(error, delays):
                    raise self._unreachable(what, error) from None

    def _write(
        self, what: str, remedy: str, happened: Callable[[], bool], method: str, *parameters: Any
    ) -> None:
        """Make a change exactly once.

        :param what: completes "WebFaction refused to …"
        :param remedy: what a refusal means and what to do about it
        :param happened: looks at the panel, in one try, whether it holds what the change makes
        """
        self.login()
        lost = False
        delays = iter(RETRY_DELAYS)
        while True:
            try:
                if lost and self._looked(happened):
                    return
                self._ask(method, *parameters)
            except FaultError as fault:
                # "Already exists" or "does not exist": the lost call took effect after the look.
                if lost and self._seen(happened):
                    return
                raise _refusal(what, self._words(fault), remedy) from None
            except NoAnswerError as error:
                lost = lost or error.reached
                if self._waited(error, delays):
                    continue
                if lost and self._seen(happened):
                    return
                raise self._unreachable(what, error, _outcome(lost)) from None
            else:
                return

    def _looked(self, happened: Callable[[], bool]) -> bool:
        """Look whether a change has happened; a panel that refuses to show it does not tell."""
        try:
            return happened()
        except FaultError as fault:
            raise NoAnswerError(
                f"it does not show what it holds: {self._words(fault)}", reached=True, passing=False
            ) from None

    def _seen(self, happened: Callable[[], bool]) -> bool:
        """Whether a change can be seen to have happened."""
        try:
            return self._looked(happened)
        except NoAnswerError:
            return False

    def _waited(self, error: NoAnswerError, delays: Iterator[float]) -> bool:
        """Wait for the next try; whether there is one."""
        delay = next(delays, None)
        if delay is None or not error.passing:
            return False
        logger.warning(
            "No usable answer from WebFaction's API: %s. Trying again in %g s.", error, delay
        )
        self._sleep(delay)
        return True

    def _words(self, fault: FaultError) -> str:
        """What a fault says, fit for a terminal."""
        said = self._transport.hidden(answers.fault_words(str(fault)))
        return one_line(said, 300) or "nothing more."

    def _unreachable(
        self, what: str, error: NoAnswerError, outcome: str = ""
    ) -> PanelUnreachableError:
        url = self._credentials.api_url  # perhaps none that can be parsed
        address = (url.partition("//")[2] or url).rpartition("@")[2].rstrip("/")
        todo = (
            "Run the same command again later."
            if error.passing
            else "Trying again won't help until that is put right."
        )
        failed = "gave no usable answer when" if error.reached else "could not be"
        return PanelUnreachableError(
            f"WebFaction's API ({address}) {failed} asked to {what}: {error}. {outcome}{todo}"
        )


def machine_of_this_host() -> str:
    """The name that the panel gives this machine if it is one of its own (API page, "Session")."""
    name = socket.gethostname().partition(".")[0]
    return name[:1].upper() + name[1:]


def _login_refusal(credentials: Credentials, words: str) -> LoginRefusedError:
    if "machine" not in words.lower():
        return LoginRefusedError(
            f'WebFaction refused the login of "{credentials.username}".',
            "Check webfaction_username and webfaction_password in the credentials file; a password"
            " with a #, a comma, quotes or outer spaces stands in quotes there.",
            words,
        )
    named = "on the machine that its account names"
    likely = machine_of_this_host()
    if credentials.machine:
        named = f'on the machine "{credentials.machine}"'
        short = credentials.machine.partition(".")[0].capitalize()
        likely = short if short != credentials.machine else likely
    return MachineRefusedError(
        f'WebFaction refused the login of "{credentials.username}" {named}.',
        "A machine is called what `hostname -s` prints there, with its first letter raised. Try"
        f" webfaction_machine = {likely} in the credentials file, or leave it out if the account"
        " has one machine only.",
        words,
    )


def _refusal(what: str, words: str, remedy: str = "") -> PanelRefusedError:
    return PanelRefusedError(f"WebFaction refused to {what}.", remedy, words)


def _outcome(lost: bool) -> str:
    if lost:
        return "It is not known whether that was done; the next run looks. "
    return "It was not done. "


def _called(website: Website) -> str:
    return f'the {"https" if website.https else "http"} website "{website.name}"'


def _parameters(website: Website) -> tuple[Any, ...]:
    """What ``create_website`` and ``update_website`` take: mounts as separate arguments."""
    return (
        website.name,
        website.ip,
        website.https,
        list(website.domains),
        website.certificate,
        *([mount.app, mount.path] for mount in website.mounts),
    )


def _same(website: Website, other: Website) -> bool:
    return _content(website) == _content(other)


def _content(website: Website) -> tuple[object, ...]:
    return (
        website.name,
        website.ip,
        website.https,
        website.labels,
        {mount.meaning for mount in website.mounts},
        website.certificate,
    )


def _letters(pem: str) -> str:
    """PEM as far as it matters: the panel may end lines in another way."""
    return "".join(pem.split())


def _label(label: str) -> str:
    """A subdomain's label; without one ``delete_domain`` would delete the whole domain."""
    if not label.strip(". "):
        raise PanelRefusedError("A subdomain needs a name; nothing was sent to the panel.")
    return label


def _txt(name: str, value: str) -> tuple[str, ...]:
    """``domain, a_ip, cname, mx_name, mx_priority, spf_record``: the last is published as TXT."""
    return (name, "", "", "", "", value)
