"""The hosts that there are: a new one gets its line here, and its plugin in setup.py."""

from __future__ import annotations

from certbot_webfaction.hosts.cpanel import CPANEL
from certbot_webfaction.hosts.opalstack import OPALSTACK
from certbot_webfaction.hosts.webfaction import WEBFACTION

HOSTS = {host.name: host for host in (WEBFACTION, CPANEL, OPALSTACK)}
"""The hosts by their names."""
