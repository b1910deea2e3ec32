"""cPanel's stages, what goes wrong there, and what its verbs call."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.proof.orders import CUT, UNREACHABLE, Order, from_then_on, once
from tests.proof.stage import FOREIGN, INSTALLED, OURS, PAGE, Api, Stage
from tests.proof.verbs import verbs
from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.faults import (
    HTTP_504,
    LOGIN_PAGE,
    UNKNOWN_ERROR,
    refusal,
)
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.cpanel.store import covers, names_of
from tests.sandbox.faults import Fault

_FILES = ("--cpanel-files", "api")


class CpanelStage(Stage[CpanelSandbox]):
    """Virtual hosts, all over the API with a token."""

    name = host = "cpanel"
    label = "cPanel"

    @classmethod
    def sandboxed(cls) -> CpanelSandbox:
        """See `Stage.sandboxed`."""
        return CpanelSandbox()

    @property
    def api(self) -> Api:
        """See `Stage.api`."""
        return self.sandbox.panel

    @property
    def home(self) -> Path:
        """See `Stage.home`."""
        return self.account.home

    @property
    def account(self) -> Account:
        """See `Stage.account`."""
        return self.sandbox.account

    @property
    def run(self) -> tuple[str, ...]:
        """See `Stage.run`."""
        return (*super().run, *_FILES)

    def options(self) -> tuple[str, ...]:
        """See `Stage.options`: the sandbox's name server has a port of its own."""
        return ("--cpanel-nameserver", f"127.0.0.1:{self.sandbox.ca.dns.port}")

    def open_sites(self, shop_port: Callable[[int], None]) -> None:
        """See `Stage.open_sites`."""
        for domain in (OURS[0], INSTALLED, FOREIGN):
            root = self.account.add_subdomain(domain).document_root
            page = PAGE if domain == OURS[0] else f"page of {domain}"
            (root / "index.html").write_text(page)
        issued = self.account.autossl_authority.issue(FOREIGN)
        given = Given(issued.certificate, issued.private_key, issued.chain)
        self.account.install(FOREIGN, given)

    def listen(self) -> None:
        """See `Stage.listen`."""
        self.sandbox.panel.is_refusing = False

    def things(self, whose: Callable[..., str]) -> Mapping[str, frozenset[Any]]:
        """See `Stage.things`."""
        account, store = self.account, self.account.store
        keys = {
            known.id: whose(stored.pem)
            for stored in store.certificates.values()
            if (known := store.key_of(stored.parsed))
        }
        return {
            "contents": frozenset((host.servername, host.redirects) for host in account.hosts),
            "presented": frozenset(
                (host.servername, whose(host.installed.certificate.pem))
                for host in account.hosts
                if host.installed
            ),
            "certificates": frozenset(
                Counter(whose(stored.pem) for stored in store.certificates.values()).items()
            ),
            "keys": frozenset(Counter(keys.get(each, "of none") for each in store.keys).items()),
            "records": frozenset(
                (record.name, "".join(record.data))
                for zone in account.zones.values()
                for record in zone.records()
            ),
        }

    def harm_on_panel(self) -> str:
        """See `Stage.harm_on_panel`."""
        for host in self.account.hosts:
            own = names_of(host.installed.certificate.parsed) if host.installed else ()
            if host.redirects and not all(covers(own, name) for name in host.names):
                return f"{host.servername} redirects to https that covers {own} of {host.names}"
        return ""


def answer(data: object) -> Fault:
    """An answer of the right kind with data of another."""
    flat = {"status": 1, "data": data, "errors": None, "messages": None, "metadata": {}}
    text = json.dumps(flat).encode()
    return Fault("wrong type", takes_effect=True, body=lambda _right: text)


def instead(text: str, status: int = 200, *, takes_effect: bool = False) -> Fault:
    return Fault(f"http {status}", takes_effect, status=status, body=lambda _right: text.encode())


_REFUSAL = refusal("Something is wrong.")
_METADATA = '{"metadata": {"result": 0, "reason": "Something is wrong.", "version": 1}}'

REFUSALS: Mapping[str, Order] = {
    "status 0": once(_REFUSAL),
    "status 0 from then on": from_then_on(_REFUSAL),
    "status 0 in Portuguese": once(refusal("Não foi possível. Você não tem permissão: “ação”.")),
    "status 0, and done": once(UNKNOWN_ERROR),
    "an error as metadata": once(instead(_METADATA)),
    "answer of another type": once(answer(7)),
    "a list of numbers": once(answer([1, 2])),
    "other types from then on": from_then_on(answer([{"domain": 7, "servername": 7, "file": 7}])),
}
"""What comes over either transport; an answer without data is none: so a panel may say "empty"."""

FAULTS: Mapping[str, Order] = {
    **UNREACHABLE,
    **CUT,
    "504 after, with HTML": once(HTTP_504),
    "empty answer": once(instead("", takes_effect=True)),
    "login page": once(LOGIN_PAGE),
    "login page from then on": from_then_on(LOGIN_PAGE),
    "403 in plain text": once(instead("Forbidden Access denied", 403)),
    **REFUSALS,
}

HOSTS = (
    *("DomainInfo::domains_data", "SSL::installed_hosts"),
    "WebVhosts::list_ssl_capable_domains",
)
FEATURES = "Features::list_features"
_LIST, _FILE = "Fileman::list_files", "Fileman::fileop"
TOGGLE = "SSL::toggle_ssl_redirect_for_domains"
AUTHORITY = "DNS::has_local_authority"
EDIT = ("DNS::parse_zone", "DNS::parse_zone", "DNS::mass_edit_zone")
RENEWAL = ("SSL::install_ssl", "SSL::installed_hosts")

READS = (_LIST, AUTHORITY, "DNS::parse_zone")

VERBS = verbs(
    "cpanel",
    ("run", "-a", "cpanel", "-i", "cpanel", *_FILES),
    ("-a", "cpanel", "--preferred-challenges", "dns"),
    _FILES,
    {
        "run": (
            *(*HOSTS, _LIST, "Fileman::mkdir", "Fileman::mkdir"),
            *("Fileman::save_file_content", "Fileman::save_file_content", _LIST),
            *(*[_LIST] * 3, _FILE, _FILE, _LIST, _FILE, _LIST, _FILE),
            *("SSL::install_ssl", "SSL::installed_hosts", TOGGLE),
        ),
        "renew": (*HOSTS, *RENEWAL, *RENEWAL, "Batch::strict"),
        "enhance": (*HOSTS, TOGGLE),
        "rollback": (*HOSTS, TOGGLE, "SSL::delete_ssl", "Batch::strict"),
        "dns": (
            *("DomainInfo::domains_data", FEATURES, "DomainInfo::list_domains"),
            *(*[AUTHORITY] * 3, "StatsBar::get_stats", *EDIT),
            *(AUTHORITY, *EDIT, *EDIT, *EDIT),
        ),
    },
    ("--cpanel-files", "local"),  # over the API is what `run` does
)
