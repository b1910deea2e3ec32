"""The plugin ``opalstack``."""

from __future__ import annotations

from certbot_webfaction.hosts.opalstack import OPALSTACK
from certbot_webfaction.plugin import configurator


class Configurator(configurator.Configurator):
    """Authenticator and installer for Opalstack."""

    description = "Obtain and install certificates on Opalstack through its panel, without root"
    host = OPALSTACK
