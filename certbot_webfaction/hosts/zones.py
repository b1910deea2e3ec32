"""Where a TXT record belongs in an account's DNS, and what is told where it belongs nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelError
from certbot_webfaction.panel.model import CHALLENGE_LABEL
from certbot_webfaction.text import listed

_SHOWN = 20  # zones of the account that an error lists

ADVICE = (
    "Correct the name, or add the domain in the panel if its name servers are this host's. Then run"
    " the command again."
)


def find_owners(
    names: Iterable[str], zones: Iterable[str], aliases: Mapping[str, str], alias: str
) -> dict[str, str]:
    """The name at which the TXT record for each validation name belongs, as an A-label.

    That is the name itself, or where CNAME records of the account lead from there, as a CA follows
    them.

    :param aliases: where these records lead, by their names, all as A-labels
    :param alias: what the panel's user calls such a record
    :raises PanelError: for all names at once, if that is in no zone of the account
    """
    known = {a_label(zone) for zone in zones}
    owners, refusals = {}, {}
    for name in names:
        path = _follow(a_label(name), aliases)
        if path[-1] in path[:-1]:
            refusals[name] = (
                f"CNAME records lead in a circle ({' → '.join(path)}). Remove one of these {alias}s"
                " in the panel."
            )
        elif longest(path[-1], known):
            owners[name] = path[-1]
        elif len(path) > 1:
            refusals[name] = (
                f"a CNAME record leads to another name ({' → '.join(path)}), where this account"
                f" can't publish anything. Remove that {alias} in the panel, or use the"
                " authenticator of who hosts that name."
            )
        else:
            refusals[name] = "it is in no domain of the account."
    if refusals:
        raise not_ours(refusals, "Domains", known, ADVICE)
    return owners


def _follow(name: str, aliases: Mapping[str, str]) -> list[str]:
    """The names that CNAME records lead through; in a circle the last one is there twice."""
    path = [name]
    while path[-1] in aliases and path[-1] not in path[:-1]:
        path.append(aliases[path[-1]])
    return path


def longest(name: str, zones: Iterable[str]) -> str:
    """The longest of the zones that a name is in, ``""`` for none; all are A-labels."""
    return max((z for z in zones if f".{name}".endswith(f".{z}")), key=len, default="")


def not_ours(
    refusals: Mapping[str, str], kind: str, zones: Iterable[str], advice: str
) -> PanelError:
    """The error that tells of each validation name why it can't be answered for.

    :param kind: what the panel's user calls the ``zones``
    """
    known = listed(sorted(zones), _SHOWN) or "none"
    lines = [
        "These domains can't be validated through the account's DNS. The CA was not asked.",
        *(f"  {name.removeprefix(f'{CHALLENGE_LABEL}.')}: {why}" for name, why in refusals.items()),
        f"{kind} of the account: {known}.",
    ]
    return PanelError("\n".join(lines), advice)
