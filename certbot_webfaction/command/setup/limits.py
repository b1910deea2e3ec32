"""How many certificates Let's Encrypt still gives, counted from those that are here.

The figures are those of https://letsencrypt.org/docs/rate-limits/ as of June 2025. A renewal
(the same names as a certificate before) counts against neither.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence

from certbot import errors
from certbot._internal import constants

from certbot_webfaction.account import Account
from certbot_webfaction.lineages.files import leaf_names, leaf_validity, read_pem
from certbot_webfaction.names import a_label

PER_DOMAIN, WEEK = 50, datetime.timedelta(days=7)
"""New certificates for one registered domain."""

ORDERS, HOURS = 300, datetime.timedelta(hours=3)
"""New orders of one ACME account."""

NAMES = 100
"""Names on one certificate."""

_BACKDATED = datetime.timedelta(hours=1)
"""How long before its issuance the validity of a certificate begins there."""


class Limits:
    """The limits of a CA, and what was issued and ordered within them.

    :param issued: names and times of certificates from this CA
    :param known: whether the CA's limits are those above
    """

    def __init__(
        self, issued: Iterable[tuple[Sequence[str], datetime.datetime]], *, known: bool
    ) -> None:
        self._known = known
        self._first: dict[frozenset[str], datetime.datetime] = {}
        self._refused: set[str] = set()
        for names, at in sorted(issued, key=lambda each: each[1]):
            self.order(names, at)

    def order(self, names: Sequence[str], at: datetime.datetime) -> None:
        """Count an order."""
        self._first.setdefault(frozenset(names), at)

    def refuse(self, names: Sequence[str]) -> None:
        """Note that the CA gives no more certificates for the registered domains of these names."""
        self._refused.update(map(registered, names))

    def full(self, names: Sequence[str], now: datetime.datetime) -> str:
        """The limit that keeps an order from being made now, and when to go on; ``""``: none."""
        domains = dict.fromkeys(map(registered, names))
        for domain in domains:
            if domain in self._refused:
                return (
                    f"the CA gives no more certificates for {domain} now, and says until when. Run"
                    " this again then"
                )
        if not self._known or frozenset(names) in self._first:
            return ""
        orders = f"the {ORDERS} orders that the CA takes in 3 hours"
        limits = [(orders, ORDERS, HOURS, list(self._first.values()))]
        for domain in domains:
            issued = [at for own, at in self._first.items() if domain in map(registered, own)]
            what = f"the {PER_DOMAIN} certificates that the CA gives for {domain} in a week"
            limits.append((what, PER_DOMAIN, WEEK, issued))
        for what, most, window, times in limits:
            within = sorted(at for at in times if at > now - window)
            if len(within) >= most:
                again = f"{within[-most] + window:%Y-%m-%d %H:%M} UTC"
                return f"{what} are used. Run this again after {again}"
        return ""


def limits_of(account: Account, server: str) -> Limits:
    """The limits at the CA whose directory is at ``server``, with what it has issued."""
    issued = []
    for renewal in account.lineages.renewals():
        if renewal.parameters.get("server") != server:
            continue
        for leaf in (account.lineages.archive / renewal.lineage).glob("cert*.pem"):
            try:
                pem = read_pem(leaf)
                issued.append((leaf_names(pem), leaf_validity(pem)[0] + _BACKDATED))
            except errors.PluginError:
                continue  # certbot itself reports it
    return Limits(issued, known=server == constants.CLI_DEFAULTS["server"])


_REGISTERED = re.compile(
    r"[^.]+\.((ac|co|com|edu|gob|gov|gv|ltd|me|ne|net|nom|or|org|plc)\.[^.]{2}|[^.]+)$"
)
"""The end of a name: its last labels, and what is below countries where names are registered."""


def registered(name: str) -> str:
    """The registered domain of a name, as far as it is known without the public suffix list.

    It is the last two labels, or three below such as ``co.uk``. Where that is too wide, orders are
    only counted too early; where it is too narrow, the CA says so, and `Limits.refuse` takes it.
    """
    found = _REGISTERED.search(a_label(name).removeprefix("*."))
    return found[0] if found else name
