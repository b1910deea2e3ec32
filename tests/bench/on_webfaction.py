"""Measuring on the stand-in of WebFaction."""

from __future__ import annotations

import sys
import xmlrpc.client
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.ground import LATENCY, Ground, Way, at_once
from tests.bench.scene import Site
from tests.sandbox.calls import Calls
from tests.sandbox.certificates import write_secret
from tests.sandbox.sandbox import Sandbox

_UPLOAD = {"update_certificate": 1}


class WebFaction(Ground):
    """Websites are pairs, and a certificate is replaced for all of them."""

    plugin = "webfaction"
    ways = (
        Way("plugin, files local", _UPLOAD, ("--webfaction-files", "local")),
        Way("plugin, files over the API", {**_UPLOAD, "system": 2}, ("--webfaction-files", "api")),
    )
    never = frozenset({"list_certificates"})

    def __init__(self) -> None:
        self.sandbox: Sandbox = Sandbox()

    @property
    def calls(self) -> Calls:
        return self.sandbox.api.calls

    def slow_down(self) -> None:
        self.sandbox.api.latency = LATENCY

    def add_sites(self, sites: Sequence[Site], *, https: bool) -> None:
        host = self.sandbox.host
        with at_once(host.listeners):
            for site in sites:
                host.add_app(site.name, "static_only")
                mounts = ((site.name, "/"),)
                host.add_website(site.name, site.domains, mounts)
                if https:
                    label = site.certificate
                    host.add_certificate(label, site.leaf, site.key, site.chain)
                    host.add_website(site.name, site.domains, mounts, https=True, certificate=label)
        self.sandbox.wait_applied()

    def restore(self, sites: Sequence[Site]) -> None:
        host = self.sandbox.host
        with at_once(host.listeners):
            for site in sites:
                host.update_certificate(site.certificate, site.leaf, site.key, site.chain)
        self.sandbox.wait_applied()

    def webroot(self, site: Site) -> Path:
        return self.sandbox.host.webapps / site.name

    def ask(self, way: Way) -> Callable[[], object]:
        host, panel = self.sandbox.host, xmlrpc.client.ServerProxy(self.sandbox.api.url)
        session, _ = panel.login(host.username, host.password, host.machine, 2)  # type: ignore[misc, str-unpack] # a list
        return lambda: panel.list_apps(session)

    def hook(self, directory: Path) -> str:
        """That of the host's guide; Python starts as fast as it can."""
        host, secrets = self.sandbox.host, directory / "hook-secrets"
        write_secret(secrets, f"{host.username}\n{host.password}\n{host.machine}\n")
        script = Path(__file__).with_name("guide_hook.py")
        return f"{sys.executable} -I -S {script} {self.sandbox.api.url} {secrets}"
