"""Redirects of document roots, as the panel writes and lists them."""

from __future__ import annotations

import re
from typing import Any

from tests.sandbox.cpanel.vhosts import VirtualHost

CHALLENGE_PATHS = (
    r"^/\.well-known/acme-challenge/[0-9a-zA-Z_-]+$",
    r"^/\.well-known/cpanel-dcv/[0-9a-zA-Z_-]+$",
    r"^/\.well-known/pki-validation/[A-F0-9]{32}\.txt(?:\ Comodo\ DCV)?$",
)
"""What validates domains: the panel writes these exemptions before each rule of its own."""

EXEMPTIONS = "".join(f"RewriteCond %{{REQUEST_URI}} !{path}\n" for path in CHALLENGE_PATHS)

_RULE = re.compile(r"^\s*RewriteRule\s+(\S+)\s+(\S+)(?:\s+\[([^\]]*)\])?", re.MULTILINE)


def add_redirect(host: VirtualHost, destination: str, *, exempt: bool = True) -> None:
    """Redirect a whole site as the panel's page does; without ``exempt`` as old servers did."""
    settings = host.document_root / ".htaccess"
    before = settings.read_text() if settings.exists() else "RewriteEngine on\n"
    exemptions = EXEMPTIONS if exempt else ""
    rule = f'RewriteRule ^(.*)$ "{destination}$1" [R=301,L]\n'
    settings.write_text(before + exemptions + rule)
    settings.chmod(0o644)


def write_own_redirect(host: VirtualHost, *, exempt: bool) -> None:
    """Write the https redirect of the panel's switch into the document root, or take it away."""
    settings = host.document_root / ".htaccess"
    rule = "RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"
    own = f"RewriteEngine on\nRewriteCond %{{HTTPS}} off\n{EXEMPTIONS if exempt else ''}{rule}"
    others = settings.read_text().replace(own, "") if settings.exists() else ""
    settings.write_text((own if host.redirects else "") + others)
    settings.chmod(0o644)


def redirects_of(host: VirtualHost) -> list[dict[str, Any]]:
    """Every rewrite rule of a document root; those without a status are hand-made."""
    settings = host.document_root / ".htaccess"
    text = settings.read_text() if settings.exists() else ""
    return [_described(host, *rule) for rule in _RULE.findall(text)]


def _described(host: VirtualHost, source: str, destination: str, options: str) -> dict[str, Any]:
    status = re.search(r"\bR=(\d+)", options)
    whole = source == "^(.*)$"
    shown = "/" if whole else source.strip("^$")
    target = destination.strip('"').removesuffix("$1")
    return {
        "domain": host.domain,
        "displaydomain": host.domain,
        "urldomain": host.domain,
        "docroot": str(host.document_root),
        "source": shown,
        "sourceurl": shown,
        "displaysourceurl": shown,
        "destination": target,
        "targeturl": target,
        "kind": "rewrite",
        "type": "permanent" if status and status[1] == "301" else "temporary",
        "statuscode": status[1] if status else None,
        "opts": "L",
        "matchwww": True,
        "matchwww_text": "checked",
        "wildcard": whole,
        "wildcard_text": "checked" if whole else "",
    }
