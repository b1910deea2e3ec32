"""The client for WebFaction's API."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from certbot_webfaction.hosts.host import Credentials
from certbot_webfaction.hosts.tries import Tries, words
from certbot_webfaction.hosts.webfaction import answers
from certbot_webfaction.hosts.webfaction.model import (
    Account,
    App,
    Certificate,
    DnsRecord,
    Domain,
    Website,
)
from certbot_webfaction.hosts.webfaction.xmlrpc import FaultError, Transport
from certbot_webfaction.panel.errors import LoginRefusedError, PanelRefusedError
from certbot_webfaction.panel.model import Upload
from certbot_webfaction.text import capitalized


class MachineRefusedError(LoginRefusedError):
    """The account is on no machine of the name that was given, or on several and none was given."""


class WebFaction:
    """One account on WebFaction; nothing is sent before the first call.

    Every method logs in by itself where that is needed and once more if the session has expired.
    Reads are retried; after a write whose answer was lost the panel is read to see whether it took
    effect, so that a call that returns has happened exactly once (see `Tries`). All raise
    `PanelUnreachableError` or `PanelRefusedError`, `LoginRefusedError` for the login
    (`certbot_webfaction.panel.errors`).

    :param credentials: ``username``, ``password``, ``api_url``, and maybe ``machine`` as the panel
        spells it, which accounts on one machine need not
    :param sleep: waits for a number of seconds
    """

    def __init__(
        self, credentials: Credentials, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._credentials = credentials
        self._transport = Transport(credentials["api_url"])
        self._transport.secrets.hide(credentials["password"])
        self._tries = Tries("WebFaction", self._transport.address, sleep)
        self._session: answers.Session | None = None

    def login(self) -> Account:
        """Log in if this process has not yet, and return the account."""
        if self._session is None:
            self._session = self._tries.read("log in", self._open_session)
        return self._session.account

    def websites(self) -> tuple[Website, ...]:
        """All websites of the account, as they are now."""
        return self._tries.read(
            "list the websites", lambda: answers.websites(self._ask("list_websites"))
        )

    def create_website(self, website: Website) -> None:
        """Create a website; `PanelRefusedError` if one of its name and protocol exists."""
        self._write(
            f"create {_called(website)} for {', '.join(website.domains)}",
            "Look in the panel whether a website of that name or with one of these domains is"
            " there already, and whether its apps and its certificate are.",
            lambda: self._has_website(website),
            ("create_website", *_parameters(website)),
        )

    def update_website(self, website: Website) -> None:
        """Replace domains, mounts and certificate of the website of this name and protocol."""
        self._write(
            f"change {_called(website)}",
            "It stays as it was. Look in the panel whether it, its apps and its certificate are"
            " still there.",
            lambda: self._has_website(website),
            ("update_website", *_parameters(website)),
        )

    def delete_website(self, website: Website) -> None:
        """Delete the website of this name, ip and protocol. Its apps stay."""
        key = (website.name, website.ip, website.https)
        self._write(
            f"delete {_called(website)}",
            "Look in the panel whether it is still there, and delete it there if so.",
            lambda: all((o.name, o.ip, o.https) != key for o in self.websites()),
            ("delete_website", *key),
        )

    def apps(self) -> tuple[App, ...]:
        """All apps of the account, as they are now."""
        return self._tries.read("list the apps", self._list_apps)

    def create_app(self, name: str, type: str) -> App:
        """Create an app; `PanelRefusedError` if the name is taken or the type unknown."""
        self._write(
            f'create the app "{name}" of type {type}',
            "Look in the panel whether an app of that name is there already, and whether the"
            " type exists (--webfaction-app-type).",
            lambda: any((app.name, app.type) == (name, type) for app in self.apps()),
            ("create_app", name, type),
        )
        return answers.app(name, type, "", self.login().home)

    def delete_app(self, name: str) -> None:
        """Delete an app and its directory."""
        self._write(
            f'delete the app "{name}"',
            "Look in the panel whether it is still there and which websites use it.",
            lambda: all(app.name != name for app in self.apps()),
            ("delete_app", name),
        )

    def certificates(self) -> tuple[Certificate, ...]:
        """All certificates of the account. Slow: every private key travels with the answer."""
        return self._tries.read(
            "list the certificates", lambda: answers.certificates(self._ask("list_certificates"))
        )

    def create_certificate(self, name: str, upload: Upload) -> None:
        """Upload a new certificate; `PanelRefusedError` if the name is taken."""
        self._upload(
            f'upload the certificate "{name}"',
            "Look in the panel whether a certificate of that name is there already.",
            "create_certificate",
            name,
            upload,
        )

    def update_certificate(self, name: str, upload: Upload) -> None:
        """Replace a certificate; websites that use it serve the new one after a while."""
        self._upload(
            f'replace the certificate "{name}"',
            "Look in the panel whether the certificate is still there.",
            "update_certificate",
            name,
            upload,
        )

    def run(self, command: str) -> str:
        """Run a shell command as the account's user in its home directory; return its output.

        The command may be run twice where an answer is lost: it has to be repeatable.
        """
        return self._tries.read(
            "run a command", lambda: answers.output(self._ask("system", command))
        )

    def domains(self) -> tuple[Domain, ...]:
        """The domains that the account's DNS serves."""
        return self._tries.read(
            "list the domains", lambda: answers.domains(self._ask("list_domains"))
        )

    def create_subdomain(self, domain: str, label: str) -> None:
        """Add the subdomain ``label`` to one of the account's domains."""
        self._write(
            f"add {label}.{domain} to its DNS",
            f"Look in the panel whether {domain} is a domain of this account.",
            lambda: self._has_subdomain(domain, label),
            ("create_domain", domain, _label(label)),
        )

    def delete_subdomain(self, domain: str, label: str) -> None:
        """Remove the subdomain ``label`` again; the domain and its other subdomains stay."""
        self._write(
            f"remove {label}.{domain} from its DNS",
            "Look in the panel whether it is still there, and remove it there if so.",
            lambda: not self._has_subdomain(domain, label),
            ("delete_domain", domain, _label(label)),
        )

    def dns_records(self) -> tuple[DnsRecord, ...]:
        """The TXT and CNAME records that the account added."""
        return self._tries.read(
            "list the DNS overrides", lambda: answers.dns_records(self._ask("list_dns_overrides"))
        )

    def create_txt(self, name: str, value: str) -> None:
        """Publish a TXT record beside others of the same name."""
        self._write(
            f"publish a TXT record at {name}",
            "Look in the panel whether that name is there as a domain or subdomain.",
            lambda: DnsRecord(name.lower(), "TXT", value) in self.dns_records(),
            ("create_dns_override", *_txt(name, value)),
        )

    def delete_txt(self, name: str, value: str) -> None:
        """Remove the one TXT record with this name and value."""
        self._write(
            f"remove a TXT record at {name}",
            "Look in the panel whether it is still there, and remove it there if so.",
            lambda: DnsRecord(name.lower(), "TXT", value) not in self.dns_records(),
            ("delete_dns_override", *_txt(name, value)),
        )

    def _upload(self, what: str, todo: str, method: str, name: str, upload: Upload) -> None:
        self._write(
            what,
            f"Websites serve what they served before. {todo}",
            lambda: self._holds(name, upload),
            (method, name, upload.leaf, upload.private_key, upload.chain),
        )

    def _write(
        self, what: str, todo: str, happened: Callable[[], bool], call: tuple[Any, ...]
    ) -> None:
        """Make a change exactly once by a call, a method and its parameters, see `Tries.write`."""
        self.login()
        self._tries.write(what, todo, lambda: self._ask(*call), happened)

    def _list_apps(self) -> tuple[App, ...]:
        listed = self._ask("list_apps")
        return answers.apps(listed, self._opened().account.home)

    def _has_website(self, website: Website) -> bool:
        return any(_content(other) == _content(website) for other in self.websites())

    def _holds(self, name: str, upload: Upload) -> bool:
        sent = (name, _letters(upload.leaf), _letters(upload.chain))
        return any(
            (held.name, _letters(held.leaf), _letters(held.chain)) == sent
            for held in self.certificates()
        )

    def _has_subdomain(self, domain: str, label: str) -> bool:
        return any(
            known.name == domain.lower() and label.lower() in known.subdomains
            for known in self.domains()
        )

    # Sessions

    def _ask(self, method: str, *parameters: Any) -> Any:
        """Make a call once, and once more where the session had expired."""
        session = self._opened()
        try:
            return self._transport.call(method, session.id, *parameters)
        except FaultError as fault:
            if not answers.is_session_fault(fault.string):
                raise
        self._session = None
        return self._transport.call(method, self._opened().id, *parameters)

    def _opened(self) -> answers.Session:
        if self._session is None:
            self._session = self._open_session()
        return self._session

    def _open_session(self) -> answers.Session:
        username, machine = self._credentials["username"], self._credentials.get("machine", "")
        try:
            answer = self._transport.call(
                "login", username, self._credentials["password"], machine, 2
            )
        except FaultError as fault:
            refusal = _login_refusal(username, machine, words(fault))
            raise self._tries.refuse_login(refusal) from None
        session = answers.session(answer, username)
        self._transport.secrets.hide(session.id)
        return session


def machine_of_this_host() -> str:
    """The name that the panel gives this machine if it is one of its own (API page, "Session")."""
    name = socket.gethostname().partition(".")[0]
    return capitalized(name)


def likely_machine(refused: str) -> str:
    """What the panel may call the machine whose name it refused; ``""`` where none was given."""
    short = refused.partition(".")[0].capitalize()
    return short if short != refused else machine_of_this_host()


def _login_refusal(username: str, machine: str, said: str) -> LoginRefusedError:
    refused = f'WebFaction refused the login of "{username}"'
    if "machine" not in said.lower():
        return LoginRefusedError(
            f"{refused}.",
            "Check webfaction_username and webfaction_password in the credentials file; a password"
            " with a #, a comma, quotes or outer spaces stands in quotes there.",
            said,
        )
    named = f'the machine "{machine}"' if machine else "the machine that its account names"
    return MachineRefusedError(
        f"{refused} on {named}.",
        "A machine is called what `hostname -s` prints there, with its first letter raised. Try"
        f" webfaction_machine = {likely_machine(machine)} in the credentials file, or leave it out"
        " if the account has one machine only.",
        said,
    )


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
