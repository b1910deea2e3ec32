"""From a request to its answer: section 1 of the specification, without sockets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sandbox.opalstack.account import Account, InvalidError, NotFoundError
from tests.sandbox.opalstack.objects import KINDS
from tests.sandbox.opalstack.wire import Wire

BASE = "/api/v1"

_NO_PAGE = b"<!doctype html><html><body><h1>Not Found</h1></body></html>"


@dataclass(frozen=True)
class Answer:
    """What is sent back; ``seconds`` is what ``Retry-After`` says, if anything."""

    status: int
    body: bytes
    type: str = "application/json"
    seconds: int | None = None


@dataclass(frozen=True)
class Request:
    """What came: ``target`` is path and query, ``authorization`` that header or ``""``."""

    method: str
    target: str
    authorization: str
    body: bytes

    @property
    def path(self) -> str:
        """The path below the API's address; ``""`` if it is another."""
        path = urlsplit(self.target).path
        return path.removeprefix(BASE) if path.startswith(f"{BASE}/") else ""

    @property
    def name(self) -> str:
        """What is called: the method, and the path without any uuid."""
        path, read, _uuid = self.path.partition("/read/")
        return f"{self.method} {path}{read.rstrip('/')}"

    @property
    def subject(self) -> str:
        """What it is about: the uuids in it, or the names of what it creates."""
        if match := re.search("/read/(.*)", self.path):
            return match.group(1)
        try:
            items = json.loads(self.body)
            return " ".join(str(item.get("id") or item.get("name", "")) for item in items)
        except (ValueError, AttributeError, TypeError):
            return ""

    @property
    def embed(self) -> frozenset[str]:
        """The fields of which whole objects are wanted."""
        names = parse_qs(urlsplit(self.target).query).get("embed", [""])[0]
        return frozenset(names.split(","))


class Endpoints:
    """Answers requests about an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._wire = Wire(account)
        self._others: dict[str, Callable[[Request], Answer]] = {
            "GET /cert/shared/": self._shared_cert,
            "GET /account/info/": self._account_info,
            "GET /account/read": self._account_info,
            "POST /app/installed/": self._app_installed,
            "POST /app/failed/": self._app_failed,
            "POST /dnscheck/le_challenge_check/": self._le_challenge_check,
        }

    def answer(self, request: Request) -> Answer:
        """Do what a request asks for, if it may."""
        try:
            if request.name == "POST /login/":
                return self._login(request)
            handle = self._route(request)
            if handle is None:
                return Answer(404, _NO_PAGE, "text/html")
            return self._refusal(request) or handle(request)
        except NotFoundError:
            return _json({"detail": "Not found."}, 404)
        except InvalidError as error:
            return _json(error.detail, 400)

    def _route(self, request: Request) -> Callable[[Request], Answer] | None:
        """What handles a request; `None` if there is no such page."""
        if request.name in self._others:
            return self._others[request.name]
        match = re.fullmatch(r"/(\w+)/(?:(list|create|update|delete)/|(read)/[^/]+)", request.path)
        if match is None:
            return None
        kind, verb = match.group(1), match.group(2) or match.group(3)
        if kind not in KINDS or verb not in KINDS[kind].verbs:
            return None
        if request.method != ("GET" if verb in ("list", "read") else "POST"):
            return _wrong_method
        handle: Callable[[str, Request], Answer] = getattr(self, f"_{verb}")
        return lambda request: handle(kind, request)

    def _refusal(self, request: Request) -> Answer | None:
        """Why the one who asks may not, if so."""
        scheme, _, key = request.authorization.partition(" ")
        if scheme != "Token" or not key:
            return _json({"detail": "Authentication credentials were not provided."}, 401)
        token = self._account.token_of(key)
        if token is None:
            return _json({"detail": "Invalid token."}, 401)
        kind, verb = request.path.split("/")[1:3]
        if token.only is not None and not token.only & {kind, f"{kind}/{verb}"}:
            detail = "You do not have permission to perform this action."
            return _json({"detail": detail}, 403)
        return None

    # Each kind

    def _list(self, kind: str, request: Request) -> Answer:
        shown: list[Any] = [
            self._wire.shown(kind, entry, request.embed)
            for entry in self._account.entries(kind)
            if entry.thing is not self._account.shared_cert
        ]
        if kind == "server":
            return _json(_by_type(shown, lambda server: server))
        if kind == "dnsrecord" and self._account.switches.lists_own_records:
            own = self._account.own_records()
            shown += [self._wire.own_record(record, request.embed) for record in own]
        return _json(shown)

    def _read(self, kind: str, request: Request) -> Answer:
        entry = self._account.find(kind, request.subject)
        return _json(self._wire.shown(kind, entry, request.embed))

    def _create(self, kind: str, request: Request) -> Answer:
        items = _body(request)
        created = self._account.create(kind, items)
        shown = [self._wire.now(kind, thing) for thing in created]
        if kind == "osuser":
            for each, item, osuser in zip(shown, items, created, strict=True):
                if "password" not in item:
                    each["default_password"] = osuser.password
        return _json(shown)

    def _update(self, kind: str, request: Request) -> Answer:
        updated = self._account.update(kind, _body(request))
        return _json([self._wire.now(kind, thing) for thing in updated])

    def _delete(self, kind: str, request: Request) -> Answer:
        self._account.delete(kind, _body(request))
        return Answer(200, self._account.switches.delete_body)

    # Other pages

    def _login(self, request: Request) -> Answer:
        given = _body(request)
        known = {"username": self._account.username, "password": self._account.password}
        if not isinstance(given, dict) or any(given.get(name) != known[name] for name in known):
            detail = "Unable to log in with provided credentials."
            return _json({"non_field_errors": [detail]}, 400)
        token = self._account.create("token", [{"name": "login"}])[0]
        return _json({"token": token.key, "redirect": given.get("redirect", "/")})

    def _shared_cert(self, request: Request) -> Answer:
        return _json(self._wire.now("cert", self._account.shared_cert))

    def _account_info(self, request: Request) -> Answer:
        servers = [self._wire.now("server", each) for each in self._account.things("server")]
        return _json(
            {
                "id": self._account.id,
                "state": "READY",
                "ready": True,
                "email": self._account.username,
                **_by_type(servers, lambda server: server["id"]),
                "ips": [ip.id for ip in self._account.things("ip")],
            }
        )

    def _app_installed(self, request: Request) -> Answer:
        self._account.installed(_body(request))
        return _json({})

    def _app_failed(self, request: Request) -> Answer:
        """The app stays pending [assume]."""
        return _json({})

    def _le_challenge_check(self, request: Request) -> Answer:
        return _json({"challenges": self._account.challenges_arrive(_body(request))})


def _by_type(servers: list[Any], shown: Callable[[Any], Any]) -> dict[str, list[Any]]:
    return {
        f"{kind}_servers": [shown(server) for server in servers if server["type"] == kind]
        for kind in ("web", "imap", "smtp")
    }


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _wrong_method(request: Request) -> Answer:
    return _json({"detail": f'Method "{request.method}" not allowed.'}, 405)


def _body(request: Request) -> Any:
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise InvalidError({"detail": f"JSON parse error - {error}"}) from error
