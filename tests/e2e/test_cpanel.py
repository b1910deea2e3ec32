"""The plugin ``cpanel`` with the real certbot, judged by what is served and what was called."""

from __future__ import annotations

import ssl

import pytest

from tests.e2e.cpanel import BOTH, SITE, calls, on_the_host, page, run, serves, without_https
from tests.sandbox.cpanel.sandbox import CpanelSandbox


@pytest.fixture
def host(cpanel: CpanelSandbox) -> CpanelSandbox:
    """The shell of an account without any credentials."""
    on_the_host(cpanel)
    page(cpanel, "example.com", "hello")
    return cpanel


def test_one_command_secures_and_redirects_without_credentials(host: CpanelSandbox) -> None:
    """Got, installed, served with its chain, redirected; in at most eight calls."""
    run(host, "run", *BOTH, *SITE)

    assert serves(host, "example.com", "example.com")
    assert host.fetch_verified("www.example.com").text == "hello"
    met = host.http("example.com", "/page")
    assert (met.status, met.location) == (301, "https://example.com/page")
    made = calls(host)
    assert len(made) <= 8
    assert "SSL::list_keys" not in made


def test_a_renewal_is_installed_and_leaves_no_old_key_behind(host: CpanelSandbox) -> None:
    """One install, one look at it, four other calls; one certificate and key in the store."""
    run(host, "run", *BOTH, *SITE)
    before = host.served("example.com").chain
    calls(host)
    run(host, "renew", "--force-renewal")

    assert serves(host, "example.com", "example.com")
    assert host.served("example.com").chain != before
    made = calls(host)
    assert made.count("SSL::install_ssl") == 1
    assert len(made) <= 6
    assert len(host.account.store.certificates) == len(host.account.store.keys) == 1


def test_an_idle_renewal_makes_no_call(host: CpanelSandbox) -> None:
    """Nothing is due."""
    run(host, "run", *BOTH, *SITE)
    calls(host)
    run(host, "renew")
    assert calls(host) == []


def test_a_rollback_takes_https_off_again(host: CpanelSandbox) -> None:
    """The redirect first, then the certificate; nothing of ours stays in the store."""
    run(host, "run", *BOTH, *SITE)
    run(host, "rollback", "-i", "cpanel", "--checkpoints", "2")

    assert without_https(host)
    assert host.http("example.com").text == "hello"
    assert not host.account.store.certificates
    assert not host.account.store.keys
    with pytest.raises(ssl.SSLCertVerificationError):
        host.fetch_verified("example.com")
