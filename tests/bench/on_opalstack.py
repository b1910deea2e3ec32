"""Measuring on the stand-in of Opalstack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from certbot_webfaction.panel.model import CHALLENGE_PATH
from tests.bench.ground import LATENCY, Ground, Way, at_once
from tests.bench.scene import Site
from tests.sandbox.calls import Calls
from tests.sandbox.opalstack.client import Client
from tests.sandbox.opalstack.sandbox import OpalstackSandbox


class Opalstack(Ground):
    """A site is on one certificate, which is an object of its own."""

    plugin = "opalstack"
    ways = (Way("plugin", {"POST /cert/update/": 1}),)
    never = frozenset({"GET /cert/list/"})

    def __init__(self) -> None:
        self.sandbox: OpalstackSandbox = OpalstackSandbox()

    @property
    def calls(self) -> Calls:
        return self.sandbox.api.calls

    def slow_down(self) -> None:
        self.sandbox.api.latency = LATENCY

    def add_sites(self, sites: Sequence[Site], *, https: bool) -> None:
        account = self.sandbox.account
        certs = [
            {"name": site.certificate, "cert": site.leaf, "intermediates": site.chain}
            | {"key": site.key}
            for site in (sites if https else ())
        ]
        with at_once(account.listeners), account.settled():
            names = [{"name": domain} for site in sites for domain in site.domains]
            domains = {each.name: each.id for each in account.create("domain", names)}
            held = {each.name: each.id for each in account.create("cert", certs)}
            user = account.osuser.id
            apps = [{"name": site.name, "type": "STA", "osuser": user} for site in sites]
            made = {each.name: each.id for each in account.create("app", apps)}
            account.create(
                "site",
                [
                    {
                        "name": site.name,
                        "ip4": account.ip.id,
                        "domains": [domains[domain] for domain in site.domains],
                        "routes": [{"app": made[site.name], "uri": "/"}],
                        "cert": held.get(site.certificate),
                    }
                    for site in sites
                ],
            )
        self.sandbox.wait_applied()

    def restore(self, sites: Sequence[Site]) -> None:
        account = self.sandbox.account
        known = {each.name: each.id for each in account.things("cert")}
        with at_once(account.listeners), account.settled():
            account.update(
                "cert",
                [
                    {"id": known[site.certificate], "cert": site.leaf, "key": site.key}
                    | {"intermediates": site.chain}
                    for site in sites
                ],
            )
        self.sandbox.wait_applied()

    def settle_in(self, sites: Sequence[Site]) -> None:
        account = self.sandbox.account
        known = {each.name: each for each in account.things("site")}
        with at_once(account.listeners), account.settled():
            own = {"app": account.add_app("letsencrypt").id, "uri": CHALLENGE_PATH}
            account.update(
                "site",
                [
                    {"id": each.id, "routes": [own, {"app": each.routes[0].app, "uri": "/"}]}
                    for each in (known[site.name] for site in sites)
                ],
            )
        self.sandbox.wait_applied()

    def webroot(self, site: Site) -> Path:
        account = self.sandbox.account
        return account.home_of(account.osuser) / "apps" / site.name

    def ask(self, way: Way) -> Callable[[], object]:
        client = Client(self.sandbox.api.port, self.sandbox.account.token.key)
        return lambda: client.get("/osuser/list/")
