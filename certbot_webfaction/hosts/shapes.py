"""What answers of a panel look like, without anything of the user's in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelError,
    PanelUnreachableError,
)


def shape_of(answer: Any) -> Any:
    """Put for each value what kind it is; a list keeps one of each kind.

    :param answer: plain JSON
    """
    if isinstance(answer, Mapping):
        return {_key(key): shape_of(value) for key, value in answer.items()}
    if isinstance(answer, list):
        shapes: list[Any] = []
        for shape in map(shape_of, answer):
            if shape not in shapes:
                shapes.append(shape)
        return shapes
    if isinstance(answer, str):
        kinds = {r"": "empty", r"\d+": "digits", r"-----BEGIN [A-Z ]+-----.*": "PEM"}
        return next((kinds[k] for k in kinds if re.fullmatch(k, answer, re.DOTALL)), "text")
    return "null" if answer is None else type(answer).__name__


def _key(key: str) -> str:
    """A key, unless it is a domain or a path."""
    return key if re.fullmatch(r"\w+", key, re.ASCII) else "…"


def shapes_of(calls: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Make calls, and tell the shape of each answer."""
    return {name: told(partial(_shape, call)) for name, call in calls.items()}


def _shape(call: Callable[[], Any]) -> Any:
    return shape_of(call())


def told(read: Callable[[], Any]) -> Any:
    """What is read, or what kind of refusal there is.

    :raises LoginRefusedError: accounts are locked where one goes on after that
    :raises PanelUnreachableError: if there is no usable answer
    """
    try:
        return read()
    except (LoginRefusedError, PanelUnreachableError):
        raise
    except PanelError as error:
        return type(error).__name__
