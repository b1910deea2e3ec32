"""WebFaction: a website is http or https, an app is mounted on websites, a panel by XML-RPC."""

from __future__ import annotations

from certbot_webfaction.hosts.host import Host, Key, lazily
from certbot_webfaction.hosts.webfaction.version1 import carry_over

API_URL = "https://api.webfaction.com/"


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
    connect=lazily(f"{__name__}.panel", "connect"),
    open=lazily(f"{__name__}.panel", "Panel"),
    log_in=lazily(f"{__name__}.logging_in", "log_in"),
    user_of=lambda credentials: credentials["username"],
    dns_plugin="dns-webfaction",
    options={
        "app": {
            "metavar": "NAME",
            "help": "app that holds challenge files (default: found for each website;"
            " letsencrypt where one has to be made)",
        },
        "app-type": {
            "metavar": "TYPE",
            "default": "static_php70",
            "help": "type of the apps that are made",
        },
    },
    carry_over=carry_over,
    holder="app",
)
