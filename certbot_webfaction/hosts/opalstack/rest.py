"""JSON over HTTPS: one request each, see `Wire`."""

from __future__ import annotations

import json
from typing import Any

from certbot_webfaction.hosts.hiding import Secrets
from certbot_webfaction.hosts.wire import Answer, NoAnswerError, RefusalError, Wire
from certbot_webfaction.text import printable

_READABLE = (200, 400, 401, 403, 404)


class TokenRefusedError(RefusalError):
    """The token is not known (HTTP status 401)."""


class NotPermittedError(RefusalError):
    """The token is known, but not for this (HTTP status 403)."""


class GoneError(RefusalError):
    """There is no such object (HTTP status 404)."""


_REFUSALS = {401: TokenRefusedError, 403: NotPermittedError, 404: GoneError}


class Rest:
    """Sends requests to one address; the token and private keys are in no error.

    :param url: ``https``, or ``http`` to a loopback address
    """

    def __init__(self, url: str, token: str) -> None:
        self._secrets = Secrets()
        self._secrets.hide(token)
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._wire = Wire(url, headers, self._secrets)
        self.address = self._wire.address

    def get(self, path: str) -> Any:
        """What is at a path below the address.

        :raises RefusalError: if the host refuses, of the kind that its HTTP status tells
        :raises NoAnswerError: if there is no usable answer, or the request could not be sent
        """
        found = self._wire.exchange(
            f"GET {path}", self._read, method="GET", path=path, readable=_READABLE
        )
        if found is None:
            raise NoAnswerError("its answer is empty", passing=False)
        return found

    def post(self, path: str, body: Any) -> Any:
        """What comes of sending ``body``, `None` for an empty answer; errors as for `get`."""
        self._secrets.sending(body)
        text = json.dumps(body).encode()
        return self._wire.exchange(
            f"POST {path}", self._read, path=path, body=text, readable=_READABLE
        )

    def _read(self, answer: Answer) -> Any:
        text = b"".join(answer.pieces).decode("utf-8", "replace")
        try:
            parsed = json.loads(text) if text.strip() else None
            is_json = True
        except (ValueError, RecursionError):
            parsed, is_json = None, False
        if answer.status == 200 and is_json:
            return parsed
        if answer.status == 200 or (answer.status == 404 and not isinstance(parsed, dict)):
            what = "is no JSON" if answer.status == 200 else "has HTTP status 404 and is no JSON"
            raise NoAnswerError(f"its answer {what}", passing=False)
        # What it does not accept may be a part of what was sent, so it is hidden before it is cut.
        words = self._secrets.hidden(_messages(parsed) if is_json else text)
        raise _REFUSALS.get(answer.status, RefusalError)(printable(words, 300))


def _messages(detail: Any) -> str:
    """The messages about each field, or about the whole; values of other kinds say nothing."""
    if isinstance(detail, dict):
        told = ((name, _messages(value)) for name, value in detail.items())
        whole = ("detail", "non_field_errors")
        return " ".join(
            words if name in whole else f"{name}: {words}" for name, words in told if words
        )
    if isinstance(detail, list):
        return " ".join(filter(None, map(_messages, detail)))
    return detail if isinstance(detail, str) else ""
