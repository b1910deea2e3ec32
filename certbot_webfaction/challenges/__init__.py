"""Answering the CA: where a challenge is answered, and what has to be there for it."""

from __future__ import annotations

import logging

from acme import messages
from certbot import achallenges, errors

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.panel.model import CHALLENGE_LABEL

logger = logging.getLogger(__name__)


def domain_of(achall: achallenges.AnnotatedChallenge, host: Host) -> str:
    """The domain of a challenge; before certbot 5.3 it had no identifier.

    :raises certbot.errors.PluginError: if it is for an IP address
    """
    identifier = getattr(achall, "identifier", None)
    if identifier is None:
        return str(achall.domain)
    if identifier.typ != messages.IDENTIFIER_FQDN:
        raise ExplainedError(
            f"{identifier.value} is an IP address. {host.label}'s websites have domains only, so no"
            " certificate can be issued for it."
        )
    return str(identifier.value)


def validation_name(domain: str) -> str:
    """The name whose TXT records a CA asks for, a wildcard's too (RFC 8555, section 8.4)."""
    return f"{CHALLENGE_LABEL}.{domain.removeprefix('*.')}"


def leave_out(domain: str, reason: object) -> None:
    """Warn that a challenge is not answered, so that the CA will refuse it."""
    logger.warning(
        "%s is left out of the certificate, as --allow-subset-of-names allows: %s", domain, reason
    )


def warn_of_leftovers(error: errors.Error) -> None:
    """Warn of what fails while cleaning up, for that is no reason to fail a run."""
    logger.warning(
        "Cleaning up after the challenges is not complete: %s The next run tries again.", error
    )
