"""A client of the API that repeats and hides nothing, so that each test sees each answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from tests.sandbox.opalstack.endpoints import BASE


@dataclass(frozen=True)
class Reply:
    """An answer; ``headers`` by their names in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)


class Client:
    """A client on one connection; paths are below the API's address."""

    def __init__(self, port: int, token: str) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.token = token

    def ask(self, method: str, path: str, body: bytes | None = None) -> Reply:
        """The answer to any request."""
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        try:
            self._http.request(method, BASE + path, body, headers)
            response = self._http.getresponse()
            content = response.read()
        except OSError:
            self._http.close()
            raise
        return Reply(
            response.status, content, {name.lower(): value for name, value in response.getheaders()}
        )

    def get(self, path: str) -> Any:
        """What is at a path."""
        return self._right(self.ask("GET", path))

    def post(self, path: str, body: Any) -> Any:
        """What comes of a request."""
        return self._right(self.ask("POST", path, json.dumps(body).encode()))

    def one(self, path: str, **item: Any) -> Any:
        """The same of one object."""
        [answer] = self.post(path, [item])
        return answer

    def refusal(self, path: str, *items: Any) -> list[Any]:
        """What is wrong with each item, which are refused."""
        reply = self.ask("POST", path, json.dumps(items).encode())
        assert reply.status == 400, reply
        wrong: list[Any] = reply.json
        assert len(wrong) == len(items)
        return wrong

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _right(self, reply: Reply) -> Any:
        assert reply.status == 200, reply
        return reply.json
