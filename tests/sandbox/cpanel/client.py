"""A client of the panel that repeats nothing, so that each test sees each failure."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import requests

from tests.sandbox.cpanel.panel import Panel

Answer = dict[str, Any]


class Client:
    """Calls over HTTP with a token of the account, one connection each."""

    def __init__(self, panel: Panel, url: str, verify: str | bool = True) -> None:
        account = panel.account
        token = account.tokens.get("client") or account.create_token("client")
        self.url = url
        self.verify = verify
        self.authorization = f"cpanel {account.username}:{token.token}"

    def uapi(self, module: str, function: str, **arguments: str | list[str]) -> Answer:
        """The answer of a function of UAPI, by POST."""
        response = self.post(f"/execute/{module}/{function}", arguments)
        answer: Answer = response.json()
        return answer

    def data(self, module: str, function: str, **arguments: str | list[str]) -> Any:
        """What a function of UAPI that must succeed gives."""
        answer = self.uapi(module, function, **arguments)
        assert answer["status"] == 1, answer
        return answer["data"]

    def refusal(self, module: str, function: str, **arguments: str | list[str]) -> str:
        """What a function of UAPI that must fail says."""
        answer = self.uapi(module, function, **arguments)
        assert answer["status"] == 0, answer
        return "\n".join(answer["errors"])

    def api2(self, module: str, function: str, **arguments: str) -> Answer:
        """The inner answer of a function of API 2, by POST."""
        own = {
            "cpanel_jsonapi_user": "alice",
            "cpanel_jsonapi_apiversion": "2",
            "cpanel_jsonapi_module": module,
            "cpanel_jsonapi_func": function,
        }
        answer: Answer = self.post("/json-api/cpanel", {**own, **arguments}).json()["cpanelresult"]
        return answer

    def post(self, path: str, form: dict[str, Any]) -> requests.Response:
        """Any request by POST."""
        return self._request("POST", path, data=form)

    def get(self, path: str, query: dict[str, Any]) -> requests.Response:
        """Any request by GET."""
        return self._request("GET", path, params=query)

    def _request(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": self.authorization, "Connection": "close"}
        return requests.request(
            method, self.url + path, headers=headers, timeout=60, verify=self.verify, **more
        )


def run(
    command: Path, *arguments: str, input: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``uapi``."""
    return subprocess.run(
        [command, *arguments],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def result(done: subprocess.CompletedProcess[str]) -> Answer:
    """The flat answer in what ``uapi --output=json`` printed."""
    answer: Answer = json.loads(done.stdout)["result"]
    return answer
