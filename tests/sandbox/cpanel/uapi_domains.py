"""UAPI's modules about domains: DomainInfo, WebVhosts, DCV, Mime, DirectoryPrivacy, Passenger."""

from __future__ import annotations

import secrets
from typing import Any

from tests.sandbox.cpanel.account import IP, UNNAMED, Account
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.files import Home
from tests.sandbox.cpanel.functions import Arguments, Functions
from tests.sandbox.cpanel.redirects import redirects_of
from tests.sandbox.cpanel.vhosts import VirtualHost

DOMAINS = Functions()


@DOMAINS.add("DomainInfo")
def list_domains(account: Account, _arguments: Arguments) -> Reply:
    main: Any = account.main_domain
    addons = [host for host in account.hosts if host.kind == "addon"]
    hidden = [f"{host.domain}.{account.main_domain}" for host in addons]
    subs = [host.domain for host in account.hosts if host.kind == "sub"]
    return Reply(
        {
            "main_domain": [main] if account.switches.documented_shapes else main,
            "addon_domains": [host.domain for host in addons],
            "parked_domains": list(account.parked),
            "sub_domains": [*hidden, *subs],
        },
        is_transformed=False,
    )


@DOMAINS.add("DomainInfo")
def domains_data(account: Account, arguments: Arguments) -> Reply:
    with_status = arguments.is_on("return_https_redirects_status")
    described = {
        kind: [
            _described(account, host, with_status) for host in account.hosts if host.kind == kind
        ]
        for kind in ("main", "addon", "sub")
    }
    if arguments.get("format") == "list":
        return Reply([each for hosts in described.values() for each in hosts])
    main: Any = described["main"]
    return Reply(
        {
            "main_domain": main if account.switches.documented_shapes else main[0],
            "addon_domains": described["addon"],
            "sub_domains": described["sub"],
            "parked_domains": list(account.parked),
        },
        is_transformed=False,
    )


@DOMAINS.add("DomainInfo")
def single_domain_data(account: Account, arguments: Arguments) -> Reply:
    domain = arguments.need("domain")
    host = next((each for each in account.hosts if domain in (each.domain, each.servername)), None)
    if host is None:
        raise PanelError(f"The domain “{domain}” does not exist.")
    return Reply(_described(account, host, arguments.is_on("return_https_redirect_status")))


def _described(account: Account, host: VirtualHost, with_status: bool) -> dict[str, Any]:
    status = {
        "can_https_redirect": account.can_redirect(host),
        "is_https_redirecting": host.redirects,
        "all_aliases_valid": account.covers_all_aliases(host),
    }
    return {
        "domain": host.domain,
        "servername": host.servername,
        "serveralias": " ".join(host.aliases),
        "documentroot": str(host.document_root),
        "homedir": str(account.home),
        "ip": IP,
        "ipv6": None,
        "port": "80",
        "type": f"{host.kind}_domain",
        "user": account.username,
        **(status if with_status else {}),
    }


@DOMAINS.add("WebVhosts", "list_domains", since=56, unrecorded=UNNAMED)
def list_domains_of_vhosts(account: Account, _arguments: Arguments) -> Reply:
    return Reply(
        [
            {
                "domain": name,
                "vhost_name": host.servername,
                "vhost_is_ssl": host.installed is not None,
                "proxy_subdomains": [each for each in host.services if each.endswith(f".{name}")],
            }
            for host in account.hosts
            for name in host.names
        ]
    )


@DOMAINS.add("WebVhosts", since=64, unrecorded=UNNAMED)
def list_ssl_capable_domains(account: Account, _arguments: Arguments) -> Reply:
    listed = []
    for host in account.hosts:
        mail_is_proxy = account.switches.mail_is_proxy
        proxies = (*host.services, *(host.mails if mail_is_proxy else ()))
        for name in host.fqdns:
            is_proxy = name in proxies
            listed.append({"domain": name, "vhost_name": host.servername, "is_proxy": is_proxy})
    return Reply(listed)


# The panel's own looks at domains


@DOMAINS.add("DCV", since=60, unrecorded=UNNAMED)
def check_domains_via_http(account: Account, arguments: Arguments) -> Reply:
    path = arguments.get("dcv_file_relative_path", ".well-known/pki-validation").strip("/")
    extension = arguments.get("dcv_file_extension", "txt")
    count = int(arguments.get("dcv_file_random_character_count", "32"))
    domains = arguments.all("domain")
    for domain in domains:
        _check_own(account, domain)
    return Reply([_looked_up(account, domain, path, extension, count) for domain in domains])


def _looked_up(
    account: Account, domain: str, path: str, extension: str, count: int
) -> dict[str, Any]:
    """Write a file for a domain, ask the web for it, and remove it with its new directories."""
    name = secrets.token_hex(count)[:count] + (f".{extension}" if extension else "")
    content = secrets.token_hex(16)
    with Home(account.home).temporary_file(
        account.host_of(domain).document_root / path, name
    ) as at:
        at.write_text(content)
        try:
            met = account.visit(domain, f"/{path}/{name}")
        except OSError as error:
            return {"failure_reason": str(error), "redirects_count": 0, "redirects": []}
    redirects = [] if not met.location else [{"status": met.status, "url": met.location}]
    reason = None if met.text == content else f"The system received HTTP status {met.status}."
    return {
        "failure_reason": reason,
        "redirects_count": len(redirects),
        "redirects": redirects,
    }


@DOMAINS.add("DCV", since=74, unrecorded=UNNAMED, post=True)
def check_domains_via_dns(account: Account, arguments: Arguments) -> Reply:
    return Reply([_asked_for(account, domain) for domain in arguments.all("domain")])


def _asked_for(account: Account, domain: str) -> dict[str, Any]:
    """[assume] The text record would be seen where the world asks this server."""
    _check_own(account, domain)
    zone = account.zone_of(domain)
    succeeded = zone is not None and zone.is_public
    reason = f"“{account.username}” does not control a domain named “{domain}”."
    return {
        "domain": domain,
        "zone": zone.name if zone else None,
        "dcv_string": f"_cpanel-dcv-test-record={secrets.token_hex(8)}",
        "query_results": [],
        "succeeded": succeeded,
        "failure_reason": None if succeeded else reason,
    }


def _check_own(account: Account, domain: str) -> None:
    if not any(domain in host.fqdns for host in account.hosts) and account.zone_of(domain) is None:
        raise PanelError(f"“{account.username}” does not control a domain named “{domain}”.")


# What document roots are subject to


@DOMAINS.add("Mime", feature="redirects")
def list_redirects(account: Account, _arguments: Arguments) -> Reply:
    return Reply([each for host in account.hosts for each in redirects_of(host)])


@DOMAINS.add("DirectoryPrivacy")
def is_directory_protected(account: Account, arguments: Arguments) -> Reply:
    directory = Home(account.home).existing_directory(arguments.need("dir"))
    settings = directory / ".htaccess"
    protected = settings.exists() and "authtype" in settings.read_text().lower()
    return Reply({"protected": protected, "auth_name": "", "passwd_file": ""})


@DOMAINS.add("PassengerApps", feature="passengerapps")
def list_applications(account: Account, _arguments: Arguments) -> Reply:
    return Reply(
        {
            host.app.name: {
                "name": host.app.name,
                "domain": host.domain,
                "base_uri": "/",
                "path": str(host.app.relative_to(account.home)),
                "enabled": True,
            }
            for host in account.hosts
            if host.app
        }
    )
