"""The credentials file, written so that certbot reads from it exactly what was meant."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.account import API_URL, Options, read_credentials
from certbot_webfaction.command.setup.change import agreed, mode_of, read_text
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.hosts.webfaction.credentials import Credentials
from certbot_webfaction.replacing import replacing

MODE = 0o600

_HEAD = """\
# The account of the control panel, for certbot's plugin webfaction. Keep this file to yourself.
# Values with a #, a comma, quotes or outer spaces stand in quotes: '…', "…" or \'\'\'…\'\'\'
"""


def values_in(path: Path) -> dict[str, str]:
    """The values in a credentials file, by their keys without ``webfaction_``.

    :returns: none where there is no file; a value that is no single one is left out
    :raises certbot.errors.PluginError: if the file can't be read
    """
    import configobj

    if not path.exists():
        return {}
    try:
        file = configobj.ConfigObj(str(path), interpolation=False)
    except (configobj.ConfigObjError, OSError, UnicodeDecodeError) as error:
        raise errors.PluginError(
            f"The credentials file {path} can't be read: {error}. Nothing was changed; mend it or"
            " move it away, and run the command again."
        ) from error
    return {
        key.removeprefix("webfaction_"): value
        for key, value in file.items()
        if isinstance(value, str) and value
    }


def plan_credentials(
    options: Options, credentials: Credentials, questions: Questions
) -> Callable[[], None] | None:
    """Decide what the credentials file is to hold.

    :returns: writes it; `None` if it is to stay as it is
    :raises certbot.errors.PluginError: if a value can't be written so that it is read back
    """
    path = options.credentials
    known = {"api_url": API_URL, **values_in(path)}
    meant = {key: value or "" for key, value in vars(credentials).items()}
    changed = {key: value for key, value in meant.items() if value != known.get(key, "")}
    before = read_text(path)
    after = with_values(before or "", changed)
    if before == after and mode_of(path) == MODE:
        display_util.notify(f"The panel accepts the credentials in {path}.")
        return None
    words = "(the new one)" if "password" in changed else "(the old one)"
    shown = None if before is None else _without_password(before, "(the old one)")
    if not agreed(path, shown, _without_password(after, words), questions):
        return None

    def write() -> None:
        try:
            with replacing(path, MODE) as new:
                new.write_text(after, encoding="utf-8")
                _check(new, options, credentials)
        except OSError as error:
            raise errors.PluginError(
                f"The credentials file {path} could not be written: {error.strerror}. Choose"
                " another place with --config-dir or --webfaction-credentials."
            ) from error
        display_util.notify(f"Wrote the credentials file {path}.")

    return write


def _check(file: Path, options: Options, credentials: Credentials) -> None:
    """See that certbot will read what was meant."""
    if read_credentials(options._replace(credentials=file, api_url=None)) != credentials:
        raise errors.PluginError(
            f"{options.credentials} can't be completed: something in it hides the new values, such"
            " as a section or a value over several lines. It was left as it is; move it away, and"
            " run the command again."
        )


def _without_password(text: str, words: str) -> str:
    return re.sub(
        r"(?m)^([ \t]*webfaction_password[ \t]*=).*", lambda match: f"{match[1]} {words}", text
    )


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text of a credentials file with these values; all else in it stays.

    :param text: the file as it is, ``""`` if there is none
    :param values: by their keys without ``webfaction_``; ``""`` for none
    :raises certbot.errors.PluginError: if the format can't hold a value
    """
    text = text or _HEAD
    end = "\r\n" if "\r\n" in text else "\n"
    for key, value in values.items():
        line = f"webfaction_{key} = {_quoted(key, value)}" if value else ""
        own = re.compile(rf"^[ \t]*webfaction_{key}[ \t]*=.*\n?", re.MULTILINE)
        if match := own.search(text):
            line = f"{line}{_remark(match[0])}{end}" if line else ""
            text = text[: match.start()] + line + text[match.end() :]
        elif line:
            separator = "" if text.endswith("\n") else end
            text = f"{text}{separator}{line}{end}"
    return text


def _remark(line: str) -> str:
    """The comment behind a value, with what sets it off."""
    import configobj

    try:
        file = configobj.ConfigObj([line.strip()], interpolation=False)
    except configobj.ConfigObjError:
        return ""
    return "".join(f"  {remark}" for remark in file.inline_comments.values() if remark)


def _quoted(key: str, value: str) -> str:
    """A form of the value from which ConfigObj reads it back; its quotes know no escapes."""
    if re.fullmatch(r"[\w.:/@-]+", value):
        return value
    one_line = len(value.splitlines()) == 1  # and so are diffs, which would show the others
    for form in (f"'{value}'", f'"{value}"', f"'''{value}'''", f'"""{value}"""', value):
        if one_line and _read(form) == value:
            return form
    raise errors.PluginError(
        f"The credentials file can't hold the {_WORDS[key]}: it has a line break or something else"
        " that is no text in it, or three quotes of each kind in a row. Nothing was changed; choose"
        " another one on the panel."
    )


_WORDS = {
    "username": "user name",
    "password": "password",
    "machine": "name of the machine",
    "api_url": "API's address",
}


def _read(form: str) -> str | None:
    import configobj

    try:
        file = configobj.ConfigObj(io.BytesIO(f"key = {form}\n".encode()), interpolation=False)
    except (configobj.ConfigObjError, UnicodeEncodeError):
        return None
    value = file.get("key") if list(file) == ["key"] else None
    return value if isinstance(value, str) else None
