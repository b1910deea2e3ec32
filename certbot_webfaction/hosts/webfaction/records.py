"""TXT records in the account's DNS that answer dns-01 challenges."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from certbot_webfaction.hosts import zones
from certbot_webfaction.hosts.webfaction.model import DnsRecord
from certbot_webfaction.hosts.webfaction.seen import Dns, Seen
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelRefusedError
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change

logger = logging.getLogger(__name__)

RECORD = "record"
"""What a change of ours to the DNS is called; ``after`` has ``name``, ``value``, ``domain`` and the
``subdomain`` of it that we made (``""``: it was there)."""


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
    """The place of the TXT record of each validation name, see `zones.find_owners`."""
    by_name = {a_label(domain.name): domain.name for domain in dns.domains}
    aliases = {
        a_label(record.name): a_label(record.value)
        for record in dns.records
        if record.type == "CNAME"
    }
    owners = {}
    for name, at in zones.find_owners(names, by_name, aliases, "DNS override").items():
        zone = zones.longest(at, by_name)
        owners[name] = Owner(by_name[zone], at.removesuffix(zone).rstrip("."))
    return owners


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
