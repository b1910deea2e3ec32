"""certbot's renewal files: who renews a lineage, who installs it, and when."""

from __future__ import annotations

import datetime
import logging
from dataclasses import dataclass
from pathlib import Path

from certbot import configuration, errors

from certbot_webfaction.lineages.files import CertificateFiles, lineage_files
from certbot_webfaction.phrases import reconfigure_command

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Renewal:
    """What certbot's renewal file says of a lineage; plugin names are ``""`` where none is.

    ``renew_before_expiry`` is an interval in certbot's words (``30 days``), ``""`` for its default.
    """

    lineage: str
    authenticator: str
    installer: str
    parameters: dict[str, str]
    renew_before_expiry: str = ""


def read_renewals(config: configuration.NamespaceConfig) -> list[Renewal]:
    """The renewal settings of all lineages, by name; files that can't be read are left out."""
    # certbot itself reports those, at every renewal.
    return [renewal for path in renewal_files(config) if (renewal := read_renewal(path))]


def renewal_of(config: configuration.NamespaceConfig, lineage: str) -> Renewal | None:
    """The renewal settings of one lineage; `None` if its file is missing or can't be read."""
    return read_renewal(Path(config.renewal_configs_dir) / f"{lineage}.conf")


def renewal_files(config: configuration.NamespaceConfig) -> list[Path]:
    """The renewal files of all lineages, by name."""
    return sorted(Path(config.renewal_configs_dir).glob("*.conf"))


def read_renewal(path: Path) -> Renewal | None:
    """Read a renewal file; `None` if that can't be done."""
    import configobj

    try:
        file = configobj.ConfigObj(str(path), encoding="utf-8", default_encoding="utf-8")
        parameters = {key: str(value) for key, value in file["renewalparams"].items()}
        before_expiry = str(file.get("renew_before_expiry", ""))
    except (configobj.ConfigObjError, OSError, UnicodeDecodeError, KeyError, AttributeError):
        return None
    plugins = {key: parameters.get(key, "") for key in ("authenticator", "installer")}
    plugins = {key: "" if name == "None" else name for key, name in plugins.items()}
    return Renewal(
        lineage=path.stem, parameters=parameters, renew_before_expiry=before_expiry, **plugins
    )


def next_renewal(renewal: Renewal, files: CertificateFiles) -> datetime.datetime | None:
    """When `certbot renew` is to renew a lineage, in UTC; `None`: never by itself.

    As certbot decides it without asking the CA (certbot._internal.renewal.should_autorenew): when
    ``renew_before_expiry`` says so, by default 30 days before the expiry, and since certbot 4.0
    when a third of the lifetime is left, or half of it where that is below 10 days. Since 4.1 a CA
    may ask for another day (RFC 9773), mostly near this one.
    """
    import certbot

    if renewal.parameters.get("autorenew", "True").lower() in ("false", "no", "off", "0"):
        return None
    starts, expires = files.validity()
    interval = renewal.renew_before_expiry
    if not interval and int(certbot.__version__.partition(".")[0]) >= 4:
        lifetime = expires - starts
        short = lifetime < datetime.timedelta(days=10)
        return starts + (lifetime / 2 if short else lifetime * 2 / 3)
    # certbot itself reads the words: "30 days", "3 weeks 2 days".
    from certbot._internal.storage import add_time_interval

    now = datetime.datetime.now(datetime.timezone.utc)
    return expires - (add_time_interval(now, interval or "30 days") - now)


def names_authenticated_by(config: configuration.NamespaceConfig, plugin: str) -> set[str]:
    """The domains of all lineages whose renewals the authenticator ``plugin`` answers for."""
    names: set[str] = set()
    for renewal in read_renewals(config):
        files = lineage_files(config, renewal.lineage)
        if renewal.authenticator == plugin:
            try:
                names.update(files.names())
            except errors.PluginError as error:
                logger.debug("The lineage %s is passed over: %s", renewal.lineage, error)
    return names


def reconfigure(renewal: Renewal, installer: str, config: configuration.NamespaceConfig) -> str:
    """A sentence that says how to make renewals of a lineage use an installer."""
    import certbot

    # certbot 2.3 brought `reconfigure`.
    if tuple(map(int, certbot.__version__.split(".")[:2])) >= (2, 3):
        return f"`{reconfigure_command(config, renewal.lineage)}` puts it there."
    file = Path(config.renewal_configs_dir) / f"{renewal.lineage}.conf"
    return f"Write installer = {installer} into {file}."
