"""certbot's renewal files: who renews a lineage, who installs it, and when."""

from __future__ import annotations

import datetime
import logging
from dataclasses import dataclass
from pathlib import Path

from certbot_webfaction.lineages.files import CertificateFiles

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
