"""Answering dns-01 challenges with TXT records of the account's DNS, and taking them away again.

Every change is in the journal before it is made, so that the next run cleans up after one that
was killed.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterable, Sequence

from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges import leave_out, validation_name, warn_of_leftovers
from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.panel.errors import PanelUnreachableError, refusal_of
from certbot_webfaction.panel.model import CHALLENGE_LABEL, Change
from certbot_webfaction.web.waiting import wait_until_right

logger = logging.getLogger(__name__)


class Records:
    """The TXT records of one order."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._unreachable = False
        self._interrupted: str | None = None

    def publish(self, name: str, value: str) -> None:
        """Add a TXT record for the validation name ``name``, and what it needs to stand there.

        :raises certbot.errors.PluginError: if that fails; `withdraw` has to follow in any case
        """
        self._account.read_books()  # a deploy hook may have written them
        try:
            self._account.panel.publish(name, value, self._account.books)
        except BaseException as error:
            if not isinstance(error, errors.PluginError):
                self._interrupted = value
            raise

    def withdraw(self, value: str, *, again: bool = False) -> None:
        """Remove the TXT record with this value, and what was made for it.

        What fails is warned of, and stays in the journal for `remove_leftovers`. Once the panel has
        given no answer, it is not asked again.

        :param again: whether this has failed before, in another run
        """
        if self._unreachable:
            return
        books = self._account.books
        try:
            self._account.read_books()
            change = books.noted(Change.RECORD, value)
            if change is None:
                return
            self._account.panel.undo(change, again)
            # Else the host may carry it out only now: `remove_leftovers` looks once more.
            if value != self._interrupted:
                books.forget(change)
        except errors.Error as error:
            self._unreachable = isinstance(error, PanelUnreachableError)
            warn_of_leftovers(error)


def has_zone(account: Account, domain: str) -> bool:
    """Whether the account's DNS can answer for a domain."""
    return refusal_of(lambda: account.panel.find_zones([validation_name(domain)])) is None


def without_zone(account: Account, names: Sequence[str]) -> set[str]:
    """The validation names that no record can be published at, each warned of.

    :raises certbot.errors.PluginError: if that are all of them
    """
    asked = {
        name: refusal_of(functools.partial(account.panel.find_zones, [name]))
        for name in dict.fromkeys(names)
    }
    refusals = {name: refusal for name, refusal in asked.items() if refusal}
    if refusals and refusals.keys() == asked.keys():
        raise next(iter(refusals.values()))
    for name, refusal in refusals.items():
        leave_out(name.removeprefix(f"{CHALLENGE_LABEL}."), refusal)
    return set(refusals)


def see(
    account: Account,
    records: Iterable[tuple[str, str]],
    *,
    quiet: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See that the name servers show what was published.

    :param records: name and value of each
    :param quiet: whether progress is kept from the terminal
    :raises certbot.errors.PluginError: if one is known not to show it, so that a CA would fail
    """
    options = account.options
    if options.propagation == 0:
        return
    # Here, for dnspython takes 30 ms, and most runs of certbot ask no name server.
    from certbot_webfaction.web.nameservers import lack

    checks = {
        f"{name} {value}": functools.partial(lack, name, value, options.nameserver)
        for name, value in records
    }
    wrong = wait_until_right(
        "the name servers",
        checks,
        options.propagation,
        quiet=quiet,
        describe=lambda _about, wrong: wrong.text,
        sleep=sleep,
    )
    lines = "".join(f"\n  {about.partition(' ')[0]}: {each.text}" for about, each in wrong.items())
    if any(each.is_certain for each in wrong.values()):
        raise ExplainedError(
            f"After {options.propagation} seconds the name servers do not show the records that"
            f" were published. The CA was not asked.{lines}",
            "Check that the domain's registrar names this host's name servers; or give them longer"
            f" with {account.host.flag('propagation-seconds')}.",
        )
    if wrong:
        logger.warning("Whether the name servers show the records is not known:%s", lines)


def auth_hint(account: Account) -> str:
    """What to check where the CA failed although the records were published."""
    option = account.host.flag("propagation-seconds")
    seen = "published" if account.options.propagation == 0 else "seen at the name servers from here"
    return (
        f"The records that answer the CA were {seen}. If it did not find them, another name server"
        " may have answered it: check that the domain's registrar names this host's name servers"
        f" and no others, or give them longer ({option})."
    )


def remove_leftovers(account: Account) -> None:
    """Remove what an earlier run that was killed, or could not, has left behind.

    No call is made where nothing was left; the books are taken as they were read last.
    """
    records = Records(account)
    for change in account.books.journal.all(Change.RECORD):
        records.withdraw(change.on, again=True)
