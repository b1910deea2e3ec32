"""cPanel: a virtual host for each domain, one certificate each, a panel by UAPI."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from certbot_webfaction.hosts.cpanel.credentials import API_URL, at_hand, user_of
from certbot_webfaction.hosts.host import Credentials, Host, Key, Options
from certbot_webfaction.panel.interface import IPanel


def _connect(credentials: Credentials) -> Any:
    # Not above: every certbot run on the machine imports this module, and few call the panel.
    from certbot_webfaction.hosts.cpanel.panel import connect

    return connect(credentials)


def _open(connection: Any, options: Options) -> IPanel:
    from certbot_webfaction.hosts.cpanel.panel import Panel

    return Panel(connection, options)


def _log_in(credentials: Credentials, given: Collection[str]) -> Credentials:
    from certbot_webfaction.hosts.cpanel.panel import log_in

    return log_in(credentials)


CPANEL = Host(
    name="cpanel",
    label="cPanel",
    description="Obtain and install certificates on a cPanel host through its panel, without root",
    api_url=API_URL,
    keys=(
        Key(
            "host",
            "server",
            help="the server's name, as in the address of the panel",
            option="server",
        ),
        Key("username", "user name"),
        Key(
            "token",
            "API token",
            secret=True,
            help="an API token; the panel makes one under Security, Manage API Tokens",
        ),
    ),
    connect=_connect,
    open=_open,
    log_in=_log_in,
    user_of=user_of,
    at_hand=at_hand,
    aliases={"url": "api_url"},  # as certbot-dns-cpanel's file has it (its README)
    holder="document root",
)
