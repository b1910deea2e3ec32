"""Answering dns-01 challenges with TXT records of the account's DNS, and taking them away again.

Every change is in the journal before it is made, so that the next run cleans up after one that
was killed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from certbot import errors

from certbot_webfaction.account import HostAccount
from certbot_webfaction.books.journal import MadeRecord
from certbot_webfaction.challenges import LABEL
from certbot_webfaction.hosts.webfaction.model import DnsRecord, Domain
from certbot_webfaction.hosts.webfaction.seen import FRESH
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError

logger = logging.getLogger(__name__)

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


def find_owners(
    names: Iterable[str], domains: Iterable[Domain], records: Iterable[DnsRecord]
) -> dict[str, Owner]:
    """Find for each validation name where its TXT record belongs.

    That is the name itself, below the longest domain of the account that fits, or where CNAME
    records of the account lead from there, as a CA follows them.

    :raises certbot.errors.PluginError: for all names at once, if that is in none of the domains
    """
    by_name = {a_label(domain.name): domain.name for domain in domains}
    aliases = {
        a_label(record.name): a_label(record.value) for record in records if record.type == "CNAME"
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
        raise errors.PluginError(_not_ours(refusals, by_name))
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


def _not_ours(refusals: Mapping[str, str], domains: Iterable[str]) -> str:
    known = sorted(domains)
    listed = ", ".join(known[:_SHOWN]) or "none"
    if len(known) > _SHOWN:
        listed += f" and {len(known) - _SHOWN} more"
    return "\n".join(
        [
            "These domains can't be validated through the account's DNS. The CA was not asked.",
            *(
                f"  {name.removeprefix(f'{LABEL}.')}: {refusal}"
                for name, refusal in refusals.items()
            ),
            f"Domains of the account: {listed}. Correct the name, or add the domain in the panel"
            " if its name servers are this host's. Then run the command again.",
        ]
    )


class Records:
    """The TXT records of one order.

    The account's DNS is read once, and kept in step with what is changed here.

    :param clock: the time in seconds
    """

    def __init__(self, account: HostAccount, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._panel = account.panel.client
        self._clock = clock
        self._read_at: float | None = None
        self._domains: tuple[Domain, ...] = ()
        self._names: set[str] = set()
        self._records: list[DnsRecord] = []
        self._unreachable = False
        self._interrupted: str | None = None

    def find(self, names: Iterable[str]) -> dict[str, Owner]:
        """As `find_owners`, from what the account's DNS holds now."""
        self._read()
        return find_owners(names, self._domains, self._records)

    def publish(self, name: str, value: str) -> None:
        """Add a TXT record for the validation name ``name``, and the subdomain that it needs.

        :raises certbot.errors.PluginError: if that fails; `withdraw` has to follow in any case
        """
        owner = self.find([name])[name]
        missing = owner.name not in self._names
        journal = self._account.journal()
        # Each record of a made subdomain carries it: the one removed last takes it along.
        made = missing or any(
            entry.name == owner.name and entry.subdomain for entry in journal.records
        )
        entry = MadeRecord(owner.name, value, owner.domain, owner.label if made else "")
        journal.records.append(entry)
        self._account.save(journal)
        try:
            self._make(owner, missing, DnsRecord(owner.name, "TXT", value))
        except BaseException as error:
            self._read_at = None  # it may have happened all the same
            if not isinstance(error, errors.PluginError):
                self._interrupted = value
            raise

    def withdraw(self, value: str, *, again: bool = False) -> None:
        """Remove the TXT record with this value, and the subdomain if it was made for records.

        What fails is warned of, and stays in the journal for `settle`. Once the panel has given no
        answer, it is not asked again.

        :param again: whether this has failed before: a subdomain that the panel refuses to remove
            is left to whoever uses it then
        """
        if self._unreachable:
            return
        try:
            journal = self._account.journal()
            for entry in [entry for entry in journal.records if entry.value == value]:
                self._undo(entry, again)
                if value == self._interrupted:
                    continue  # the host may carry it out only now: `settle` looks once more
                journal.records.remove(entry)
                self._account.save(journal)
        except errors.Error as error:
            self._unreachable = isinstance(error, PanelUnreachableError)
            logger.warning(
                "Cleaning up after the challenges is not complete: %s The next run tries again.",
                error,
            )

    def _make(self, owner: Owner, missing: bool, record: DnsRecord) -> None:
        if missing:
            self._panel.create_subdomain(owner.domain, owner.label)
            self._names.add(owner.name)
        if record not in self._records:  # it is there if a run was killed and its journal lost
            self._panel.create_txt(record.name, record.value)
            self._records.append(record)

    def _undo(self, entry: MadeRecord, again: bool) -> None:
        self._read()
        record = DnsRecord(entry.name, "TXT", entry.value)
        if record in self._records:
            self._panel.delete_txt(record.name, record.value)
            self._records.remove(record)
        in_use = any(other.name == entry.name for other in self._records)
        if entry.subdomain and not in_use and entry.name in self._names:
            try:
                self._panel.delete_subdomain(entry.domain, entry.subdomain)
                self._names.remove(entry.name)
            except PanelRefusedError as error:
                if not again:
                    raise
                logger.warning(
                    "The subdomain %s stays in the account's DNS; somebody seems to use it: %s",
                    entry.name,
                    error,
                )

    def _read(self) -> None:
        """Read the account's DNS unless that was done lately; others may change it meanwhile."""
        now = self._clock()
        if self._read_at is not None and now - self._read_at <= FRESH:
            return
        self._domains = self._panel.domains()
        self._records = list(self._panel.dns_records())
        self._names = {
            f"{label}.{domain.name}" if label else domain.name
            for domain in self._domains
            for label in ("", *domain.subdomains)
        }
        self._read_at = now


def settle(account: HostAccount) -> None:
    """Remove what an earlier run that was killed, or could not, has left behind.

    No call is made where nothing was left.
    """
    left = account.journal().records
    if not left:
        return
    records = Records(account)
    for value in dict.fromkeys(entry.value for entry in left):
        records.withdraw(value, again=True)
