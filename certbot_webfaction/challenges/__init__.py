"""Answering the CA: where a challenge is answered, and what has to be there for it."""

from __future__ import annotations

from acme import messages
from certbot import achallenges

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.hosts.host import Host

LABEL = "_acme-challenge"
"""The label below which a CA asks for TXT records (RFC 8555, section 8.4)."""


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
    return f"{LABEL}.{domain.removeprefix('*.')}"
