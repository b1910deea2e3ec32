"""TXT records in the account's DNS that answer dns-01 challenges.

A record has no name of its own: it stands at its domain, and any name can be a domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from certbot_webfaction.hosts.opalstack.model import Domain, Record
from certbot_webfaction.hosts.opalstack.seen import Seen
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelError
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change

_SHOWN = 20  # domains of the account that an error lists


def find_owners(seen: Seen, names: Iterable[str]) -> dict[str, str]:
    """The name at which the TXT record for each validation name belongs: itself or its alias.

    CNAME records of the account are followed, as a CA follows them.

    :raises PanelError: for all names at once that are below no domain of the account
    """
    domains, _records = seen.dns()
    aliases, known = _aliases(seen), {a_label(name) for name in domains}
    owners = {name: _follow(a_label(name), aliases) for name in names}
    lost = [
        name
        for name, at in owners.items()
        # In a circle it is an alias still.
        if at in aliases or known.isdisjoint(_parents(at))
    ]
    if lost:
        raise _not_ours(lost, sorted(domains))
    return owners


def _aliases(seen: Seen) -> dict[str, str]:
    """Where CNAME records lead, by their names."""
    domains, records = seen.dns()
    by_id = {domain.id: domain.name for domain in domains.values()}
    return {
        a_label(by_id[record.domain]): a_label(record.content.rstrip("."))
        for record in records
        if record.type == "CNAME" and record.domain in by_id
    }


def _follow(name: str, aliases: Mapping[str, str]) -> str:
    passed = set()
    while name in aliases and name not in passed:
        passed.add(name)
        name = aliases[name]
    return name


def _parents(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


def _not_ours(lost: Iterable[str], known: list[str]) -> PanelError:
    listed = ", ".join(known[:_SHOWN]) or "none"
    if len(known) > _SHOWN:
        listed += f" and {len(known) - _SHOWN} more"
    return PanelError(
        "\n".join(
            [
                "These domains can't be validated through the account's DNS. The CA was not asked.",
                *(
                    f"  {name.partition('.')[2]}: neither it nor its alias is below a domain of the"
                    " account."
                    for name in lost
                ),
            ]
        ),
        f"Domains of the account: {listed}. Correct the name, or add the domain in the panel if its"
        " name servers are this host's. Then run the command again.",
    )


def publish(seen: Seen, name: str, value: str, notes: Notes) -> None:
    """As `IPanel.publish`; the domain that the record needs is added."""
    owner = find_owners(seen, [name])[name]
    domains, records = seen.dns()
    domain = next((each for each in domains.values() if a_label(each.name) == owner), None)
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
        there = [
            r for r in records if _key(r.domain, r.type, r.content) == _key(domain.id, "TXT", value)
        ]
        # It is there if a run was killed and its journal lost.
        after["record"] = there[0].id if there else seen.create_text(domain, value).id


def _key(domain: str, type: str, content: str) -> tuple[str, str, str]:
    return domain, type, content


def undo_record(seen: Seen, change: Change) -> None:
    """Remove a record, and its domain if it was made for records and has no others."""
    made = change.after
    domains, records = seen.dns()
    domain = next((each for each in domains.values() if _is_of(each, made)), None)
    if domain is None:
        return
    for record in records:
        if record.domain == domain.id and _is_that(record, made):
            seen.delete_record(record, domain.name)
    if made["made"] and _is_empty(domain, seen):
        seen.delete_domain(domain)


def _is_empty(domain: Domain, seen: Seen) -> bool:
    """Whether nobody has a record there by now, for it would go with the domain."""
    _domains, records = seen.dns(anew=True)
    return all(record.domain != domain.id for record in records)


def _is_of(domain: Domain, made: dict[str, str]) -> bool:
    """Whether a domain is that of a record; without an identifier an answer was lost."""
    return domain.id == made["domain"] if made["domain"] else a_label(domain.name) == made["name"]


def _is_that(record: Record, made: dict[str, str]) -> bool:
    """Whether a record is that which was made; likewise."""
    if made["record"]:
        return record.id == made["record"]
    return (record.type, record.content) == ("TXT", made["value"])
