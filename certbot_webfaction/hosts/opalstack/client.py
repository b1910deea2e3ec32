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
from certbot_webfaction.panel.model import Certificate, Upload
from certbot_webfaction.web.waiting import wait_until_right

READY_WITHIN = 300.0
"""Seconds after which what is still not ready is given up; the host's own tool waits as long."""

TTL = 300
"""Seconds for which a record may be remembered: the least that the host takes."""

_EMBEDDED = "?embed=domains,app,ip4"

_WORDS = {"cert": "certificate", "dnsrecord": "DNS record"}


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
        return self._list("sites", f"/site/list/{_EMBEDDED}", answers.site)

    def site(self, id: str) -> Site | None:
        """A site as it is now."""
        return self._show("site", id, answers.site, _EMBEDDED)

    def apps(self) -> tuple[App, ...]:
        """The apps."""
        return self._list("apps", "/app/list/", answers.app)

    def certificates(self) -> tuple[Certificate, ...]:
        """The certificates. The answer carries every private key, so it is for when it has to be.

        The host's shared one is not among them.
        """
        return self._list("certificates", "/cert/list/", answers.cert)

    def has_certificate(self, id: str) -> bool:
        """Whether there is a certificate of this identifier."""
        return self._show("cert", id) is not None

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
        self._update(
            "site",
            site.id,
            f"site {site.name}",
            f"change the site {site.name}",
            "It stays as it was. Look in the panel whether it and its certificate are still there.",
            fields,
        )

    def create_app(self, name: str, osuser: Osuser) -> App:
        """Create an app that serves files."""
        return self._create(
            "app",
            f"app {name}",
            f"create the app {name} of the user {osuser.name}",
            "Look in the panel whether an app of that name is there already.",
            {"name": name, "osuser": osuser.id, "type": STATIC},
            answers.app,
        )

    def delete_app(self, app: App) -> None:
        """Delete an app."""
        self._delete("app", app.id, f"app {app.name}", f"delete the app {app.name}")

    def create_certificate(self, name: str, upload: Upload) -> str:
        """Create a certificate, and return its identifier; another of its name does not matter."""
        return self._create(
            "cert",
            f"certificate {name}",
            f"store the certificate {name}",
            "Websites serve what they served before.",
            {"name": name, **_certificate(upload)},
            answers.cert,
        ).handle

    def update_certificate(self, id: str, name: str, upload: Upload) -> bool:
        """Replace a certificate; whether there is one of this identifier.

        :param name: what a message calls it
        """
        try:
            self._update(
                "cert",
                id,
                f"certificate {name}",
                f"replace the certificate {name}",
                "Websites serve what they served before.",
                _certificate(upload),
            )
        except PanelRefusedError:
            if self.has_certificate(id):
                raise
            return False
        return True

    def create_domain(self, name: str) -> Domain:
        """Create a domain; it is a name in the DNS, whatever its parent."""
        return self._create(
            "domain",
            f"domain {name}",
            f"add the domain {name}",
            "Look in the panel whether it is there already. If the host takes no such name, the"
            " account's DNS can't answer: answer it by a file, in a shell there.",
            {"name": name},
            answers.domain,
        )

    def delete_domain(self, domain: Domain) -> None:
        """Delete a domain."""
        self._delete(
            "domain", domain.id, f"domain {domain.name}", f"delete the domain {domain.name}"
        )

    def create_text(self, domain: Domain, content: str) -> Record:
        """Publish a TXT record of a domain's name."""
        return self._create(
            "dnsrecord",
            f"TXT record of {domain.name}",
            f"publish a TXT record at {domain.name}",
            "Look in the panel whether that domain is there.",
            {"domain": domain.id, "type": "TXT", "content": content, "ttl": TTL},
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

    def _create(
        self,
        kind: str,
        label: str,
        what: str,
        todo: str,
        fields: Mapping[str, Any],
        make: Callable[[answers.Item], answers.T],
    ) -> answers.T:
        """Create an object, see `_write`; after a lost answer the first with its fields is it."""

        def look() -> Any:
            every = answers.each(self._get(what, f"/{kind}/list/"), kind, dict)
            return next((item for item in every if _holds(item, fields)), None)

        return self._write(kind, "create", label, what, todo, fields, look, make)

    def _update(
        self, kind: str, id: str, label: str, what: str, todo: str, fields: Mapping[str, Any]
    ) -> None:
        """Set fields of an object, see `_write`."""

        def look() -> Any:
            found = self._show(kind, id)
            return found if found and _holds(found, fields) else None

        item = {"id": id, **fields}
        self._write(kind, "update", label, what, todo, item, look, answers.id_of)

    def _write(
        self,
        kind: str,
        verb: str,
        label: str,
        what: str,
        todo: str,
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
            return _only(self._post(what, f"/{kind}/{verb}/", [item]), make)

        done = self._tries.write(what, todo, send, look)
        if done.get("ready", True) is False:
            self._wait(label, lambda: self._is_ready(kind, answers.id_of(done), label))
        return make(done)

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
            lambda: self._show(kind, id) is None,
        )
        self._wait(label, lambda: self._show(kind, id) is None)

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
        found = self._show(kind, id)
        if found is None:
            raise PanelError(f"The {label} vanished while the panel made it ready.")
        return found.get("ready", True) is not False

    def _show(
        self,
        kind: str,
        id: str,
        make: Callable[[answers.Item], answers.T] = dict,  # type: ignore[assignment] # as it came
        options: str = "",
    ) -> answers.T | None:
        """An object as it is now, `None` if there is none."""
        what = f"show a {_WORDS.get(kind, kind)}"

        def read() -> answers.T | None:
            try:
                return answers.one(self._get(what, f"/{kind}/read/{id}{options}"), "objects", make)
            except GoneError:
                return None

        return self._tries.read(what, read)

    def _get(self, what: str, path: str) -> Any:
        return self._permitted(what, lambda: self._rest.get(path))

    def _post(self, what: str, path: str, body: Any) -> Any:
        return self._permitted(what, lambda: self._rest.post(path, body))

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


def _only(answer: Any, make: Callable[[answers.Item], object]) -> answers.Item:
    """The one object of an answer, if something can be made of it."""
    is_one = isinstance(answer, list) and len(answer) == 1
    found: answers.Item = answer[0] if is_one else {}
    answers.one(found, "objects", make)
    return found


def _holds(item: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether an object has these fields; a key is not looked at, and hosts may raise a TTL."""
    return all(
        _meaning(name, item.get(name)) == _meaning(name, value)
        for name, value in fields.items()
        if name not in ("key", "ttl")
    )


def _meaning(name: str, value: Any) -> Any:
    """A field's value as far as it matters."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return _MEANINGS[name](value) if value and name in _MEANINGS else value or None


def _letters(pem: str) -> str:
    """PEM without what ends its lines."""
    return "".join(pem.split())


_MEANINGS: Mapping[str, Callable[[Any], Any]] = {
    "routes": lambda routes: [(route.get("app"), route.get("uri")) for route in routes],
    "cert": _letters,
    "intermediates": _letters,
    "content": answers.unquoted,
    "name": lambda name: str(name).lower(),
}
