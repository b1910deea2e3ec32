"""The credentials file, written so that certbot reads from it exactly what was meant."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from certbot import errors
from certbot.display import util as display_util
from configobj import ConfigObj, ConfigObjError

from certbot_webfaction.account import read_credentials
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.hosts.host import Credentials, Host, Options
from certbot_webfaction.replacing import replacing

MODE = 0o600

_HEAD = """\
# The account of the control panel, for certbot's plugin {}. Keep this file to yourself.
# Values with a #, a comma, quotes or outer spaces stand in quotes: '…', "…" or \'\'\'…\'\'\'
"""


def values_in(host: Host, path: Path) -> dict[str, str]:
    """A host's values in a credentials file, by their keys without prefix.

    :returns: none where there is no file; a value that is no single one is left out
    :raises certbot.errors.PluginError: if the file can't be read
    """
    file = _read(host, path)
    return {
        name: file[key]
        for name in _names(host)
        if isinstance(file.get(key := f"{host.name}_{name}"), str) and file[key]
    }


def plan_credentials(
    host: Host, options: Options, credentials: Credentials, questions: Questions
) -> Callable[[], None] | None:
    """Decide what the credentials file is to hold; all else in it stays.

    :returns: writes it; `None` if it is to stay as it is
    :raises certbot.errors.PluginError: if a value can't be written so that it is read back
    """
    path = options.credentials
    known = {"api_url": host.api_url, **values_in(host, path)}
    changes = {
        f"{host.name}_{name}": credentials.get(name, "")
        for name in _names(host)
        if credentials.get(name, "") != known.get(name, "")
    }
    if not changes and not path.exists():
        display_util.notify("The panel wants no credentials here.")
        return None
    if not changes and path.stat().st_mode & 0o777 == MODE:
        display_util.notify(f"The panel accepts the credentials in {path}.")
        return None
    file = _read(host, path)
    before = _shown(host, file, changes, "(the old one)") if path.exists() else None
    _change(host, file, changes)
    after = _shown(host, file, changes, "(the new one)")
    if not questions.agrees_to_change(path, before, after):
        return None
    try:
        text = _written(file) if changes else path.read_bytes()
    except ConfigObjError as error:
        raise _unheld(path) from error

    def write() -> None:
        try:
            with replacing(path, MODE) as new:
                new.write_bytes(text)
                own = read_credentials(host, replace(options, credentials=new, api_url=None))
                if own != credentials or _read(host, new) != file:
                    raise _unheld(path)
        except OSError as error:
            raise errors.PluginError(
                f"The credentials file {path} could not be written: {error.strerror}. Choose"
                f" another place with --config-dir or {host.flag('credentials')}."
            ) from error
        display_util.notify(f"Wrote the credentials file {path}.")

    return write


def _unheld(path: Path) -> errors.PluginError:
    return errors.PluginError(
        f"{path} can't be completed: something in it can't be written so that it is read as before."
        " It was left as it is; move it away, and run the command again."
    )


def _names(host: Host) -> dict[str, str]:
    """The keys that a host's credentials file may have, with words for their values."""
    return {**{key.name: key.words for key in host.keys}, "api_url": "API's address"}


def _read(host: Host, path: Path) -> ConfigObj:
    if not path.exists():
        return _parsed(_HEAD.format(host.name).encode())
    try:
        return _parsed(path.read_bytes())
    except ConfigObjError as error:
        # Its own words may show the line, and that the password.
        reason = f"see line {error.errors[0].line_number}"
    except (OSError, UnicodeDecodeError) as error:
        reason = str(error)
    raise errors.PluginError(
        f"The credentials file {path} can't be read: {reason}. Nothing was changed; mend it or"
        " move it away, and run the command again."
    )


def _parsed(text: bytes) -> ConfigObj:
    file = ConfigObj(io.BytesIO(text), encoding="utf-8", interpolation=False)
    if not file.sections:
        file.indent_type = "  "  # stands before a remark, too
    return file


def _written(file: ConfigObj) -> bytes:
    text = io.BytesIO()
    file.write(text)
    return text.getvalue()


def _change(host: Host, file: ConfigObj, changes: Mapping[str, str]) -> None:
    for key, value in changes.items():
        words = _names(host)[key.removeprefix(f"{host.name}_")]
        if not value:
            file.final_comment[:0] = file.comments.get(key, [])
            file.pop(key, None)
            continue
        if not _can_hold(value):
            raise errors.PluginError(
                f"The credentials file can't hold the {words}: it has a line break or something"
                " else that is no text in it, or three quotes of each kind in a row. Nothing was"
                " changed; choose another one on the panel."
            )
        file[key] = value


def _can_hold(value: str) -> bool:
    """Whether certbot reads a value as it was, from one line."""
    alone = _parsed(b"")
    alone["key"] = value
    try:
        return len(value.splitlines()) == 1 and bool(_parsed(_written(alone))["key"] == value)
    except (ConfigObjError, UnicodeEncodeError, KeyError):
        return False


def _shown(host: Host, file: ConfigObj, keys: Collection[str], secret: str) -> str:
    """The lines of these keys as they are shown."""
    secrets = {f"{host.name}_{key.name}" for key in host.keys if key.secret}
    return "".join(
        f"{key} = {secret if key in secrets else file[key]}\n"
        for key in file.scalars
        if key in keys
    )
