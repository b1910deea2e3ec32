"""Dataclasses as JSON documents on disk: versioned, written atomically, kept aside when damaged."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import shlex
import time
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from certbot import errors

logger = logging.getLogger(__name__)

VERSION = 1

T = TypeVar("T")


class Entry:
    """What every dataclass of a document is.

    `dataclass` would compile comparison and representation for each of them anew, and certbot
    imports them all at each start.
    """

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"


class DamagedError(errors.PluginError):
    """The document could not be read."""


def read(path: Path, kind: type[T]) -> T:
    """Read a document.

    :param kind: the dataclass that it holds, whose fields all have defaults
    :returns: its content, or an empty one if there is no such file
    :raises DamagedError: if it is no document of ours; it was renamed to ``NAME.damaged-SECONDS``,
        so that nothing in it is lost
    :raises certbot.errors.PluginError: if its file can't be read, or a newer version of this
        plugin wrote it; it stays where it is
    """
    try:
        return peek(path, kind)
    except DamagedError as error:
        raise _set_aside(path, error) from error


def peek(path: Path, kind: type[T]) -> T:
    """As `read`, but a damaged document stays where it is, for those who only look."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        if type(version) is int and version > VERSION:
            raise errors.PluginError(
                f"{path} was written by a newer certbot-webfaction than this one. Nothing was"
                " changed; upgrade certbot-webfaction and run the command again."
            )
        if version != VERSION:
            raise ValueError(f"its version is {version!r}")
        decode: Callable[[Any], T] = _decoder(typing.cast(typing.Hashable, kind))
        return decode(content)
    except FileNotFoundError:
        return kind()
    except OSError as error:
        raise errors.PluginError(
            f"{path} can't be read: {error.strerror}. Nothing was changed. After a run of certbot"
            " as root its files are root's; this gives them back:"
            f' sudo chown -R "$USER" {shlex.quote(str(path.parent))}'
        ) from error
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged ({type(error).__name__}: {error}).") from error


def _set_aside(path: Path, damage: DamagedError) -> DamagedError:
    aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
    try:
        path.replace(aside)
    except OSError as error:
        raise errors.PluginError(f"{damage} It can't be renamed: {error.strerror}.") from error
    message = f"{damage} It was kept as {aside.name}."
    logger.warning("%s", message)
    return DamagedError(message)


def write(path: Path, content: Any) -> None:
    """Write a document so that a reader sees the old one or the new one, never a part.

    :param content: an instance of its dataclass
    :raises certbot.errors.PluginError: if it can't be written
    """
    from certbot_webfaction.replacing import replacing  # most runs of certbot write none

    try:
        with replacing(path) as new:
            # A path that is no UTF-8 holds what UTF-8 can't; its escapes are JSON's.
            new.write_text(_text(content), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise errors.PluginError(f"{path} could not be written: {error}.") from error


def _text(content: Any) -> str:
    """A document as JSON, each entry on a line of its own for people.

    json's own indentation is made in Python, and a document is written at every step.
    """
    fields = {"version": VERSION, **vars(content)}
    lines = [f"  {_json(name)}: {_entries(value)}" for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _entries(value: Any) -> str:
    if isinstance(value, dict) and value:
        entries = [f"    {_json(name)}: {_json(entry)}" for name, entry in value.items()]
        return "{\n" + ",\n".join(entries) + "\n  }"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"    {_json(entry)}" for entry in value) + "\n  ]"
    return _json(value)


_json = json.JSONEncoder(ensure_ascii=False, default=vars).encode


@functools.cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    """What turns a value from JSON into ``kind``, or raises an error where it does not fit."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        fields = {
            field.name: _decoder(typing.cast(typing.Hashable, field.type))
            for field in dataclasses.fields(kind)
        }
        return lambda value: kind(**{name: fields[name](entry) for name, entry in value.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is None:
        return functools.partial(_exactly, kind)
    entry = _decoder(arguments[-1] if origin is dict else arguments[0])
    if origin is dict:
        return lambda value: {name: entry(each) for name, each in _exactly(dict, value).items()}
    return lambda value: origin(map(entry, _exactly(list, value)))


def _exactly(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} where {kind.__name__} belongs")
    return value
