"""What there is to say about an account on cPanel, for the doctor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from certbot_webfaction.hosts.cpanel.answers import listed, text
from certbot_webfaction.hosts.cpanel.client import Client
from certbot_webfaction.hosts.cpanel.model import VirtualHost
from certbot_webfaction.hosts.shapes import shapes_of, told
from certbot_webfaction.panel.errors import ImpossibleError, PanelRefusedError
from certbot_webfaction.panel.findings import Finding, Fine, Note, Problem
from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.text import listed as some

WHOLE = 110
"""The first version that has every function used here, and that hosts are known to run."""

_ASKED = 20  # virtual hosts that the panel is to ask for a file of its own


def examine(client: Client, hosts: tuple[VirtualHost, ...]) -> Iterator[tuple[str, Finding]]:
    """As `IPanel.examine`."""
    yield "server", _server(client)
    yield "features", _features(client)
    yield "AutoSSL", _autossl(client, hosts)
    if problem := _second_opinion(client, hosts):
        yield "the panel's own look", problem
    if note := _redirects(client, hosts):
        yield "redirects", note


_READ = (
    "DomainInfo::domains_data",
    "DomainInfo::list_domains",
    "WebVhosts::list_ssl_capable_domains",
    "SSL::installed_hosts",
    "Mime::list_redirects",
)
"""Calls that take no arguments and change nothing; none of their answers has a private key."""


def report(client: Client) -> dict[str, Any]:
    """As `IPanel.report`."""
    reads = {call: partial(client.read, f"answer {call}", call) for call in _READ}
    return {
        "version": told(lambda: client.version),
        "reached by": "its command" if client.is_here else "https",
        "features": told(lambda: dict(client.features)),
        "answers": shapes_of(reads),
    }


def _server(client: Client) -> Finding:
    version, where = client.version, f"asked at {client.address}"
    if not version:
        return Fine(f"cPanel, {where}")
    if version < WHOLE:
        return Note(
            f"cPanel {version}, {where}; what certbot-webfaction needs is whole from {WHOLE} on",
            "Ask the host for an update. Certificates are installed all the same; DNS and redirects"
            " may not work.",
        )
    return Fine(f"cPanel {version}, {where}")


def _features(client: Client) -> Finding:
    features = client.features
    off = [name for name in ("sslmanager", "zoneedit", "filemanager") if not features.get(name, 1)]
    if off:
        return Note(
            f"the plan of this account lacks {some(off)}",
            "Without “zoneedit” no wildcards can be validated here, without “filemanager” no files"
            " can be written from elsewhere, without “sslmanager” old certificates stay in the"
            " panel's store.",
        )
    return Fine("all that is needed")


def _autossl(client: Client, hosts: tuple[VirtualHost, ...]) -> Finding:
    own = [host.names[0] for host in hosts if host.installed and host.installed.is_autossl]
    if not client.features.get("autossl", False):
        return Fine("the host keeps it off; nobody else renews certificates here")
    return Note(
        "the host issues and renews certificates by itself"
        + (f"; it keeps those of {some(own)}" if own else ""),
        "Where no wildcard and no other CA is needed it does so for free; to leave a site to it,"
        " install nothing there. What you install it leaves alone, and a rollback hands it back.",
    )


def _second_opinion(client: Client, hosts: tuple[VirtualHost, ...]) -> Finding | None:
    """What the panel finds when it puts a file where a CA would look, and asks for it."""
    domains = [host.names[0] for host in hosts if not host.names[0].startswith("*.")][:_ASKED]
    try:
        told = _looked_up(client, domains)
    except (PanelRefusedError, ImpossibleError):
        return None  # a second opinion is none that has to be had
    # A CA follows redirects, and so does the doctor's own look at the challenge path.
    failed = {
        domain: text(each.get("failure_reason"))
        for domain, each in zip(domains, listed(told), strict=False)
        if each.get("failure_reason") and not each.get("redirects")
    }
    if not failed:
        return Fine("the panel finds its own challenge files by http")
    reasons = "; ".join(f"{domain}: {reason}" for domain, reason in list(failed.items())[:3])
    return Problem(
        "panel-finds-no-file",
        f"the panel does not find its own challenge files for {some(list(failed))} ({reasons})",
        "Whatever it names keeps a CA from them, too: see that DNS points here, and take away what"
        f" answers at {CHALLENGE_PATH}/ in place of files.",
    )


def _looked_up(client: Client, domains: list[str]) -> Any:
    """What the panel tells of each domain, in their order."""
    arguments = {f"domain-{n}" if n else "domain": each for n, each in enumerate(domains)}
    return client.read(
        "look at its domains",
        "DCV::check_domains_via_http",
        **arguments,
        dcv_file_relative_path=CHALLENGE_PATH.removeprefix("/"),
        dcv_file_extension="",
        dcv_file_random_character_count="43",
    )


def _redirects(client: Client, hosts: tuple[VirtualHost, ...]) -> Finding | None:
    """Rules in document roots that send every page somewhere else, those of challenges too."""
    roots = {host.document_root for host in hosts}
    try:
        told = client.read("list the redirects", "Mime::list_redirects")
    except (PanelRefusedError, ImpossibleError):
        return None
    # Rules that lead to another page of the site are an application's, which leave files alone,
    # and a CA follows those to https.
    rules = [
        f"{text(each.get('sourceurl'))} → {text(each.get('destination'))} in"
        f" {text(each.get('docroot'))}/.htaccess"
        for each in listed(told)
        if re.match("https?://(?!%{)", text(each.get("destination")))
        and text(each.get("docroot")) in roots
    ]
    if not rules:
        return None
    return Note(
        f"these rules send visitors elsewhere, and may do so with a CA: {some(rules)}",
        "Those made in the panel leave challenges alone. If a challenge fails, write before the"
        " others: “RewriteRule ^\\.well-known/acme-challenge/ - [L]”.",
    )
