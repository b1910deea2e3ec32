"""From the API's JSON to the model. Fields that nobody asked for are left alone."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from certbot_webfaction.hosts.opalstack.model import (
    App,
    Domain,
    Osuser,
    Record,
    Route,
    Site,
)
from certbot_webfaction.hosts.wire import NoAnswerError
from certbot_webfaction.panel.model import Certificate

T = TypeVar("T")

Item = Mapping[str, Any]


def each(answer: Any, what: str, make: Callable[[Item], T]) -> tuple[T, ...]:
    """What ``make`` makes of each object of a list.

    :param what: the objects, for the error
    :raises NoAnswerError: if it is no such list
    """
    try:
        if isinstance(answer, list):
            return tuple(map(make, answer))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise NoAnswerError(f"its answer is no list of {what}", passing=False)


def one(answer: Any, what: str, make: Callable[[Item], T]) -> T:
    """The same of one object."""
    return each([answer], what, make)[0]


def osuser(item: Item) -> Osuser:
    """A user whose ``server`` is embedded."""
    server = item["server"]
    return Osuser(id_of(item), _text(item["name"]), id_of(server), _text(server.get("hostname")))


def app(item: Item) -> App:
    """An app."""
    return App(id_of(item), _text(item["name"]), _text(item["type"]), _reference(item["osuser"]))


def domain(item: Item) -> Domain:
    """A domain."""
    return Domain(id_of(item), _text(item["name"]).lower())


def site(item: Item) -> Site:
    """A site whose ``domains``, ``ip4`` and routes' ``app`` are embedded."""
    address = item.get("ip4") or {}
    return Site(
        id=id_of(item),
        name=_text(item["name"]),
        server=_reference(item.get("server")),
        address=_text(address.get("ip")),
        domains=tuple(domain(each) for each in item["domains"] if each),
        routes=tuple(map(_route, item["routes"])),
        cert=_reference(item.get("cert")) or None,
        redirect=bool(item.get("redirect")),
        generate_le=bool(item.get("generate_le")),
        disabled=bool(item.get("disabled")),
        ip=_reference(address),
    )


def _route(item: Item) -> Route:
    known = item["app"]
    return Route(
        _reference(known), _text(item.get("uri")) or "/", app(known) if _is_object(known) else None
    )


def cert(item: Item) -> Certificate:
    """A certificate, without its key."""
    expires = item.get("exp_date")
    return Certificate(
        handle=id_of(item),
        label=_text(item.get("name")),
        names=tuple(_text(name).lower() for name in item.get("listed_domains") or ()),
        expires=datetime.date.fromisoformat(expires[:10]) if expires else None,
        kept_by_host=bool(item.get("is_opalstack_letsencrypt")),
        leaf=_text(item.get("cert")),
    )


def record(item: Item) -> Record:
    """A DNS record."""
    content = _text(item["content"])
    shown = unquoted(content) if item["type"] == "TXT" else content
    return Record(id_of(item), _reference(item["domain"]), _text(item["type"]), shown)


def unquoted(content: str) -> str:
    """A text without the quotes that it may be shown in."""
    quoted = len(content) > 1 and content[0] == content[-1] == '"'
    return content[1:-1] if quoted else content


def id_of(item: Item) -> str:
    """The identifier of an object."""
    found = item["id"]
    if not isinstance(found, str) or not found:
        raise TypeError("an object without an identifier")
    return found


def _reference(value: Any) -> str:
    """The uuid of what is referred to, embedded or not; ``""`` for none."""
    return id_of(value) if _is_object(value) and value else value or ""


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _text(value: Any) -> str:
    if not isinstance(value, str | None):
        raise TypeError("no text")
    return value or ""
