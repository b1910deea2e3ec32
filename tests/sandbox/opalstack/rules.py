"""Which objects may be beside each other: the rules of section 3 of the specification."""

from __future__ import annotations

import datetime
import re
import secrets
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.certificates import write_self_signed
from tests.sandbox.opalstack.fields import WrongError
from tests.sandbox.opalstack.objects import (
    LINKS,
    App,
    Cert,
    DnsRecord,
    Domain,
    Notice,
    Osuser,
    Route,
    Site,
    Token,
)
from tests.sandbox.opalstack.switches import Switches

SHARED_NAME = "*.opalstacked.example"
"""What the host's shared certificate, which no client accepts for a user's domain, is made for."""


class Rules:
    """Makes the objects of an account, and refuses those that break a rule (`WrongError`).

    ``things`` are the objects of a kind that are there, ``port`` gives a free one for an app.
    """

    def __init__(
        self, things: Callable[[str], list[Any]], switches: Switches, port: Callable[[], int]
    ) -> None:
        self._things = things
        self._switches = switches
        self._port = port

    def new(self, kind: str, values: dict[str, Any]) -> Any:
        """An object with these values from a request, and a new identifier."""
        make: Callable[..., Any] = getattr(self, f"_new_{kind}")
        return make(**values)

    def changed(self, kind: str, before: Any, values: dict[str, Any]) -> Any:
        """An object with other values."""
        if kind == "site":
            values = _with_routes(values)
        if kind == "app" and values.get("json") is not None and self._switches.merges_json:
            values = {**values, "json": {**before.json, **values["json"]}}
        if kind == "cert":
            return self._read(replace(before, **values))
        if kind == "site":
            return self._at_its_ip(replace(before, **values))
        return replace(before, **values)

    def check(self, kind: str, thing: Any) -> None:
        """Refuse an object that can't be beside the others."""
        check: Callable[[Any], None] | None = getattr(self, f"_check_{kind}", None)
        if check:
            check(thing)

    def check_update(self, kind: str, before: Any, values: dict[str, Any]) -> None:
        """Refuse an update for what it asks for, where the outcome alone would be possible."""
        if (
            kind == "site"
            and self._switches.refuses_cert_with_le
            and values.get("cert") is not None
            and values.get("generate_le", before.generate_le)
        ):
            raise WrongError({"cert": ["Turn off generate_le to choose a certificate."]})

    def check_delete(self, kind: str, thing: Any) -> None:
        """Refuse to delete what is in use."""
        for other_kind, other, _without in self.references(kind, thing):
            if other_kind == "dnsrecord" and self._switches.domain_takes_records:
                continue
            if other_kind == "dnsrecord" or kind in self._switches.guarded:
                name = getattr(other, "name", other.id)
                raise WrongError({"non_field_errors": [f"It is used by {other_kind} {name}."]})

    def references(self, kind: str, thing: Any) -> Iterator[tuple[str, Any, Any]]:
        """What refers to an object: kind, object, and that without it (``None``: it goes, too)."""
        for site in self._things("site"):
            without = _without(site, kind, thing)
            if without != site:
                yield "site", site, without
        owned = {"osuser": "app", "domain": "dnsrecord"}.get(kind)
        for other in self._things(owned) if owned else []:
            if getattr(other, kind) == thing.id:
                yield owned or "", other, None

    def shared_cert(self) -> Cert:
        """The certificate that the host has for names without one."""
        pem, key = self_signed(SHARED_NAME)
        return self._read(
            Cert(new_id(), "shared", pem, None, key=key, is_opalstack_shared_cert=True)
        )

    def letsencrypt(self, site: Site, former: Cert | None) -> Cert:
        """A certificate that the host issues for a site, in place of its ``former`` one."""
        names = {domain.id: domain.name for domain in self._things("domain")}
        pem, key = self_signed(*(names[domain] for domain in site.domains))
        is_own = former is not None and former.is_opalstack_letsencrypt
        kept = former.id if former and is_own else new_id()
        return self._read(Cert(kept, site.name, pem, None, key=key, is_opalstack_letsencrypt=True))

    # Users and apps

    def _new_osuser(self, **values: Any) -> Osuser:
        return Osuser(new_id(), **{"password": secrets.token_hex(16), **values})

    def _check_osuser(self, osuser: Osuser) -> None:
        self._check_unique("osuser", osuser, "name", "server")

    def _new_app(self, **values: Any) -> App:
        [osuser] = [each for each in self._things("osuser") if each.id == values["osuser"]]
        return App(
            new_id(),
            **{**values, "json": values.get("json") or {}},
            server=osuser.server,
            osuser_name=osuser.name,
            port=self._port() if values["type"] == "CUS" else 0,
        )

    def _check_app(self, app: App) -> None:
        self._check_unique("app", app, "name", "osuser")
        if app.type in LINKS:
            target = app.json.get("sym_link_path")
            if target is None:
                raise WrongError({"json": {"sym_link_path": ["This field is required."]}})
            if not target.startswith("/"):
                raise WrongError({"json": {"sym_link_path": ["It must be an absolute path."]}})

    # Domains and DNS

    def _new_domain(self, name: str) -> Domain:
        return Domain(new_id(), name, is_valid_hostname=_is_hostname(name))

    def _check_domain(self, domain: Domain) -> None:
        if self._switches.unique_domains:
            self._check_unique("domain", domain, "name")
        is_odd = ("*" in domain.name and not self._switches.wildcard_domains) or (
            "_" in domain.name and not self._switches.underscore_domains
        )
        if is_odd:
            raise WrongError({"name": ["Enter a valid domain name."]})

    def _new_dnsrecord(self, **values: Any) -> DnsRecord:
        return DnsRecord(new_id(), **values)

    # Certificates

    def _new_cert(self, **values: Any) -> Cert:
        return self._read(Cert(new_id(), **{"name": "", "intermediates": None, **values}))

    def _read(self, cert: Cert) -> Cert:
        """The certificate with what its leaf says; `WrongError` if it is none."""
        try:
            leaf = x509.load_pem_x509_certificates(cert.cert.encode())[0]
            if cert.intermediates:
                x509.load_pem_x509_certificates(cert.intermediates.encode())
        except ValueError as error:
            if self._switches.checks_certificates:
                raise WrongError({"cert": ["This is no certificate."]}) from error
            return replace(cert, exp_date=None, listed_domains=())
        self._check_key(cert, leaf)
        try:
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            domains = tuple(names.get_values_for_type(x509.DNSName))
        except x509.ExtensionNotFound:
            domains = ()
        return replace(cert, exp_date=leaf.not_valid_after_utc.isoformat(), listed_domains=domains)

    def _check_key(self, cert: Cert, leaf: x509.Certificate) -> None:
        is_strict = self._switches.checks_certificates
        try:
            key = load_pem_private_key(cert.key.encode(), password=None)
        except (ValueError, TypeError) as error:  # TypeError: the key is encrypted
            if is_strict:
                raise WrongError({"key": ["This is no private key."]}) from error
            return
        if is_strict and key.public_key() != leaf.public_key():
            raise WrongError({"key": ["The key does not fit the certificate."]})
        is_own = cert.is_opalstack_letsencrypt or cert.is_opalstack_shared_cert
        is_refused = isinstance(key, EllipticCurvePrivateKey) and not self._switches.accepts_ec_keys
        if is_refused and not is_own:
            raise WrongError({"key": ["Only RSA keys are supported."]})

    # Sites

    def _new_site(self, **values: Any) -> Site:
        site = Site(new_id(), **{"name": "", **_with_routes(values)}, server="")
        return self._at_its_ip(site)

    def _at_its_ip(self, site: Site) -> Site:
        """The site with the server that its address is of."""
        ips = {ip.id: ip for ip in self._things("ip")}
        chosen = site.ip4 or site.ip6
        if chosen is None:
            if self._switches.needs_ip:
                raise WrongError({"ip4": ["A site needs an IP address."]})
            primary = next(ip for ip in ips.values() if ip.primary)
            return replace(site, ip4=primary.id, server=primary.server)
        return replace(site, server=ips[chosen].server)

    def _check_site(self, site: Site) -> None:
        self._check_unique("site", site, "name", "server")
        domains = {domain.id: domain for domain in self._things("domain")}
        for domain in site.domains:
            if not domains[domain].is_valid_hostname:
                raise WrongError({"domains": [f"{domains[domain].name} is no valid hostname."]})
        for other in self._things("site"):
            shared = set(other.domains) & set(site.domains)
            if other.id != site.id and shared:
                names = ", ".join(sorted(domains[domain].name for domain in shared))
                raise WrongError({"domains": [f"{names}: used by site {other.name}."]})

    # Tokens and notices

    def _new_token(self, name: str = "") -> Token:
        return Token(secrets.token_hex(20), name)

    def _new_notice(self, content: str, type: str = "M") -> Notice:
        now = datetime.datetime.now(datetime.timezone.utc)
        return Notice(new_id(), type, content, now.isoformat())

    def _check_notice(self, notice: Notice) -> None:
        if '"' in notice.content:
            raise WrongError({"content": ["Quotation marks are not allowed."]})

    def _check_unique(self, kind: str, thing: Any, *names: str) -> None:
        for other in self._things(kind):
            if other.id != thing.id and all(
                getattr(other, name) == getattr(thing, name) for name in names
            ):
                raise WrongError({"name": [f"{kind} with this {' and '.join(names)} exists."]})


def new_id() -> str:
    """A new uuid."""
    return str(uuid.uuid4())


def self_signed(*names: str) -> tuple[str, str]:
    """A certificate for these names that nobody vouches for, and its key, PEM."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = Path(directory) / "cert.pem", Path(directory) / "key.pem"
        write_self_signed(certificate, key, *names)
        return certificate.read_text(), key.read_text()


def can_be_used(cert: Cert) -> bool:
    """Whether a server can serve a certificate."""
    try:
        leaf = x509.load_pem_x509_certificate(cert.cert.encode())
        key = load_pem_private_key(cert.key.encode(), password=None)
    except (ValueError, TypeError):
        return False
    return leaf.public_key() == key.public_key()


def _is_hostname(name: str) -> bool:
    label = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
    return re.fullmatch(rf"({label}\.)+{label}", name, re.IGNORECASE) is not None


def _with_routes(values: dict[str, Any]) -> dict[str, Any]:
    """Values from a request whose routes, if any, are new ones."""
    if "routes" not in values:
        return values
    routes = (Route(new_id(), each["app"], each.get("uri", "/")) for each in values["routes"])
    return {**values, "routes": tuple(routes)}


def _without(site: Site, kind: str, thing: Any) -> Site:
    """The site as it is when it can't refer to an object any more."""
    if kind == "cert" and site.cert == thing.id:
        return replace(site, cert=None)
    if kind == "domain" and thing.id in site.domains:
        return replace(site, domains=tuple(each for each in site.domains if each != thing.id))
    if kind == "app" and any(route.app == thing.id for route in site.routes):
        return replace(site, routes=tuple(r for r in site.routes if r.app != thing.id))
    return site
