"""WebFaction's stage, what goes wrong there, and what its verbs call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.proof.orders import CUT, UNREACHABLE, Order, from_then_on, once
from tests.proof.stage import FOREIGN, INSTALLED, OURS, Api, Stage
from tests.proof.state import CHALLENGES
from tests.proof.verbs import verbs
from tests.sandbox import faults
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.host import Host, Website
from tests.sandbox.sandbox import Sandbox

_API = ("--webfaction-files", "api")


class WebfactionStage(Stage[Sandbox]):
    """Websites with apps, all over the API."""

    name = host = "webfaction"
    label = "WebFaction"

    @classmethod
    def sandboxed(cls) -> Sandbox:
        """See `Stage.sandboxed`."""
        return Sandbox()

    @property
    def api(self) -> Api:
        """See `Stage.api`."""
        return self.sandbox.api

    @property
    def home(self) -> Path:
        """See `Stage.home`."""
        return self.account.home_directory

    @property
    def account(self) -> Host:
        """See `Stage.account`."""
        return self.sandbox.host

    @property
    def run(self) -> tuple[str, ...]:
        """See `Stage.run`."""
        return (*super().run, *_API)

    def open_sites(self, shop_port: Callable[[int], None]) -> None:
        """See `Stage.open_sites`."""
        host, directory = self.account, self.sandbox.directory
        shop_port(host.add_app("shop", "custom_app_with_port").port)
        for name, kind in (("wiki", "static_php70"), ("blog", "static_only")):
            host.add_app(name, kind)
            (host.webapps / name / "index.html").write_text(f"page of {name}")
        host.add_website("wiki", (INSTALLED,), (("wiki", "/"),))
        host.add_website("shop", OURS, (("shop", "/"),))
        write_self_signed(directory / "bought.pem", directory / "bought.key", FOREIGN)
        bought, key = (directory / f"bought.{end}" for end in ("pem", "key"))
        host.add_certificate("bought", bought.read_text(), key.read_text())
        host.add_website("blog", (FOREIGN,), (("blog", "/"),))
        host.add_website("blog", (FOREIGN,), (("blog", "/"),), https=True, certificate="bought")
        host.add_domain("example.com", "www")

    def listen(self) -> None:
        """See `Stage.listen`."""
        self.sandbox.api.start_listening()

    def things(self, whose: Callable[..., str]) -> Mapping[str, frozenset[Any]]:
        """See `Stage.things`."""
        held = self.account.snapshot()
        return {
            "apps": frozenset((app.name, app.type) for app in held.apps),
            "contents": frozenset(map(_content, held.websites)),
            "challenge mounts": frozenset(
                (_name(website), mount)
                for website in held.websites
                for mount in website.website_apps
                if mount[1] == CHALLENGES
            ),
            "certificates": frozenset(
                (known.name, whose(known.certificate)) for known in held.certificates
            ),
            "names": frozenset(
                f"{label}.{domain.domain}" for domain in held.domains for label in domain.subdomains
            ),
            "records": frozenset((each.domain, each.spf_record) for each in held.dns_overrides),
        }

    def harm_on_panel(self) -> str:
        """See `Stage.harm_on_panel`."""
        snapshot = self.account.snapshot()
        held = {certificate.name: certificate for certificate in snapshot.certificates}
        secured = {
            domain
            for website in snapshot.websites
            if website.https and website.certificate
            for domain in website.subdomains
            if domain in held[website.certificate].domains
        }
        for website in snapshot.websites:
            redirects = any(app == "redirect_to_https" for app, _path in website.website_apps)
            if redirects and not secured.issuperset(website.subdomains):
                return f"{website.name} redirects to https that does not cover {website.subdomains}"
            if website.https and not (website.website_apps and website.certificate):
                return f"the https website {website.name} has no content or no certificate"
        return ""


def _name(website: Website) -> tuple[str, str]:
    return website.name, "https" if website.https else "http"


def _content(website: Website) -> tuple[Any, ...]:
    mounts = tuple(sorted(mount for mount in website.website_apps if mount[1] != CHALLENGES))
    return (*_name(website), tuple(sorted(website.subdomains)), website.certificate, mounts)


_OLD = "<class 'webfaction_api.exceptions.DataError'>:[u'Something is wrong.']"
_LISTED = "[u'Something is wrong.']"

FAULTS: Mapping[str, Order] = {
    **UNREACHABLE,
    **CUT,
    "Fault, old spelling": once(faults.fault(_OLD)),
    "Fault, a list": once(faults.fault(_LISTED)),
    "Fault, new spelling": once(faults.fault("Something is wrong.")),
    "Fault from then on": from_then_on(faults.fault("Something is wrong.")),
    "session expired": once(faults.SESSION_EXPIRED),
    "session expires each time": from_then_on(faults.SESSION_EXPIRED),
    "answer of another type": once(faults.wrong(7)),
    "a list of numbers": once(faults.wrong([1, 2])),
    "other types from then on": from_then_on(faults.wrong([{"name": 7, "domain": 7}])),
}

VERBS = verbs(
    "webfaction",
    ("run", "-a", "webfaction", "-i", "webfaction", *_API),
    ("-a", "dns-webfaction", "--dns-webfaction-propagation-seconds", "0"),
    _API,
    {
        "run": (
            *("login", "list_websites", "list_apps"),
            *("create_app", "system", "list_websites", "update_website", "system", "system"),
            *("list_certificates", "create_certificate", "create_website"),
            *("create_app", "system", "system", "update_website"),
        ),
        "renew": (
            *("login", "list_websites", "list_apps"),
            *("system", "system", "update_certificate"),
            *("system", "system", "update_certificate"),
        ),
        "enhance": (
            *("login", "list_websites", "list_apps"),
            *("create_app", "system", "system", "update_website"),
        ),
        "rollback": (
            *("login", "list_websites", "list_apps", "update_website"),
            *("system", "system", "delete_app", "delete_website"),
        ),
        "dns": (
            *("login", "list_domains", "list_dns_overrides"),
            *("create_domain", "create_dns_override", "create_dns_override"),
            *("delete_dns_override", "delete_dns_override", "delete_domain"),
        ),
    },
)
