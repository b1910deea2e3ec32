"""The stand-in's API speaks as the host's does, and fails as told."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox import faults
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.faults import Fault, Refused
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.client import Client
from tests.sandbox.opalstack.faults import empty, page, refused, throttled
from tests.sandbox.opalstack.objects import Site
from tests.sandbox.opalstack.switches import Switches
from tests.waiting import until

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def site(account: Account) -> Site:
    """A site for example.com with a certificate."""
    cert = account.add_cert("blog", "example.com")
    return account.add_site("blog", ["example.com"], {"/": account.add_app("blog")}, cert=cert.id)


# Paths and bodies


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("GET /site/list/", "GET /site/list"),
        ("GET /site/read/{id}", "GET /site/read/{id}/"),
        ("POST /site/create/", "POST /site/create"),
        ("POST /site/update/", "POST /site/update"),
        ("POST /site/delete/", "POST /site/delete"),
        ("GET /cert/shared/", "GET /cert/shared"),
        ("GET /ip/list/", "POST /ip/create/"),
        ("GET /account/info/", "GET /planet/list/"),
    ],
)
def test_slashes_matter(client: Client, site: Site, right: str, wrong: str) -> None:
    """A path with one too many or too few is a page in HTML that says not found."""
    method, path = right.format(id=site.id).split()
    assert client.ask(method, path, b"[]" if method == "POST" else None).status == 200
    method, path = wrong.format(id=site.id).split()
    reply = client.ask(method, path, b"[]" if method == "POST" else None)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html")


@pytest.mark.parametrize(("method", "path"), [("POST", "/site/list/"), ("GET", "/site/create/")])
def test_each_verb_has_its_method(client: Client, method: str, path: str) -> None:
    """Another is refused in JSON."""
    reply = client.ask(method, path, b"[]")
    assert (reply.status, reply.json) == (405, {"detail": f'Method "{method}" not allowed.'})


def test_lists_go_in_and_come_out_in_order(client: Client) -> None:
    """Of as many objects as were sent, each with a uuid of its own."""
    names = ["b.example", "a.example", "c.example"]
    made = client.post("/domain/create/", [{"name": name} for name in names])
    assert [each["name"] for each in made] == names
    assert len({each["id"] for each in made}) == 3
    assert client.post("/domain/create/", []) == []


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            b"{}",
            {"non_field_errors": ['Expected a list of items but got type "dict".']},
        ),
        (
            b"[1]",
            [{"non_field_errors": ["Invalid data. Expected a dictionary, but got int."]}],
        ),
    ],
)
@pytest.mark.parametrize("verb", ["create", "update"])
def test_other_bodies_are_refused(client: Client, verb: str, body: bytes, answer: Any) -> None:
    """With what is wrong, in the shape of the request."""
    reply = client.ask("POST", f"/cert/{verb}/", body)
    assert reply.status == 400
    if verb == "create" or body == b"{}":
        assert reply.json == answer


def test_what_is_no_json_is_refused(client: Client) -> None:
    """With what the parser says."""
    reply = client.ask("POST", "/domain/create/", b"[{")
    assert reply.status == 400
    assert reply.json["detail"].startswith("JSON parse error")


def test_errors_are_parallel_to_the_request(client: Client) -> None:
    """An item without error has an empty object, and nothing is done of the others."""
    wrong = client.refusal("/domain/create/", {"name": "a.example"}, {"name": "b"}, {})
    assert wrong == [
        {},
        {"name": ["Ensure this field has at least 3 characters."]},
        {"name": ["This field is required."]},
    ]
    assert client.get("/domain/list/") == []


@pytest.mark.parametrize("item", [{}, {"id": "x"}, {"id": NOWHERE}])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_updates_and_deletes_need_a_known_uuid(
    client: Client, site: Site, verb: str, item: dict[str, str]
) -> None:
    """Without one they are wrong, with an unknown one nothing is found, and nothing done."""
    body = json.dumps([{"id": site.id, "name": "new"}, item]).encode()
    reply = client.ask("POST", f"/site/{verb}/", body)
    if item.get("id") == NOWHERE:
        assert (reply.status, reply.json) == (404, {"detail": "Not found."})
    else:
        assert (reply.status, reply.json[0]) == (400, {})
        assert set(reply.json[1]) == {"id"}
    assert client.get(f"/site/read/{site.id}")["name"] == site.name


@pytest.mark.parametrize("key", [NOWHERE, "x"])
def test_an_unknown_uuid_is_not_found(client: Client, site: Site, key: str) -> None:
    """In JSON, unlike a page that is none."""
    reply = client.ask("GET", f"/site/read/{key}")
    assert (reply.status, reply.json) == (404, {"detail": "Not found."})


def test_objects_are_embedded_where_wanted(client: Client, account: Account, site: Site) -> None:
    """Also within others; null stays null, and without it there are uuids."""
    plain = client.get(f"/site/read/{site.id}")
    assert (plain["server"], plain["cert"]) == (account.server.id, site.cert)
    assert plain["routes"][0]["app"] == site.routes[0].app
    query = "?embed=app,server,ip4,ip6,domains,osuser,cert,colour"
    for shown in (
        client.get(f"/site/read/{site.id}{query}"),
        client.get(f"/site/list/{query}")[0],
    ):
        app = shown["routes"][0]["app"]
        assert (app["name"], app["osuser"]["name"]) == ("blog", account.osuser.name)
        assert app["osuser"]["server"]["hostname"] == account.server.hostname
        assert (shown["ip4"]["ip"], shown["ip6"]) == ("127.0.0.1", None)
        assert [each["name"] for each in shown["domains"]] == ["example.com"]
        assert shown["cert"]["listed_domains"] == ["example.com"]


@pytest.mark.parametrize("body", [b"{}", b"", b"null", b"[]"])
def test_a_delete_answers_as_told(
    client: Client, account: Account, switches: Switches, site: Site, body: bytes
) -> None:
    """Its body is whatever the switch says; what is deleted is gone."""
    switches.delete_body = body
    reply = client.ask("POST", "/site/delete/", json.dumps([{"id": site.id}]).encode())
    assert (reply.status, reply.body) == (200, body)
    assert client.get("/site/list/") == []


@pytest.mark.parametrize("extra", [True, False])
def test_objects_may_have_fields_of_a_later_version(
    client: Client, switches: Switches, site: Site, extra: bool
) -> None:
    """With the switch on, beside those that they have anyway."""
    switches.extra_fields = extra
    shown = client.get("/site/list/")[0]
    assert ("of_a_later_version" in shown) == extra
    assert shown["id"] == site.id


def test_fields_may_be_null(client: Client, switches: Switches, site: Site) -> None:
    """Those that the switch names, on whatever has them."""
    switches.null_fields = frozenset({"server", "intermediates"})
    shown = client.get("/site/list/?embed=server")[0]
    assert (shown["server"], shown["name"]) == (None, site.name)
    assert client.get(f"/app/read/{site.routes[0].app}")["server"] is None


def test_a_site_shows_what_the_schema_has(client: Client, site: Site) -> None:
    """``primary_domain`` is taken and not shown."""
    shown = client.one("/site/update/", id=site.id, primary_domain=site.domains[0])
    assert set(shown) == {
        *("id", "state", "ready", "name", "server", "ip4", "ip6", "disabled", "domains", "routes"),
        *("generate_le", "cert", "redirect", "le_http_challenge_tokens"),
    }


def test_servers_are_listed_by_type(client: Client, account: Account) -> None:
    """In an object, unlike all else; each can be read."""
    listed = client.get("/server/list/")
    assert set(listed) == {"web_servers", "imap_servers", "smtp_servers"}
    [web] = listed["web_servers"]
    assert web == {"id": account.server.id, "hostname": account.server.hostname, "type": "web"}
    assert client.get(f"/server/read/{web['id']}") == web


def test_a_machine_can_have_another_name(tmp_path: Path) -> None:
    """Than this one, which is the default."""
    assert Account(tmp_path / "a", hostname="opal1.example").server.hostname == "opal1.example"
    assert Account(tmp_path / "b").server.hostname == socket.gethostname()


def test_the_account_tells_of_itself(client: Client, account: Account) -> None:
    """By both of its pages."""
    info = client.get("/account/info/")
    assert info["web_servers"] == [account.server.id]
    assert client.get("/account/read/current/") == info


# Tokens


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (None, "Authentication credentials were not provided."),
        ("Bearer {key}", "Authentication credentials were not provided."),
        ("Token", "Authentication credentials were not provided."),
        ("Token 0000", "Invalid token."),
    ],
)
def test_a_token_is_needed(api: ApiServer, header: str | None, detail: str) -> None:
    """Without a header of the right form, or with a token that is none, it is 401."""
    key = api.account.token.key
    headers = {"Authorization": header.format(key=key)} if header else {}
    reply = requests.get(f"{api.url}/site/list/", headers=headers, timeout=60)
    assert (reply.status_code, reply.json()) == (401, {"detail": detail})
    right = {"Authorization": f"Token {key}"}
    assert requests.get(f"{api.url}/site/list/", headers=right, timeout=60).status_code == 200


@pytest.mark.parametrize("only", ["site", "site/list"])
def test_a_limited_token_may_do_what_it_says(api: ApiServer, client: Client, only: str) -> None:
    """All of a kind, or one verb of it; else it is 403."""
    client.token = api.account.add_token("limited", frozenset({only})).key
    assert client.get("/site/list/") == []
    for path, may in (("/site/update/", only == "site"), ("/cert/update/", False)):
        reply = client.ask("POST", path, b"[]")
        assert reply.status == (200 if may else 403)
        assert may or "permission" in reply.json["detail"]


def test_a_deleted_token_is_none(client: Client) -> None:
    """Tokens go by their key, of which every token sees every one."""
    token = client.one("/token/create/", name="second")
    assert len(token["key"]) == 40
    assert token in client.get("/token/list/")
    assert client.one("/token/update/", key=token["key"], name="new")["name"] == "new"
    client.post("/token/delete/", [{"key": token["key"]}])
    client.token = token["key"]
    assert client.ask("GET", "/token/list/").status == 401


def test_a_login_gives_a_token(client: Client, account: Account) -> None:
    """With the right password and without any token."""
    client.token = ""
    right = {"username": account.username, "password": account.password}
    token = client.post("/login/", right)["token"]
    reply = client.ask("POST", "/login/", json.dumps({**right, "password": "wrong"}).encode())
    assert (reply.status, set(reply.json)) == (400, {"non_field_errors"})
    assert client.ask("POST", "/login/", b"[]").status == 400
    client.token = token
    assert client.get("/site/list/") == []


# Faults


@pytest.mark.parametrize("fault", [faults.RESET_BEFORE, faults.RESET_AFTER])
def test_an_answer_can_be_lost(api: ApiServer, client: Client, fault: Fault) -> None:
    """Before the call takes effect or after; the next call goes well."""
    api.faults.on(1, fault, "POST /domain/create/")
    client.get("/domain/list/")
    with pytest.raises(ConnectionResetError):
        client.post("/domain/create/", [{"name": "example.com"}])
    assert len(client.get("/domain/list/")) == (1 if fault.takes_effect else 0)
    assert [call.outcome for call in api.calls] == ["ok", fault.name, "ok"]


@pytest.mark.parametrize("fault", [faults.HANG_BEFORE, faults.HANG_AFTER])
def test_an_answer_can_be_long_in_coming(api: ApiServer, client: Client, fault: Fault) -> None:
    """The client waits until it gives up."""
    api.faults.on(1, fault)
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{api.url}/domain/create/",
            headers={"Authorization": f"Token {client.token}"},
            json=[{"name": "example.com"}],
            timeout=0.3,
        )
    assert len(client.get("/domain/list/")) == (1 if fault.takes_effect else 0)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_page_can_come_in_place_of_an_answer(api: ApiServer, client: Client, status: int) -> None:
    """In HTML, without effect or after it."""
    for takes_effect in (False, True):
        api.faults.on(1, page(status, takes_effect=takes_effect))
        reply = client.ask("POST", "/domain/create/", b'[{"name": "example.com"}]')
        assert (reply.status, reply.headers["content-type"]) == (status, "text/html")
        assert len(client.get("/domain/list/")) == takes_effect


@pytest.mark.parametrize("seconds", [7, None])
def test_calls_can_be_too_many(api: ApiServer, client: Client, seconds: int | None) -> None:
    """429, which may tell when to come again; the call takes no effect."""
    api.faults.on(1, throttled(seconds), "POST /domain/create/")
    reply = client.ask("POST", "/domain/create/", b'[{"name": "example.com"}]')
    assert reply.status == 429
    assert "throttled" in reply.json["detail"]
    assert reply.headers.get("retry-after") == (str(seconds) if seconds else None)
    assert client.get("/domain/list/") == []


def test_an_answer_can_be_cut(api: ApiServer, client: Client) -> None:
    """What comes is no JSON; the next answer is whole."""
    api.faults.on(1, faults.TRUNCATED)
    reply = client.ask("GET", "/server/list/")
    assert reply.body.startswith(b'{"web_servers"')
    with pytest.raises(json.JSONDecodeError):
        assert reply.json
    assert client.get("/server/list/")


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [(empty(), 200, b""), (empty(502), 502, b""), (refused(403, {"a": 1}), 403, b'{"a": 1}')],
)
def test_an_answer_can_be_another(
    api: ApiServer, client: Client, fault: Fault, status: int, body: bytes
) -> None:
    """Or none at all."""
    api.faults.on(1, fault)
    reply = client.ask("GET", "/server/list/")
    assert (reply.status, reply.body) == (status, body)


def test_nothing_may_listen(api: ApiServer, client: Client) -> None:
    """From the call before on, until it listens again; the call before is answered."""
    api.faults.on(2, faults.REFUSED)
    assert client.get("/site/list/") == []
    with pytest.raises(ConnectionRefusedError):
        client.get("/site/list/")
    api.start_listening()
    assert client.get("/site/list/") == []
    api.faults.on(1, Refused(seconds=0.2))
    with pytest.raises(ConnectionError):
        client.get("/site/list/")
    until(lambda: api.is_listening)
    assert client.get("/site/list/") == []


# The server


def test_calls_are_logged(api: ApiServer, client: Client, site: Site) -> None:
    """Method and path, without the uuid which is the subject; never a secret."""
    client.get(f"/site/read/{site.id}?embed=cert")
    client.post("/domain/create/", [{"name": "a.example"}, {"name": "b.example"}])
    client.one("/site/update/", id=site.id, redirect=True)
    client.ask("GET", f"/cert/read/{NOWHERE}")
    assert [(call.method, call.subject, call.outcome) for call in api.calls] == [
        ("GET /site/read", site.id, "ok"),
        ("POST /domain/create/", "a.example b.example", "ok"),
        ("POST /site/update/", site.id, "ok"),
        ("GET /cert/read", NOWHERE, "http 404"),
    ]
    client.get("/token/list/")
    client.post("/token/delete/", [{"key": client.token}])
    assert client.token not in repr(api.calls)
    assert [call.number for call in api.calls] == list(range(1, 7))


def test_hooks_see_before_and_after(api: ApiServer, client: Client) -> None:
    """The one before a call takes effect, the other after it; latency is kept."""
    seen: list[tuple[str, int]] = []

    def see(number: int, method: str) -> None:
        seen.append((f"{number} {method}", len(api.account.things("domain"))))

    api.before_call = api.after_call = see
    api.latency = 0.2
    started = time.monotonic()
    client.one("/domain/create/", name="example.com")
    assert time.monotonic() - started >= 0.2
    assert seen == [("1 POST /domain/create/", 0), ("1 POST /domain/create/", 1)]


def test_many_calls_at_once_are_all_answered(api: ApiServer) -> None:
    """Each connection has a thread; no object is lost."""
    clients = [Client(api.port, api.account.token.key) for _ in range(8)]
    threads = [
        threading.Thread(
            target=each.one, args=("/domain/create/",), kwargs={"name": f"{n}.example"}
        )
        for n, each in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread, each in zip(threads, clients, strict=True):
        thread.join()
        each.close()
    assert len(api.account.things("domain")) == 8


def test_a_call_that_hangs_ends_with_the_server(account: Account) -> None:
    """And so does an open connection."""
    api = ApiServer(account)
    api.start_listening()
    client = Client(api.port, account.token.key)
    client.get("/site/list/")
    api.faults.on(1, faults.HANG_AFTER)
    closer = threading.Timer(0.2, api.close)
    closer.start()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.get("/site/list/")
    closer.join()
    with pytest.raises(OSError, match="refused"):
        client.get("/site/list/")


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and what to trust."""
    cert, key = tmp_path / "tls.pem", tmp_path / "tls-key.pem"
    write_self_signed(cert, key, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


def test_it_can_speak_tls(account: Account, tls: tuple[ssl.SSLContext, Path]) -> None:
    """To those who trust it."""
    with ApiServer(account, tls=tls[0]) as api:
        url = f"https://localhost:{api.port}/api/v1/site/list/"
        headers = {"Authorization": f"Token {account.token.key}"}
        assert requests.get(url, headers=headers, verify=str(tls[1]), timeout=60).json() == []
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(url, headers=headers, timeout=60)
        assert api.url.startswith("https://")
