"""The client for Opalstack's API: one account, each change made exactly once and waited for."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from certbot_webfaction.hosts.host import Credentials
from certbot_webfaction.hosts.opalstack import answers
from certbot_webfaction.hosts.opalstack.model import (
    STATIC,
    App,
    Cert,
    Domain,
    Osuser,
    Record,
    Site,
)
from certbot_webfaction.hosts.opalstack.rest import (
    GoneError,
    NotPermittedError,
    Rest,
    TokenRefusedError,
)
from certbot_webfaction.hosts.tries import Tries, words
from certbot_webfaction.panel.errors import LoginRefusedError, PanelError, PanelRefusedError
from certbot_webfaction.panel.model import Upload
from certbot_webfaction.web.waiting import wait_until_right

READY_WITHIN = 300.0
"""Seconds after which what is still not ready is given up; the host's own tool waits as long."""

TTL = 300
"""Seconds for which a record may be remembered: the least that the host takes."""

_EMBEDDED = "embed=domains,app,ip4"


class Opalstack:
    """One account on Opalstack; nothing is sent before the first call.

    What is tried again is told by `Tries`. A change is waited for until the host says that it is
    ready. All calls raise `PanelUnreachableError`, `PanelRefusedError`, or `LoginRefusedError`.

    ``quiet`` keeps the waits from the terminal.

    :param credentials: ``token`` and ``api_url``
    """

    def __init__(
        self,
        credentials: Credentials,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.quiet = False
        self._token = credentials["token"]
        self._rest = Rest(credentials["api_url"], self._token)
        self._tries = Tries("Opalstack", self._rest.address, sleep)
        self._clock = clock
        self._sleep = sleep

    # Reading

    def osusers(self) -> tuple[Osuser, ...]:
        """The account's users, on all its servers."""
        return self._list("users", "/osuser/list/?embed=server", answers.osuser)

    def sites(self) -> tuple[Site, ...]:
        """The sites."""
        return self._list("sites", f"/site/list/?{_EMBEDDED}", answers.site)

    def site(self, id: str) -> Site | None:
        """A site as it is now."""
        path = f"/site/read/{id}?{_EMBEDDED}"

        def read() -> Site | None:
            found = self._found("show a site", path)
            return None if found is None else answers.one(found, "sites", answers.site)

        return self._tries.read("show a site", read)

    def apps(self) -> tuple[App, ...]:
        """The apps."""
        return self._list("apps", "/app/list/", answers.app)

    def certificates(self) -> tuple[Cert, ...]:
        """The certificates. The answer carries every private key, so it is for when it has to be.

        The host's shared one is not among them.
        """
        return self._list("certificates", "/cert/list/", answers.cert)

    def has_certificate(self, id: str) -> bool:
        """Whether there is a certificate of this identifier."""
        what = "show a certificate"
        found = self._tries.read(what, lambda: self._found(what, f"/cert/read/{id}"))
        return found is not None

    def domains(self) -> tuple[Domain, ...]:
        """The domains."""
        return self._list("domains", "/domain/list/", answers.domain)

    def records(self) -> tuple[Record, ...]:
        """The DNS records, as far as they are not the host's own."""
        return self._list("DNS records", "/dnsrecord/list/", answers.record)

    def listed(self, kind: str) -> Any:
        """The objects of a kind as the host answers."""
        do = f"list the {kind}"
        return self._tries.read(do, lambda: self._get(do, f"/{kind}/list/"))

    def challenges_arrive(self, domains: Sequence[str], ip: str) -> list[bool]:
        """What the host's own check says of domains: whether http on each reaches an address.

        :param domains: their identifiers
        :param ip: the identifier of the address
        """
        # Whose answer is whose was never tried: in this order it is the same either way.
        what, body = "check domains", {"domains": sorted(domains), "ip4s": [ip]}
        answer = self._tries.read(
            what, lambda: self._post(what, "/dnscheck/le_challenge_check/", body)
        )
        told = answer.get("challenges") if isinstance(answer, Mapping) else None
        if not isinstance(told, list) or len(told) != len(domains):
            return []
        arrives = dict(zip(sorted(domains), map(bool, told), strict=True))
        return [arrives[domain] for domain in domains]

    # Writing

    def update_site(self, site: Site, **fields: Any) -> None:
        """Set some fields of a site, and leave the others as they are."""
        self._write(
            "site",
            f"site {site.name}",
            f"change the site {site.name}",
            "It stays as it was. Look in the panel whether it and its certificate are still there.",
            "update",
            {"id": site.id, **fields},
            lambda: self._with("site", site.id, fields),
            answers.id_of,
        )

    def create_app(self, name: str, osuser: Osuser) -> App:
        """Create an app that serves files."""
        return self._write(
            "app",
            f"app {name}",
            f"create the app {name} of the user {osuser.name}",
            "Look in the panel whether an app of that name is there already.",
            "create",
            {"name": name, "osuser": osuser.id, "type": STATIC},
            lambda: self._listed("app", name=name, osuser=osuser.id, type=STATIC),
            answers.app,
        )

    def delete_app(self, app: App) -> None:
        """Delete an app."""
        self._delete("app", app.id, f"app {app.name}", f"delete the app {app.name}")

    def create_certificate(self, name: str, upload: Upload) -> str:
        """Create a certificate, and return its identifier; another of its name does not matter."""
        fields = _certificate(upload)
        return self._write(
            "cert",
            f"certificate {name}",
            f"store the certificate {name}",
            "Websites serve what they served before.",
            "create",
            {"name": name, **fields},
            lambda: self._certificate_like(name, fields),
            answers.cert,
        ).id

    def update_certificate(self, id: str, name: str, upload: Upload) -> bool:
        """Replace a certificate; whether there is one of this identifier.

        :param name: what a message calls it
        """
        fields = _certificate(upload)
        try:
            self._write(
                "cert",
                f"certificate {name}",
                f"replace the certificate {name}",
                "Websites serve what they served before.",
                "update",
                {"id": id, **fields},
                lambda: self._with("cert", id, _shown(fields)),
                answers.id_of,
            )
        except PanelRefusedError:
            if self.has_certificate(id):
                raise
            return False
        return True

    def create_domain(self, name: str) -> Domain:
        """Create a domain; it is a name in the DNS, whatever its parent."""
        return self._write(
            "domain",
            f"domain {name}",
            f"add the domain {name}",
            "Look in the panel whether it is there already.",
            "create",
            {"name": name},
            lambda: self._listed("domain", name=name),
            answers.domain,
        )

    def delete_domain(self, domain: Domain) -> None:
        """Delete a domain."""
        self._delete(
            "domain", domain.id, f"domain {domain.name}", f"delete the domain {domain.name}"
        )

    def create_text(self, domain: Domain, content: str) -> Record:
        """Publish a TXT record of a domain's name."""
        return self._write(
            "dnsrecord",
            f"TXT record of {domain.name}",
            f"publish a TXT record at {domain.name}",
            "Look in the panel whether that domain is there.",
            "create",
            {"domain": domain.id, "type": "TXT", "content": content, "ttl": TTL},
            lambda: self._text_of(domain, content),
            answers.record,
        )

    def delete_record(self, record: Record, name: str) -> None:
        """Remove a record of the name ``name``."""
        self._delete("dnsrecord", record.id, f"TXT record of {name}", f"remove a record of {name}")

    # How it is done

    def _list(
        self, what: str, path: str, make: Callable[[answers.Item], answers.T]
    ) -> tuple[answers.T, ...]:
        do = f"list the {what}"
        return self._tries.read(do, lambda: answers.each(self._get(do, path), what, make))

    def _write(
        self,
        kind: str,
        label: str,
        what: str,
        todo: str,
        verb: str,
        item: Mapping[str, Any],
        look: Callable[[], Any],
        make: Callable[[answers.Item], answers.T],
    ) -> answers.T:
        """Create or update one object, and return it once it is ready.

        :param label: the object, for the one who waits
        :param what: completes "Opalstack refused to …"
        :param todo: what a refusal means and what to do about it
        :param look: finds, after a lost answer, the object as it was to become
        :param make: makes what is returned
        """

        def send() -> answers.Item:
            return self._only(self._post(what, f"/{kind}/{verb}/", [item]), make)

        done = self._tries.write(what, todo, send, look)
        if done.get("ready", True) is False:
            self._wait(label, lambda: self._is_ready(kind, answers.id_of(done), label))
        return make(done)

    def _only(self, answer: Any, make: Callable[[answers.Item], object]) -> answers.Item:
        """The one object of an answer, if something can be made of it."""
        is_one = isinstance(answer, list) and len(answer) == 1
        found: answers.Item = answer[0] if is_one else {}
        answers.one(found, "objects", make)
        return found

    def _delete(self, kind: str, id: str, label: str, what: str) -> None:
        """Delete an object, and wait until it is gone."""

        def send() -> bool:
            with contextlib.suppress(GoneError):
                self._post(what, f"/{kind}/delete/", [{"id": id}])
            return True

        self._tries.write(
            what,
            "Look in the panel whether it is still there and what uses it, and delete it there.",
            send,
            lambda: self._found(what, f"/{kind}/read/{id}") is None,
        )
        self._wait(label, lambda: self._show(kind, id, label) is None)

    def _wait(self, label: str, is_done: Callable[[], bool]) -> None:
        def check() -> str | None:
            return None if is_done() else "pending"

        pending = {} if check() is None else {label: check}
        if wait_until_right(
            "the panel to finish",
            pending,
            READY_WITHIN,
            quiet=self.quiet,
            clock=self._clock,
            sleep=self._sleep,
        ):
            raise PanelError(
                f"Opalstack took the change of the {label}, but has not finished it after"
                f" {READY_WITHIN:.0f} seconds.",
                "Look in the panel what state it is in, and run the same command again later.",
            )

    def _is_ready(self, kind: str, id: str, label: str) -> bool:
        found = self._show(kind, id, label)
        if found is None:
            raise PanelError(f"The {label} vanished while the panel made it ready.")
        return found.get("ready", True) is not False

    def _show(self, kind: str, id: str, label: str) -> Mapping[str, Any] | None:
        what = f"show the {label}"
        found = self._tries.read(what, lambda: self._found(what, f"/{kind}/read/{id}"))
        return found if isinstance(found, Mapping) else None

    # One try each, for the calls above and for a look after a lost answer.

    def _get(self, what: str, path: str) -> Any:
        return self._permitted(what, lambda: self._rest.get(path))

    def _post(self, what: str, path: str, body: Any) -> Any:
        return self._permitted(what, lambda: self._rest.post(path, body))

    def _found(self, what: str, path: str) -> Any:
        """What is at a path, `None` if there is no such object."""
        try:
            return self._get(what, path)
        except GoneError:
            return None

    def _with(self, kind: str, id: str, fields: Mapping[str, Any]) -> Any:
        """An object, if its fields are these."""
        found = self._found(f"show the {kind}", f"/{kind}/read/{id}")
        is_so = isinstance(found, Mapping) and all(
            _meaning(name, found.get(name)) == _meaning(name, value)
            for name, value in fields.items()
        )
        return found if is_so else None

    def _listed(self, kind: str, **fields: Any) -> Any:
        """The first object of a kind whose fields are these."""
        for item in answers.each(self._get(f"list each {kind}", f"/{kind}/list/"), kind, dict):
            if all(
                _meaning(name, item.get(name)) == _meaning(name, fields[name]) for name in fields
            ):
                return item
        return None

    def _certificate_like(self, name: str, fields: Mapping[str, str]) -> Any:
        return self._listed("cert", name=name, **_shown(fields))

    def _text_of(self, domain: Domain, content: str) -> Any:
        every = self._get("list the DNS records", "/dnsrecord/list/")
        for item in answers.each(every, "DNS records", dict):
            record = answers.one(item, "DNS records", answers.record)
            if (record.domain, record.type, record.content) == (domain.id, "TXT", content):
                return item
        return None

    def _permitted(self, what: str, ask: Callable[[], Any]) -> Any:
        if not re.fullmatch(r"[!-~]+", self._token):
            raise self._tries.refuse_login(
                LoginRefusedError(
                    "The API token holds characters that no token has; it was not sent.",
                    "Copy it from the panel once more.",
                )
            )
        try:
            return ask()
        except TokenRefusedError as error:
            raise self._tries.refuse_login(
                LoginRefusedError(
                    "Opalstack does not know this API token.",
                    "Make one in the panel (API tokens), and put it into the credentials file as"
                    " opalstack_token.",
                    words(error),
                )
            ) from None
        except NotPermittedError as error:
            raise PanelRefusedError(
                f"Opalstack does not permit this API token to {what}.",
                "The token is good, but limited. Make one in the panel (API tokens) that may read"
                " and change sites, apps, domains, DNS records and certificates.",
                words(error),
            ) from None


def _certificate(upload: Upload) -> dict[str, str]:
    return {"cert": upload.leaf, "intermediates": upload.chain, "key": upload.private_key}


def _shown(fields: Mapping[str, str]) -> dict[str, str]:
    """What tells a certificate from others; nobody needs to look at its key."""
    return {name: fields[name] for name in ("cert", "intermediates")}


def _meaning(name: str, value: Any) -> Any:
    """A field's value as far as it matters: how PEM's lines end does not, nor do routes' ids."""
    if name == "routes":
        return [(route.get("app"), route.get("uri")) for route in value or ()]
    if name in ("cert", "intermediates", "key") and value:
        return "".join(str(value).split())
    return value.lower() if name == "name" and isinstance(value, str) else value or None
