"""Dataclasses as JSON documents on disk: versioned, written atomically, kept aside when damaged."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import time
import typing
from pathlib import Path
from typing import Any, TypeVar

from certbot import errors

from certbot_webfaction.replacing import replacing

logger = logging.getLogger(__name__)

VERSION = 1

T = TypeVar("T")


class DamagedError(errors.PluginError):
    """The document could not be read."""


def read(path: Path, kind: type[T]) -> T:
    """Read a document.

    :param kind: the dataclass that it holds, whose fields all have defaults
    :returns: its content, or an empty one if there is no such file
    :raises DamagedError: if it is no document of ours; it was renamed to ``NAME.damaged-SECONDS``,
        so that nothing in it is lost
    :raises certbot.errors.PluginError: if a newer version of this plugin wrote it
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
        return typing.cast(T, _decode(kind, content))
    except FileNotFoundError:
        return kind()
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged ({type(error).__name__}: {error}).") from error


def _set_aside(path: Path, damage: DamagedError) -> DamagedError:
    aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
    try:
        path.replace(aside)
    except OSError as error:
        raise errors.PluginError(f"{path} can be neither read nor renamed: {error}.") from error
    message = f"{damage} It was kept as {aside.name}."
    logger.warning("%s", message)
    return DamagedError(message)


def write(path: Path, content: Any) -> None:
    """Write a document so that a reader sees the old one or the new one, never a part.

    :param content: an instance of its dataclass
    :raises certbot.errors.PluginError: if it can't be written
    """
    fields = {"version": VERSION, **dataclasses.asdict(content)}
    text = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    try:
        with replacing(path) as new:
            new.write_text(text, encoding="utf-8")
    except OSError as error:
        raise errors.PluginError(f"{path} could not be written: {error}.") from error


def _decode(kind: Any, value: Any) -> Any:
    """Turn what JSON gave into ``kind``, or raise `TypeError` where it does not fit."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _decode(hints[name], entry) for name, entry in value.items()})
    if origin in (list, tuple) and type(value) is list:
        return origin(_decode(arguments[0], entry) for entry in value)
    if origin is dict and type(value) is dict:
        return {name: _decode(arguments[1], entry) for name, entry in value.items()}
    if kind in (str, bool) and type(value) is kind:
        return value
    raise TypeError(f"{value!r:.40} where {kind} belongs")


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields; Python compiles each annotation every time it is asked."""
    return typing.get_type_hints(kind)
