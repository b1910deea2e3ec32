"""Where challenge files go: into the document root of the virtual host that has the name."""

from __future__ import annotations

from pathlib import Path

from certbot_webfaction.hosts.cpanel.seen import Seen
from certbot_webfaction.panel.errors import PanelError
from certbot_webfaction.panel.model import CHALLENGE_PATH, HttpSite, Place

_INTERFERENCE = (
    "something in {directory} answers in place of the file: a password that the panel has put on"
    " the directory (Files, Directory Privacy), a redirect (Domains, Redirects), or rules of a"
    " security plugin in its .htaccess. Take that off, or write"
    " “RewriteRule ^\\.well-known/acme-challenge/ - [L]” before the other rules."
)


def find_place(seen: Seen, site: HttpSite, domain: str, *, is_here: bool) -> Place:
    """As `IPanel.find_place`.

    :param is_here: whether the account's files are on this machine
    """
    host = seen.host(site.id, within=None)
    if host is None or not host.document_root.startswith("/"):
        raise PanelError(
            f"The {site.label} has no document root in the panel any more, so challenges for"
            f" {domain} can't be answered there.",
            "Look under Domains in the panel, and run the command again.",
        )
    root = Path(host.document_root)
    # Rules above a document root count for it, too.
    has_rules = any((folder / ".htaccess").exists() for folder in (root, *root.parents))
    interference = _INTERFERENCE.format(directory=root) if has_rules or not is_here else ""
    return Place(
        domain=domain,
        site=site,
        directory=host.document_root,
        below=CHALLENGE_PATH.removeprefix("/"),
        holder=host.document_root,
        mount="/",
        interference=interference,
        protection="in the panel under Files, Directory Privacy",
    )
