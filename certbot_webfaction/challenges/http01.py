"""Answering http-01 challenges on the account, and taking back what that took.

Every change is in the journal before it is made, so that the next run cleans up after one that
was killed.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import PurePosixPath

from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges import leave_out, warn_of_leftovers
from certbot_webfaction.challenges.causes import describe, explain
from certbot_webfaction.challenges.nowhere import nowhere, why_nowhere
from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelUnreachableError,
    refusal_of,
)
from certbot_webfaction.panel.files import File, PlacedFile, PlacingError
from certbot_webfaction.panel.model import Change, Place
from certbot_webfaction.panel.serving import Sites
from certbot_webfaction.web.challenge_file import ChallengeFile, wait_until_served

SETTLING = 1.0
"""Seconds after which what was made is looked at again. A web server's processes take a change over
one after another, so the first right answer may be followed by a wrong one."""


def find_places(
    account: Account, domains: Sequence[str], lineage: Callable[[], str] = str
) -> list[Place]:
    """Find where the challenge files of domains belong, from what the panel was seen to hold.

    :param lineage: finds the one that is to be renewed for them, ``""`` for none
    :raises certbot.errors.PluginError: if no http site serves one of them, even when the panel is
        asked anew, or one is a wildcard
    """
    wildcards = [domain for domain in domains if domain.startswith("*.")]
    if wildcards:
        raise ExplainedError(
            "No CA validates wildcards by challenge files, and this account has no DNS to answer"
            f" in: {', '.join(wildcards)}. The CA was not asked.",
            "Use the authenticator of who serves the domain's DNS.",
        )
    try:
        return _find_places(account, domains, lineage, fresh=False)
    except (PanelUnreachableError, LoginRefusedError):
        raise
    except errors.PluginError:
        return _find_places(account, domains, lineage, fresh=True)


def _find_places(
    account: Account, domains: Sequence[str], lineage: Callable[[], str], *, fresh: bool
) -> list[Place]:
    sites = Sites(account.panel.http_sites(fresh))
    serving = {domain: sites.serving(domain) for domain in domains}
    lost = [domain for domain, found in serving.items() if not found]
    if lost:
        left = [domain for domain in domains if serving[domain]]
        others = account.way_on(lineage(), left)
        raise nowhere(lost, sites, Sites(account.panel.https_sites()), others)
    return [account.panel.find_place(found[0], domain) for domain, found in serving.items()]


def place(
    account: Account, files: Sequence[ChallengeFile], lineage: Callable[[], str] = str
) -> list[Place]:
    """Put challenge files where the web server serves them, and make what that takes.

    :param lineage: finds the one that is to be renewed, ``""`` for none
    :returns: the places, those not ``ready`` for which something was made now
    :raises certbot.errors.PluginError: if there is no place for one; `clean_up` has to follow in
        any case
    """
    for file in files:
        # RFC 8555, section 8.3: base64url. It becomes a file's name.
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", file.token):
            raise ExplainedError(
                f"The CA sent a challenge for {file.domain} whose token is no base64url."
            )
    found = find_places(account, [file.domain for file in files], lineage)
    account.read_books()  # a deploy hook may have written them
    made = account.panel.make_places(found, account.books)
    places = [replace(now, ready=then.ready) for then, now in zip(found, made, strict=True)]
    _place_files(account, files, {place.domain: place for place in places})
    return places


def place_some(account: Account, files: Sequence[ChallengeFile]) -> list[Place]:
    """As `place`, but a file that can't be placed is left out, with a warning.

    :raises certbot.errors.PluginError: if that are all of them
    """
    domains = answerable(account, [file.domain for file in files])
    while True:
        try:
            return place(account, [file for file in files if file.domain in domains])
        except FileNotPlacedError as error:
            domains = [domain for domain in domains if domain != error.domain]
            if not domains:
                raise
            leave_out(error.domain, error)


def answerable(account: Account, domains: Sequence[str], *, quiet: bool = False) -> list[str]:
    """Those of the domains that there is a place for; of others it is warned, unless ``quiet``.

    :raises certbot.errors.PluginError: if there is none for any of them
    """
    refusal = refusal_of(lambda: find_places(account, domains))
    if refusal is None:
        return list(domains)
    refusals = {domain: _why_no_place(account, domain) for domain in domains}
    left = [domain for domain, reason in refusals.items() if not reason]
    if not left:
        raise refusal
    for domain, reason in refusals.items():
        if reason and not quiet:
            leave_out(domain, reason)
    return left


def _why_no_place(account: Account, domain: str) -> object:
    sites = Sites(account.panel.http_sites())
    found = sites.serving(domain)
    if not found:
        return why_nowhere(domain, sites, Sites(account.panel.https_sites()))
    return refusal_of(lambda: account.panel.find_place(found[0], domain))


class FileNotPlacedError(ExplainedError):
    """The challenge file of ``domain`` could not be written."""

    domain = ""


def _place_files(
    account: Account, challenges: Sequence[ChallengeFile], places: Mapping[str, Place]
) -> None:
    files = {}
    for each in challenges:
        place = places[each.domain]
        files[each.domain] = File(place.directory, place.path(each.token), each.content)
    books = account.books
    # If this run is killed before it knows which directories it made, the next one takes it that
    # all are ours that stand empty: nobody loses a file by that.
    changes = [
        _change(PlacedFile(file.directory, file.path, _parents(file.path)))
        for file in files.values()
    ]
    earlier = {change.on: change for change in books.journal.all(Change.FILE)}
    for change in changes:
        books.journal.put(change)
    books.save_journal()
    try:
        placed = account.panel.files.place(list(files.values()), replace=True)
    except PlacingError as error:
        for change in changes:
            books.journal.drop(change)
        for change in earlier.values():
            books.journal.put(change)
        _note_placed(account, error.placed, earlier)
        domain = next(domain for domain, file in files.items() if file == error.file)
        raise _could_not_be_put(account, places[domain], error) from error
    _note_placed(account, placed, earlier)


def _note_placed(
    account: Account, placed: Sequence[PlacedFile], earlier: Mapping[str, Change]
) -> None:
    """Note files as they were placed, with what an earlier run made for one that it left."""
    for file in placed:
        change = _change(file)
        if left := earlier.get(change.on):
            change.after["made"] = list(dict.fromkeys([*left.after["made"], *file.made]))
        change.done = True
        account.books.journal.put(change)
    account.books.save_journal()


def _could_not_be_put(account: Account, place: Place, error: PlacingError) -> FileNotPlacedError:
    holder = f"{account.host.holder} {place.holder}"
    failed = FileNotPlacedError(
        f"The challenge file for {place.domain} could not be put into the {holder} of the"
        f" {place.site.label}. {error}",
        f"Put that right, or {place.alternative}." if place.alternative else "Put that right.",
    )
    failed.domain = place.domain
    return failed


def _change(file: PlacedFile) -> Change:
    on = f"{file.directory}/{file.path}"
    return Change(Change.FILE, on, after=asdict(file), purpose=Change.CHALLENGE)


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents if parent.name]


def see(
    account: Account,
    files: Sequence[ChallengeFile],
    places: Sequence[Place],
    *,
    quiet: bool = False,
    subset: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> set[str]:
    """See that the web server serves what was placed.

    :param files: those that were placed
    :param places: what `place` returned
    :param quiet: whether progress is kept from the terminal
    :param subset: whether a file that does not come back is only warned of, while others do
    :returns: the domains that were warned of
    :raises certbot.errors.PluginError: if a file does not come back
    """
    if account.options.wait == 0:
        return set()
    by_domain = {place.domain: place for place in places}
    options = account.options
    wrong = wait_until_served(files, options.route, options.wait, quiet=quiet)
    changed = [
        file for file in files if file.domain not in wrong and not by_domain[file.domain].ready
    ]
    if changed and (subset or not wrong):
        sleep(SETTLING)
        wrong |= wait_until_served(changed, options.route, options.wait, quiet=quiet)
    if not wrong:
        return set()
    if not subset or len(wrong) == len(files):
        raise ExplainedError(explain(wrong, by_domain, account))
    for domain, lines in describe(wrong, by_domain, account).items():
        came_back = "\n  ".join(lines)
        leave_out(domain, f"its challenge file does not come back:\n  {came_back}")
    return set(wrong)


def clean_up(account: Account, *, keep_made: bool, interrupted: bool = False) -> None:
    """Remove challenge files and their directories, and what was made so that they are served.

    What fails is warned of, stays in the journal, and is tried again by `remove_leftovers`.

    :param keep_made: whether the challenges succeeded: then what was made stays for renewals, if
        `remove_leftovers` finds in the next run that a certificate came of them
    :param interrupted: whether `place` was broken off: the host may carry out its last call only
        after we have looked, so `remove_leftovers` looks once more
    """
    with _warning():
        account.read_books()  # a deploy hook may have written them
        journal = account.books.journal
        before = [*_files(account), *_made(account)] if interrupted else []
        with _warning():
            _remove_files(account)
        if not keep_made:
            with _warning():
                _undo_made(account, again=False)
        for change in before:
            journal.put(change)
        if before:
            account.books.save_journal()


def remove_leftovers(account: Account, needed: Callable[[], set[str]]) -> None:
    """Clean up what an earlier run that was killed, or could not, has left behind.

    No call is made where nothing was left; the books are taken as they were read last.

    :param needed: gives the domains of the lineages that the plugin renews: what was made for one
        of them stays for good
    """
    if _files(account):
        with _warning():
            _remove_files(account)
    if _made(account):
        with _warning():
            _keep_needed(account, {a_label(name) for name in needed()})
        with _warning():
            _undo_made(account, again=True)


@contextlib.contextmanager
def _warning() -> Iterator[None]:
    try:
        yield
    except errors.Error as error:
        warn_of_leftovers(error)


def _files(account: Account) -> list[Change]:
    return account.books.journal.all(Change.FILE)


def _made(account: Account) -> list[Change]:
    """What was made so that challenge files are served."""
    others = (Change.FILE, Change.RECORD)
    made = account.books.journal.made_for(Change.CHALLENGE)
    return [change for change in made if change.what not in others]


def _remove_files(account: Account) -> None:
    changes = _files(account)
    if not changes:
        return
    left = account.panel.files.remove([PlacedFile(**change.after) for change in changes])
    failed = {_change(file).on for file, _ in left}
    remaining = [change for change in changes if change.on in failed]
    for change in changes:
        if change.on not in failed:
            account.books.journal.drop(change)
            _hand_over_directories(change, remaining)
    account.books.save_journal()
    if left:
        raise ExplainedError(
            "These challenge files could not be removed: "
            + ", ".join(f"{file.directory}/{file.path} ({reason})" for file, reason in left)
            + "."
        )


def _hand_over_directories(removed: Change, remaining: Iterable[Change]) -> None:
    """Let files that are still there know of the directories made for one that is not."""
    for change in remaining:
        if change.after["directory"] == removed.after["directory"]:
            made = [*change.after["made"], *removed.after["made"]]
            change.after["made"] = list(dict.fromkeys(made))


def _keep_needed(account: Account, names: set[str]) -> None:
    for change in _made(account):
        if names.intersection(change.names):
            account.books.journal.drop(change)
    account.books.save_journal()


def _undo_made(account: Account, *, again: bool) -> None:
    """Undo what was made, in the reverse order."""
    changes = _made(account)
    if changes:
        account.panel.forget()  # the answer to one of our changes may have been lost
    for change in reversed(changes):
        account.panel.undo(change, again)
        account.books.forget(change)
