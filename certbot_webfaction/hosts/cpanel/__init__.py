"""cPanel: a virtual host for each domain, one certificate each, a panel by UAPI."""

from __future__ import annotations

from certbot_webfaction.hosts.cpanel.credentials import API_URL, at_hand, user_of
from certbot_webfaction.hosts.host import Host, Key, lazily

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
    connect=lazily(f"{__name__}.panel", "connect"),
    open=lazily(f"{__name__}.panel", "Panel"),
    log_in=lazily(f"{__name__}.panel", "log_in"),
    user_of=user_of,
    at_hand=at_hand,
    aliases={"url": "api_url"},  # as certbot-dns-cpanel's file has it (its README)
    holder="document root",
)
