"""The state of one account on the host: its objects, when each is ready, and what is served.

In memory, but for the files below the home directories. Both the API and tests, which set a scene
with `add_app` and the like, come through here, so no state can arise that the panel would not
allow. What a request may say is in `objects`, which objects may be beside each other in `rules`.
"""

from __future__ import annotations

import math
import re
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tests.ports import reserve
from tests.sandbox.opalstack.fields import WrongError, cleaned, is_uuid
from tests.sandbox.opalstack.objects import (
    KINDS,
    LINKS,
    App,
    Cert,
    DnsRecord,
    Domain,
    Ip,
    Osuser,
    Server,
    Site,
    Token,
)
from tests.sandbox.opalstack.rules import Rules, new_id, self_signed
from tests.sandbox.opalstack.switches import Switches

Pending = Literal["PENDING_CREATE", "PENDING_UPDATE", "PENDING_DELETE"]


class InvalidError(Exception):
    """A request that breaks rules; ``detail`` is parallel to it, or of the request as a whole."""

    def __init__(self, detail: list[Any] | dict[str, Any]) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFoundError(Exception):
    """There is no such object (any more)."""


@dataclass(frozen=True)
class Entry:
    """An object as the panel has it: ``pending`` until ``ready_at``, by the account's clock.

    Until ``served_at`` the servers have ``served``, ``None`` for nothing.
    """

    thing: Any
    pending: Pending
    ready_at: float
    served_at: float
    served: Any

    def is_ready(self, now: float) -> bool:
        """Whether nothing is pending; it has to be there still."""
        return now >= self.ready_at

    def is_gone(self, now: float) -> bool:
        """Whether it has been deleted."""
        return now >= self.ready_at and self.pending == "PENDING_DELETE"

    def as_served(self, now: float) -> Any:
        """What the servers have of it."""
        if now < self.served_at:
            return self.served
        return None if self.pending == "PENDING_DELETE" else self.thing


Tables = Mapping[str, Mapping[str, Entry]]
"""The objects of each kind by their identifiers."""


@dataclass(frozen=True)
class Served:
    """What the servers have: objects by their uuids, and DNS records by their names."""

    sites: tuple[Site, ...]
    apps: Mapping[str, App]
    domains: Mapping[str, Domain]
    certs: Mapping[str, Cert]
    texts: Mapping[str, list[str]]
    aliases: Mapping[str, str]


class Account:
    """One account. Every method may be called from any thread.

    ``home`` is the parent of the home directories. There is one web server, named ``hostname`` (by
    default as this machine), with one address and the user ``osuser``; ``token`` may do all.
    ``now`` is the time in seconds, from any start, that readiness goes by. ``listeners`` are called
    after every change, outside the lock, in the thread that made it.
    """

    def __init__(
        self,
        home: Path,
        *,
        hostname: str = "",
        osuser: str = "alice",
        switches: Switches | None = None,
        now: Callable[[], float] = time.monotonic,
        umask: int = 0o022,
    ) -> None:
        self.home = home
        self.id = new_id()
        self.username, self.password = "alice@example.com", "correct horse battery staple"
        self.switches = switches or Switches()
        self.now = now
        self.umask = umask
        self.listeners: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        self._scene = threading.local()
        self._tables: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
        self._made: dict[str, Path] = {}
        self._done: dict[str, Entry] = {}
        self._reserved: list[socket.socket] = []
        self._rules = Rules(self.things, self.switches, self._port)
        hostname = hostname or socket.gethostname()
        with self.settled():
            self.server = self._put("server", Server(new_id(), hostname, "web"))
            for other in ("imap", "smtp"):
                self._put("server", Server(new_id(), f"{other}1.opalstack.example", other))
            self.ip = self._put("ip", Ip(new_id(), "127.0.0.1", self.server.id))
            self.shared_cert = self._put("cert", self._rules.shared_cert())
            self.osuser = self.add_osuser(osuser)
            self.token = self.add_token("first")

    # What is there

    def things(self, kind: str) -> list[Any]:
        """The objects of a kind that are there, pending or not."""
        return [entry.thing for entry in self.entries(kind)]

    def entries(self, kind: str) -> list[Entry]:
        """The same with their readiness."""
        self.settle()
        with self._lock:
            now = self.now()
            return [each for each in self._tables[kind].values() if not each.is_gone(now)]

    def find(self, kind: str, key: str) -> Entry:
        """An object by its identifier; `NotFoundError` if it isn't there."""
        self.settle()
        with self._lock:
            entry = self._tables[kind].get(key)
            if entry is None or entry.is_gone(self.now()):
                raise NotFoundError
            return entry

    def token_of(self, key: str) -> Token | None:
        """The token with this key, if there is one."""
        with self._lock:
            entry = self._tables["token"].get(key)
            return None if entry is None or entry.is_gone(self.now()) else entry.thing

    def snapshot(self) -> Tables:
        """The state as it is now; it does not change afterwards."""
        with self._lock:
            return {kind: dict(table) for kind, table in self._tables.items()}

    def restore(self, snapshot: Tables) -> None:
        """Hold again what ``snapshot`` does; files in the home directories are the caller's."""
        with self._change():
            self._tables = {kind: dict(table) for kind, table in snapshot.items()}

    # What requests do

    def create(self, kind: str, items: Any) -> list[Any]:
        """Create objects, all or none: `InvalidError` if one breaks a rule."""

        def one(item: Any) -> Any:
            values = cleaned(KINDS[kind].create, item, self._known)
            thing = self._rules.new(kind, values)
            self._rules.check(kind, thing)
            return self._put(kind, thing)

        return self._each(items, one)

    def update(self, kind: str, items: Any) -> list[Any]:
        """Change objects, all or none; a field left out keeps its value.

        `InvalidError` if one breaks a rule, `NotFoundError` if one isn't there.
        """
        fields = {name: KINDS[kind].create[name] for name in KINDS[kind].update}

        def one(item: Any) -> Any:
            before = self._named(kind, item)
            values = cleaned(fields, item, self._known, partial=True)
            self._rules.check_update(kind, before, values)
            thing = self._rules.changed(kind, before, values)
            self._rules.check(kind, thing)
            return self._put(kind, thing, before)

        return self._each(items, one)

    def delete(self, kind: str, items: Any) -> None:
        """Delete objects, all or none.

        `InvalidError` if one is in use, `NotFoundError` if one isn't there.
        """

        def one(item: Any) -> None:
            thing = self._named(kind, item)
            self._rules.check_delete(kind, thing)
            self._remove(kind, thing)

        self._each(items, one)

    def installed(self, items: Any) -> None:
        """Let apps be ready whose installers have run."""

        def one(item: Any) -> None:
            app = self._named("app", item)
            self._store("app", app, app, "PENDING_CREATE", lag=0)

        self._each(items, one)

    def challenges_arrive(self, item: Any) -> list[bool]:
        """Whether http on each of ``domains`` reaches a site at one of ``ip4s``."""
        known = {"domains": KINDS["site"].create["domains"]}
        try:
            asked = cleaned(known, item, self._known)["domains"]
        except WrongError as error:
            raise InvalidError(error.detail) from error
        ips = item.get("ip4s") or [self.ip.id]
        reached = {
            domain for site in self.served().sites if site.ip4 in ips for domain in site.domains
        }
        return [
            domain in reached
            for domain in (asked if self.switches.checks_in_order else sorted(asked))
        ]

    # The scene of a test

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Let what this thread does within be ready and served at once, as if long there."""
        outer = self._is_settled()
        self._scene.is_settled = True
        try:
            yield
        finally:
            self._scene.is_settled = outer

    def _is_settled(self) -> bool:
        return getattr(self._scene, "is_settled", False)

    def add_osuser(self, name: str) -> Osuser:
        """A user of the web server, with a home directory."""
        osuser: Osuser = self._add("osuser", name=name, server=self.server.id)
        return osuser

    def add_app(
        self, name: str, type: str = "STA", *, osuser: Osuser | None = None, **json: Any
    ) -> App:
        """An app of ``osuser``, by default the account's first; ``json`` are its settings."""
        owner = osuser or self.osuser
        app: App = self._add("app", name=name, type=type, osuser=owner.id, json=json)
        return app

    def add_domain(self, name: str) -> Domain:
        """The domain of this name, which may be there already."""
        known = {domain.name: domain for domain in self.things("domain")}
        domain: Domain = known[name] if name in known else self._add("domain", name=name)
        return domain

    def add_site(
        self, name: str, domains: Sequence[str], routes: Mapping[str, App], **values: Any
    ) -> Site:
        """A site on the domains of these names, made if missing; ``routes`` are apps by path."""
        site: Site = self._add(
            "site",
            **{
                "name": name,
                "ip4": self.ip.id,
                "domains": [self.add_domain(domain).id for domain in domains],
                "routes": [{"app": app.id, "uri": uri} for uri, app in routes.items()],
                **values,
            },
        )
        return site

    def add_cert(self, name: str, *names: str, by_host: bool = False) -> Cert:
        """A self-signed certificate; ``by_host`` makes it one that the host issued itself."""
        pem, key = self_signed(*names)
        cert: Cert = self._add("cert", name=name, cert=pem, key=key)
        if by_host:
            with self.settled(), self._change():
                cert = replace(cert, is_opalstack_letsencrypt=True)
                self._put("cert", cert, cert)
        return cert

    def add_token(self, name: str, only: frozenset[str] | None = None) -> Token:
        """A token that may do all, or ``only`` these: see `Token`."""
        token: Token = self._add("token", name=name)
        limited = replace(token, only=only)
        with self.settled(), self._change():
            self._put("token", limited, token)
        return limited

    def issue_letsencrypt(self) -> None:
        """What the host's own worker does: certificates for the sites with ``generate_le``.

        Each is made for all domains of its site, and becomes the site's whatever it had before.
        """
        with self._change():
            for entry in self.entries("site"):
                site: Site = entry.thing
                if site.generate_le and entry.is_ready(self.now()):
                    former = next(
                        (cert for cert in self.things("cert") if cert.id == site.cert), None
                    )
                    cert = self._rules.letsencrypt(site, former)
                    self._put("cert", cert)
                    with_cert = replace(site, cert=cert.id)
                    self._store("site", with_cert, site, "PENDING_UPDATE", lag=0)

    # The servers

    def served(self) -> Served:
        """What the servers have now."""
        with self._lock:
            now = self.now()
            tables = {
                kind: {key: entry.as_served(now) for key, entry in table.items()}
                for kind, table in self._tables.items()
            }
        up = {
            kind: {key: thing for key, thing in table.items() if thing is not None}
            for kind, table in tables.items()
        }
        texts: dict[str, list[str]] = {}
        aliases: dict[str, str] = {}
        for record in up["dnsrecord"].values():
            name = up["domain"][record.domain].name.lower() if record.domain in up["domain"] else ""
            if name and record.type == "TXT":
                texts.setdefault(name, []).append(self.published(record))
            if name and record.type == "CNAME":
                aliases[name] = record.content.lower().rstrip(".")
        sites = tuple(site for site in up["site"].values() if not site.disabled)
        return Served(sites, up["app"], up["domain"], up["cert"], texts, aliases)

    def own_records(self) -> list[DnsRecord]:
        """The records that the host publishes itself: the address of each domain on a site."""
        return [
            DnsRecord(str(uuid.uuid5(uuid.UUID(domain), "A")), domain, "A", self.ip.ip)
            for site in self.things("site")
            for domain in site.domains
        ]

    def published(self, record: DnsRecord) -> str:
        """The value of a record in the DNS."""
        quoted = re.fullmatch('"(.*)"', record.content)
        return quoted.group(1) if quoted and self.switches.quotes_txt else record.content

    def next_due(self, since: float) -> float | None:
        """The first time after ``since`` when something becomes ready or is served, if any."""
        with self._lock:
            dues = [
                due
                for table in self._tables.values()
                for entry in table.values()
                for due in (entry.ready_at, entry.served_at)
                if since < due < math.inf
            ]
        return min(dues, default=None)

    def settle(self) -> None:
        """Make and remove the directories that are due by now."""
        with self._lock:
            now = self.now()
            for kind in ("osuser", "app"):
                for key, entry in self._tables[kind].items():
                    if now >= entry.ready_at and self._done.get(key) is not entry:
                        self._done[key] = entry
                        self._make(entry.thing, exists=not entry.is_gone(now))

    def home_of(self, osuser: Osuser) -> Path:
        """A user's home directory."""
        return self.home / osuser.name

    def directory(self, app: App) -> Path:
        """An app's directory."""
        return self.home / app.osuser_name / "apps" / app.name

    def _make(self, thing: Osuser | App, *, exists: bool) -> None:
        """Let the directory of a user or an app be there or not, once."""
        path = self.home_of(thing) if isinstance(thing, Osuser) else self.directory(thing)
        target = path
        if isinstance(thing, App) and thing.type in LINKS:
            target = Path(thing.json["sym_link_path"])
        former = self._made.get(thing.id)
        if former is not None and (not exists or former != target):
            del self._made[thing.id]
            path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
        if not exists or thing.id in self._made:
            return
        self._made[thing.id] = target
        if target != path:
            path.unlink(missing_ok=True)
            path.symlink_to(target)
            return
        below = ("apps", "logs", "logs/apps") if isinstance(thing, Osuser) else ()
        for each in (path, *(path / name for name in below)):
            each.mkdir(parents=True, exist_ok=True)  # it may be there after `restore`
            # Set afterwards: mkdir obeys this process's umask, not the account's.
            each.chmod(0o777 & ~self.umask)

    # How it is done

    def _add(self, kind: str, **values: Any) -> Any:
        with self.settled():
            return self.create(kind, [values])[0]

    def _each(self, items: Any, one: Callable[[Any], Any]) -> list[Any]:
        """What ``one`` makes of each item; nothing has happened if one raises an error."""
        if not isinstance(items, list):
            kind = type(items).__name__
            raise InvalidError(
                {"non_field_errors": [f'Expected a list of items but got type "{kind}".']}
            )
        done: list[Any] = []
        details: list[Any] = []
        with self._change():
            for item in items:
                try:
                    done.append(one(item))
                    details.append({})
                except WrongError as error:
                    details.append(error.detail)
            if any(details):
                raise InvalidError(details)
        return done

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._lock:
            before = self.snapshot()
            try:
                yield
            except BaseException:
                self._tables = {kind: dict(table) for kind, table in before.items()}
                raise
            self.settle()
        for listener in self.listeners:
            listener()

    def _named(self, kind: str, item: Any) -> Any:
        """The object that an item of an update or delete is about."""
        key = KINDS[kind].key
        if not isinstance(item, dict) or key not in item:
            raise WrongError({key: ["This field is required."]})
        if key == "id" and not is_uuid(item[key]):
            raise WrongError({key: ["Must be a valid UUID."]})
        entry = self.find(kind, item[key])
        if entry.thing is self.shared_cert:
            raise NotFoundError
        if entry.pending == "PENDING_DELETE":
            raise WrongError({"non_field_errors": ["It is being deleted."]})  # [assume]
        return entry.thing

    def _known(self, kind: str, key: str) -> None:
        try:
            entry = self.find(kind, key)
        except NotFoundError:
            raise WrongError([f'Invalid pk "{key}" - object does not exist.']) from None
        if self.switches.dependency_must_be_ready and not entry.is_ready(self.now()):
            raise WrongError([f"The {kind} is not ready."])

    def _put(self, kind: str, thing: Any, before: Any = None) -> Any:
        """Store a new object, or a new state of one; return it."""
        if kind == "site" and thing.cert in self._tables["cert"]:
            self._load(thing.cert)
        lag = self.switches.lag(kind) if KINDS[kind].has_state else 0.0
        if before is None and getattr(thing, "installer_url", None):
            lag = math.inf  # until `installed`
        self._store(kind, thing, before, "PENDING_UPDATE" if before else "PENDING_CREATE", lag)
        return thing

    def _remove(self, kind: str, thing: Any) -> None:
        """Delete an object, and what refers to it."""
        for other_kind, other, without in self._rules.references(kind, thing):
            if self.find(other_kind, other.id).pending == "PENDING_DELETE":
                continue
            if without is None:
                self._remove(other_kind, other)
            else:
                self._put(other_kind, without, other)
        lag = self.switches.lag(kind) if KINDS[kind].has_state else 0.0
        self._store(kind, thing, thing, "PENDING_DELETE", lag)

    def _store(self, kind: str, thing: Any, before: Any, pending: Pending, lag: float) -> None:
        key = getattr(thing, KINDS[kind].key)
        now = self.now()
        former = self._tables[kind].get(key)
        ready_at = served_at = now
        if not self._is_settled():
            ready_at += lag
            served_at = ready_at + self._delay(kind, before)
        served = former.as_served(now) if former else None
        self._tables[kind][key] = Entry(thing, pending, ready_at, served_at, served)

    def _delay(self, kind: str, before: Any) -> float:
        """Seconds from READY until the servers follow."""
        if kind == "dnsrecord":
            return self.switches.propagation_seconds
        if kind == "cert" and before and not self.switches.cert_update_reloads:
            return math.inf  # until `_load`
        return self.switches.served_seconds if kind in ("site", "cert", "app") else 0.0

    def _load(self, cert: str) -> None:
        """Let the web server read a certificate that it did not look at when it was updated."""
        entry = self._tables["cert"][cert]
        if entry.served_at == math.inf:
            lag = 0.0 if self._is_settled() else self.switches.lag("site")
            served_at = self.now() + lag + self.switches.served_seconds
            self._tables["cert"][cert] = replace(entry, served_at=served_at)

    def _port(self) -> int:
        """A port for an app, kept from other programs, but not from the app, while we are here."""
        self._reserved.append(reserve())
        port: int = self._reserved[-1].getsockname()[1]
        return port
