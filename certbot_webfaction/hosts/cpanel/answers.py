"""The panel's answers: what is in their envelopes, and its loose types taken for what they mean.

Texts are in the language of the account, so no text tells anything to this program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from certbot_webfaction.hosts.hiding import Secrets
from certbot_webfaction.hosts.wire import NoAnswerError, RefusalError


class CallRefusedError(RefusalError):
    """The panel answered that a call failed; ``data`` is what came with that, mostly nothing."""

    def __init__(self, words: str, data: Any = None) -> None:
        super().__init__(words)
        self.data = data


class NotJsonError(Exception):
    """What came is no JSON at all."""


def parse(text: str) -> Any:
    """Parse an answer, after lines of something else before it.

    :raises NotJsonError: if there is none
    :raises NoAnswerError: if it is cut short
    """
    start = 0 if text.lstrip().startswith("{") else text.find("\n{") + 1
    if not text[start:].lstrip().startswith("{"):
        raise NotJsonError
    try:
        return json.loads(text[start:], strict=False)
    except (ValueError, RecursionError):
        raise NoAnswerError("its answer is no complete JSON") from None


def uapi_data(answer: Any, secrets: Secrets) -> Any:
    """The data of a UAPI answer, in the envelope of either transport.

    :raises CallRefusedError: if the call failed
    :raises NoAnswerError: if it is no such answer
    """
    inner = answer.get("result", answer) if isinstance(answer, dict) else None
    if not isinstance(inner, dict) or "status" not in inner:
        raise NoAnswerError("its answer is none of UAPI's", passing=False)
    if is_true(inner["status"]):
        return inner.get("data")
    raise CallRefusedError(_words(inner.get("errors"), secrets), inner.get("data"))


def api2_items(answer: Any, secrets: Secrets) -> list[dict[str, Any]]:
    """The items of an answer of API 2.

    :raises CallRefusedError: if the call failed, or one of its items did
    :raises NoAnswerError: if it is no such answer
    """
    inner = answer.get("cpanelresult") if isinstance(answer, dict) else None
    if not isinstance(inner, dict):
        raise NoAnswerError("its answer is none of API 2's", passing=False)
    event = inner.get("event")
    if inner.get("error") or (isinstance(event, dict) and not is_true(event.get("result", 1))):
        raise CallRefusedError(_words(inner.get("error"), secrets))
    items = listed(inner.get("data"))
    for item in items:
        _check_item(item, secrets)
    return items


def _check_item(item: Mapping[str, Any], secrets: Secrets) -> None:
    """Refuse an item that failed while the call as a whole did not."""
    told = item.get("result", 1)
    inner = told if isinstance(told, dict) else {"status": told, "statusmsg": item.get("reason")}
    if not is_true(inner.get("status", 1)):
        raise CallRefusedError(_words(inner.get("statusmsg") or item.get("statusmsg"), secrets))


def _words(told: Any, secrets: Secrets) -> str:
    texts = told if isinstance(told, list) else [told]
    return secrets.hidden(" ".join(str(text) for text in texts if text))


def is_true(value: Any) -> bool:
    """What a truth means, which may be 0, 1, ``"0"``, ``"1"``, true, false or ``""``."""
    return value in (1, "1", True)


def number(value: Any) -> int:
    """What a number means, which may be text; 0 where it is none."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def listed(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; one may come without its list."""
    if isinstance(value, Mapping):
        return [dict(value)]
    return [each for each in value or () if isinstance(each, dict)] if _is_list(value) else []


def objects(value: Any, *keys: str) -> list[dict[str, Any]]:
    """The objects of a list, each of which has a text under these keys.

    One may come without its list, and none as nothing.

    :raises NoAnswerError: if it is no such list
    """
    found = listed(value)
    is_list = isinstance(value, Mapping) or (_is_list(value) and len(found) == len(value))
    if (value and not is_list) or not all(text(each.get(key)) for each in found for key in keys):
        raise NoAnswerError("its answer is not what was asked for", passing=False)
    return found


def names(value: Any) -> tuple[str, ...]:
    """Domain names, which may be a list or text with commas or spaces between them."""
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    if not _is_list(value):
        return ()
    return tuple(dict.fromkeys(str(each).lower() for each in value if each))


def text(value: Any) -> str:
    """A text; ``""`` where there is none."""
    return value if isinstance(value, str) else ""


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
