"""TXT records in the account's DNS that answer dns-01 challenges."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from certbot_webfaction.hosts.webfaction.model import DnsRecord
from certbot_webfaction.hosts.webfaction.seen import Dns, Seen
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelError, PanelRefusedError
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change
from certbot_webfaction.text import listed

logger = logging.getLogger(__name__)

RECORD = "record"
"""What a change of ours to the DNS is called; ``after`` has ``name``, ``value``, ``domain`` and the
``subdomain`` of it that we made (``""``: it was there)."""

LABEL = "_acme-challenge"
"""The label below which a CA asks for TXT records (RFC 8555, section 8.4)."""

_SHOWN = 20  # domains of the account that an error lists


@dataclass(frozen=True)
class Owner:
    """The name that a TXT record stands at: one of the account's domains, and what is before it.

    ``label`` may be several (``_acme-challenge.shop``), or ``""`` for the domain itself.
    """

    domain: str
    label: str

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.label}.{self.domain}" if self.label else self.domain


def find_owners(names: Iterable[str], dns: Dns) -> dict[str, Owner]:
    """Find for each validation name where its TXT record belongs.

    That is the name itself, below the longest domain of the account that fits, or where CNAME
    records of the account lead from there, as a CA follows them.

    :raises PanelError: for all names at once, if that is in none of the domains
    """
    by_name = {a_label(domain.name): domain.name for domain in dns.domains}
    aliases = {
        a_label(record.name): a_label(record.value)
        for record in dns.records
        if record.type == "CNAME"
    }
    owners, refusals = {}, {}
    for name in names:
        path = _follow(a_label(name), aliases)
        owner = _owner(path[-1], by_name)
        if path[-1] in path[:-1]:
            refusals[name] = (
                f"CNAME records lead in a circle ({' → '.join(path)}). Remove one of these DNS"
                " overrides in the panel."
            )
        elif owner:
            owners[name] = owner
        elif len(path) > 1:
            refusals[name] = (
                f"a CNAME record leads to another name ({' → '.join(path)}), where this account"
                " can't publish anything. Remove that DNS override in the panel, or use the"
                " authenticator of who hosts that name."
            )
        else:
            refusals[name] = "it is in no domain of the account."
    if refusals:
        raise _not_ours(refusals, by_name)
    return owners


def _follow(name: str, aliases: Mapping[str, str]) -> list[str]:
    """The names that CNAME records lead through; in a circle the last one is there twice."""
    path = [name]
    while path[-1] in aliases and path[-1] not in path[:-1]:
        path.append(aliases[path[-1]])
    return path


def _owner(name: str, domains: Mapping[str, str]) -> Owner | None:
    labels = name.split(".")
    for start in range(len(labels)):
        domain = domains.get(".".join(labels[start:]))
        if domain is not None:
            return Owner(domain, ".".join(labels[:start]))
    return None


def _not_ours(refusals: Mapping[str, str], domains: Iterable[str]) -> PanelError:
    known = listed(sorted(domains), _SHOWN) or "none"
    lines = [
        "These domains can't be validated through the account's DNS. The CA was not asked.",
        *(f"  {name.removeprefix(f'{LABEL}.')}: {refusal}" for name, refusal in refusals.items()),
        f"Domains of the account: {known}. Correct the name, or add the domain in the panel if its"
        " name servers are this host's. Then run the command again.",
    ]
    return PanelError("\n".join(lines))


def publish(seen: Seen, name: str, value: str, notes: Notes) -> None:
    """As `IPanel.publish`; a subdomain that the record needs is added."""
    dns = seen.dns()
    owner = find_owners([name], dns)[name]
    missing = owner.name not in dns.names
    # Each record of a made subdomain carries it: the one removed last takes it along.
    made = missing or owner.name in seen.made_subdomains
    after = {
        "name": owner.name,
        "value": value,
        "domain": owner.domain,
        "subdomain": owner.label if made else "",
    }
    with notes.changing(Change(RECORD, value, after=after, purpose=Change.CHALLENGE)):
        if missing:
            seen.create_subdomain(owner.domain, owner.label)
        record = DnsRecord(owner.name, "TXT", value)
        if record not in dns.records:  # it is there if a run was killed and its journal lost
            seen.create_txt(record)


def undo_record(seen: Seen, made: Mapping[str, Any], again: bool) -> None:
    """Remove a record, and the subdomain if it was made for records and has no others.

    :param again: whether this has failed before: a subdomain that the panel refuses to remove is
        left to whoever uses it then
    """
    dns = seen.dns()
    record = DnsRecord(made["name"], "TXT", made["value"])
    if record in dns.records:
        seen.delete_txt(record)
    in_use = any(other.name == record.name for other in dns.records)
    if made["subdomain"] and not in_use and record.name in dns.names:
        try:
            seen.delete_subdomain(made["domain"], made["subdomain"])
        except PanelRefusedError as error:
            if not again:
                raise
            logger.warning(
                "The subdomain %s stays in the account's DNS; somebody seems to use it: %s",
                record.name,
                error,
            )
