"""How answers look on the wire: the three envelopes, and the looseness of their types."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from tests.sandbox.cpanel.errors import PanelError, translated
from tests.sandbox.cpanel.switches import Switches

_RANDOM = random.Random()


@dataclass(frozen=True)
class Reply:
    """What a function gives: truths as `bool`, numbers as `int`; the envelope loosens them."""

    data: Any
    messages: tuple[str, ...] = ()
    is_transformed: bool = True


def flat(outcome: Reply | PanelError, switches: Switches) -> dict[str, Any]:
    """The flat envelope of UAPI."""
    language = switches.language
    if isinstance(outcome, PanelError):
        errors = [translated(text, language) for text in outcome.texts]
        messages = list(outcome.messages) or None
        envelope = {"status": 0, "data": outcome.data, "errors": errors, "messages": messages}
        return {**envelope, "warnings": None, "metadata": {}}
    messages = [translated(text, language) for text in outcome.messages]
    return {
        "status": 1,
        "data": _typed(shaped(outcome.data, switches), switches),
        "errors": None,
        "messages": messages or None,
        "warnings": None,
        "metadata": {"transformed": 1} if outcome.is_transformed else {},
    }


def wrapped(module: str, function: str, envelope: dict[str, Any]) -> dict[str, Any]:
    """The envelope of the ``uapi`` command around the flat one."""
    return {"apiversion": 3, "module": module, "func": function, "result": envelope}


def api2(
    module: str, function: str, outcome: Reply | PanelError, switches: Switches
) -> dict[str, Any]:
    """The envelope of API 2; a refusal is in the data or beside it, as the function has it."""
    inner: dict[str, Any] = {"apiversion": 2, "module": module, "func": function}
    if isinstance(outcome, PanelError):
        text = translated(outcome.texts[0], switches.language)
        inner |= {"error": text, "data": {"reason": text, "result": 0}, "event": {"result": 0}}
    else:
        inner |= {"data": shaped(outcome.data, switches), "event": {"result": 1}}
        inner |= {"preevent": {"result": 1}, "postevent": {"result": 1}}
    return {"cpanelresult": inner}


def text(answer: dict[str, Any], switches: Switches) -> str:
    """An answer as JSON."""
    return json.dumps(_shuffled(answer) if switches.shuffled_keys else answer, ensure_ascii=False)


def shaped(value: Any, switches: Switches) -> Any:
    """A value with its truths and numbers as the server writes them."""
    if isinstance(value, dict):
        return {key: shaped(each, switches) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [shaped(each, switches) for each in value]
    if isinstance(value, bool):
        loose: tuple[Any, ...] = (1, "1", True) if value else (0, "0", "", False)
        return _RANDOM.choice(loose) if switches.loose_types else int(value)
    if isinstance(value, int) and switches.loose_types:
        return _RANDOM.choice((value, str(value)))
    return value


_NAMES = (
    *("domain", "domains", "fqdns", "servername", "serveralias", "vhost_name", "zone"),
    *("main_domain", "addon_domains", "parked_domains", "sub_domains"),
)


def _typed(value: Any, switches: Switches, key: str = "") -> Any:
    """A value with its names as their owner typed them."""
    if not switches.names_as_typed:
        return value
    if isinstance(value, dict):
        return {name: _typed(each, switches, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_typed(each, switches, key) for each in value]
    return value.title() if key in _NAMES and isinstance(value, str) else value


def _shuffled(value: Any) -> Any:
    """The same with the keys of objects in another order."""
    if isinstance(value, dict):
        items = [(key, _shuffled(each)) for key, each in value.items()]
        return dict(_RANDOM.sample(items, len(items)))
    if isinstance(value, list):
        return [_shuffled(each) for each in value]
    return value
