"""The host's official client finds in the stand-in what it finds on the host."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.certificates import write_self_signed
from tests.sandbox.opalstack import judge
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.switches import Switches

FLOWS = ("servers", "here", "tokens", "osusers", "apps", "domains", "dnsrecords", "certs", "sites")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    """The API of an account with something on it, whose objects take a moment to be ready."""
    account = Account(tmp_path / "home", switches=Switches(ready_seconds=0.15))
    app = account.add_app("blog")
    account.add_site("blog", ["example.com"], {"/": app})
    with ApiServer(account) as api:
        yield api


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the flows find a certificate, its chain and its key."""
    write_self_signed(tmp_path / "cert.pem", tmp_path / "key.pem", "judged.example")
    write_self_signed(tmp_path / "chain.pem", tmp_path / "chain-key.pem", "ca.example")
    return tmp_path


@pytest.mark.parametrize("flow", FLOWS)
def test_the_official_client_passes(api: ApiServer, directory: Path, flow: str) -> None:
    """Each flow of its own tests goes through."""
    account = api.account
    assert not judge.judge(flow, api.url, account.token.key, account.osuser.name, directory)
    assert api.calls


def test_no_flow_is_left_out() -> None:
    """Those tested are all that there are."""
    tree = ast.parse(Path(judge.__file__).with_name("flows.py").read_text())
    taking_api = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.args) == "api: Any"
    }
    assert taking_api - {"osuser"} == set(FLOWS)


@pytest.mark.parametrize("flow", ["certs", "sites"])
def test_the_judge_tells_of_what_is_wrong(api: ApiServer, directory: Path, flow: str) -> None:
    """A stand-in whose names are null does not pass."""
    api.account.switches.null_fields = frozenset({"name"})
    wrong = judge.judge(flow, api.url, api.account.token.key, "alice", directory)
    assert "AssertionError" in wrong


def test_the_judge_fails_with_a_wrong_token(api: ApiServer, directory: Path) -> None:
    """The client's own error comes through."""
    wrong = judge.judge("servers", api.url, "0" * 40, "alice", directory)
    assert "401" in wrong
