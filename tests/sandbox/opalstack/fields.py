"""What the fields of an object may hold, refused in the words of Django REST framework.

The limits are those of the host's schema (section 3 of the specification), the words those of the
framework that it is built with (section 1).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Known = Callable[[str, str], None]
"""Raises `WrongError` unless an object of the kind (first) may be referred to by uuid (second)."""


class WrongError(Exception):
    """A value that is refused; ``detail`` are the messages, or messages by field."""

    def __init__(self, detail: list[str] | dict[str, Any]) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a request."""

    required: bool = False
    nullable: bool = False

    def cleaned(self, value: Any, known: Known) -> Any:
        """The value to keep; `WrongError` if it is refused."""
        if value is None:
            if self.nullable:
                return None
            raise WrongError(["This field may not be null."])
        return self._cleaned(value, known)

    def _cleaned(self, value: Any, known: Known) -> Any:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """A string, trimmed, of a length in characters; a ``slug`` has only letters, digits, -, _."""

    at_least: int = 0
    at_most: int = 10**6
    slug: bool = False
    blank: bool = False

    def _cleaned(self, value: Any, known: Known) -> str:
        if not isinstance(value, str):
            raise WrongError(["Not a valid string."])
        text = value.strip()
        if not text and not self.blank:
            raise WrongError(["This field may not be blank."])
        if len(text) > self.at_most:
            raise WrongError([f"Ensure this field has no more than {self.at_most} characters."])
        if len(text) < self.at_least:
            raise WrongError([f"Ensure this field has at least {self.at_least} characters."])
        if self.slug and not re.fullmatch(r"[-a-zA-Z0-9_]+", text):
            raise WrongError(
                [
                    'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.',
                ]
            )
        return text


@dataclass(frozen=True, kw_only=True)
class Integer(Field):
    """A whole number within limits."""

    at_least: int
    at_most: int

    def _cleaned(self, value: Any, known: Known) -> int:
        if type(value) is not int:  # not isinstance: a bool is no number here
            raise WrongError(["A valid integer is required."])
        if value > self.at_most:
            raise WrongError([f"Ensure this value is less than or equal to {self.at_most}."])
        if value < self.at_least:
            raise WrongError([f"Ensure this value is greater than or equal to {self.at_least}."])
        return value


@dataclass(frozen=True, kw_only=True)
class Boolean(Field):
    """true or false."""

    def _cleaned(self, value: Any, known: Known) -> bool:
        if not isinstance(value, bool):
            raise WrongError(["Must be a valid boolean."])
        return value


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of some strings."""

    of: tuple[str, ...]

    def _cleaned(self, value: Any, known: Known) -> Any:
        if value not in self.of:
            raise WrongError([f'"{value}" is not a valid choice.'])
        return value


@dataclass(frozen=True, kw_only=True)
class Related(Field):
    """The uuid of an object of another kind."""

    to: str

    def _cleaned(self, value: Any, known: Known) -> str:
        if not is_uuid(value):
            raise WrongError(["Must be a valid UUID."])
        known(self.to, value)
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Many(Field):
    """A list of such; a wrong item's messages stand at its place."""

    each: Field
    at_most: int = 10**6

    def _cleaned(self, value: Any, known: Known) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise WrongError([f'Expected a list of items but got type "{type(value).__name__}".'])
        if len(value) > self.at_most:
            raise WrongError([f"Ensure this field has no more than {self.at_most} elements."])
        return tuple(self.each.cleaned(item, known) for item in value)


@dataclass(frozen=True, kw_only=True)
class Record(Field):
    """An object with fields of its own; others are kept if ``is_open``, else dropped."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    is_open: bool = False

    def _cleaned(self, value: Any, known: Known) -> dict[str, Any]:
        kept = cleaned(self.fields, value, known)
        return {**value, **kept} if self.is_open else kept


def cleaned(
    fields: Mapping[str, Field], item: Any, known: Known, *, partial: bool = False
) -> dict[str, Any]:
    """The values of an object in a request; what is no field is dropped.

    With ``partial`` no field is required. `WrongError` tells of every wrong field.
    """
    if not isinstance(item, dict):
        kind = type(item).__name__
        raise WrongError(
            {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]}
        )
    values, wrong = {}, {}
    for name, each in fields.items():
        try:
            if name in item:
                values[name] = each.cleaned(item[name], known)
            elif each.required and not partial:
                raise WrongError(["This field is required."])
        except WrongError as error:
            wrong[name] = error.detail
    if wrong:
        raise WrongError(wrong)
    return values


def is_uuid(value: Any) -> bool:
    """Whether a value from the wire is a uuid."""
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False
