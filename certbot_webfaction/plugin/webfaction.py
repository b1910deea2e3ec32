"""The plugins ``webfaction`` and ``dns-webfaction``."""

from __future__ import annotations

from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.plugin import configurator, dns


class Configurator(configurator.Configurator):
    """Authenticator (http-01) and installer for WebFaction."""

    description = "Obtain and install certificates on WebFaction through its panel, without root"
    host = WEBFACTION


class DnsAuthenticator(dns.DnsAuthenticator):
    """Authenticator (dns-01) for WebFaction."""

    description = "Obtain certificates, wildcards too, through the DNS of a WebFaction account"
    host = WEBFACTION
