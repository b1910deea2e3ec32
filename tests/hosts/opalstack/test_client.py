"""The client at the stand-in's API: each change once, whatever happens to its answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from certbot_webfaction.hosts.opalstack.client import READY_WITHIN, Opalstack
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.model import Upload
from tests.hosts.opalstack.conftest import client_with
from tests.sandbox.faults import HTTP_500, RESET_AFTER, RESET_BEFORE, TRUNCATED, Fault
from tests.sandbox.opalstack import faults
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.rules import self_signed
from tests.sandbox.opalstack.switches import Switches
from tests.web.web import Time


def upload(*names: str) -> Upload:
    """A certificate with itself as its chain."""
    leaf, key = self_signed(*names)
    return Upload(leaf, key, leaf)


@dataclass(frozen=True)
class Write:
    """A change by the client, by which call, and how many objects of its kind there are then."""

    act: Callable[[Opalstack, Account], Any]
    call: str
    kind: str
    left: int


def _site(client: Opalstack) -> Any:
    return client.sites()[0]


WRITES = {
    "site": Write(
        lambda client, account: client.update_site(_site(client), redirect=True),
        "POST /site/update/",
        "site",
        1,
    ),
    "app": Write(
        lambda client, account: client.create_app("acme", client.osusers()[0]),
        "POST /app/create/",
        "app",
        2,
    ),
    "domain": Write(
        lambda client, account: client.create_domain("new.example.com"),
        "POST /domain/create/",
        "domain",
        2,
    ),
    "certificate": Write(
        lambda client, account: client.create_certificate("shop", upload("example.com")),
        "POST /cert/create/",
        "cert",
        1,
    ),
    "record": Write(
        lambda client, account: client.create_text(client.domains()[0], "value"),
        "POST /dnsrecord/create/",
        "dnsrecord",
        1,
    ),
    "deletion": Write(
        lambda client, account: client.delete_app(
            next(app for app in client.apps() if app.name == "spare")
        ),
        "POST /app/delete/",
        "app",
        1,
    ),
}

LOST: dict[str, Fault] = {
    "reset before": RESET_BEFORE,
    "reset after": RESET_AFTER,
    "cut": TRUNCATED,
    "empty": faults.empty(),
    "a page before it": faults.page(502),
    "a page after it": faults.page(504, takes_effect=True),
    "500": HTTP_500,
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_change_whose_answer_is_lost_happens_once(
    write: Write, fault: Fault, client: Opalstack, api: ApiServer
) -> None:
    """It is looked for before it is sent again."""
    account = api.account
    app = account.add_app("blog")
    spare = write.kind == "app" and write.left == 1
    if spare:
        account.add_app("spare")
    account.add_site("blog", ["example.com"], {"/": app})
    api.faults.on(1, fault, write.call)
    write.act(client, account)
    kept = [each for each in account.things(write.kind) if each is not account.shared_cert]
    assert len(kept) == write.left
    methods = api.calls.methods()
    again = [index for index, method in enumerate(methods) if method == write.call][1:]
    assert all(methods[index - 1].startswith("GET ") for index in again)


def test_what_is_pending_is_waited_for(
    client: Opalstack, api: ApiServer, switches: Switches, time: Time
) -> None:
    """After each change, until the host says that it is ready; certificates are at once."""
    switches.ready_seconds = 12.0
    domain = client.create_domain("example.com")
    client.create_text(domain, "value")
    assert time.now >= 24.0
    assert all(entry.is_ready(time.now) for entry in api.account.entries("dnsrecord"))
    before = time.now
    client.create_certificate("shop", upload("example.com"))
    assert time.now == before


def test_what_waits_long_says_so(
    client: Opalstack, switches: Switches, capsys: pytest.CaptureFixture[str]
) -> None:
    """What for, and since when; with -q nothing."""
    switches.ready_seconds = 30.0
    client.create_domain("example.com")
    assert capsys.readouterr().out == ""
    client.quiet = False
    client.create_domain("example.org")
    said = capsys.readouterr().out
    assert re.search(r"Waiting for the panel to finish \(domain example.org\), \d+ s", said)


def test_what_is_never_ready_is_given_up(client: Opalstack, switches: Switches, time: Time) -> None:
    """With what it is, and what to do."""
    switches.ready_seconds = 10 * READY_WITHIN
    with pytest.raises(PanelError, match=r"domain example\.com, but has not finished") as caught:
        client.create_domain("example.com")
    assert "Look in the panel" in caught.value.todo
    assert time.now <= READY_WITHIN + 10


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b"[]"])
def test_a_deletion_may_answer_anything(
    body: bytes, client: Opalstack, api: ApiServer, switches: Switches
) -> None:
    """Also nothing at all; then it is waited for until it is gone."""
    switches.delete_body = body
    switches.ready_seconds = 3.0
    domain = client.create_domain("example.com")
    client.delete_domain(domain)
    assert api.account.things("domain") == []


def test_a_refused_token_is_not_tried_again(client: Opalstack, api: ApiServer, time: Time) -> None:
    """Hosts lock accounts that try again."""
    wrong = client_with("x" * 40, api, time)
    for _ in range(2):
        with pytest.raises(LoginRefusedError, match="does not know this API token") as caught:
            wrong.sites()
    assert "Invalid token." in caught.value.said
    assert "opalstack_token" in caught.value.todo
    assert len(api.calls.methods()) == 1


def test_a_token_that_no_header_can_carry_is_not_sent(api: ApiServer, time: Time) -> None:
    """Nor shown."""
    with pytest.raises(LoginRefusedError, match="characters that no token has") as caught:
        client_with("secret\ntoken", api, time).sites()
    assert "secret" not in str(caught.value)
    assert api.calls.methods() == []


def test_a_limited_token_is_told_from_a_wrong_one(api: ApiServer, time: Time) -> None:
    """What it may not do is named; other calls go on."""
    token = api.account.add_token("limited", frozenset({"osuser", "site/list"}))
    client = client_with(token.key, api, time)
    with pytest.raises(PanelRefusedError, match="permit this API token to list the apps") as caught:
        client.apps()
    assert not isinstance(caught.value, LoginRefusedError)
    assert "limited" in caught.value.todo
    assert client.sites() == ()


@pytest.mark.parametrize("seconds", [7, None])
def test_what_came_too_soon_waits_as_told(
    seconds: int | None, client: Opalstack, api: ApiServer, time: Time
) -> None:
    """And is sent again without a look, for it was not carried out."""
    api.faults.on(1, faults.throttled(seconds), "POST /domain/create/")
    client.create_domain("example.com")
    assert time.now == (seconds or 1.0)
    assert api.calls.methods() == ["POST /domain/create/", "POST /domain/create/"]


def test_a_refusal_names_fields_and_messages(client: Opalstack, api: ApiServer) -> None:
    """Each with its field; of the whole without one."""
    detail = [{"name": ["Too long.", "No slug."], "json": {"subroot": ["No."]}}, {}]
    api.faults.on(1, faults.refused(400, detail), "POST /domain/create/")
    with pytest.raises(
        PanelRefusedError, match=r"refused to add the domain example\.com"
    ) as caught:
        client.create_domain("example.com")
    assert caught.value.said == "name: Too long. No slug. json: subroot: No."
    whole = {"non_field_errors": ["Expected a list."]}
    api.faults.on(1, faults.refused(400, whole), "POST /domain/create/")
    with pytest.raises(PanelRefusedError) as caught:
        client.create_domain("example.com")
    assert caught.value.said == "Expected a list."


def test_no_secret_that_the_host_repeats_is_shown(
    client: Opalstack, api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither token nor private key, in an error or the log."""
    caplog.set_level(logging.DEBUG)
    sent = upload("example.com")
    token = api.account.token.key
    echo = [{"key": [f"{sent.private_key} is bad"], "cert": [f"token {token}"]}]
    api.faults.on(1, faults.refused(400, echo), "POST /cert/create/")
    with pytest.raises(PanelRefusedError) as caught:
        client.create_certificate("shop", sent)
    client.certificates()
    shown = str(caught.value) + caplog.text
    assert "is bad" in shown
    assert token not in shown
    for line in sent.private_key.splitlines()[1:-1]:
        assert line not in shown


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.page(200), "its answer is no JSON"),
        (faults.empty(), "its answer is empty"),
        (faults.refused(200, {"a": 1}), "its answer is no list of sites"),
        (faults.refused(200, [{"id": 5}]), "its answer is no list of sites"),
        (faults.page(404), "HTTP status 404 and is no JSON"),
        (faults.refused(200, [[[1]]]), "its answer is no list of sites"),
    ],
)
def test_an_answer_that_is_none_is_told(
    fault: Fault, words: str, client: Opalstack, api: ApiServer
) -> None:
    """Whatever it is, and without another try."""
    api.faults.always(fault)
    with pytest.raises(PanelUnreachableError, match=words):
        client.sites()
    assert len(api.calls.methods()) == 1


@pytest.mark.parametrize(
    "fault", [faults.refused(200, [1, 2]), faults.refused(200, [{"id": 7}]), faults.empty()]
)
def test_a_change_or_a_site_whose_answer_is_none_is_told(
    fault: Fault, client: Opalstack, api: ApiServer
) -> None:
    """A site that is not shown is not taken for one that is gone."""
    site = api.account.add_site("blog", ["example.com"], {"/": api.account.add_app("blog")})
    [user] = client.osusers()
    api.faults.always(fault)
    for call in (
        lambda: client.site(site.id),
        lambda: client.create_app("letsencrypt", user),
        lambda: client.create_domain("example.org"),
    ):
        with pytest.raises(PanelUnreachableError, match="no usable answer"):
            call()


@pytest.mark.parametrize("extra", [True, False])
def test_fields_of_later_versions_and_nulls_are_no_trouble(
    extra: bool, client: Opalstack, api: ApiServer, switches: Switches
) -> None:
    """The schema marks no field as nullable, but in life some are null."""
    switches.extra_fields = extra
    switches.null_fields = frozenset({"ip6", "intermediates", "exp_date", "dkim_record", "ip4"})
    app = api.account.add_app("blog")
    cert = api.account.add_cert("old", "example.com")
    api.account.add_site("blog", ["Example.com"], {"/": app}, cert=cert.id)
    [site] = client.sites()
    assert (site.name, site.cert, site.address) == ("blog", cert.id, "")
    assert [domain.name for domain in site.domains] == ["example.com"]
    [known] = [each for each in client.certificates() if each.handle == cert.id]
    assert (known.names, known.expires) == (("example.com",), None)


@pytest.mark.parametrize("quotes", [True, False])
def test_a_text_is_as_it_was_sent(quotes: bool, client: Opalstack, switches: Switches) -> None:
    """Whether or not the host shows it in quotes."""
    switches.quotes_txt = quotes
    client.create_text(client.create_domain("example.com"), "value")
    assert [record.content for record in client.records()] == ["value"]


@pytest.mark.parametrize("in_order", [True, False])
def test_the_hosts_own_check_tells_each_domain(
    in_order: bool, client: Opalstack, api: ApiServer, switches: Switches
) -> None:
    """Whichever order its answers have."""
    switches.checks_in_order = in_order
    app = api.account.add_app("blog")
    domains = [api.account.add_domain(f"{name}.example.com") for name in "abcdef"]
    site = api.account.add_site("blog", [domain.name for domain in domains[:3]], {"/": app})
    told = client.challenges_arrive([domain.id for domain in domains], str(site.ip4))
    assert told == [True] * 3 + [False] * 3
