"""What all functions have in common: envelopes, needs, the call log, and faults."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import requests

from tests.sandbox import faults
from tests.sandbox.cpanel.account import UNNAMED, Account
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.client import Client, run
from tests.sandbox.cpanel.command import Command
from tests.sandbox.cpanel.faults import (
    HTTP_502,
    HTTP_503,
    HTTP_504,
    HTTP_508,
    LOGIN_PAGE,
    UNKNOWN_ERROR,
    refusal,
)
from tests.sandbox.cpanel.panel import Panel
from tests.sandbox.cpanel.server import PanelServer
from tests.waiting import until


@pytest.mark.parametrize("wrapped_http", [False, True])
def test_the_envelope_over_http(client: Client, account: Account, wrapped_http: bool) -> None:
    """`Switches.wrapped_http`: flat as recorded, or wrapped as documented."""
    account.switches.wrapped_http = wrapped_http
    answer = client.uapi("Features", "list_features")
    if wrapped_http:
        assert (answer["module"], answer["func"]) == ("Features", "list_features")
        answer = answer["result"]
    assert set(answer) == {"status", "data", "errors", "messages", "warnings", "metadata"}


def test_the_envelope_of_api_2(client: Client) -> None:
    """Success and failure are events; the latter has its text in two places."""
    answer = client.api2("ZoneEdit", "fetchzones")
    assert (answer["apiversion"], answer["event"]) == (2, {"result": 1})
    failed = client.api2("ZoneEdit", "fetchzone_records")
    assert failed["event"] == {"result": 0}
    assert failed["error"] == failed["data"]["reason"]


def test_keys_come_in_any_order(client: Client, account: Account) -> None:
    """`Switches.shuffled_keys`."""
    orders = {tuple(client.uapi("Features", "list_features")) for _ in range(30)}
    assert len(orders) > 1
    account.switches.shuffled_keys = False
    assert len({tuple(client.uapi("Features", "list_features")) for _ in range(5)}) == 1


def test_types_may_be_loose(client: Client, account: Account) -> None:
    """`Switches.loose_types`: truth in several forms, numbers as text; else 0 and 1."""
    features = client.data("Features", "list_features")
    assert set(map(repr, features.values())) == {"1"}
    account.features = {UNNAMED}
    account.switches.loose_types = True
    account.switches.tokens_need_feature = False
    seen: set[str] = set()
    for _ in range(30):
        seen.update(map(repr, client.data("Features", "list_features").values()))
    assert seen == {"0", "'0'", "''", "False"}


def test_domains_may_be_text(client: Client, account: Account, authority: Authority) -> None:
    """`Switches.domains_as_text`, in ``list_certs``."""
    issued = authority.issue("example.com", "www.example.com")
    client.data("SSL", "upload_cert", crt=issued.certificate)
    (listed,) = client.data("SSL", "list_certs")
    assert listed["domains"] == ["example.com", "www.example.com"]
    account.switches.domains_as_text = True
    (listed,) = client.data("SSL", "list_certs")
    assert listed["domains"] == "example.com,www.example.com"


def test_texts_may_be_in_another_language(client: Client, account: Account) -> None:
    """`Switches.language`: no English word is left to match."""
    account.switches.language = "pt"
    account.features.discard("sslinstall")
    assert client.refusal("SSL", "installed_hosts") == "Você não tem o recurso “sslinstall”."
    assert "DNS" not in client.refusal("DNS", "parse_zone", zone="other.example")


@pytest.mark.parametrize(
    ("feature", "module", "function"),
    [
        ("sslinstall", "SSL", "install_ssl"),
        ("sslinstall", "SSL", "delete_ssl"),
        ("sslinstall", "SSL", "installed_hosts"),
        ("autossl", "SSL", "start_autossl_check"),
        ("zoneedit", "DNS", "parse_zone"),
        ("zoneedit", "DNS", "mass_edit_zone"),
        ("redirects", "Mime", "list_redirects"),
        ("passengerapps", "PassengerApps", "list_applications"),
    ],
)
def test_functions_need_features(
    client: Client, account: Account, feature: str, module: str, function: str
) -> None:
    """Those that are recorded to, and no matter what else they would say."""
    account.features.discard(feature)
    assert client.refusal(module, function) == f"You do not have the feature “{feature}”."
    assert client.refusal("Features", "has_feature", name=feature)
    assert client.data("Features", "list_features")[feature] == 0


@pytest.mark.parametrize("unrecorded_features", [True, False])
@pytest.mark.parametrize(
    ("feature", "module", "function"),
    [
        ("sslmanager", "SSL", "list_certs"),
        ("filemanager", "Fileman", "list_files"),
        (UNNAMED, "WebVhosts", "list_ssl_capable_domains"),
        (UNNAMED, "DCV", "check_domains_via_http"),
        (UNNAMED, "Features", "list_features"),
    ],
)
def test_functions_may_need_features(
    client: Client,
    account: Account,
    feature: str,
    module: str,
    function: str,
    unrecorded_features: bool,
) -> None:
    """`Switches.unrecorded_features`."""
    account.switches.unrecorded_features = unrecorded_features
    account.features.discard(feature)
    assert client.uapi(module, function)["status"] == (not unrecorded_features)


@pytest.mark.parametrize(
    ("since", "module", "function"),
    [
        (56, "WebVhosts", "list_domains"),
        (60, "DCV", "check_domains_via_http"),
        (64, "WebVhosts", "list_ssl_capable_domains"),
        (66, "SSL", "get_autossl_excluded_domains"),
        (68, "SSL", "start_autossl_check"),
        (74, "DCV", "check_domains_via_dns"),
        (78, "DNS", "has_local_authority"),
        (80, "Tokens", "list"),
        (80, "SSL", "can_ssl_redirect"),
        (96, "DNS", "parse_zone"),
        (96, "DNS", "mass_edit_zone"),
        (134, "SSL", "get_autossl_renewal_status"),
        (136, "Fileman", "delete_file"),
    ],
)
def test_functions_are_as_old_as_documented(
    client: Client, account: Account, since: int, module: str, function: str
) -> None:
    """The version before does not find them."""
    text = f'could not find the function "{function}" in the module "{module}"'
    account.version = since - 1
    assert text in client.refusal(module, function)
    account.version = since
    assert text not in str(client.uapi(module, function)["errors"])


def test_text_where_a_number_belongs_is_an_internal_error(client: Client) -> None:
    """The panel's own program fails."""
    assert "Error ID" in client.refusal("Tokens", "create_full_access", name="x", expires_at="soon")


def test_unknown_modules_do_not_load(client: Client) -> None:
    """As on a damaged server."""
    assert "ModuleLoadError" in client.refusal("Nothing", "at_all")


def test_the_account_is_told(client: Client, account: Account) -> None:
    """Version and user."""
    (version,) = client.data("StatsBar", "get_stats", display="cpanelversion")
    assert version == {"name": "cpanelversion", "value": "134.0 (build 45)"}
    assert client.data("StatsBar", "get_stats", display="diskusage") == []
    user = client.data("Variables", "get_user_information")
    assert (user["user"], user["home"]) == ("alice", str(account.home))


def test_calls_are_logged(client: Client, command: Command, panel: Panel) -> None:
    """With function, transport, subject and outcome, and without arguments."""
    client.data("Features", "list_features")
    client.refusal("DNS", "parse_zone", zone="other.example")
    client.api2("ZoneEdit", "fetchzones")
    _run(command, "Features", "list_features")
    assert [(call.method, call.transport, call.subject) for call in panel.calls] == [
        ("Features::list_features", "execute", ""),
        ("DNS::parse_zone", "execute", "other.example"),
        ("ZoneEdit::fetchzones", "json-api", ""),
        ("Features::list_features", "command", ""),
    ]
    assert [call.outcome.partition(":")[0] for call in panel.calls] == ["ok", "fault", "ok", "ok"]
    assert [call.number for call in panel.calls] == [1, 2, 3, 4]


def test_hooks_and_latency(client: Client, panel: Panel) -> None:
    """Tests can act before and after a call, and let it take its time."""
    seen: list[tuple[str, int, str]] = []
    panel.before_call = lambda number, method: seen.append(("before", number, method))
    panel.after_call = lambda number, method: seen.append(("after", number, method))
    panel.latency = 0.2
    started = time.monotonic()
    client.data("Features", "list_features")
    assert time.monotonic() - started >= 0.2
    method = "Features::list_features"
    assert seen == [("before", 1, method), ("after", 1, method)]


@pytest.mark.parametrize(
    ("fault", "takes_effect"),
    [
        (faults.RESET_BEFORE, False),
        (faults.RESET_AFTER, True),
        (HTTP_502, False),
        (HTTP_503, False),
        (HTTP_504, True),
        (HTTP_508, False),
        (LOGIN_PAGE, False),
        (faults.HTTP_500, False),
        (faults.TRUNCATED, True),
        (UNKNOWN_ERROR, True),
        (refusal("No."), False),
    ],
)
@pytest.mark.parametrize("transport", ["execute", "command"])
def test_faults(
    client: Client,
    command: Command,
    panel: Panel,
    authority: Authority,
    fault: faults.Fault,
    takes_effect: bool,
    transport: str,
) -> None:
    """The next install fails, with effect or without; the one after that is well."""
    panel.faults.on(1, fault, "SSL::install_ssl")
    assert not _installs(client, command, authority, transport)
    hosts = client.data("SSL", "installed_hosts")
    assert bool(hosts) == takes_effect
    assert panel.calls[0].outcome == fault.name
    assert _installs(client, command, authority, transport)


def test_a_call_may_hang(client: Client, command: Command, panel: Panel) -> None:
    """Until the client has had enough."""
    panel.faults.always(faults.HANG_BEFORE, "Features::list_features")
    with pytest.raises(requests.Timeout):
        requests.post(
            f"{client.url}/execute/Features/list_features",
            headers={"Authorization": client.authorization},
            timeout=0.3,
        )
    started = time.monotonic()
    threading.Timer(0.5, panel.close).start()
    assert _run(command, "Features", "list_features") == (255, "")
    assert time.monotonic() - started >= 0.5


def test_nobody_may_listen(client: Client, panel: Panel) -> None:
    """For a while."""
    panel.faults.on(1, faults.Refused(0.3))
    with pytest.raises(requests.ConnectionError):
        client.uapi("Features", "list_features")
    until(lambda: not panel.is_refusing)
    client.data("Features", "list_features")


@pytest.mark.parametrize("overlap", [True, False])
def test_two_installs_at_once(
    client: Client, account: Account, panel: Panel, authority: Authority, overlap: bool
) -> None:
    """`Switches.installs_overlap`: both work, or the later is an internal error."""
    account.switches.installs_overlap = overlap
    panel.latency = 2.0
    other = threading.Thread(target=_install, args=(client, authority))
    other.start()
    until(lambda: account.host("example.com").installed is not None)
    answer = _install(client, authority)
    other.join()
    assert answer["status"] == overlap
    assert overlap or "Error ID" in answer["errors"][0]


def test_a_client_that_goes_away_disturbs_nobody(client: Client, server: PanelServer) -> None:
    """The next one is served."""
    for _ in range(3):
        requests.post(
            f"{server.url}/execute/Features/list_features", stream=True, timeout=60
        ).close()
    client.data("Features", "list_features")


def _install(client: Client, authority: Authority) -> dict[str, Any]:
    issued = authority.issue("example.com")
    return client.uapi(
        "SSL",
        "install_ssl",
        domain="example.com",
        cert=issued.certificate,
        key=issued.private_key,
        cabundle=issued.chain,
    )


def _installs(client: Client, command: Command, authority: Authority, transport: str) -> bool:
    """Whether an install succeeds, as a client sees it that takes only JSON for an answer."""
    if transport == "execute":
        try:
            return bool(_install(client, authority)["status"])
        except requests.RequestException:
            return False
    issued = authority.issue("example.com")
    text = json.dumps(
        {
            "domain": "example.com",
            "cert": issued.certificate,
            "key": issued.private_key,
            "cabundle": issued.chain,
        }
    )
    _status, stdout = _run(command, "SSL", "install_ssl", input=text)
    try:
        return bool(json.loads(stdout)["result"]["status"])
    except ValueError:
        return False


def _run(command: Command, *words: str, input: str | None = None) -> tuple[int, str]:
    options = ["--output=json", *(["--input=json"] if input else [])]
    done = run(command.path, *options, *words, input=input)
    return done.returncode, done.stdout


@pytest.mark.parametrize("batch_fails", [True, False])
def test_a_batch_ends_with_the_first_call_that_fails(
    client: Client, account: Account, batch_fails: bool
) -> None:
    """`Switches.batch_fails`: it fails as a whole, or only that call's own answer tells."""
    account.switches.batch_fails = batch_fails
    commands = ['["Tokens","list"]', '["SSL","delete_cert",{"id":"none"}]', '["Tokens","list"]']
    given = {f"command-{number}": command for number, command in enumerate(commands)}
    answer = client.uapi("Batch", "strict", **given)
    assert answer["status"] == (0 if batch_fails else 1)
    assert [each["status"] for each in answer["data"]] == [1, 0]
