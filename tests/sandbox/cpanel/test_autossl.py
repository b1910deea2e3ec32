"""AutoSSL: whose certificates it replaces, and what a user can tell it."""

from __future__ import annotations

import datetime

import pytest

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.authority import Authority, Issued, self_signed
from tests.sandbox.cpanel.client import Client
from tests.sandbox.cpanel.installs import Given


def test_it_gives_every_virtual_host_a_certificate(client: Client, account: Account) -> None:
    """For all names, those of services too; no wildcard."""
    account.add_addon("shop.example")
    account.add_subdomain("*.example.com")
    account.run_autossl()
    hosts = {host["servername"]: host for host in client.data("SSL", "installed_hosts")}
    assert set(hosts) == {"example.com", "shop.example.example.com"}
    certificate = hosts["example.com"]["certificate"]
    assert certificate["is_autossl"] == 1
    assert set(certificate["domains"]) == set(hosts["example.com"]["fqdns"])


def test_it_does_nothing_without_the_feature(client: Client, account: Account) -> None:
    """As on hosts that sell certificates; its functions are refused too, as recorded."""
    account.features.discard("autossl")
    account.run_autossl()
    assert client.data("SSL", "installed_hosts") == []
    assert client.refusal("SSL", "start_autossl_check") == (
        "You do not have the feature “autossl”."
    )


@pytest.mark.parametrize(("left", "replaced"), [(10, True), (30, False)])
def test_it_renews_its_own_in_time(account: Account, left: int, replaced: bool) -> None:
    """When it ends soon, not before."""
    account.run_autossl()
    first = _certificate(account)
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=90 - left)
    account.now = lambda: later
    account.run_autossl()
    assert (_certificate(account) != first) == replaced


def test_it_replaces_its_own_when_names_are_new(account: Account) -> None:
    """A parked domain is covered after the next step; without news nothing changes."""
    account.run_autossl()
    first = _certificate(account)
    account.run_autossl()
    assert _certificate(account) == first
    account.park("alias.example")
    account.run_autossl()
    assert _certificate(account) != first


def test_it_replaces_self_signed_certificates(account: Account) -> None:
    """They are nobody's work."""
    _install(account, own := self_signed("example.com"))
    account.run_autossl()
    assert _certificate(account) != own.certificate


@pytest.mark.parametrize("clobber", [False, True])
@pytest.mark.parametrize(("left", "ends"), [(2, True), (5, False)])
def test_it_leaves_a_users_certificate_alone(
    account: Account, authority: Authority, clobber: bool, left: int, ends: bool
) -> None:
    """`Switches.clobber_externally_signed`: unless that ends within three days."""
    account.switches.clobber_externally_signed = clobber
    _install(account, users := authority.issue("example.com", left=left))
    account.run_autossl()
    assert (_certificate(account) != users.certificate) == (clobber and ends)


def test_excluded_domains_stay_out(client: Client, account: Account) -> None:
    """One by one, or the list at once, which without an argument is empty."""
    client.data("SSL", "add_autossl_excluded_domains", domains="example.com,www.example.com")
    client.data("SSL", "remove_autossl_excluded_domains", domains="example.com")
    assert client.data("SSL", "get_autossl_excluded_domains") == [
        {"excluded_domain": "www.example.com"}
    ]
    account.run_autossl()
    (host,) = client.data("SSL", "installed_hosts")
    assert "www.example.com" not in host["certificate"]["domains"]
    assert client.refusal("SSL", "add_autossl_excluded_domains", domains="other.example")
    client.data("SSL", "set_autossl_excluded_domains", domains="example.com")
    client.data("SSL", "set_autossl_excluded_domains")
    assert client.data("SSL", "get_autossl_excluded_domains") == []


def test_domains_that_cannot_be_validated_are_problems(client: Client, account: Account) -> None:
    """They get no certificate, and are told of."""
    account.unreachable = {"mail.example.com"}
    account.run_autossl()
    (host,) = client.data("SSL", "installed_hosts")
    assert "mail.example.com" not in host["certificate"]["domains"]
    (problem,) = client.data("SSL", "get_autossl_problems")
    assert problem["domain"] == "mail.example.com"


@pytest.mark.parametrize("at_once", [False, True])
def test_a_check_can_be_asked_for(client: Client, account: Account, at_once: bool) -> None:
    """`Switches.autossl_at_once`: done when asked for, or at the next step."""
    account.switches.autossl_at_once = at_once
    client.data("SSL", "start_autossl_check")
    assert client.data("SSL", "is_autossl_check_in_progress") == (not at_once)
    assert bool(client.data("SSL", "installed_hosts")) == at_once
    account.run_autossl()
    assert client.data("SSL", "is_autossl_check_in_progress") == 0
    assert client.data("SSL", "installed_hosts")


def test_the_renewal_status_tells_who_cares(client: Client, account: Account) -> None:
    """Since 134: AutoSSL for its own, unless they are excluded."""
    status = client.data("SSL", "get_autossl_renewal_status", domain="example.com")
    assert (status["is_active"], status["will_renew"]) == (0, 0)
    account.run_autossl()
    status = client.data("SSL", "get_autossl_renewal_status", domain="example.com")
    assert (status["is_active"], status["will_renew"]) == (1, 1)
    account.autossl_excluded = {"example.com"}
    status = client.data("SSL", "get_autossl_renewal_status", domain="example.com")
    assert (status["is_excluded"], status["will_renew"]) == (1, 0)


@pytest.mark.parametrize("restored_is_autossl", [True, False])
def test_its_certificate_can_be_restored(
    client: Client, account: Account, authority: Authority, restored_is_autossl: bool
) -> None:
    """`Switches.restored_is_autossl`: it counts as AutoSSL's again, or as the user's."""
    account.switches.restored_is_autossl = restored_is_autossl
    account.run_autossl()
    (before,) = client.data("SSL", "installed_hosts")
    _install(account, authority.issue("example.com"))
    info = client.data("SSL", "fetch_cert_info", id=before["certificate"]["id"])
    account.install("example.com", Given(info["certificate"], info["key"], info["cabundle"]))
    (after,) = client.data("SSL", "installed_hosts")
    assert after["certificate_text"] == before["certificate_text"]
    assert after["certificate"]["is_autossl"] == restored_is_autossl


def _install(account: Account, issued: Issued) -> None:
    account.install("example.com", Given(issued.certificate, issued.private_key, issued.chain))


def _certificate(account: Account) -> str:
    installed = account.host("example.com").installed
    assert installed
    return installed.certificate.pem
