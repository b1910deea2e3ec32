"""Opalstack's stage, what goes wrong there, and what its verbs call."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.proof.orders import CUT, UNREACHABLE, Order, at, from_then_on, once
from tests.proof.stage import FOREIGN, INSTALLED, OURS, Api, Stage
from tests.proof.state import CHALLENGES
from tests.proof.verbs import verbs
from tests.sandbox.faults import Fault
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.faults import empty, page, refused, throttled
from tests.sandbox.opalstack.objects import Site
from tests.sandbox.opalstack.sandbox import OpalstackSandbox


class OpalstackStage(Stage[OpalstackSandbox]):
    """Sites with routes; files are written on this machine."""

    name = host = "opalstack"
    label = "Opalstack"

    @classmethod
    def sandboxed(cls) -> OpalstackSandbox:
        """See `Stage.sandboxed`."""
        return OpalstackSandbox()

    @property
    def api(self) -> Api:
        """See `Stage.api`."""
        return self.sandbox.api

    @property
    def home(self) -> Path:
        """See `Stage.home`."""
        return self.account.home_of(self.account.osuser)

    @property
    def account(self) -> Account:
        """See `Stage.account`."""
        return self.sandbox.account

    def open_sites(self, shop_port: Callable[[int], None]) -> None:
        """See `Stage.open_sites`."""
        account = self.account
        shop = account.add_app("shop", "CUS")
        shop_port(shop.port)
        account.add_site("shop", OURS, {"/": shop})
        bought = account.add_cert("bought", FOREIGN)
        for name, domain, cert in (("wiki", INSTALLED, None), ("blog", FOREIGN, bought.id)):
            app = account.add_app(name)
            (account.directory(app) / "index.html").write_text(f"page of {name}")
            account.add_site(name, (domain,), {"/": app}, cert=cert)
        account.add_domain("example.com")

    def listen(self) -> None:
        """See `Stage.listen`: what was never ready is so."""
        self.sandbox.api.start_listening()
        self.account.switches.ready_seconds = 0.0
        now = self.account.now()
        self.account.restore(
            {
                kind: {
                    key: replace(entry, ready_at=now, served_at=now)
                    if entry.ready_at == math.inf
                    else entry
                    for key, entry in table.items()
                }
                for kind, table in self.account.snapshot().items()
            }
        )

    def things(self, whose: Callable[..., str]) -> Mapping[str, frozenset[Any]]:
        """See `Stage.things`."""
        account = self.account
        apps = {app.id: app.name for app in account.things("app")}
        domains = {domain.id: domain.name for domain in account.things("domain")}
        certs = {cert.id: whose(cert.cert) for cert in account.things("cert")}
        held = Counter((cert.name, certs[cert.id]) for cert in account.things("cert"))
        sites: list[Site] = account.things("site")
        routes = [
            (site.name, route.uri, apps.get(route.app)) for site in sites for route in site.routes
        ]
        return {
            "apps": frozenset((app.name, app.type) for app in account.things("app")),
            "contents": frozenset(
                (
                    *(site.name, tuple(sorted(domains[each] for each in site.domains))),
                    tuple(sorted(each for each in routes if _is_content(each, site))),
                    *(site.redirect, site.disabled),
                )
                for site in sites
            ),
            "presented": frozenset(
                (site.name, certs.get(site.cert or ""), site.generate_le) for site in sites
            ),
            "challenge mounts": frozenset(each for each in routes if each[1] == CHALLENGES),
            "certificates": frozenset(held.items()),
            "names": frozenset(domains.values()),
            "records": frozenset(
                (domains.get(each.domain, "?"), each.content)
                for each in account.things("dnsrecord")
            ),
        }

    def harm_on_panel(self) -> str:
        """See `Stage.harm_on_panel`."""
        domains = {domain.id: domain.name for domain in self.account.things("domain")}
        certs = {cert.id: cert for cert in self.account.things("cert")}
        for site in self.account.things("site"):
            cert = certs.get(site.cert)
            if site.cert and cert is None:
                return f"{site.name} has a certificate that is gone"
            covered = set(cert.listed_domains) if cert else set()
            names = {domains[each] for each in site.domains}
            if site.redirect and not names <= covered:
                return f"{site.name} redirects to https that covers {covered} of {names}"
        return ""


def _is_content(route: tuple[str, str, str | None], site: Site) -> bool:
    return route[0] == site.name and route[1] != CHALLENGES


def _never_ready(stage: Stage[Any]) -> None:
    stage.account.switches.ready_seconds = math.inf


def _wrong(value: object) -> Fault:
    text = json.dumps(value).encode()
    return Fault("wrong type", takes_effect=True, body=lambda _right: text)


_ITEM = refused(400, [{"name": ["Something is wrong."]}])
_WHOLE = refused(400, {"non_field_errors": ["Something is wrong."]})

FAULTS: Mapping[str, Order] = {
    **UNREACHABLE,
    **CUT,
    "502 after, with HTML": once(page(502, takes_effect=True)),
    "empty answer": once(empty()),
    "empty answers from then on": from_then_on(empty()),
    "400 for the object": once(_ITEM),
    "400 for the whole": once(_WHOLE),
    "400 from then on": from_then_on(_ITEM),
    "401": once(refused(401, {"detail": "Invalid token."})),
    "403": once(refused(403, {"detail": "You do not have permission."})),
    "403 from then on": from_then_on(refused(403, {"detail": "You do not have permission."})),
    "404 with HTML": once(page(404)),
    "429, wait a second": once(throttled(1)),
    "429, wait for hours": from_then_on(throttled(7200)),
    "never ready from then on": at("before_call", _never_ready),
    "answer of another type": once(_wrong(7)),
    "a list of numbers": once(_wrong([1, 2])),
    "other types from then on": from_then_on(_wrong([{"id": 7, "name": 7}])),
}

VERBS = verbs(
    "opalstack",
    ("run", "-a", "opalstack", "-i", "opalstack"),
    ("-a", "opalstack", "--preferred-challenges", "dns"),
    (),
    {
        "run": (
            *("GET /osuser/list/", "GET /site/list/", "GET /app/list/", "GET /app/list/"),
            *("GET /site/read", "POST /site/update/", "GET /cert/list/", "POST /cert/create/"),
            *("POST /site/update/", "POST /site/update/"),
        ),
        "renew": (
            *("GET /osuser/list/", "GET /site/list/"),
            *("POST /cert/update/", "POST /cert/update/"),
        ),
        "enhance": ("GET /osuser/list/", "GET /site/list/", "POST /site/update/"),
        "rollback": (
            *("GET /osuser/list/", "GET /site/list/"),
            *("POST /site/update/", "POST /site/update/"),
        ),
        "dns": (
            *("GET /osuser/list/", "GET /domain/list/", "GET /dnsrecord/list/"),
            "POST /domain/create/",
            *("POST /dnsrecord/create/", "POST /dnsrecord/create/"),
            *("POST /dnsrecord/delete/", "GET /dnsrecord/read", "GET /dnsrecord/list/"),
            *("POST /dnsrecord/delete/", "GET /dnsrecord/read", "GET /dnsrecord/list/"),
            *("POST /domain/delete/", "GET /domain/read"),
        ),
    },
)
