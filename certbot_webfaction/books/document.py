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

from certbot_webfaction.replacing import Version, replacing, version

logger = logging.getLogger(__name__)

VERSION = 2

T = TypeVar("T")

CarryOver = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Makes the content of a document of version 1, by the document's name, one of this version."""


class DamagedError(errors.PluginError):
    """The document could not be read."""


def read(path: Path, kind: type[T], carry_over: CarryOver | None = None) -> T:
    """Read a document.

    :param kind: the dataclass that it holds, whose fields all have defaults
    :param carry_over: reads documents of version 1, where there are any
    :returns: its content, or an empty one if there is no such file
    :raises DamagedError: if it is no document of ours
    :raises certbot.errors.PluginError: if its file can't be read, or a newer version of this
        plugin wrote it
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        if type(version) is int and version > VERSION:
            raise errors.PluginError(
                f"{path} was written by a newer certbot-webfaction than this one. Nothing was"
                " changed; upgrade certbot-webfaction and run the command again."
            )
        if version == 1 and carry_over:
            content = carry_over(path.stem, content)
        elif version != VERSION:
            raise ValueError(f"its version is {version!r}")
        return typing.cast(T, _decoded(kind, content))
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


def set_aside(path: Path, damage: DamagedError) -> None:
    """Rename a damaged document to ``NAME.damaged-SECONDS``, so that nothing in it is lost.

    :raises certbot.errors.PluginError: if that can't be done
    """
    aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
    try:
        path.replace(aside)
    except OSError as error:
        raise errors.PluginError(f"{damage} It can't be renamed: {error.strerror}.") from error
    logger.warning("%s It was kept as %s.", damage, aside.name)


def write(path: Path, content: Any) -> Version:
    """Write a document so that a reader sees the old one or the new one, never a part.

    :param content: an instance of its dataclass
    :returns: the version of its file
    :raises certbot.errors.PluginError: if it can't be written
    """
    fields = {each.name: getattr(content, each.name) for each in dataclasses.fields(content)}
    text = json.dumps({"version": VERSION, **fields}, ensure_ascii=False, default=vars)
    # For people, on lines: in a string there would be a backslash before the quotation mark.
    # Neither `dataclasses.asdict` nor ``indent``: the journal is written at every change.
    text = text.replace('}, {"', '},\n{"').replace('}, "', '},\n"') + "\n"
    try:
        with replacing(path) as new:
            # A path that is no UTF-8 holds what UTF-8 can't; its escapes are JSON's.
            new.write_text(text, encoding="utf-8", errors="backslashreplace")
            return version(new)
    except OSError as error:
        raise errors.PluginError(f"{path} could not be written: {error}.") from error


def _decoded(kind: Any, value: Any) -> Any:
    """A value from JSON as ``kind``; an error of any kind where it does not fit."""
    if kind is Any or type(value) is kind:
        return value
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _type_hints(kind)
        return kind(**{name: _decoded(hints[name], each) for name, each in value.items()})
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is dict:
        return {name: _decoded(arguments[1], each) for name, each in _exactly(dict, value).items()}
    if origin is list:
        return [_decoded(arguments[0], each) for each in _exactly(list, value)]
    return _exactly(kind, value)


_type_hints = functools.cache(typing.get_type_hints)  # which evaluates them anew each time


def _exactly(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} where {kind.__name__} belongs")
    return value
