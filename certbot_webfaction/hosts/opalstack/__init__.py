"""Opalstack: a site serves http and https, its routes lead to apps, a panel by a REST API."""

from __future__ import annotations

import hashlib

from certbot_webfaction.hosts.host import Credentials, Host, Key, lazily

API_URL = "https://my.opalstack.com/api/v1"


def _user_of(credentials: Credentials) -> str:
    """What stands for the account in names of files: a token has no user name."""
    return f"token-{hashlib.sha256(credentials['token'].encode()).hexdigest()[:12]}"


OPALSTACK = Host(
    name="opalstack",
    label="Opalstack",
    description="Obtain and install certificates on Opalstack through its panel, without root",
    api_url=API_URL,
    keys=(Key("token", "API token", secret=True),),
    connect=lazily(f"{__name__}.panel", "connect"),
    open=lazily(f"{__name__}.panel", "Panel"),
    log_in=lazily(f"{__name__}.panel", "log_in"),
    user_of=_user_of,
    options={
        "app": {
            "metavar": "NAME",
            "help": "app that holds challenge files; it is made if there is none of that name"
            " (default: letsencrypt)",
        },
    },
    holder="app",
    files=("auto", "local"),
)
