"""Answering the CA: where a challenge is answered, and what has to be there for it."""

from __future__ import annotations

import contextlib

from acme import messages
from certbot import achallenges, configuration, errors

from certbot_webfaction.names import a_label

LABEL = "_acme-challenge"
"""The label below which a CA asks for TXT records (RFC 8555, section 8.4)."""


def domain_of(achall: achallenges.AnnotatedChallenge) -> str:
    """The domain of a challenge; before certbot 5.3 it had no identifier.

    :raises certbot.errors.PluginError: if it is for an IP address
    """
    identifier = getattr(achall, "identifier", None)
    if identifier is None:
        return str(achall.domain)
    if identifier.typ != messages.IDENTIFIER_FQDN:
        raise errors.PluginError(
            f"{identifier.value} is an IP address. WebFaction's websites have domains only, so no"
            " certificate can be issued for it."
        )
    return str(identifier.value)


def validation_name(domain: str) -> str:
    """The name whose TXT records a CA asks for, a wildcard's too (RFC 8555, section 8.4)."""
    return f"{LABEL}.{domain.removeprefix('*.')}"


def names_ahead(config: configuration.NamespaceConfig) -> list[str]:
    """The names that this run is to have validated, as far as they are known before an order.

    None are told where a lineage has exactly these: certbot will most likely keep it as it is, and
    if not, its order tells them.
    """
    names = [str(domain) for domain in config.domains]
    if config.verb in ("renew", "reconfigure"):
        return names
    if config.verb not in ("run", "certonly") or _is_issued(names, config):
        return []
    return names


def _is_issued(names: list[str], config: configuration.NamespaceConfig) -> bool:
    # Not above: every certbot run on the machine imports this module, and few issue anything.
    from certbot_webfaction.lineages.files import lineage_files
    from certbot_webfaction.lineages.renewals import read_renewals

    wanted = {a_label(name) for name in names}
    for renewal in read_renewals(config):
        with contextlib.suppress(errors.PluginError):  # certbot itself reports it
            if wanted == set(map(a_label, lineage_files(config, renewal.lineage).names())):
                return True
    return False
