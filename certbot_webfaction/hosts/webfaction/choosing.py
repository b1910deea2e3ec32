"""Small text files in apps' directories, written on this machine or over the panel's API."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from certbot_webfaction.account import HostAccount
from certbot_webfaction.hosts.files import File, Files, PlacingError, check_path
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.hosts.webfaction.shell_files import PanelFiles

__all__ = [
    "File",
    "Files",
    "LocalFiles",
    "PanelFiles",
    "PlacingError",
    "check_path",
    "choose_files",
]


def choose_files(account: HostAccount) -> Files:
    """Choose as ``--webfaction-files`` says.

    ``auto`` is this machine if the account's websites are served from here: the account's
    ``webapps`` belongs to the current user, and the host name is that of its web server.

    :raises certbot.errors.PluginError: if the login fails
    """
    choice = account.options.files
    if choice == "local" or (choice == "auto" and _on_the_host(account)):
        return LocalFiles()
    return PanelFiles(account.panel.client)


def _on_the_host(account: HostAccount) -> bool:
    host = account.login()
    try:
        owner = (Path(host.home) / "webapps").stat().st_uid
    except OSError:
        return False
    name = socket.gethostname().partition(".")[0]
    return owner == os.getuid() and name.lower() == host.web_server.lower()
