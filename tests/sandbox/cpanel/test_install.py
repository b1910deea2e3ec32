"""Installing certificates: one virtual host each, and only what fits it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.authority import Authority, Issued, self_signed
from tests.sandbox.cpanel.client import Answer, Client

WWW = ("example.com", "www.example.com")


def test_it_is_installed_updated_and_left_alone(client: Client, authority: Authority) -> None:
    """The answer tells which of the three was done, to which virtual host, and that it worked."""
    first, second = authority.issue(*WWW), authority.issue(*WWW, key_type="rsa")
    installed = _install(client, first)
    assert installed["data"]["action"] == "install"
    assert installed["data"]["servername"] == "example.com"
    assert installed["messages"] == [
        "The certificate was successfully installed on the domain “example.com”."
    ]
    assert _install(client, second)["data"]["action"] == "update"
    assert _install(client, second)["data"]["action"] == "none"
    assert _installed(client)["certificate_text"] == second.certificate


def test_the_answer_names_covered_uncovered_and_extra_domains(
    client: Client, authority: Authority
) -> None:
    """Of the virtual host's names, and of the certificate's."""
    data = _install(client, authority.issue("example.com", "other.example"))["data"]
    assert data["working_domains"] == ["example.com"]
    assert data["warning_domains"] == ["www.example.com", "mail.example.com"]
    assert data["extra_certificate_domains"] == ["other.example"]


def test_the_lists_may_be_absent(client: Client, account: Account, authority: Authority) -> None:
    """`Switches.coverage_told` off."""
    account.switches.coverage_told = False
    assert "working_domains" not in _install(client, authority.issue(*WWW))["data"]


def test_without_the_bundle_it_fails_and_is_stored(client: Client, authority: Authority) -> None:
    """As recorded: two errors, and the ids of what was stored all the same."""
    issued = authority.issue(*WWW)
    answer = _install(client, issued, cabundle="")
    assert answer["status"] == 0
    assert "Certificate Authority Bundle" in answer["errors"][1]
    assert _ids(client) == [answer["data"]["cert_id"]]
    assert not client.data("SSL", "installed_hosts")


def test_without_the_bundle_it_works_where_the_server_knows_the_issuer(
    client: Client, account: Account, authority: Authority
) -> None:
    """The server completes the chain."""
    account.known_issuers.append(authority.chain)
    assert _install(client, authority.issue(*WWW), cabundle="")["status"] == 1
    info = client.data("SSL", "fetch_cert_info", id=_ids(client)[0])
    assert info["cabundle"] == authority.chain


def test_a_bundle_must_be_the_leafs(client: Client, authority: Authority) -> None:
    """Another CA's chain, or one that begins with the leaf, is none."""
    issued = authority.issue(*WWW)
    assert _install(client, issued, cabundle=Authority("Other").chain)["status"] == 0
    wrong = issued.certificate + issued.chain
    assert _install(client, issued, cabundle=wrong)["status"] == 0


def test_a_self_signed_certificate_needs_no_bundle(client: Client) -> None:
    """As the panel makes them itself."""
    assert _install(client, self_signed(*WWW))["status"] == 1
    assert _installed(client)["certificate"]["is_self_signed"] == 1


@pytest.mark.parametrize("stores_refused", [True, False])
@pytest.mark.parametrize("wrong", ["key", "names", "expired", "foreign"])
def test_what_does_not_fit_is_refused(
    client: Client, account: Account, authority: Authority, wrong: str, stores_refused: bool
) -> None:
    """`Switches.stores_refused` decides whether it is in the store afterwards."""
    account.switches.stores_refused = stores_refused
    issued, domain = authority.issue(*WWW), "example.com"
    if wrong == "key":
        issued = Issued(issued.certificate, authority.issue("a").private_key, issued.chain)
    elif wrong == "names":
        issued = authority.issue("other.example")
    elif wrong == "expired":
        issued = authority.issue(*WWW, age=90, left=-1)
    else:
        domain = "other.example"
    answer = _install(client, issued, domain)
    assert answer["status"] == 0
    assert not client.data("SSL", "installed_hosts")
    assert len(_ids(client)) == stores_refused


def test_an_empty_certificate_is_refused_as_recorded(client: Client) -> None:
    """“OK” comes along."""
    answer = client.uapi("SSL", "install_ssl", domain="example.com", cert="", key="x")
    assert answer["errors"] == ["No 'cert' argument specified."]
    assert answer["messages"] == ["OK"]


def test_garbage_is_refused(client: Client, authority: Authority) -> None:
    """Certificate or key that can't be parsed."""
    issued = authority.issue(*WWW)
    assert _install(client, Issued("x", issued.private_key, ""))["status"] == 0
    assert _install(client, Issued(issued.certificate, "x", issued.chain))["status"] == 0


def test_ecdsa_may_be_refused(client: Client, account: Account, authority: Authority) -> None:
    """`Switches.takes_ecdsa` off: with a riddle, while RSA works."""
    account.switches.takes_ecdsa = False
    answer = _install(client, authority.issue(*WWW))
    assert "ASN.1 data is corrupt" in answer["errors"][0]
    assert _install(client, authority.issue(*WWW, key_type="rsa"))["status"] == 1


@pytest.mark.parametrize("takes_full_chain", [True, False])
def test_a_full_chain_as_certificate(
    client: Client, account: Account, authority: Authority, takes_full_chain: bool
) -> None:
    """`Switches.takes_full_chain`: the first is used, or it is refused."""
    account.switches.takes_full_chain = takes_full_chain
    issued = authority.issue(*WWW)
    full = Issued(issued.certificate + issued.chain, issued.private_key, issued.chain)
    assert _install(client, full)["status"] == takes_full_chain
    if takes_full_chain:
        assert _installed(client)["certificate_text"] == issued.certificate


@pytest.mark.parametrize("installs_on_alias", [True, False])
def test_an_alias_stands_for_its_virtual_host(
    client: Client, account: Account, authority: Authority, installs_on_alias: bool
) -> None:
    """`Switches.installs_on_alias`: what was there is overwritten, or it is refused."""
    account.switches.installs_on_alias = installs_on_alias
    _install(client, authority.issue(*WWW))
    answer = _install(client, authority.issue("www.example.com"), "www.example.com")
    assert answer["status"] == installs_on_alias
    if installs_on_alias:
        assert answer["data"]["servername"] == "example.com"
        assert _installed(client)["certificate"]["domains"] == ["www.example.com"]


def test_only_one_virtual_host_gets_it(
    client: Client, account: Account, authority: Authority
) -> None:
    """Neither another domain of the certificate nor what a wildcard covers."""
    account.add_addon("shop.example")
    account.add_subdomain("blog.example.com")
    _install(client, authority.issue("example.com", "*.example.com", "shop.example"))
    assert [host["servername"] for host in client.data("SSL", "installed_hosts")] == ["example.com"]


def test_a_wildcard_subdomain_takes_a_wildcard(
    client: Client, account: Account, authority: Authority
) -> None:
    """It is a virtual host of its own; a certificate for the bare domain covers none of it."""
    account.add_subdomain("*.example.com")
    assert _install(client, authority.issue("example.com"), "*.example.com")["status"] == 0
    assert _install(client, authority.issue("*.example.com"), "*.example.com")["status"] == 1


def test_the_key_may_be_left_out_since_138(
    client: Client, account: Account, authority: Authority
) -> None:
    """If it is in the store."""
    issued = authority.issue(*WWW)
    client.data("SSL", "upload_key", key=issued.private_key)
    keyless = Issued(issued.certificate, "", issued.chain)
    assert _install(client, keyless)["errors"] == ["No 'key' argument specified."]
    account.version = 138
    assert _install(client, keyless)["status"] == 1
    without = authority.issue(*WWW)
    assert _install(client, Issued(without.certificate, "", without.chain))["status"] == 0


def test_installed_hosts_lists_only_hosts_with_https(
    client: Client, account: Account, authority: Authority
) -> None:
    """With all names that the certificate is used for, and whose it is."""
    account.add_addon("shop.example")
    issued = authority.issue(*WWW)
    _install(client, issued)
    (host,) = client.data("SSL", "installed_hosts")
    assert host["servername"] == "example.com"
    assert {"mail.example.com", "webmail.example.com", "www.example.com"} <= set(host["fqdns"])
    assert "webmail.example.com" not in host["domains"]
    assert host["docroot"] == str(account.home / "public_html")
    certificate = host["certificate"]
    assert certificate["issuer.commonName"] == "Unknown intermediate"
    assert certificate["key_algorithm"] == "id-ecPublicKey"
    assert certificate["ecdsa_curve_name"] == "prime256v1"
    assert not certificate["is_autossl"]
    assert not certificate["is_self_signed"]


def test_one_installed_host_can_be_asked_for(client: Client, authority: Authority) -> None:
    """By any of its names; one without https is refused."""
    assert client.refusal("SSL", "installed_host", domain="example.com")
    _install(client, authority.issue(*WWW))
    told = client.data("SSL", "installed_host", domain="www.example.com")
    assert (told["host"], told["certificate"]["domains"]) == ("example.com", list(WWW))


def test_delete_ssl_leaves_the_store(client: Client, authority: Authority) -> None:
    """https is off, certificate and key can be had again; a second time there is nothing to do."""
    issued = authority.issue(*WWW)
    _install(client, issued)
    assert client.uapi("SSL", "delete_ssl", domain="example.com")["messages"] == [
        "The SSL host was successfully removed."
    ]
    assert client.data("SSL", "installed_hosts") == []
    info = client.data("SSL", "fetch_cert_info", id=_ids(client)[0])
    assert info == {
        "certificate": issued.certificate,
        "key": issued.private_key,
        "cabundle": issued.chain,
    }
    assert client.refusal("SSL", "delete_ssl", domain="example.com")


def test_ids_follow_from_content(client: Client, authority: Authority) -> None:
    """The same content again is nothing new; the id ends in end of life and a digest."""
    issued = authority.issue(*WWW)
    for _ in range(2):
        client.data("SSL", "upload_cert", crt=issued.certificate)
        client.data("SSL", "upload_key", key=issued.private_key)
    (listed,) = client.data("SSL", "list_certs")
    name, digits = listed["id"][:27], listed["id"][27:].strip("_").split("_")
    assert name == "example_com_www_example_com"
    assert [len(part) for part in digits] == [5, 5, 10, 32]
    assert digits[2] == str(listed["not_after"])
    (key,) = client.data("SSL", "list_keys")
    assert key["id"].split("_")[:2] == digits[:2]


def test_the_store_gives_what_it_has(client: Client, authority: Authority) -> None:
    """By id, by certificate, by domain and by key; nothing for what it does not have."""
    issued = authority.issue(*WWW)
    _install(client, issued)
    certificate, key = issued.certificate, issued.private_key
    fetched = client.data("SSL", "fetch_key_and_cabundle_for_certificate", certificate=certificate)
    best = client.data("SSL", "fetch_best_for_domain", domain="www.example.com")
    for found in (fetched, best):
        assert (found["crt"], found["key"], found["cab"]) == (
            certificate,
            key,
            issued.chain,
        )
    (several,) = client.data("SSL", "fetch_certificates_for_fqdns", domains="example.com,a.b")
    assert several["key"] == key
    assert client.data("SSL", "show_cert", id=_ids(client)[0])["cert"] == certificate
    key_id = client.data("SSL", "list_keys")[0]["id"]
    assert len(client.data("SSL", "find_certificates_for_key", id=key_id)) == 1
    assert client.refusal("SSL", "fetch_best_for_domain", domain="other.example")
    assert client.refusal("SSL", "fetch_cert_info", id="other")
    assert client.refusal("SSL", "get_cabundle", cert=certificate)


def test_the_best_certificate_is_the_one_that_lasts_longest(
    client: Client, authority: Authority
) -> None:
    """And whose key is there."""
    longest, longer, short = (authority.issue(*WWW, left=days) for days in (90, 60, 30))
    for issued in (short, longer):
        _install(client, issued)
    client.data("SSL", "upload_cert", crt=longest.certificate)
    best = client.data("SSL", "fetch_best_for_domain", domain="example.com")
    assert best["crt"] == longer.certificate


@pytest.mark.parametrize("deletes_installed", [True, False])
def test_deleting_an_installed_certificate(
    client: Client, account: Account, authority: Authority, deletes_installed: bool
) -> None:
    """`Switches.deletes_installed`: gone from the store and still installed, or refused."""
    account.switches.deletes_installed = deletes_installed
    _install(client, authority.issue(*WWW))
    assert client.uapi("SSL", "delete_cert", id=_ids(client)[0])["status"] == deletes_installed
    assert len(_ids(client)) == (not deletes_installed)
    assert len(client.data("SSL", "installed_hosts")) == 1


def test_certificates_and_keys_can_be_deleted(client: Client, authority: Authority) -> None:
    """Those that are there, once."""
    issued = authority.issue(*WWW)
    (stored,) = client.data("SSL", "upload_cert", crt=issued.certificate, friendly_name="mine")
    (key,) = client.data("SSL", "upload_key", key=issued.private_key)
    assert stored["friendly_name"] == "mine"
    client.data("SSL", "delete_cert", friendly_name="mine")
    client.data("SSL", "delete_key", id=key["id"])
    assert client.refusal("SSL", "delete_cert", id=stored["id"])
    assert client.refusal("SSL", "delete_key", id=key["id"])


def test_uploads_take_post_only(client: Client, authority: Authority) -> None:
    """A key in a URL would be in every log."""
    query = {"key": authority.issue(*WWW).private_key}
    answer = client.get("/execute/SSL/upload_key", query).json()
    assert "must use HTTP POST" in answer["errors"][0]
    assert client.get("/execute/SSL/list_keys", {}).json()["data"] == []


def test_new_hosts_may_have_self_signed_certificates(client: Client, account: Account) -> None:
    """`Switches.self_signed_at_first`."""
    account.add_addon("plain.example")
    assert client.data("SSL", "installed_hosts") == []
    account.switches.self_signed_at_first = True
    account.add_addon("shop.example")
    assert _installed(client)["certificate"]["is_self_signed"] == 1


def _install(
    client: Client, issued: Issued, domain: str = "example.com", cabundle: str | None = None
) -> Answer:
    bundle = issued.chain if cabundle is None else cabundle
    return client.uapi(
        "SSL",
        "install_ssl",
        domain=domain,
        cert=issued.certificate,
        key=issued.private_key,
        cabundle=bundle,
    )


def _installed(client: Client) -> Any:
    (host,) = client.data("SSL", "installed_hosts")
    return host


def _ids(client: Client) -> list[str]:
    return [each["id"] for each in client.data("SSL", "list_certs")]
