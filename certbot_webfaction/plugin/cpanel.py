"""The plugin ``cpanel``."""

from __future__ import annotations

from certbot_webfaction.hosts.cpanel import CPANEL
from certbot_webfaction.plugin import configurator


class Configurator(configurator.Configurator):
    """Authenticator and installer for cPanel."""

    description = CPANEL.description
    host = CPANEL
