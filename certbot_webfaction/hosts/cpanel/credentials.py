"""How the panel is reached: by the command ``uapi`` on the host, by a token from elsewhere."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Mapping

from certbot_webfaction.hosts.host import Credentials

COMMAND = "uapi"
"""The command that is the panel's API on its host; it needs no credentials of the account."""

API_URL = "https://CPANEL_HOST:2083/"
"""Where a panel is, once its server is known."""

PORT = 2083
"""Where a panel answers over https."""


def at_hand(found: Mapping[str, str]) -> Credentials | None:
    """The credentials that a file's values make, or none of them make on the host itself.

    :param found: the values of the file by their keys without prefix, none where there is no file
    :returns: `None` where something is missing; ``api_url`` is `COMMAND` on the host
    """
    server, address = found.get("host", ""), found.get("api_url", "")
    if address in ("", API_URL):
        address = server and f"https://{server}:{PORT}/"
    if found.get("token") and found.get("username") and address:
        return {**found, "api_url": address}
    if not found.get("token") and not address and shutil.which(COMMAND):
        return {**found, "api_url": COMMAND}
    return None


def user_of(credentials: Credentials) -> str:
    """The account's user name."""
    return credentials.get("username") or pwd.getpwuid(os.getuid()).pw_name
