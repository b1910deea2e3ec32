"""Who is let in over HTTP, and how the others are turned away."""

from __future__ import annotations

import datetime
from base64 import b64encode
from pathlib import Path

import pytest
import requests

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.client import Client
from tests.sandbox.cpanel.logins import Logins
from tests.sandbox.cpanel.panel import Panel

CALL = "/execute/Features/list_features"


def test_a_token_or_the_password(client: Client, account: Account) -> None:
    """Both are good, a wrong one of either is not, nor is another scheme or none."""
    assert client.post(CALL, {}).json()["status"] == 1
    right, wrong = _basic(account.password), _basic("guess")
    for authorization, status in (
        (right, 200),
        (wrong, 403),
        ("Basic !", 403),
        ("cpanel alice:GUESS", 403),
        ("whm " + client.authorization.partition(" ")[2], 403),
        (client.authorization.replace("alice", "bob"), 403),
        ("", 403),
    ):
        client.authorization = authorization
        assert client.post(CALL, {}).status_code == status, authorization


def test_a_refusal_looks_as_recorded(client: Client) -> None:
    """Plain text by its type, JSON by its content, and the connection ends."""
    client.authorization = "cpanel alice:GUESS"
    response = client.post("/json-api/cpanel", {})
    assert response.reason == "Forbidden Access denied"
    assert response.headers["Content-Type"] == 'text/plain; charset="utf-8"'
    assert response.headers["Connection"] == "close"
    assert response.json()["cpanelresult"]["data"] == {"reason": "Access denied", "result": "0"}


@pytest.mark.parametrize(("refusal", "status"), [("page", 403), ("login", 200)])
def test_a_refusal_may_be_a_page(
    client: Client, account: Account, refusal: str, status: int
) -> None:
    """`Switches.refusal`: with a status that tells it, or with one that does not."""
    account.switches.refusal = "page" if refusal == "page" else "login"
    client.authorization = "cpanel alice:GUESS"
    response = client.post(CALL, {})
    assert response.status_code == status
    assert "input-field-login" in response.text
    assert response.headers["Content-Type"] == "text/html"


def test_too_many_refusals_lock_everybody_out(
    client: Client, account: Account, panel: Panel
) -> None:
    """The right token too; a good login in between starts the count anew."""
    account.switches.lock_after = 3
    right = client.authorization
    for authorization in ("bad", "bad", right, "bad", "bad"):
        client.authorization = authorization
        client.post(CALL, {})
    client.authorization = right
    assert client.post(CALL, {}).status_code == 200
    client.authorization = "bad"
    for _ in range(3):
        client.post(CALL, {})
    client.authorization = right
    assert client.post(CALL, {}).status_code == 403
    assert panel.logins.is_locked
    assert panel.logins.refusals == 8
    assert [call.outcome for call in panel.calls].count("refused") == 8


def test_a_lock_ends(account: Account) -> None:
    """After its time."""
    seconds = [0.0]
    account.switches.lock_after, account.switches.lock_seconds = 1, 900
    logins = Logins(account, lambda: seconds[0])
    right = f"cpanel alice:{account.create_token('t').token}"
    assert not logins.admits("bad")
    assert not logins.admits(right)
    seconds[0] = 901
    assert logins.admits(right)


def test_with_a_second_factor_only_tokens_work(client: Client, account: Account) -> None:
    """The password alone is refused."""
    account.has_two_factor = True
    assert client.post(CALL, {}).status_code == 200
    client.authorization = _basic(account.password)
    assert client.post(CALL, {}).status_code == 403


def test_tokens_end(client: Client, account: Account) -> None:
    """By their time, though they stay listed, or because they are revoked."""
    now = datetime.datetime.now(datetime.timezone.utc)
    expires_at = int(now.timestamp()) + 60
    made = client.data("Tokens", "create_full_access", name="short", expires_at=str(expires_at))
    own = client.authorization
    client.authorization = f"cpanel alice:{made['token']}"
    assert client.post(CALL, {}).status_code == 200
    account.now = lambda: now + datetime.timedelta(seconds=120)
    assert client.post(CALL, {}).status_code == 403
    client.authorization = own
    listed = client.data("Tokens", "list")
    assert [(each["name"], each["expires_at"]) for each in listed] == [
        ("client", None),
        ("short", expires_at),
    ]
    assert not any("token" in each for each in listed)
    client.data("Tokens", "revoke", name="client")
    assert client.post(CALL, {}).status_code == 403


def test_names_of_tokens(client: Client) -> None:
    """Letters, digits, hyphen and underscore, 50 at most, and each once."""
    for name in ("a b", "x" * 51, "client"):
        assert client.refusal("Tokens", "create_full_access", name=name)
    made = client.data("Tokens", "create_full_access", name="certbot_1-x")
    assert len(made["token"]) == 32
    assert client.refusal("Tokens", "revoke", name="other")


@pytest.mark.parametrize("tokens_need_feature", [True, False])
def test_tokens_may_be_off(client: Client, account: Account, tokens_need_feature: bool) -> None:
    """`Switches.tokens_need_feature`: those that exist are refused, or only no more are made."""
    account.switches.tokens_need_feature = tokens_need_feature
    account.features.discard("apitokens")
    assert client.post(CALL, {}).status_code == (403 if tokens_need_feature else 200)
    client.authorization = _basic(account.password)
    assert client.refusal("Tokens", "create_full_access", name="x") == (
        "You do not have the feature “apitokens”."
    )


def test_the_older_api_must_be_named(client: Client) -> None:
    """Version 2, or 3 for UAPI in its wrapped envelope; anything else a token may not call."""
    call = {"cpanel_jsonapi_module": "Features", "cpanel_jsonapi_func": "list_features"}
    response = client.post("/json-api/cpanel", call)
    assert response.status_code == 403
    assert response.text.startswith("Token authentication allows access to UAPI or API 2")
    response = client.post("/json-api/cpanel", {**call, "cpanel_jsonapi_apiversion": "3"})
    assert response.json()["result"]["status"] == 1


def test_other_paths_are_not_found(client: Client) -> None:
    """And a URL has its limit."""
    assert client.get("/elsewhere", {}).status_code == 404
    assert client.get(CALL, {"x": "y" * 20_000}).status_code == 414


def test_arguments_may_be_multipart(client: Client) -> None:
    """As some clients send forms."""
    response = requests.post(
        f"{client.url}/execute/Features/has_feature",
        files={"name": (None, "autossl")},
        headers={"Authorization": client.authorization},
        timeout=60,
    )
    assert response.json()["status"] == 1


def test_requests_are_in_the_access_log(client: Client, tmp_path: Path) -> None:
    """With their query, which is why secrets don't belong there."""
    client.get(CALL, {"key": "value"})
    client.post(CALL, {"key": "secret"})
    log = (tmp_path / "access_log").read_text()
    assert f"GET {CALL}?key=value" in log
    assert "secret" not in log


def _basic(password: str) -> str:
    return f"Basic {b64encode(f'alice:{password}'.encode()).decode()}"
