"""Opalstack: a site serves http and https, its routes lead to apps, a panel by a REST API."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from certbot_webfaction.hosts.host import Credentials, Host, Key, Option, Options
from certbot_webfaction.panel.interface import IPanel

API_URL = "https://my.opalstack.com/api/v1"


def _connect(credentials: Credentials) -> Any:
    # Not above: every certbot run on the machine imports this module, and few call the panel.
    from certbot_webfaction.hosts.opalstack.panel import connect

    return connect(credentials)


def _open(connection: Any, options: Options) -> IPanel:
    from certbot_webfaction.hosts.opalstack.panel import Panel

    return Panel(connection, options)


def _log_in(credentials: Credentials, given: Collection[str]) -> Credentials:
    """Try the token; what else there is to know of the account, it tells by itself."""
    _connect(credentials).osusers()
    return credentials


def _user_of(credentials: Credentials) -> str:
    """What stands for the account in names of files: a token has no user name."""
    return f"token-{hashlib.sha256(credentials['token'].encode()).hexdigest()[:12]}"


OPALSTACK = Host(
    name="opalstack",
    label="Opalstack",
    description="Obtain and install certificates on Opalstack through its panel, without root",
    api_url=API_URL,
    keys=(Key("token", "API token", secret=True),),
    connect=_connect,
    open=_open,
    log_in=_log_in,
    user_of=_user_of,
    options=(
        Option(
            "app",
            {
                "metavar": "NAME",
                "help": "app that holds challenge files; it is made if there is none of that name"
                " (default: letsencrypt)",
            },
        ),
    ),
    holder="app",
    files=("auto", "local"),
)
