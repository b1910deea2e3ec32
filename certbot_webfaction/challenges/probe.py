"""Trying the challenge path of domains without a challenge: place a file, look at it, remove it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.panel.files import File, PlacedFile, PlacingError
from certbot_webfaction.panel.model import Place
from certbot_webfaction.web.challenge_file import ChallengeFile, WrongAnswer, wait_until_served

logger = logging.getLogger(__name__)

LONGEST_WAIT = 3.0
"""Seconds. Nothing changes on the panel, so the web server needs no time to get to know it."""


def probe(account: Account, places: Sequence[Place]) -> dict[str, WrongAnswer]:
    """Put a file where a challenge of each domain would be answered, fetch it, and remove it.

    The files are written and looked at as those of challenges are. But the journal is left alone: a
    certbot that runs at this moment writes it too, and cleaning up by the journal would take away
    that certbot's challenge files. Names are random, so nobody else's file is touched.

    :param places: those that are ready; nothing is made
    :returns: for each domain that did not serve its file, what it served instead; none where
        the wait is 0, which says not to look
    :raises certbot.errors.PluginError: if a file can't be written; `PlacingError` names it
    """
    token = f"certbot-webfaction-{secrets.token_urlsafe(12)}"
    content = secrets.token_urlsafe(24)
    files = dict.fromkeys(File(place.directory, place.path(token), content) for place in places)
    at = account.panel.files
    placed = [PlacedFile(file.directory, file.path) for file in files]
    try:
        try:
            placed = at.place(list(files))
        except PlacingError as error:
            placed = error.placed
            raise
        if account.options.wait == 0:
            return {}
        asked = [ChallengeFile(place.domain, token, content) for place in places]
        wait = min(LONGEST_WAIT, account.options.wait)
        return wait_until_served(asked, account.options.route, wait, quiet=True)
    finally:
        try:
            left = at.remove(placed)
        except errors.PluginError as error:
            logger.warning("The file %s was left behind: %s", token, error)
        else:
            for file, reason in left:
                logger.warning("%s/%s was left behind: %s", file.directory, file.path, reason)


def look(account: Account, places: Sequence[Place]) -> dict[str, WrongAnswer]:
    """Ask for a file that nobody has put there, at places that something has to be made for yet.

    :returns: for each domain that does not lead to this account's server, what came instead; none
        where the wait is 0, which says not to look
    """
    if account.options.wait == 0:
        return {}
    token = f"certbot-webfaction-{secrets.token_urlsafe(12)}"
    sites = {place.domain: place.site for place in places}
    asked = [ChallengeFile(domain, token, token) for domain in sites]
    seen = wait_until_served(asked, account.options.route, 0, quiet=True)
    return {
        domain: answer
        for domain, answer in seen.items()
        if (answer.walk.trouble and len(answer.walk.urls) == 1)
        or (
            sites[domain].address
            and answer.addresses
            and sites[domain].address not in answer.addresses
        )
    }
