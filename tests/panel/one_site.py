"""A host of another shape than WebFaction, in memory, and the panel over it.

One site serves http and, once it has a certificate, https. A redirect is a flag of the site.
Certificates are known by ids, and their labels repeat. The host takes its time: a change shows only
later, and until then it refuses another one of the same object. It runs no commands.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import logging
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from zope.interface import implementer

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.hosts.host import Host, Key, Options
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import (
    CertificateGoneError,
    ChangedByHandError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.files import Files
from certbot_webfaction.panel.findings import Finding, Fine
from certbot_webfaction.panel.interface import IPanel, Notes
from certbot_webfaction.panel.model import (
    CHALLENGE_PATH,
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
from tests.web.web import Time

logger = logging.getLogger(__name__)

IP = "192.0.2.80"
FOLDER = "challenges"
"""The folder that holds the challenge files of sites that run code."""

FRESH = 60.0


@dataclass
class OneSite:
    """A site: ``root`` is the directory whose files it serves, `None` where it runs code.

    ``routes`` lead from a URL path to the directory that answers there instead.
    """

    name: str
    domains: tuple[str, ...]
    root: str | None = None
    routes: dict[str, str] = field(default_factory=dict)
    redirect: bool = False
    certificate: str | None = None

    @property
    def id(self) -> str:
        """What the panel knows the site by, whatever its name."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self.name}.sites.test"))


@dataclass(frozen=True)
class Record:
    """A record of the account's DNS."""

    name: str
    type: str
    value: str


@dataclass
class _Order:
    error: BaseException
    verb: str | None
    after: bool
    left: int


@dataclass(frozen=True)
class _Pending:
    ready_at: float
    subject: str
    apply: Callable[[], object]


class OneSiteHost:
    """The host, as its API speaks of it.

    What stands on it may be set and looked at in `sites`, `certificates`, `uploads`, `folders`,
    `zones` and `records`, by their ids; `settle` brings about what is not ready yet. `calls` holds
    each call, the verb and what it is about: ``("update_site", id)``.

    :param directory: where the account's files are
    :param delay: seconds after which a change shows
    """

    def __init__(
        self,
        directory: Path,
        sites: Iterable[OneSite] = (),
        zones: Iterable[str] = (),
        delay: float = 2.0,
        time: Time | None = None,
    ) -> None:
        self.directory = directory
        self.delay = delay
        self.time = time or Time()
        self.sites = {site.id: site for site in sites}
        self.certificates: dict[str, Certificate] = {}
        self.uploads: dict[str, Upload] = {}
        self.folders: dict[str, Path] = {}
        self.zones = list(zones)
        self.records: dict[str, Record] = {}
        self.calls: list[tuple[str, ...]] = []
        self._pending: list[_Pending] = []
        self._orders: list[_Order] = []
        self._count = 0

    # For tests

    def fail(
        self,
        n: int = 1,
        verb: str | None = None,
        *,
        after: bool = False,
        error: BaseException | None = None,
    ) -> None:
        """Let the ``n``-th call from now fail (of ``verb``), before or ``after`` its effect.

        :param verb: one of this host's, or of `IPanel` for all that the panel does for it
        """
        unreachable = PanelUnreachableError("The panel gave no usable answer.")
        self._orders.append(_Order(error or unreachable, verb, after, n))

    def verbs(self) -> list[str]:
        """The verbs called, in order."""
        return [call[0] for call in self.calls]

    def writes(self) -> list[str]:
        """The verbs called that change something, in order."""
        return [verb for verb in self.verbs() if verb != "login" and not verb.startswith("list_")]

    def settle(self) -> None:
        """Bring about what is not ready yet."""
        self.time.now += self.delay
        self._apply_ready()

    def site(self, name: str) -> OneSite:
        """The site of this name."""
        return next(site for site in self.sites.values() if site.name == name)

    def add_certificate(self, label: str, upload: Upload, *, kept_by_host: bool = False) -> str:
        """Put a certificate of somebody's on the panel, and return its id."""
        handle = self._new_id("certificate")
        self._keep(handle, label, upload, kept_by_host)
        return handle

    @contextlib.contextmanager
    def called(self, verb: str, *subject: str, listed: bool = True) -> Iterator[None]:
        """One call: noted, and failing where a test ordered that."""
        if listed:
            self.calls.append((verb, *subject))
        order = self._take(verb, listed)
        if order and not order.after:
            raise order.error
        yield
        if order:
            raise order.error

    def _take(self, verb: str, listed: bool) -> _Order | None:
        taken = None
        for order in list(self._orders):
            if order.verb == verb or (order.verb is None and listed):
                order.left -= 1
                if order.left == 0:
                    self._orders.remove(order)
                    taken = taken or order
        return taken

    # Readiness

    def is_ready(self) -> bool:
        """Whether everything that was changed shows."""
        self._apply_ready()
        return not self._pending

    def _apply_ready(self) -> None:
        ready = [each for each in self._pending if each.ready_at <= self.time.now]
        self._pending = [each for each in self._pending if each not in ready]
        for each in ready:
            each.apply()

    def _later(self, subject: str, apply: Callable[[], object]) -> None:
        self._pending.append(_Pending(self.time.now + self.delay, subject, apply))

    def _check_ready(self, subject: str) -> None:
        self._apply_ready()
        if any(each.subject == subject for each in self._pending):
            raise _refused("Object is not ready.")

    # The API

    def login(self) -> Login:
        with self.called("login"):
            return Login("alice", "host7")

    def list_sites(self) -> list[OneSite]:
        with self.called("list_sites"):
            self._apply_ready()
            return copy.deepcopy(list(self.sites.values()))

    def update_site(self, id: str, **fields: Any) -> None:
        """Set some fields of a site; the others stay."""
        with self.called("update_site", id):
            self._check_ready(id)
            if id not in self.sites:
                raise _refused("Site does not exist.")
            certificate = fields.get("certificate", self.sites[id].certificate)
            if certificate is not None and certificate not in self.certificates:
                raise _refused("Certificate does not exist.")
            if certificate is None and fields.get("redirect", self.sites[id].redirect):
                raise _refused("A site without a certificate can't redirect.")
            self._later(id, lambda: vars(self.sites[id]).update(fields))

    def list_certificates(self) -> dict[str, Certificate]:
        with self.called("list_certificates"):
            self._apply_ready()
            return dict(self.certificates)

    def create_certificate(self, label: str, upload: Upload) -> str:
        with self.called("create_certificate", label):
            new = self._new_id("certificate")
            self._later(new, lambda: self._keep(new, label, upload))
            return new

    def replace_certificate(self, id: str, upload: Upload) -> None:
        with self.called("replace_certificate", id):
            self._check_ready(id)
            if id not in self.certificates:
                raise _refused("Certificate does not exist.")
            label = self.certificates[id].label
            self._later(id, lambda: self._keep(id, label, upload))

    def _keep(self, id: str, label: str, upload: Upload, kept_by_host: bool = False) -> None:
        names, expires = _read_leaf(upload.leaf)
        certificate = Certificate(id, label, names, expires, upload.leaf, kept_by_host)
        self.certificates[id] = certificate
        self.uploads[id] = upload

    def list_folders(self) -> dict[str, str]:
        with self.called("list_folders"):
            self._apply_ready()
            return {name: str(path) for name, path in self.folders.items()}

    def create_folder(self, name: str) -> None:
        with self.called("create_folder", name):
            self._check_ready(name)
            if name in self.folders:
                raise _refused("A folder of this name exists already.")
            self._later(name, lambda: self._make_folder(name))

    def _make_folder(self, name: str) -> None:
        self.folders[name] = self.directory / "folders" / name
        self.folders[name].mkdir(parents=True)

    def delete_folder(self, name: str) -> None:
        with self.called("delete_folder", name):
            self._check_ready(name)
            if name not in self.folders:
                raise _refused("Folder does not exist.")
            if any(str(self.folders[name]) in x.routes.values() for x in self.sites.values()):
                raise _refused("Folder is in use.")
            self._later(name, lambda: self.folders.pop(name).rmdir())

    def list_zones(self) -> list[str]:
        with self.called("list_zones"):
            return list(self.zones)

    def list_records(self) -> dict[str, Record]:
        with self.called("list_records"):
            self._apply_ready()
            return dict(self.records)

    def create_record(self, record: Record) -> str:
        with self.called("create_record", record.name):
            if not any(f".{record.name}".endswith(f".{zone}") for zone in self.zones):
                raise _refused(f"{record.name} is in no zone.")
            new = self._new_id("record")
            self._later(new, lambda: self.records.update({new: record}))
            return new

    def delete_record(self, id: str) -> None:
        with self.called("delete_record", id):
            self._check_ready(id)
            if id not in self.records:
                raise _refused("Record does not exist.")
            self._later(id, lambda: self.records.pop(id))

    def _new_id(self, kind: str) -> str:
        self._count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{self._count}.{kind}.test"))


@implementer(IPanel)
class OneSitePanel:
    """The panel over a `OneSiteHost`; another one over the same host is another process."""

    def __init__(self, host: OneSiteHost) -> None:
        self.host = host
        self.abilities = Abilities()
        self.files: Files = LocalFiles()
        self._login: Login | None = None
        self._sites: list[OneSite] | None = None
        self._sites_seen = 0.0
        self._certificates: dict[str, Certificate] | None = None

    def login(self) -> Login:
        if self._login is None:
            self._login = self.host.login()
        return self._login

    # Sites

    def http_sites(self, fresh: bool = False) -> tuple[HttpSite, ...]:
        return tuple(
            HttpSite(site.id, f"site {site.name}", site.domains, site.redirect, address=IP)
            for site in self._all_sites(fresh)
        )

    def https_sites(self, fresh: bool = False) -> tuple[HttpsSite, ...]:
        return tuple(
            HttpsSite(
                site.id,
                f"site {site.name}",
                site.domains,
                holds=site.certificate,
                state={"certificate": site.certificate},
            )
            for site in self._all_sites(fresh)
        )

    def _all_sites(self, fresh: bool) -> list[OneSite]:
        self.login()
        if self._sites is None or (fresh and self.host.time.now - self._sites_seen > FRESH):
            self._wait()
            self._sites = self.host.list_sites()
            self._sites_seen = self.host.time.now
        return self._sites

    def _site(self, id: str) -> OneSite | None:
        return next((site for site in self._all_sites(fresh=True) if site.id == id), None)

    def _there(self, site: HttpSite | HttpsSite) -> OneSite:
        if found := self._site(site.id):
            return found
        raise ExplainedError(f"The {site.label} is gone from the panel.")

    def _update(self, id: str, **fields: Any) -> None:
        with self._changing():
            self.host.update_site(id, **fields)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Wait until the host is ready for a change, and then until the change shows."""
        self.login()
        self._wait()
        try:
            yield
        finally:
            self._sites = None
        self._wait()

    def _wait(self) -> None:
        while not self.host.is_ready():
            self.host.time.sleep(0.5)

    # Certificates

    def certificate(self, handle: str) -> Certificate | None:
        self.login()
        if self._certificates is None:
            self._certificates = self.host.list_certificates()
        return self._certificates.get(handle)

    def store(
        self,
        label: str,
        names: Sequence[str],
        upload: Upload,
        known: str,
        taken: Collection[str],
        choose: Callable[[str], None],
    ) -> str:
        with self.host.called("store", label, listed=False):
            self.login()
            self._wait()
            there = self.host.list_certificates()
            same = [h for h, each in there.items() if each.leaf == upload.leaf and h not in taken]
            if known and known not in there:
                raise CertificateGoneError("The certificate is gone.")
            if known in same:
                return known
            if same and not known:
                return same[0]
            with self._changing():
                if known:
                    self.host.replace_certificate(known, upload)
                    return known
                return self.host.create_certificate(label, upload)

    def install(
        self,
        site: HttpsSite,
        certificate: str,
        names: Sequence[str],
        made: Change | None,
        notes: Notes,
    ) -> State:
        with self.host.called("install", site.id, listed=False):
            found = self._there(site)
            if certificate not in self.host.list_certificates():
                raise CertificateGoneError(f"There is no certificate {certificate}.")
            if found.certificate != certificate:
                self._update(site.id, certificate=certificate)
            return {"certificate": certificate}

    def restore(self, site: HttpsSite, change: Change) -> None:
        with self.host.called("restore", site.id, listed=False):
            self._there(site)
            former = change.before["certificate"]
            try:
                self._update(site.id, certificate=former)
            except PanelRefusedError as error:
                if former is None or former in self.host.list_certificates():
                    raise
                raise ChangedByHandError("the certificate that it had is gone") from error

    def serve_anew(self, site: HttpsSite) -> None:
        pass

    # Redirects

    def redirect(self, site: HttpSite, notes: Notes) -> None:
        with self.host.called("redirect", site.id, listed=False):
            if not self._there(site).redirect:
                self._update(site.id, redirect=True)

    def hidden_by_redirect(self, site: HttpSite) -> Sequence[str]:
        return ()

    def show_again(self, site: HttpSite, before: State, notes: Notes) -> None:
        with self.host.called("show_again", site.id, listed=False):
            if self._there(site).redirect:
                self._update(site.id, redirect=False)

    # Challenges

    def find_place(self, site: HttpSite, domain: str) -> Place:
        with self.host.called("find_place", domain, listed=False):
            found = next(each for each in self._all_sites(fresh=False) if each.id == site.id)
            if CHALLENGE_PATH in found.routes:
                return _routed(domain, site, found.routes[CHALLENGE_PATH])
            if found.root is None:
                return _routed(domain, site, "")
            below = CHALLENGE_PATH.removeprefix("/")
            return Place(domain, site, found.root, below, f"of {found.name}", "/")

    def make_places(self, places: Sequence[Place], notes: Notes) -> list[Place]:
        with self.host.called("make_places", listed=False):
            lacking: dict[str, list[str]] = {}
            for place in places:
                if not place.ready:
                    lacking.setdefault(place.site.id, []).append(a_label(place.domain))
            if lacking:
                self._make_folder(notes, [name for names in lacking.values() for name in names])
                folder = self.host.list_folders()[FOLDER]
                for site, names in lacking.items():
                    self._make_route(site, folder, notes, names)
            return [self.find_place(place.site, place.domain) for place in places]

    def _make_folder(self, notes: Notes, names: list[str]) -> None:
        self._wait()
        if FOLDER not in self.host.list_folders():
            change = Change("folder", FOLDER, purpose=Change.CHALLENGE, names=names)
            with notes.changing(change), self._changing():
                self.host.create_folder(FOLDER)
        elif made := notes.noted("folder", FOLDER):
            with notes.changing(made):
                made.names = list(dict.fromkeys([*made.names, *names]))

    def _make_route(self, on: str, folder: str, notes: Notes, names: list[str]) -> None:
        change = Change("route", on, after=folder, purpose=Change.CHALLENGE, names=names)
        with notes.changing(change):
            site = self._site(on)
            routes = site.routes if site else {}
            self._update(on, routes={**routes, CHALLENGE_PATH: folder})

    def find_zones(self, names: Iterable[str]) -> None:
        with self.host.called("find_zones", listed=False):
            self.login()
            zones = self.host.list_zones()
            lost = [n for n in names if not any(f".{a_label(n)}".endswith(f".{z}") for z in zones)]
            if lost:
                raise ExplainedError(
                    f"These names are in no zone of the account: {', '.join(lost)}.",
                    "Add their domains in the panel.",
                )

    def publish(self, name: str, value: str, notes: Notes) -> None:
        with self.host.called("publish", name, listed=False):
            self.find_zones([name])
            record = Record(a_label(name), "TXT", value)
            change = Change(
                Change.RECORD,
                value,
                after={"name": record.name, "value": value},
                purpose=Change.CHALLENGE,
                names=[record.name],
            )
            with notes.changing(change):
                self._wait()
                if record not in self.host.list_records().values():
                    with self._changing():
                        self.host.create_record(record)

    def sweep(self, changes: Sequence[Change]) -> None:
        pass

    def undo(self, change: Change, again: bool = False) -> None:
        with self.host.called("undo", change.on, listed=False):
            self.login()
            self._wait()
            if change.what == Change.RECORD:
                self._undo_record(Record(change.after["name"], "TXT", change.after["value"]))
            elif change.what == "route":
                self._undo_route(change)
            elif change.what == "folder":
                self._undo_folder(change.on)

    def _undo_record(self, record: Record) -> None:
        for key, each in self.host.list_records().items():
            if each == record:
                with self._changing():
                    self.host.delete_record(key)

    def _undo_route(self, change: Change) -> None:
        self._sites = None
        site = self._site(change.on)
        if site is not None and site.routes.get(CHALLENGE_PATH) == change.after:
            others = {path: to for path, to in site.routes.items() if path != CHALLENGE_PATH}
            self._update(site.id, routes=others)

    def _undo_folder(self, name: str) -> None:
        folder = self.host.list_folders().get(name)
        if folder is None:
            return
        self._sites = None
        if any(folder in site.routes.values() for site in self._all_sites(fresh=True)):
            logger.warning("The folder %s stays on the panel: somebody uses it.", name)
        elif self.files.listing(folder):
            logger.warning("The folder %s stays on the panel: somebody put files there.", name)
        else:
            with self._changing():
                self.host.delete_folder(name)

    def examine(self) -> Sequence[tuple[str, Finding]]:
        login = self.login()
        return [("panel", Fine(f"the login {login.username} works"))]

    def report(self) -> Mapping[str, Any]:
        return {"version": 1}

    def forget(self) -> None:
        self._sites = self._certificates = None


def _routed(domain: str, site: HttpSite, directory: str) -> Place:
    return Place(domain, site, directory, "", FOLDER, CHALLENGE_PATH, ready=bool(directory))


def _read_leaf(leaf: str) -> tuple[tuple[str, ...], datetime.date | None]:
    try:
        read = x509.load_pem_x509_certificate(leaf.encode())
    except ValueError:
        return (), None  # tests of what stands above need no real one
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(names.get_values_for_type(x509.DNSName)), read.not_valid_after_utc.date()


def _refused(words: str) -> PanelRefusedError:
    return PanelRefusedError("The panel refused.", said=words)


def _open(connection: Any, options: Options) -> IPanel:
    panel: IPanel = OneSitePanel(connection)
    return panel


ONE_SITE = Host(
    name="onesite",
    label="One Site",
    description="Obtain and install certificates on a host whose sites are http and https in one",
    api_url="https://api.onesite.test/",
    keys=(Key("token", "token", secret=True),),
    connect=lambda credentials: OneSiteHost(Path(credentials["token"])),
    open=_open,
    user_of=lambda credentials: "alice",
    log_in=lambda credentials, given: credentials,
    dns_plugin="dns-onesite",
    holder="folder",
)


def three_sites(directory: Path) -> OneSiteHost:
    """A host with a site of files for shop.test, one of code for api.test, one for blog.test.

    The last has somebody's certificate.
    """
    roots = {name: directory / "sites" / name for name in ("shop", "blog")}
    for root in roots.values():
        root.mkdir(parents=True, exist_ok=True)
    host = OneSiteHost(
        directory,
        sites=(
            OneSite("shop", ("shop.test", "www.shop.test"), str(roots["shop"])),
            OneSite("api", ("api.test",)),
            OneSite("blog", ("blog.test",), str(roots["blog"])),
        ),
        zones=("shop.test", "blog.test"),
    )
    theirs = Upload("somebody's leaf", "somebody's key", "somebody's chain")
    host.site("blog").certificate = host.add_certificate("blog_test", theirs)
    return host
