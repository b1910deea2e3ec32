"""WebFaction: a website is http or https, an app is mounted on websites, a panel by XML-RPC."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from certbot_webfaction.hosts.host import Credentials, Host, Key, Option, Options
from certbot_webfaction.hosts.webfaction.version1 import carry_over
from certbot_webfaction.panel.interface import IPanel

API_URL = "https://api.webfaction.com/"


def _connect(credentials: Credentials) -> Any:
    # Not above: every certbot run on the machine imports this module, and few call the panel.
    from certbot_webfaction.hosts.webfaction.panel import connect

    return connect(credentials)


def _open(connection: Any, options: Options) -> IPanel:
    from certbot_webfaction.hosts.webfaction.panel import Panel

    return Panel(connection, options)


def _log_in(credentials: Credentials, given: Collection[str]) -> Credentials:
    from certbot_webfaction.hosts.webfaction.logging_in import log_in

    return log_in(credentials, given)


WEBFACTION = Host(
    name="webfaction",
    label="WebFaction",
    description="Obtain and install certificates on WebFaction through its panel, without root",
    api_url=API_URL,
    keys=(
        Key("username", "user name"),
        Key("password", "password", secret=True),
        Key(
            "machine",
            "name of the machine",
            optional=True,
            help="the account's machine, as the panel spells it (Web500); accounts on one machine"
            " need none, and on the machine itself it is found",
        ),
    ),
    connect=_connect,
    open=_open,
    log_in=_log_in,
    user_of=lambda credentials: credentials["username"],
    dns_plugin="dns-webfaction",
    options=(
        Option(
            "app",
            {
                "metavar": "NAME",
                "help": "app that holds challenge files (default: found for each website;"
                " letsencrypt where one has to be made)",
            },
        ),
        Option(
            "app-type",
            {
                "metavar": "TYPE",
                "default": "static_php70",
                "help": "type of the apps that are made",
            },
        ),
    ),
    carry_over=carry_over,
    holder="app",
)
