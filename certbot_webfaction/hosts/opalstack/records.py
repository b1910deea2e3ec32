"""TXT records in the account's DNS that answer dns-01 challenges.

A record has no name of its own: it stands at its domain, and any name can be a domain.
"""

from __future__ import annotations

from collections.abc import Iterable

from certbot_webfaction.hosts import zones
from certbot_webfaction.hosts.opalstack.model import Domain, Record
from certbot_webfaction.hosts.opalstack.seen import Seen
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change


def find_owners(seen: Seen, names: Iterable[str]) -> dict[str, str]:
    """See `zones.find_owners`."""
    by_id = {domain.id: domain.name for domain in seen.domains().values()}
    aliases = {
        a_label(by_id[record.domain]): a_label(record.content)
        for record in seen.records()
        if record.type == "CNAME" and record.domain in by_id
    }
    return zones.find_owners(names, seen.domains(), aliases, "CNAME record")


def publish(seen: Seen, name: str, value: str, notes: Notes) -> None:
    """As `IPanel.publish`; the domain that the record needs is added."""
    owner = find_owners(seen, [name])[name]
    known = seen.domains().values()
    domain = next((each for each in known if a_label(each.name) == owner), None)
    after = {
        "name": owner,
        "value": value,
        "domain": domain.id if domain else "",
        "record": "",
        "made": domain is None or domain.id in seen.made_domains,
    }
    with notes.changing(Change(Change.RECORD, value, after=after, purpose=Change.CHALLENGE)):
        if domain is None:
            domain = seen.create_domain(owner)
            after["domain"] = domain.id
        wanted = (domain.id, "TXT", value)
        there = [each for each in seen.records() if each.key == wanted]
        # It is there if a run was killed and its journal lost.
        after["record"] = there[0].id if there else seen.create_text(domain, value).id


def undo_record(seen: Seen, change: Change) -> None:
    """Remove a record, and its domain if it was made for records and has no others."""
    made = change.after
    domain = next((each for each in seen.domains().values() if _is_of(each, made)), None)
    if domain is None:
        return
    for record in list(seen.records()):
        if record.domain == domain.id and _is_that(record, made):
            seen.delete_record(record, domain.name)
    if made["made"] and _is_empty(domain, seen):
        seen.delete_domain(domain)


def _is_empty(domain: Domain, seen: Seen) -> bool:
    """Whether nobody has a record there by now, for it would go with the domain."""
    return all(record.domain != domain.id for record in seen.records(anew=True))


def _is_of(domain: Domain, made: dict[str, str]) -> bool:
    """Whether a domain is that of a record; without an identifier an answer was lost."""
    return domain.id == made["domain"] if made["domain"] else a_label(domain.name) == made["name"]


def _is_that(record: Record, made: dict[str, str]) -> bool:
    """Whether a record is that which was made; likewise."""
    if made["record"]:
        return record.id == made["record"]
    return (record.type, record.content) == ("TXT", made["value"])
