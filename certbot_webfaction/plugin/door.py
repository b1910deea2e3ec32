"""Where certbot's configuration stops: a host's options, and the account that they name."""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from certbot import configuration, errors

from certbot_webfaction.account import Account, open_account
from certbot_webfaction.hosts.host import Host, Options
from certbot_webfaction.installation.installer import Run
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.web.route import NameServer, Route

WAIT = 120


def add_options(host: Host, add: Callable[..., None]) -> None:
    """Declare a host's options; ``add`` puts the plugin's prefix before each name."""
    add_credentials_option(host, add)
    add(
        "api-url",
        metavar="URL",
        help=f"address of the panel's API (default: the credentials file's, else {host.api_url})",
    )
    for name, settings in host.options.items():
        add(name, **settings)
    add(
        "files",
        choices=host.files,
        default="auto",
        help="write files on this machine"
        + (", or over the API from anywhere" if "api" in host.files else " even if it is unknown"),
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
    add(
        "propagation-seconds",
        metavar="SECONDS",
        type=_seconds,
        default=WAIT,
        help="longest wait until a domain's name servers show the record that answers a challenge;"
        " 0: they are not asked",
    )
    add(
        "nameserver",
        metavar="ADDRESS[:PORT]",
        help="ask this name server for such records, not the domain's own",
    )


def add_credentials_option(host: Host, add: Callable[..., None]) -> None:
    """Declare the option that names the credentials file."""
    words = " and ".join(key.words for key in host.keys if not key.optional)
    add(
        "credentials",
        metavar="FILE",
        help=f"INI file with {words}"
        f" (default: CONFIG_DIR/{host.name}.ini; certbot-webfaction init writes it)",
    )


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of seconds")
    return int(text)


def read_options(
    config: configuration.NamespaceConfig, host: Host, plugin: str | None = None
) -> Options:
    """Take a host's options from certbot's configuration.

    The credentials path is made absolute there, because certbot saves it for renewals, which run
    in another directory (as `certbot.plugins.dns_common.DNSAuthenticator._configure_file` does).

    :param plugin: whose ``credentials`` option counts; all others are the host's own plugin's
    :raises certbot.errors.PluginError: if ``--…-connect-to`` can't be read
    """
    key = f"{(plugin or host.name).replace('-', '_')}_credentials"
    given = getattr(config, key)
    credentials = default = Path(config.config_dir) / f"{host.name}.ini"
    if given:
        credentials = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - resolves ..
        setattr(config, key, str(credentials))

    def option(name: str) -> str | None:
        value: str | None = getattr(config, f"{host.name}_{name.replace('-', '_')}")
        return value or None  # an empty option is as none

    return Options(
        credentials=credentials,
        default_credentials=default,
        api_url=option("api-url"),
        files=option("files") or "auto",
        wait=getattr(config, f"{host.name}_wait"),
        route=Route.parse(option("connect-to"), host.flag("connect-to")),
        own={name: option(name) for name in host.options},
        quiet=bool(config.quiet),
        propagation=getattr(config, f"{host.name}_propagation_seconds"),
        nameserver=NameServer.parse(option("nameserver"), host.flag("nameserver")),
    )


def account_of(
    config: configuration.NamespaceConfig, host: Host, plugin: str | None = None
) -> Account:
    """Open the account that the configuration names, without a call to its panel.

    :param plugin: whose ``credentials`` option counts
    :raises certbot.errors.PluginError: if an option or the credentials file can't be used
    """
    options = read_options(config, host, plugin)
    return open_account(host, options, lineages_of(config), Path(config.config_dir))


def lineages_of(config: configuration.NamespaceConfig) -> Lineages:
    """The lineages of a certbot with this configuration, one object for all that ask."""
    return _lineages_in(
        live=Path(config.live_dir),
        archive=Path(config.default_archive_dir),
        renewal=Path(config.renewal_configs_dir),
        deploy_hooks=Path(config.renewal_deploy_hooks_dir),
    )


# certbot makes its plugins anew for every lineage of a renewal.
_lineages_in = functools.cache(Lineages)


def run_of(config: configuration.NamespaceConfig, lineages: Lineages) -> Run:
    """What an installer has to know of this run of certbot."""
    authenticator = config.authenticator
    if not authenticator:
        renewal = lineages.renewal_of(config.certname or "")
        authenticator = renewal.authenticator if renewal else ""
    return Run(config.verb, bool(config.quiet), bool(config.redirect), authenticator)


def is_named(config: configuration.NamespaceConfig, plugin: str) -> bool:
    """Whether the user or the renewal file named a plugin; else certbot merely lists them."""
    return plugin in (config.configurator, config.authenticator, config.installer)


@contextmanager
def raising_for(config: configuration.NamespaceConfig, plugin: str) -> Iterator[None]:
    """Make of a `PluginError` what certbot reports, where a plugin was named.

    certbot takes a `PluginError` of `prepare` as "not available": it would go on without the
    plugin, and take the installer out of the renewal file. A `ConfigurationError` ends the run.
    """
    try:
        yield
    except errors.PluginError as error:
        if is_named(config, plugin):
            raise errors.ConfigurationError(str(error)) from error
        raise


def names_ahead(config: configuration.NamespaceConfig, lineages: Lineages) -> list[str]:
    """The names that this run is to have validated, as far as they are known before an order.

    None are told where a lineage has exactly these: certbot will most likely keep it as it is, and
    if not, its order tells them.
    """
    names = [str(domain) for domain in config.domains]
    if config.verb in ("renew", "reconfigure"):
        return names
    if config.verb not in ("run", "certonly") or lineages.has_exactly(names):
        return []
    return names


def lineage_ahead(config: configuration.NamespaceConfig, lineages: Lineages) -> str:
    """The lineage that this run is to renew or expand, ``""`` for none."""
    names = [str(domain) for domain in config.domains]
    return config.certname or lineages.expanded_by(names)
