"""The Opalstack sandbox as a whole: its CA validates at its servers, and nothing is left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.opalstack.switches import Switches
from tests.sandbox.processes import SandboxError
from tests.waiting import until

NAME = "_acme-challenge.example.com"


def challenges(sandbox: OpalstackSandbox, redirect: bool = False) -> Path:
    """The directory of an app that is routed at the challenges of example.com."""
    account = sandbox.account
    acme = account.add_app("acme")
    cert = account.add_cert("old", "example.com")
    routes = {"/": account.add_app("blog"), "/.well-known/acme-challenge": acme}
    account.add_site("blog", ["example.com"], routes, cert=cert.id, redirect=redirect)
    sandbox.front_end.wait_applied()
    return account.directory(acme)


def hook(directory: Path) -> tuple[str, ...]:
    """The options with which certbot puts the challenge's file straight there."""
    return (
        "--manual",
        "--manual-auth-hook",
        f'echo "$CERTBOT_VALIDATION" > "{directory}/$CERTBOT_TOKEN"',
    )


@pytest.mark.parametrize("redirect", [False, True])
def test_the_ca_validates_at_the_front_end(opalstack: OpalstackSandbox, redirect: bool) -> None:
    """certbot gets a certificate by a file in a routed app, also after a redirect to https.

    Attached to the site it is what a visitor's browser trusts.
    """
    directory = challenges(opalstack, redirect)
    opalstack.certbot("certonly", *hook(directory), "-d", "example.com")
    live = opalstack.config_dir / "live/example.com"
    pem = {name: (live / f"{name}.pem").read_text() for name in ("cert", "chain", "privkey")}
    account = opalstack.account
    [cert] = account.create(
        "cert", [{"cert": pem["cert"], "intermediates": pem["chain"], "key": pem["privkey"]}]
    )
    [site] = account.things("site")
    account.update("site", [{"id": site.id, "cert": cert.id, "generate_le": False}])
    opalstack.front_end.wait_applied()
    assert opalstack.fetch_verified("example.com").status == 403, "an empty app"


def test_the_ca_refuses_what_is_not_served(opalstack: OpalstackSandbox) -> None:
    """The order fails for a name that no site has."""
    directory = challenges(opalstack)
    with pytest.raises(SandboxError, match="unauthorized"):
        opalstack.certbot("certonly", *hook(directory), "-d", "other.example.com")


def test_text_records_are_public(opalstack: OpalstackSandbox) -> None:
    """Each value of a name, until its record or its domain goes."""
    account = opalstack.account
    domain = account.add_domain(NAME)
    first, *_others = account.create(
        "dnsrecord",
        [{"domain": domain.id, "type": "TXT", "content": text} for text in ("one", "two")],
    )
    opalstack.front_end.wait_applied()
    assert opalstack.ca.dns.texts(NAME) == {"one", "two"}
    account.delete("dnsrecord", [{"id": first.id}])
    opalstack.front_end.wait_applied()
    assert opalstack.ca.dns.texts(NAME) == {"two"}
    account.delete("domain", [{"id": domain.id}])
    opalstack.front_end.wait_applied()
    assert opalstack.ca.dns.texts(NAME) == set()


def test_aliases_are_public(opalstack: OpalstackSandbox) -> None:
    """A name with a CNAME answers with its target's text records."""
    account = opalstack.account
    alias, target = account.add_domain(NAME), account.add_domain("target.example.com")
    account.create(
        "dnsrecord",
        [
            {"domain": alias.id, "type": "CNAME", "content": "target.example.com."},
            {"domain": target.id, "type": "TXT", "content": "value"},
        ],
    )
    opalstack.front_end.wait_applied()
    assert opalstack.ca.dns.texts(NAME) == {"value"}


def test_records_are_public_some_time_after_ready(opalstack: OpalstackSandbox) -> None:
    """A record that says READY is not seen until it has propagated."""
    account = opalstack.account
    account.switches.propagation_seconds = 1.0
    domain = account.add_domain(NAME)
    [record] = account.create(
        "dnsrecord", [{"domain": domain.id, "type": "TXT", "content": "late"}]
    )
    assert account.find("dnsrecord", record.id).is_ready(account.now())
    assert opalstack.ca.dns.texts(NAME) == set()
    until(lambda: opalstack.ca.dns.texts(NAME) == {"late"})


@pytest.mark.parametrize(("quotes", "public"), [(True, "value"), (False, '"value"')])
def test_quotes_of_text_records_may_be_published(
    opalstack: OpalstackSandbox, quotes: bool, public: str
) -> None:
    """With the switch on, one pair is the host's; with it off, it is of the value."""
    account = opalstack.account
    account.switches.quotes_txt = quotes
    domain = account.add_domain(NAME)
    account.create("dnsrecord", [{"domain": domain.id, "type": "TXT", "content": '"value"'}])
    opalstack.front_end.wait_applied()
    assert opalstack.ca.dns.texts(NAME) == {public}


def test_a_django_project_can_be_on_an_app(opalstack: OpalstackSandbox) -> None:
    """It answers at both domains, and again on the account after a reset."""
    for _ in range(2):
        opalstack.add_django_site()
        opalstack.front_end.wait_applied()
        for domain in ("example.com", "www.example.com"):
            assert opalstack.http(domain).status == 200
        opalstack.reset()


def test_a_reset_leaves_nothing(opalstack: OpalstackSandbox) -> None:
    """The next account has no site, no record and no directory of the one before."""
    directory = challenges(opalstack)
    domain = opalstack.account.add_domain(NAME)
    opalstack.account.create("dnsrecord", [{"domain": domain.id, "type": "TXT", "content": "x"}])
    opalstack.reset(lambda home: Account(home, osuser="bob", switches=Switches(ready_seconds=9)))
    opalstack.front_end.wait_applied()
    assert not directory.exists()
    assert opalstack.ca.dns.texts(NAME) == set()
    assert opalstack.http("example.com").status == 404
    assert opalstack.environ()["USER"] == "bob"
    assert Path(opalstack.environ()["HOME"]).is_dir()


def test_the_credentials_are_the_accounts(opalstack: OpalstackSandbox) -> None:
    """``opalstack.ini``, which only its owner can read, has token and address of the API."""
    assert opalstack.credentials.stat().st_mode & 0o777 == 0o600
    assert opalstack.credentials.read_text().splitlines() == [
        f"opalstack_token = {opalstack.account.token.key}",
        f"opalstack_api_url = {opalstack.api.url}",
    ]


def test_two_go_side_by_side_and_leave_nothing() -> None:
    """Each serves its own account; their directories are gone afterwards."""
    with OpalstackSandbox() as one, OpalstackSandbox() as two:
        for sandbox in (one, two):
            account = sandbox.account
            app = account.add_app("blog")
            (account.directory(app) / "index.html").write_text(str(sandbox.ports.http))
            account.add_site("blog", ["example.com"], {"/": app})
            sandbox.front_end.wait_applied()
            assert sandbox.http("example.com").text == str(sandbox.ports.http)
    assert not one.directory.exists()
    assert not two.directory.exists()
