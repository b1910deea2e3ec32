"""What there is to say about the account, this machine, and the host's own look at the sites."""

from __future__ import annotations

from collections.abc import Sequence

from certbot_webfaction.hosts.opalstack.model import Domain
from certbot_webfaction.hosts.opalstack.seen import Seen, home_here
from certbot_webfaction.panel.findings import Finding, Fine, Note
from certbot_webfaction.text import listed


def examine(seen: Seen) -> Sequence[tuple[str, Finding]]:
    """As `IPanel.examine`."""
    return [("this host", machine(seen)), *(("domains", each) for each in _host_says(seen))]


def machine(seen: Seen) -> Finding:
    """Which user of the account this process runs as, and on which of its servers."""
    user = seen.this_user()
    if user is not None and home_here() is not None:
        return Fine(f"{user.hostname}, user {user.name}; files are written here")
    known = listed([f"{each.name} on {each.hostname}" for each in seen.osusers()]) or "none"
    return Note(
        f"this machine and user are none of the account's ({known}), so challenge files can't be"
        " written here",
        "Run certbot in a shell of the account, or use the DNS for challenges.",
    )


def _host_says(seen: Seen) -> list[Finding]:
    """What the host's own check says; a second opinion, for it asks from inside."""
    by_ip: dict[str, list[Domain]] = {}
    for site in seen.sites():
        if site.ip and not site.disabled:
            by_ip.setdefault(site.ip, []).extend(site.domains)
    lost = []
    for ip, domains in by_ip.items():
        arrives = seen.client.challenges_arrive([domain.id for domain in domains], ip)
        lost += [d.name for d, is_so in zip(domains, arrives, strict=False) if not is_so]
    if lost:
        return [
            Note(
                f"Opalstack's own check does not find http of these at their sites: {listed(lost)}",
                "Check that DNS has the sites' addresses for them.",
            )
        ]
    return [Fine("http of all domains arrives")] if by_ip else []
