"""Options and credentials file: one logged-in panel per account and process."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from certbot import configuration, errors
from certbot.plugins.dns_common import CredentialsConfiguration

from certbot_webfaction.books import document
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.hosts.webfaction.credentials import Credentials
from certbot_webfaction.hosts.webfaction.seen import SharedPanel
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.web.route import Route

if TYPE_CHECKING:
    from certbot_webfaction.hosts.webfaction.interface import IPanel
    from certbot_webfaction.hosts.webfaction.model import Account
    from certbot_webfaction.lineages.renewals import Renewal

API_URL = "https://api.webfaction.com/"
CHALLENGE_APP = "letsencrypt"
APP_TYPE = "static_php70"
WAIT = 120


def add_options(add: Callable[..., None]) -> None:
    """Declare the plugin's options; ``add`` puts the plugin's prefix before each name."""
    add(
        "credentials",
        metavar="FILE",
        help="INI file with user name and password"
        " (default: CONFIG_DIR/webfaction.ini; certbot-webfaction init writes it)",
    )
    add(
        "api-url",
        metavar="URL",
        help=f"address of the panel's API (default: the credentials file's, else {API_URL})",
    )
    add(
        "app",
        metavar="NAME",
        help="app that holds challenge files"
        f" (default: found for each website; {CHALLENGE_APP} where one has to be made)",
    )
    add("app-type", metavar="TYPE", default=APP_TYPE, help="type of the apps that are made")
    add(
        "files",
        choices=("auto", "local", "api"),
        default="auto",
        help="write files on this machine, or over the API from anywhere",
    )
    add(
        "wait",
        metavar="SECONDS",
        type=_seconds,
        default=WAIT,
        help="longest wait until the web server serves a challenge file or a new certificate;"
        " 0: neither is checked",
    )
    add(
        "connect-to",
        metavar="ADDRESS[:HTTP_PORT[:HTTPS_PORT]]",
        help="look for challenge files and served certificates there, not where DNS points",
    )


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds")
    return int(text)


class Options(NamedTuple):
    """The plugin's options; ``wait`` is in seconds."""

    credentials: Path
    api_url: str | None
    app: str | None
    app_type: str
    files: str
    wait: int
    route: Route


def read_options(config: configuration.NamespaceConfig, prefix: str = "webfaction") -> Options:
    """Take the options from certbot's configuration.

    The credentials path is made absolute there, because certbot saves it for renewals, which run
    in another directory (as `certbot.plugins.dns_common.DNSAuthenticator._configure_file` does).

    :param prefix: whose ``credentials`` option counts; all others are ``webfaction``'s
    :raises certbot.errors.PluginError: if ``--webfaction-connect-to`` can't be read
    """
    given = getattr(config, f"{prefix}_credentials")
    credentials = _default_credentials(config)
    if given:
        credentials = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - resolves ..
        setattr(config, f"{prefix}_credentials", str(credentials))
    return Options(
        credentials=credentials,
        api_url=config.webfaction_api_url,
        app=config.webfaction_app,
        app_type=config.webfaction_app_type,
        files=config.webfaction_files,
        wait=config.webfaction_wait,
        route=Route.parse(config.webfaction_connect_to),
    )


def _default_credentials(config: configuration.NamespaceConfig) -> Path:
    return Path(config.config_dir) / "webfaction.ini"


def read_credentials(options: Options) -> Credentials:
    """Read the credentials file.

    :raises certbot.errors.PluginError: if it is missing, can't be read, or lacks a value
    """
    path = options.credentials
    try:
        path.stat()
        file = CredentialsConfiguration(str(path), lambda key: f"webfaction_{key}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise errors.PluginError(
            f"There is no credentials file {path}, so the panel can't be reached. Run"
            " `certbot-webfaction init` to write it, or name yours with --webfaction-credentials"
            " (for the authenticator dns-webfaction: --dns-webfaction-credentials)."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise errors.PluginError(f"The credentials file {path} can't be read: {error}.") from error
    file.confobj.interpolation = False  # a % in a password is a %
    file.require({"username": "the panel's user name", "password": "its password"})
    return Credentials(
        username=_value(file, path, "username") or "",
        password=_value(file, path, "password") or "",
        machine=_value(file, path, "machine"),
        api_url=options.api_url or _value(file, path, "api_url") or API_URL,
    )


def _value(file: CredentialsConfiguration, path: Path, key: str) -> str | None:
    value: Any = file.conf(key)
    if value is None or isinstance(value, str):
        return value
    raise errors.PluginError(
        f"webfaction_{key} in {path} is no single value. Put a value that holds a comma, a #,"
        f" quotes or outer spaces in quotes, for example: webfaction_{key} = '''…'''"
    )


class HostAccount:
    """One account: its panel, its documents, and what the panel was last seen to hold."""

    def __init__(self, options: Options, panel: SharedPanel, folder: Path) -> None:
        self.options = options
        self.panel = panel
        self.folder = folder

    @property
    def journal_path(self) -> Path:
        """Where the journal lies."""
        return self.folder / "journal.json"

    def renews(self, renewal: Renewal, plugin: str, config: configuration.NamespaceConfig) -> bool:
        """Whether renewals of a lineage that use ``plugin`` log in to this account."""
        default = str(_default_credentials(config))
        path = renewal.parameters.get(f"{plugin.replace('-', '_')}_credentials", default)
        if path == str(self.options.credentials):
            return True
        try:
            credentials = read_credentials(self.options._replace(credentials=Path(path)))
        except errors.PluginError:
            return False  # certbot itself reports it, at every renewal
        return _folder_name(credentials) == self.folder.name

    def login(self) -> Account:
        """Log in unless this process has, and return the account.

        :raises LoginRefusedError: names the credentials file too
        """
        try:
            return self.panel.client.login()
        except LoginRefusedError as error:
            raise LoginRefusedError(
                f"{error}\nThe credentials file is {self.options.credentials}."
            ) from error

    def journal(self) -> Journal:
        """Read the journal.

        :raises certbot_webfaction.books.document.DamagedError: if it is damaged; it was kept aside
        """
        return document.read(self.journal_path, Journal)

    def save(self, journal: Journal) -> None:
        """Write the journal."""
        document.write(self.journal_path, journal)


_panels: dict[Credentials, SharedPanel] = {}


def open_account(options: Options, config_dir: str) -> HostAccount:
    """Open the account that the options name, without a call to its panel.

    In a `certbot renew` plugins are made anew for each lineage, so what they share is kept here.

    :raises certbot.errors.PluginError: if the credentials file is missing or can't be used
    """
    credentials = read_credentials(options)
    if credentials not in _panels:
        _panels[credentials] = SharedPanel(lambda: _webfaction(credentials))
    folder = Path(config_dir) / "webfaction" / _folder_name(credentials)
    return HostAccount(options, _panels[credentials], folder)


def _webfaction(credentials: Credentials) -> IPanel:
    # Not above: every certbot run on the machine imports this module, and few call the panel.
    from certbot_webfaction.hosts.webfaction.client import WebFaction

    return WebFaction(credentials)


def _folder_name(credentials: Credentials) -> str:
    address = credentials.api_url.partition("//")[2] or credentials.api_url
    host = address.partition("/")[0].rpartition("@")[2]
    return re.sub(r"[^A-Za-z0-9_.@-]", "_", f"{credentials.username}@{host}")
