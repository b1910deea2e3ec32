"""The client over a token: refusals, retries, versions."""

from __future__ import annotations

import json

import pytest

from certbot_webfaction.hosts.cpanel.model import handle_of
from certbot_webfaction.panel.errors import (
    ImpossibleError,
    LoginRefusedError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.model import Upload
from tests.hosts.cpanel.conftest import Place
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.faults import HTTP_502, HTTP_503, HTTP_504, LOGIN_PAGE, refusal
from tests.sandbox.faults import RESET_AFTER, RESET_BEFORE, Fault


def upload(*names: str, key_type: str = "ecdsa") -> Upload:
    """A certificate with key and chain."""
    issued = Authority("Ours").issue(*names, key_type=key_type)
    return Upload(issued.certificate, issued.private_key, issued.chain)


@pytest.mark.parametrize("refused", ["json", "page", "login"])
def test_a_refusal_is_remembered(place: Place, refused: str) -> None:
    """Every later call ends with it, unsent."""
    place.account.switches.refusal = refused  # type: ignore[assignment]  # one of three
    client = place.client(token="WRONG")
    for _ in range(3):
        with pytest.raises(LoginRefusedError, match="refused the token") as caught:
            client.domains()
        assert "WRONG" not in str(caught.value)
    assert len(place.methods()) == 1
    assert place.slept == []


def test_a_login_page_among_good_answers_ends_it_too(place: Place) -> None:
    """The token was revoked meanwhile."""
    place.stand_in.faults.on(2, LOGIN_PAGE)
    client = place.client()
    client.domains()
    with pytest.raises(LoginRefusedError):
        client.domains()
    assert len(place.methods()) == 2


@pytest.mark.parametrize("fault", [HTTP_502, HTTP_503, RESET_BEFORE, RESET_AFTER])
def test_a_read_that_fails_is_repeated(place: Place, fault: object) -> None:
    """A server that restarts answers again."""
    place.stand_in.faults.on(1, fault)  # type: ignore[arg-type]  # any of them
    assert place.client().domains()[0].domain == "example.com"
    assert place.slept == [1.0]


def test_a_server_that_stays_away_is_told(place: Place) -> None:
    """After four tries."""
    for number in range(1, 5):
        place.stand_in.faults.on(number, HTTP_502)
    with pytest.raises(PanelUnreachableError, match="502"):
        place.client().domains()


@pytest.mark.parametrize("data", [7, [1, 2], [{"domain": 7, "servername": 7, "file": 7}]])
def test_an_answer_that_is_none_of_what_was_asked_for_is_told(place: Place, data: object) -> None:
    """Not taken for an account without domains, certificates, files or records."""
    text = json.dumps({"status": 1, "data": data, "errors": None}).encode()
    place.stand_in.faults.always(Fault("wrong", takes_effect=True, body=lambda _right: text))
    panel, client = place.panel(), place.client()
    for read in (
        *(client.domains, client.installed, client.capable),
        lambda: panel.files.listing("/home/alice/public_html"),
        lambda: panel.find_zones(["_acme-challenge.example.com"]),
    ):
        with pytest.raises(PanelUnreachableError, match="no usable answer"):
            read()


def test_an_account_without_any_domain_is_none(place: Place) -> None:
    """Else each website would be taken for one that is gone."""
    text = json.dumps({"status": 1, "data": None, "errors": None}).encode()
    fault = Fault("no data", takes_effect=True, body=lambda _right: text)
    place.stand_in.faults.always(fault, "DomainInfo::domains_data")
    with pytest.raises(PanelUnreachableError, match="names no domain"):
        place.panel().http_sites()


def test_a_zone_that_can_not_be_read_is_told(place: Place) -> None:
    """Also where everything else can."""
    text = json.dumps({"status": 1, "data": [{"type": "record"}], "errors": None}).encode()
    fault = Fault("wrong", takes_effect=True, body=lambda _right: text)
    place.stand_in.faults.always(fault, "DNS::parse_zone")
    with pytest.raises(PanelUnreachableError, match="no serial"):
        place.panel().publish("_acme-challenge.example.com", "value", place.books())


@pytest.mark.parametrize("fault", [HTTP_504, RESET_AFTER])
def test_an_install_whose_answer_is_lost_is_looked_for(place: Place, fault: object) -> None:
    """It happened, and is not sent again."""
    place.stand_in.faults.on(1, fault, "SSL::install_ssl")  # type: ignore[arg-type]  # either
    ours = upload("example.com")
    found = place.client().install("example.com", "virtual host", ours, "")
    assert found["example.com"].handle == handle_of(ours.leaf)
    assert place.methods().count("SSL::install_ssl") == 1


def test_an_install_that_is_refused_tells_the_ids_of_what_was_stored(place: Place) -> None:
    """A refused certificate and its key stay in the store all the same (recorded)."""
    ours, ids = upload("example.com"), []
    cut = Upload(ours.leaf, ours.private_key, "")
    with pytest.raises(PanelRefusedError, match="Bundle"):
        place.client().install(
            "example.com", "virtual host", cut, "", lambda *both: ids.append(both)
        )
    assert [each[0] for each in ids] == list(place.account.store.certificates)
    assert [each[1] for each in ids] == list(place.account.store.keys)


def test_what_an_old_server_lacks_is_named_with_the_version_that_has_it(place: Place) -> None:
    """And in no language but ours."""
    place.account.version = 78
    place.account.switches.language = "pt"
    with pytest.raises(ImpossibleError, match=r"came with version 80, and this server has 78\."):
        place.client().toggle_redirect(["example.com"], "virtual host", on=True)


def test_a_refusal_without_a_known_reason_stays_a_refusal(place: Place) -> None:
    """With the panel's words."""
    place.stand_in.faults.on(1, refusal("Nope."), "SSL::installed_hosts")
    with pytest.raises(PanelRefusedError, match=r"Nope\.") as caught:
        place.client().installed()
    assert not isinstance(caught.value, ImpossibleError)


@pytest.mark.parametrize("is_loose", [True, False])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_answers_are_taken_in_any_shape(place: Place, is_loose: bool, is_wrapped: bool) -> None:
    """Wrapped or flat, with numbers as text, with lists as documented, with names as typed."""
    switches = place.account.switches
    switches.loose_types = switches.documented_shapes = switches.names_as_typed = is_loose
    switches.wrapped_http = is_wrapped
    place.account.run_autossl()
    client = place.client()
    assert client.domains()[0].domain == "example.com"
    assert client.version == 134
    assert client.features["sslinstall"]
    installed = client.installed()["example.com"]
    assert installed.is_autossl
    assert not installed.is_self_signed
    assert installed.expires is not None
