"""What of a panel's answers may be shown to everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from certbot_webfaction.hosts.shapes import shape_of, shapes_of
from certbot_webfaction.panel.errors import ImpossibleError, LoginRefusedError, PanelError


def test_a_shape_has_kinds_in_place_of_values() -> None:
    """Loose types are told apart; a key that is a name is none."""
    answer = {"on": "1", "id": 1, "a.example": None, "text": "secret", "no": "", "yes": True}
    assert shape_of(answer) == {
        "on": "digits",
        "id": "int",
        "…": "null",
        "text": "text",
        "no": "empty",
        "yes": "bool",
    }
    assert shape_of("-----BEGIN CERTIFICATE-----\nMII\n") == "PEM"


def test_a_list_keeps_one_of_each_kind() -> None:
    """However many sites there are."""
    assert shape_of([{"name": "a"}, {"name": "b"}, {"name": None}]) == [
        {"name": "text"},
        {"name": "null"},
    ]


def _raising(error: PanelError) -> Callable[[], Any]:
    def call() -> NoReturn:
        raise error

    return call


def test_a_refusal_is_told_by_its_kind_and_the_rest_goes_on() -> None:
    """What the panel says may name the user."""
    calls = {"a": _raising(ImpossibleError("alice can't.")), "b": lambda: 1}
    assert shapes_of(calls) == {"a": "ImpossibleError", "b": "int"}


def test_after_a_refused_login_nothing_more_is_asked() -> None:
    """Hosts lock accounts that try again."""
    with pytest.raises(LoginRefusedError):
        shapes_of({"a": _raising(LoginRefusedError("No.")), "b": lambda: 1})
