"""The core of everything with each certbot that is supported: the newest, and Debian 12's own.

The core's tests run with the certbot of this environment; one more test runs them with Debian's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.scenes import add_site, install, issue, serves, website_names
from tests.sandbox.sandbox import Sandbox

DEBIANS_CERTBOT = "/usr/bin/certbot"
DOMAIN = "shop.example.com"
INSTALLER = ("-i", "webfaction")
RUN = ("run", "-a", "webfaction", *INSTALLER, "-d", DOMAIN)


@pytest.fixture
def shop(sandbox: Sandbox) -> Sandbox:
    """An account with an http website for one domain, of an app that serves no files."""
    sandbox.host.add_app("shop", "custom_app_with_port")
    sandbox.host.add_website("shop", (DOMAIN,), (("shop", "/"),))
    add_site(sandbox, "wiki", "wiki.example.com")
    return sandbox


class TestCore:
    """What has to work with every certbot."""

    def test_run_renew_and_rollback(self, shop: Sandbox) -> None:
        """A site gets https and a redirect, a new certificate, and then back what it had."""
        before = shop.host.snapshot().websites
        shop.certbot(*RUN)
        shop.front_end.wait_applied()
        first = shop.served(DOMAIN)
        assert serves(shop, DOMAIN, DOMAIN)
        assert shop.http(DOMAIN, "/a?b=c").location == f"https://{DOMAIN}/a?b=c"
        shop.certbot("renew", "--force-renewal")
        shop.front_end.wait_applied()
        assert serves(shop, DOMAIN, DOMAIN)
        assert shop.served(DOMAIN) != first
        shop.api.calls.clear()
        shop.certbot("renew")
        assert shop.api.calls.methods() == []
        shop.certbot("rollback", *INSTALLER, "--checkpoints", "2")
        after = shop.host.snapshot().websites
        assert [site for site in after if site.https] == []
        assert {site.website_apps[0] for site in after} == {site.website_apps[0] for site in before}

    def test_certonly_install_and_enhance(self, shop: Sandbox) -> None:
        """Step by step, the same site."""
        issue(shop, DOMAIN)
        assert website_names(shop, https=True) == []
        install(shop, DOMAIN, "--no-redirect")
        assert serves(shop, DOMAIN, DOMAIN)
        assert shop.http(DOMAIN).status != 301
        shop.certbot("enhance", *INSTALLER, "-n", "--redirect", "--cert-name", DOMAIN)
        shop.front_end.wait_applied()
        assert shop.http(DOMAIN).location == f"https://{DOMAIN}/"

    def test_wildcard_through_dns(self, shop: Sandbox) -> None:
        """Base and wildcard in one certificate, on the websites that they match."""
        shop.host.add_domain("example.com", "shop", "wiki")
        shop.host.add_website("bare", ("example.com",), (("wiki", "/"),))
        before = shop.host.snapshot().dns_overrides
        shop.certbot(
            *("run", "-a", "dns-webfaction", "--dns-webfaction-propagation-seconds", "0"),
            *(*INSTALLER, "--no-redirect", "-d", "example.com", "-d", "*.example.com"),
        )
        shop.front_end.wait_applied()
        for domain in (DOMAIN, "wiki.example.com", "example.com"):
            assert serves(shop, domain, "example.com"), domain
        assert shop.host.snapshot().dns_overrides == before

    def test_dry_run_leaves_the_account_as_it_was(self, shop: Sandbox) -> None:
        """Of a lineage to be and of one that is there."""
        before = shop.host.snapshot()
        shop.certbot("certonly", "-a", "webfaction", "--dry-run", "-d", DOMAIN)
        assert shop.host.snapshot() == before
        shop.certbot(*RUN)
        before = shop.host.snapshot()
        shop.certbot("renew", "--dry-run")
        assert shop.host.snapshot() == before


def test_the_core_works_with_debians_certbot() -> None:
    """The tests above, in a process where /usr/bin/certbot is the certbot."""
    version = subprocess.run(
        [DEBIANS_CERTBOT, "--version"], capture_output=True, text=True, check=True
    ).stdout
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::TestCore"],
        env={**os.environ, "CERTBOT": DEBIANS_CERTBOT},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    print(f"with {version}{done.stdout}")
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
