"""Answering http-01 challenges on the account, and taking back what that took.

Every change is in the journal before it is made, so that the next run cleans up after one that
was killed.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from certbot import errors

from certbot_webfaction.account import HostAccount
from certbot_webfaction.books.journal import Journal, MadeApp, MadeMount, PlacedFile
from certbot_webfaction.challenges.placement import Place, find_places
from certbot_webfaction.hosts.files import deepest_first
from certbot_webfaction.hosts.webfaction.choosing import File, PlacingError, choose_files
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.hosts.webfaction.seen import FRESH
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import PanelRefusedError
from certbot_webfaction.text import printable

logger = logging.getLogger(__name__)

SETTLING = 1.0
"""Seconds after which a new mount is looked at again. A web server's processes take a change over
one after another, so the first right answer may be followed by a wrong one."""


class Challenge(NamedTuple):
    """An http-01 challenge: a file of a name and a content (RFC 8555, section 8.3)."""

    domain: str
    token: str
    key_authorization: str


def places_of(account: HostAccount, domains: Sequence[str]) -> list[Place]:
    """Find where the challenge files of domains belong, from what the panel was seen to hold.

    :raises certbot.errors.PluginError: if no http website serves one of them, even when the panel
        is asked anew, or one is a wildcard
    """
    wildcards = [domain for domain in domains if domain.startswith("*.")]
    if wildcards:
        raise errors.PluginError(
            "No CA validates wildcards by challenge files, as -a webfaction places them:"
            f" {', '.join(wildcards)}. The CA was not asked. Use -a dns-webfaction instead; it"
            " answers in the account's DNS, for names without a wildcard too."
        )
    panel, own_app = account.panel, account.options.app
    try:
        return find_places(domains, panel.websites(), panel.apps(), own_app)
    except errors.PluginError:
        return find_places(domains, panel.websites(FRESH), panel.apps(), own_app)


def place(account: HostAccount, challenges: Sequence[Challenge]) -> list[Place]:
    """Put challenge files where the web server serves them, and make what that takes.

    :raises certbot.errors.PluginError: if there is no place for one; `clean_up` has to follow in
        any case
    """
    for challenge in challenges:
        # RFC 8555, section 8.3: base64url. It becomes a file's name.
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", challenge.token):
            raise errors.PluginError(
                f"The CA sent a challenge for {challenge.domain} whose token is no base64url."
            )
    places = _make_places(account, places_of(account, [each.domain for each in challenges]))
    _place_files(account, challenges, {place.domain: place for place in places})
    return places


def see(
    account: HostAccount,
    challenges: Sequence[Challenge],
    places: Sequence[Place],
    *,
    quiet: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """See that the web server serves what was placed.

    :param places: what `place` returned
    :param quiet: whether progress is kept from the terminal
    :raises certbot.errors.PluginError: if a file does not come back
    """
    if account.options.wait == 0:
        return
    by_domain = {place.domain: place for place in places}
    _look(account, challenges, by_domain, quiet, sleep)
    changed = [each for each in challenges if not by_domain[each.domain].mounted]
    if changed:
        sleep(SETTLING)
        _look(account, changed, by_domain, quiet, sleep)


def _make_places(account: HostAccount, places: list[Place]) -> list[Place]:
    """Make the apps and mounts that places lack."""
    if all(place.mounted for place in places):
        return places
    panel = account.panel
    journal = account.journal()
    _note_mounts(journal, places)
    account.save(journal)
    for name in dict.fromkeys(place.mount.app for place in places if place.app is None):
        _make_app(account, journal, name)
    # An update replaces all of a website: what somebody has changed there by now has to be in it.
    domains = [place.domain for place in places]
    places = find_places(domains, panel.websites(0), panel.apps(), account.options.app)
    _note_mounts(journal, places)
    account.save(journal)
    unmounted = [place for place in places if not place.mounted]
    for website, mount in dict.fromkeys((place.website, place.mount) for place in unmounted):
        panel.update_website(replace(website, mounts=(*website.mounts, mount)))
    return places


def _note_mounts(journal: Journal, places: Sequence[Place]) -> None:
    """Enter the mounts that places lack, unless they are in the journal."""
    domains: dict[tuple[str, Mount], list[str]] = {}
    for place in places:
        if not place.mounted:
            names = domains.setdefault((place.website.name, place.mount), [])
            names.append(a_label(place.domain))
    for (website, mount), names in domains.items():
        entry = MadeMount(website, mount.app, mount.path, names)
        if entry not in journal.mounts:
            journal.mounts.append(entry)


def _make_app(account: HostAccount, journal: Journal, name: str) -> None:
    journal.apps[name] = MadeApp(account.options.app_type)
    account.save(journal)
    try:
        app = account.panel.create_app(name, account.options.app_type)
    except PanelRefusedError:
        del journal.apps[name]  # an app of that name that has appeared meanwhile is not ours
        account.save(journal)
        raise
    journal.apps[name].done = True
    account.save(journal)
    if app.directory is None:
        raise errors.PluginError(
            f"The app {name} was made to hold challenge files, but apps of its type serve none."
            " Name a type that does with --webfaction-app-type, for example static_php70."
        )


def _place_files(
    account: HostAccount, challenges: Sequence[Challenge], places: dict[str, Place]
) -> None:
    files = {}
    for challenge in challenges:
        place = places[challenge.domain]
        path = place.path(challenge.token)
        files[challenge.domain] = File(place.directory, path, challenge.key_authorization)
    journal = account.journal()
    earlier = list(journal.files)
    # If this run is killed before it knows which directories it made, the next one takes it that
    # all are ours that stand empty: nobody loses a file by that.
    journal.files += [
        PlacedFile(file.directory, file.path, _parents(file.path)) for file in files.values()
    ]
    account.save(journal)
    try:
        placed = choose_files(account).place(list(files.values()), replace=True)
    except PlacingError as error:
        journal.files = earlier + error.placed
        account.save(journal)
        domain = next(domain for domain, file in files.items() if file == error.file)
        place = places[domain]
        raise errors.PluginError(
            f"The challenge file for {domain} could not be put into the app {place.mount.app}"
            f" of the website {place.website.name}. {error} Put that right, or name another app"
            " with --webfaction-app; it is made if there is none of that name."
        ) from error
    if deepest_first(placed) != deepest_first(journal.files[len(earlier) :]):
        journal.files = earlier + placed
        account.save(journal)


def _look(
    account: HostAccount,
    challenges: Sequence[Challenge],
    places: dict[str, Place],
    quiet: bool,
    sleep: Callable[[float], None],
) -> None:
    # Not above: every certbot run on the machine imports this module, and few answer challenges.
    from certbot_webfaction.web.challenge_file import ChallengeFile, wait_until_served

    options = account.options
    wrong = wait_until_served(
        [ChallengeFile(each.domain, each.token, each.key_authorization) for each in challenges],
        options.route,
        options.wait,
        quiet=quiet,
        sleep=sleep,
    )
    if wrong:
        from certbot_webfaction.challenges.causes import explain

        raise errors.PluginError(explain(wrong, places, options))


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents if parent.name]


def clean_up(account: HostAccount, *, keep_mounts: bool, interrupted: bool = False) -> None:
    """Remove challenge files and their directories, and mounts and apps that were made for them.

    What fails is warned of, stays in the journal, and is tried again by `settle`.

    :param keep_mounts: whether the challenges succeeded: then the mounts stay for renewals, if
        `settle` finds in the next run that a certificate came of them
    :param interrupted: whether `place` was broken off: the host may carry out its last call only
        after we have looked, so `settle` looks once more
    """
    before = account.journal() if interrupted else None
    _try(account, _remove_files)
    if not keep_mounts:
        _try(account, _remove_mounts)
    if before is not None:
        journal = account.journal()
        journal.files, journal.mounts, journal.apps = before.files, before.mounts, before.apps
        account.save(journal)


def settle(account: HostAccount, needed: Callable[[], set[str]]) -> None:
    """Clean up what an earlier run that was killed, or could not, has left behind.

    No call is made where nothing was left.

    :param needed: gives the domains of the lineages that the plugin renews: a challenge mount that
        was made for one of them stays for good
    """
    journal = account.journal()
    if journal.files:
        _try(account, _remove_files)
    if journal.mounts:
        names = {a_label(name) for name in needed()}
        _try(account, lambda account, journal: _keep_mounts(account, journal, names))
        _try(account, _remove_mounts)


def _try(account: HostAccount, step: Callable[[HostAccount, Journal], None]) -> None:
    # The journal is read anew for every step, because a deploy hook may have written it.
    try:
        step(account, account.journal())
    except errors.Error as error:
        logger.warning(
            "Cleaning up after the challenges is not complete: %s The next run tries again.", error
        )


def _remove_files(account: HostAccount, journal: Journal) -> None:
    if not journal.files:
        return
    left = choose_files(account).remove(journal.files)
    journal.files = [file for file, _ in left]
    account.save(journal)
    if left:
        raise errors.PluginError(
            "These challenge files could not be removed: "
            + ", ".join(f"{file.directory}/{file.path} ({reason})" for file, reason in left)
            + "."
        )


def _keep_mounts(account: HostAccount, journal: Journal, names: set[str]) -> None:
    for mount in [each for each in journal.mounts if names.intersection(each.domains)]:
        journal.mounts.remove(mount)
        journal.apps.pop(mount.app, None)
    account.save(journal)


def _remove_mounts(account: HostAccount, journal: Journal) -> None:
    """Take off mounts in the journal, and apps made for them that are then on no website."""
    if not journal.mounts:
        return
    account.panel.forget()  # the answer to one of our changes may have been lost
    for entry in journal.mounts:
        mount = Mount(entry.app, entry.path)
        website = account.panel.website(entry.website, https=False)
        if website is not None and mount in website.mounts:
            others = tuple(other for other in website.mounts if other != mount)
            account.panel.update_website(replace(website, mounts=others))
    for name in dict.fromkeys(entry.app for entry in journal.mounts):
        if name in journal.apps:
            _remove_app(account, journal, name)
        journal.mounts = [entry for entry in journal.mounts if entry.app != name]
        account.save(journal)


def _remove_app(account: HostAccount, journal: Journal, name: str) -> None:
    """Delete an app that we made, unless it is used or was replaced by somebody else's."""
    made = journal.apps.pop(name)
    app = account.panel.app(name)
    used = any(mount.app == name for site in account.panel.websites() for mount in site.mounts)
    if app is None or app.type != made.type or used:
        return
    # A run that was killed may not have made it, and then somebody else did.
    files = choose_files(account).listing(app.directory) if app.directory else []
    ours = {".well-known", *(file.path.partition("/")[0] for file in journal.files)}
    if others := sorted(set(files) - ours):
        logger.warning(
            "The app %s stays on the panel: somebody put %s into it.",
            name,
            printable(", ".join(others)),
        )
    else:
        account.panel.delete_app(name)
