"""``certbot-webfaction deploy``: a lineage of any authenticator onto the panel, from a hook."""

from __future__ import annotations

import argparse
import logging
import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from certbot import configuration, errors, util
from certbot._internal import cli
from certbot.display import util as display_util

from certbot_webfaction.books.wanted import Source, Wanted
from certbot_webfaction.command.configuration import host_of
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.lineages.renewals import Renewal
from certbot_webfaction.names import covers
from certbot_webfaction.plugin.configurator import Configurator
from certbot_webfaction.plugin.door import account_of, lineages_of

logger = logging.getLogger(__name__)

SUMMARY = "put a certificate of any authenticator onto the panel, as a deploy hook"
DESCRIPTION = """\
Uploads a certificate to the panel and attaches it to the https websites of its
domains, exactly as `certbot install -i HOST` does. It is for certificates
that another authenticator gets, as a deploy hook of certbot:

  certbot certonly --webroot -w DIR -d DOMAIN \\
    --deploy-hook "$(command -v certbot-webfaction) deploy"

certbot keeps the hook, and runs it after each renewal. A script that does the
same in CONFIG_DIR/renewal-hooks/deploy is run for every certificate, so do that
only if all of them belong on this account. Certificates whose installer is
its plugin need no hook.

certbot tells the hook its certificate and CONFIG_DIR. Other options come from
the command line, else from the certificate's renewal file, else from certbot's
cli.ini files. If it fails, websites serve what they served before, and certbot
says so; run it again by hand then, with --cert-name.
"""


def add_arguments(parser: argparse.ArgumentParser, host: Host) -> None:
    """Declare the subcommand's own options."""
    parser.add_argument(
        "--cert-name",
        metavar="NAME",
        help="the certificate, as `certbot certificates` calls it (default: what certbot tells its"
        " hooks in RENEWED_LINEAGE)",
    )


def run(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> int:
    """Install a lineage as the installer would.

    A certbot that runs this as a hook holds its locks, and waits; by hand they are taken here.
    """
    name = _lineage_name(config, arguments)
    lineages = lineages_of(config)
    files = lineages.files(name)
    if not files.exist():
        raise errors.Error(
            f"There is no certificate {name} in {config.config_dir}. See `certbot certificates`"
            " for those that there are."
        )
    _take_options(config, arguments, lineages.renewal_of(name))
    config.namespace.verb = "deploy"
    hooked = "RENEWED_LINEAGE" in os.environ
    if not hooked:
        util.make_or_verify_dir(config.work_dir)
        for directory in (config.config_dir, config.work_dir):
            util.lock_dir_until_exit(directory)
    host = host_of(arguments)
    installer: Any = entry_points(group="certbot.plugins")[host.name].load()(config, host.name)
    account = account_of(config, host)
    account.read_books()
    if hooked and is_wanted(account.books.wanted, files):
        installer.restart()  # as certbot does for an installer's lineage that it has renewed
    else:
        _deploy(installer, files)
    display_util.notify(f"The certificate {name} is installed on the panel.")
    return 0


def _lineage_name(config: configuration.NamespaceConfig, arguments: argparse.Namespace) -> str:
    """The lineage's name; ``config`` gets the configuration directory that a hook is told."""
    renewed = os.environ.get("RENEWED_LINEAGE", "")
    if renewed:
        path = Path(renewed)
        if path.parent.name != "live":
            raise errors.Error(f"RENEWED_LINEAGE is {renewed}, which is no CONFIG_DIR/live/NAME.")
        config.namespace.config_dir = str(path.parent.parent.absolute())
    name: str = arguments.cert_name or Path(renewed).name
    if not name:
        raise errors.Error(
            "Which certificate? Name it with --cert-name, or run this as a deploy hook of certbot,"
            " which tells it in RENEWED_LINEAGE."
        )
    return name


def _take_options(
    config: configuration.NamespaceConfig, arguments: argparse.Namespace, renewal: Renewal | None
) -> None:
    """Take the options that the lineage's renewal file keeps, as `certbot renew` does."""
    prefix = f"{host_of(arguments).name}_"
    for key, text in renewal.parameters.items() if renewal else ():
        kept = key.startswith(prefix) or key in ("work_dir", "logs_dir")
        if kept and not hasattr(arguments, key):
            # Renewal files don't keep the types.
            setattr(config, key, None if text == "None" else cli.argparse_type(key)(text))


def is_wanted(wanted: Wanted, files: CertificateFiles) -> bool:
    """Whether each name on the certificate has a site that is to present it."""
    domains = [
        domain for site in wanted.sites_of(Source.of(files)) for domain in wanted.sites[site].names
    ]
    return all(any(covers(name, domain) for domain in domains) for name in files.names())


def _deploy(installer: Configurator, files: CertificateFiles) -> None:
    """Keep certbot's contract with installers (`certbot._internal.client.deploy_certificate`).

    :raises certbot.errors.Error: if it fails; what was wanted before is wanted again then
    """
    fullchain = files.leaf.with_name("fullchain.pem")
    try:
        for domain in files.names():
            installer.deploy_cert(
                domain, str(files.leaf), str(files.key), str(files.chain), str(fullchain)
            )
        installer.save(f"Deployed certificate {files.lineage}")
    except BaseException:
        installer.recovery_routine()
        raise
    try:
        installer.restart()
    except BaseException:
        try:
            installer.rollback_checkpoints()
            installer.restart()
        except errors.Error as error:
            logger.warning("What was done until then could not all be undone yet: %s", error)
        raise
