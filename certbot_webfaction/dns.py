"""The plugin ``dns-webfaction``: dns-01 through the panel's own DNS."""

from __future__ import annotations

from certbot.plugins import dns_common


class Authenticator(dns_common.DNSAuthenticator):
    """Answers dns-01 challenges with TXT records of the account's DNS."""
