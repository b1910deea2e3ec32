"""certbot's renewal files: who renews a lineage, who installs it, when, and why that fails."""

from __future__ import annotations

import datetime
import functools
import os
import re
import shlex
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import certbot
import configobj
from certbot._internal.storage import add_time_interval

from certbot_webfaction.lineages.files import CertificateFiles
from certbot_webfaction.replacing import Version, version


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
    try:
        file = _read(path)
        parameters = {key: str(value) for key, value in file["renewalparams"].items()}
    except (configobj.ConfigObjError, OSError, UnicodeDecodeError, KeyError, AttributeError):
        return None
    before_expiry = file.get("renew_before_expiry", "")
    if not isinstance(before_expiry, str):
        before_expiry = ", ".join(before_expiry)
    return Renewal(
        path.stem,
        _plugin(parameters, "authenticator"),
        _plugin(parameters, "installer"),
        parameters,
        before_expiry,
    )


def _read(path: Path) -> Any:
    return _parse(path, version(path))


@functools.cache  # who looks at a lineage asks several times
def _parse(path: Path, _present: Version) -> Any:
    return configobj.ConfigObj(
        str(path), encoding="utf-8", default_encoding="utf-8", file_error=True
    )


def _plugin(parameters: dict[str, str], kind: str) -> str:
    name = parameters.get(kind, "")
    return "" if name == "None" else name


def next_renewal(renewal: Renewal, files: CertificateFiles) -> datetime.datetime | None:
    """When `certbot renew` is to renew a lineage, in UTC; `None`: never by itself.

    As certbot decides it without asking the CA (certbot._internal.renewal.should_autorenew): when
    ``renew_before_expiry`` says so, by default 30 days before the expiry, and since certbot 4.0
    when a third of the lifetime is left, or half of it where that is below 10 days. Since 4.1 a CA
    may ask for another day (RFC 9773), mostly near this one.
    """
    if renewal.parameters.get("autorenew", "True").lower() in ("false", "no", "off", "0"):
        return None
    starts, expires = files.validity()
    interval = renewal.renew_before_expiry
    if not interval and int(certbot.__version__.partition(".")[0]) >= 4:
        lifetime = expires - starts
        short = lifetime < datetime.timedelta(days=10)
        return starts + (lifetime / 2 if short else lifetime * 2 / 3)
    return expires - _length(interval or "30 days")


@functools.cache
def _length(interval: str) -> datetime.timedelta:
    """An interval as certbot itself reads it: "30 days", "3 weeks 2 days", "7"."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return add_time_interval(now, interval) - now


@dataclass(frozen=True)
class Hindrance:
    """Why `certbot renew` will fail for a lineage, or pass it over.

    ``what`` and ``todo`` are whole sentences; without the latter only a new lineage helps, or what
    is missing of a plugin: ``plugin`` names it then, and ``credentials`` its file if that is it.
    """

    what: str
    todo: str = ""
    plugin: str = ""
    credentials: str = ""


def why_renewal_fails(path: Path, live: Path) -> Hindrance | None:
    """Why `certbot renew` will fail for a lineage, or pass it over; `None`: nothing known.

    As certbot reads it (certbot._internal.storage.RenewableCert, certbot._internal.renewal), but
    without its repairs: nothing is changed.

    :param path: the lineage's renewal file
    :param live: where its links are to be
    """
    try:
        file = _read(path)
        return _why_files(file, path, live) or _why_parameters(file, path)
    except (configobj.ConfigObjError, OSError, UnicodeDecodeError) as error:
        return Hindrance(f"certbot can't read {path}: {error}.")


_KINDS = ("cert", "privkey", "chain", "fullchain")


def _why_files(file: Any, path: Path, live: Path) -> Hindrance | None:
    missing = [kind for kind in _KINDS if kind not in file]
    if missing:
        return Hindrance(f"{path} does not name the lineage's files: {', '.join(missing)}.")
    links = (Path(str(file[kind])) for kind in _KINDS)
    return next(filter(None, (_why_link(link, path, live) for link in links)), None)


def _why_link(link: Path, path: Path, live: Path) -> Hindrance | None:
    """Why certbot does not take what its renewal file names."""
    is_live = link.parent == live or link.parent.resolve() == live.resolve()
    if not os.path.lexists(link):
        what = f"{path} names {link}, which is not there."
    elif not is_live:
        what = f"{path} is for the files in {link.parent}, so {live} stays as it is."
    elif not link.is_symlink():
        what = (
            f"{link} is a file, and certbot renews only where it is a link into archive/, as it"
            " made it."
        )
    elif not link.exists():
        what = f"{link} leads to {link.readlink()}, which is not there."
    else:
        return None
    return Hindrance(what, _link_anew(live) if is_live else _correct_paths(path, link, live))


def _correct_paths(path: Path, link: Path, live: Path) -> str:
    """The line for certbot's directory that was moved or copied."""
    old, new = (str(each.parents[1]) for each in (link.parent, live))
    if link.parts[-3:-1] != live.parts[-2:]:
        return ""
    command = shlex.join(["sed", "-i", f"s#{re.escape(old)}/#{new}/#", str(path)])
    return f"`{command}` writes the right directory there."


def _link_anew(live: Path) -> str:
    """The line that makes what is in live/ links to the newest files of archive/ again."""
    archive = live.parents[1] / "archive" / live.name
    numbers = [
        int(found[1])
        for each in archive.glob("cert*.pem")
        if (found := re.fullmatch(r"cert(\d+)\.pem", each.name))
    ]
    newest = max(numbers, default=0)
    if not all((archive / f"{kind}{newest}.pem").exists() for kind in _KINDS):
        return ""
    target = shlex.quote(f"../../archive/{live.name}")
    return (
        f"`cd {shlex.quote(str(live))} && for kind in {' '.join(_KINDS)}; do ln -sf"
        f" {target}/${{kind}}{newest}.pem $kind.pem; done` makes links of them again. Copies of"
        " certbot's directory keep links with `cp -a`."
    )


def _why_parameters(file: Any, path: Path) -> Hindrance | None:
    parameters = file.get("renewalparams")
    if not isinstance(parameters, dict) or "authenticator" not in parameters:
        return Hindrance(f"{path} names no authenticator.")
    interval = file.get("renew_before_expiry", "30 days")
    # ConfigObj makes a list of what holds a comma, and certbot stops at that.
    if not isinstance(interval, str) or _length(interval) < datetime.timedelta(seconds=1):
        words = interval if isinstance(interval, str) else ", ".join(interval)
        return Hindrance(
            f"certbot can't read renew_before_expiry = {words} in {path}.",
            "Write it as `20 days 3 hours`, without a comma.",
        )
    return _why_plugins(parameters, path)


@functools.cache  # every package's metadata are read for it
def _installed() -> set[str]:
    """The names of the plugins that this certbot has."""
    return {point.name for point in entry_points(group="certbot.plugins")}


def _why_plugins(parameters: dict[str, str], path: Path) -> Hindrance | None:
    # certbot goes on without an installer that is missing.
    authenticator = _plugin(parameters, "authenticator")
    if authenticator and authenticator not in _installed():
        what = (
            f"The authenticator {authenticator}, which {path} names, is not installed beside this"
            " certbot."
        )
        return Hindrance(what, plugin=authenticator)
    for plugin in dict.fromkeys((authenticator, _plugin(parameters, "installer"))):
        credentials = parameters.get(f"{plugin.replace('-', '_')}_credentials", "None")
        if credentials != "None" and not os.path.exists(credentials):  # noqa: PTH110 - as given
            what = f"The credentials file {credentials}, which {path} names, is not there."
            return Hindrance(what, plugin=plugin, credentials=credentials)
    return None
