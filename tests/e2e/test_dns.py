"""``dns-webfaction``: certificates by TXT records, and an account that is afterwards as before."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.e2e.scenes import add_site, serves
from tests.sandbox.faults import fault
from tests.sandbox.host import DnsOverride, Domain, Snapshot
from tests.sandbox.sandbox import Sandbox
from tests.waiting import until

AT_ONCE = ("--dns-webfaction-propagation-seconds", "0")
CERTONLY = ("certonly", "-a", "dns-webfaction", *AT_ONCE)
BOTH = ("-d", "example.com", "-d", "*.example.com")
NAME = "_acme-challenge.example.com"


def dns(sandbox: Sandbox) -> tuple[tuple[Domain, ...], tuple[DnsOverride, ...]]:
    """What the panel holds of DNS."""
    snapshot: Snapshot = sandbox.host.snapshot()
    return snapshot.domains, snapshot.dns_overrides


def lineage_names(sandbox: Sandbox, lineage: str = "example.com") -> set[str]:
    """The names on a lineage's certificate, as certbot shows them."""
    shown = sandbox.certbot("certificates", "--cert-name", lineage).stdout
    (line,) = [line for line in shown.splitlines() if "Domains:" in line or "Identifiers:" in line]
    return set(line.partition(":")[2].split())


def test_base_and_wildcard_in_one_certificate_take_nine_calls(sandbox: Sandbox) -> None:
    """Login and two reads for the order; the subdomain once; each value comes and goes."""
    sandbox.host.add_domain("example.com", "www")
    before = dns(sandbox)
    sandbox.certbot(*CERTONLY, *BOTH)

    assert lineage_names(sandbox) == {"example.com", "*.example.com"}
    assert sandbox.api.calls.methods() == [
        "login",
        "list_domains",
        "list_dns_overrides",
        "create_domain",
        "create_dns_override",
        "create_dns_override",
        "delete_dns_override",
        "delete_dns_override",
        "delete_domain",
    ]
    assert dns(sandbox) == before


def test_several_domains_in_one_order_take_four_calls_each(sandbox: Sandbox) -> None:
    """Base, wildcard and deeper names of two domains; three calls more for the order."""
    sandbox.host.add_domain("example.com", "www")
    sandbox.host.add_domain("example.net")
    before = dns(sandbox)
    domains = ("*.example.com", "example.net", "a.b.example.com", "*.b.example.net")
    sandbox.certbot(*CERTONLY, *(part for domain in domains for part in ("-d", domain)))

    assert lineage_names(sandbox) == set(domains)
    methods = sandbox.api.calls.methods()
    assert methods[:3] == ["login", "list_domains", "list_dns_overrides"]
    assert len(methods) == 3 + 4 * len(domains)
    assert dns(sandbox) == before


def test_a_name_without_a_website_needs_no_other_plugin(sandbox: Sandbox) -> None:
    """``-a webfaction`` answers for it in DNS, for the others by a file; renewals, too."""
    sandbox.host.add_domain("example.com", "mail")
    add_site(sandbox, "shop", "shop.example.com")
    before = dns(sandbox)
    names = ("-d", "shop.example.com", "-d", "mail.example.com")
    sandbox.certbot("certonly", "-a", "webfaction", *names)
    sandbox.certbot("renew", "--force-renewal")
    assert lineage_names(sandbox, "shop.example.com") == {"shop.example.com", "mail.example.com"}
    methods = sandbox.api.calls.methods()
    assert methods.count("create_dns_override") == methods.count("delete_dns_override") == 2
    assert dns(sandbox) == before


def test_foreign_overrides_stay_through_renewal(sandbox: Sandbox) -> None:
    """Others' records at the same name are never touched, and the name stays with them."""
    sandbox.host.add_domain("example.com", "_acme-challenge")
    sandbox.host.add_dns_override(DnsOverride(NAME, spf_record="somebody's"))
    sandbox.host.add_dns_override(DnsOverride(NAME, a_ip="192.0.2.1", spf_record="another's"))
    before = dns(sandbox)
    sandbox.certbot(*CERTONLY, *BOTH)
    assert dns(sandbox) == before

    leaf = sandbox.config_dir / "live" / "example.com" / "cert.pem"
    first = leaf.read_text()
    del sandbox.api.calls[:]
    sandbox.certbot("renew", "--force-renewal")
    assert leaf.read_text() != first
    assert "create_dns_override" in sandbox.api.calls.methods()
    assert "create_domain" not in sandbox.api.calls.methods()
    assert dns(sandbox) == before


def test_a_wildcard_is_installed_on_each_matching_website_and_served(sandbox: Sandbox) -> None:
    """`run -a dns-webfaction -i webfaction`: two http websites get an https one, a third none."""
    sandbox.host.add_domain("example.com", "shop", "blog")
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "blog", "blog.example.com")
    add_site(sandbox, "deep", "deep.blog.example.com")
    sandbox.certbot(
        *("run", "-a", "dns-webfaction", "-i", "webfaction", *AT_ONCE),
        *("-d", "*.example.com", "--cert-name", "wild", "--no-redirect"),
    )
    sandbox.front_end.wait_applied()

    for name in ("shop", "blog"):
        assert serves(sandbox, f"{name}.example.com", "wild")
        assert sandbox.fetch_verified(f"{name}.example.com").text == f"page of {name}"
    assert not serves(sandbox, "deep.blog.example.com", "wild")
    sandbox.certbot("renew", "--force-renewal")
    sandbox.front_end.wait_applied()
    assert all(serves(sandbox, f"{name}.example.com", "wild") for name in ("shop", "blog"))


def test_cname_overrides_are_followed_within_the_account(sandbox: Sandbox) -> None:
    """The CA follows them to another domain of the account; an alias elsewhere is explained.

    A single one, because the sandbox's DNS follows no further.
    """
    sandbox.host.add_domain("example.com", "_acme-challenge", "_acme-challenge.away")
    sandbox.host.add_domain("example.net")
    sandbox.host.add_dns_override(DnsOverride(NAME, cname="x.y.example.net"))
    sandbox.host.add_dns_override(
        DnsOverride("_acme-challenge.away.example.com", cname="away.example.org")
    )
    before = dns(sandbox)
    sandbox.certbot(*CERTONLY, *BOTH)
    assert dns(sandbox) == before
    published = [call.subject for call in sandbox.api.calls if call.method == "create_dns_override"]
    assert published == ["x.y.example.net"] * 2

    orders = sandbox.ca.orders()
    result = sandbox.certbot(*CERTONLY, "-d", "away.example.com", check=False)
    assert result.returncode == 1
    assert "_acme-challenge.away.example.com → away.example.org" in _one_line(result.output)
    assert sandbox.ca.orders() == orders
    assert dns(sandbox) == before


def test_domains_that_are_not_in_the_account_are_refused_before_an_order(
    sandbox: Sandbox,
) -> None:
    """All at once, with the account's domains; nothing is published for those that are."""
    sandbox.host.add_domain("example.com")
    sandbox.host.add_domain("example.net")
    result = sandbox.certbot(
        *CERTONLY, *BOTH, "-d", "example.org", "-d", "*.my-example.com", check=False
    )

    assert result.returncode == 1
    for words in ("example.org: it is in no", "my-example.com: it is in no"):
        assert words in result.output
    assert "Domains of the account: example.com, example.net." in _one_line(result.output)
    assert sandbox.ca.orders() == 0
    assert sandbox.api.calls.methods() == ["login", "list_domains", "list_dns_overrides"]


def test_a_renewal_of_a_domain_that_left_the_account_validates_nothing(sandbox: Sandbox) -> None:
    """Where certbot tells the domains late, the error still comes before a challenge's answer."""
    sandbox.host.add_domain("example.com")
    sandbox.host.add_domain("example.net")
    sandbox.certbot(*CERTONLY, "-d", "example.com", "-d", "example.net")
    validations = sandbox.ca.validations()
    sandbox.host.delete_domain("example.com")
    before = dns(sandbox)
    del sandbox.api.calls[:]
    result = sandbox.certbot("renew", "--force-renewal", check=False)

    assert result.returncode == 1
    assert "example.com: it is in no domain of the account" in result.output
    assert sandbox.ca.validations() == validations
    assert "create_domain" not in sandbox.api.calls.methods()
    assert dns(sandbox) == before


def test_the_account_is_cleaned_up_after_failures(sandbox: Sandbox) -> None:
    """After a change that the panel refused half-way, and after a CA that saw no record."""
    sandbox.host.add_domain("example.com", "www")
    before = dns(sandbox)
    sandbox.api.faults.on(2, fault("[u'Not today.']"), "create_dns_override")
    result = sandbox.certbot(*CERTONLY, *BOTH, check=False)
    assert result.returncode == 1
    assert f"refused to publish a TXT record at {NAME}" in _one_line(result.output)
    assert "Not today." in result.output
    assert sandbox.ca.validations() == 0
    assert dns(sandbox) == before

    sandbox.host.listeners.clear()  # the public DNS does not hear of changes any more
    result = sandbox.certbot(*CERTONLY, *BOTH, check=False)
    assert result.returncode == 1
    assert sandbox.ca.validations() > 0
    assert f"The CA did not find the TXT records for {NAME} 0 s after" in _one_line(result.output)
    assert "--dns-webfaction-propagation-seconds" in result.output
    assert dns(sandbox) == before


def test_an_idle_renew_cleans_up_after_a_kill(sandbox: Sandbox) -> None:
    """`kill -9` while waiting for DNS; nothing is due when the installer is asked next."""
    add_site(sandbox, "shop", "shop.example.net")
    sandbox.certbot(
        *("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.net", "--no-redirect")
    )
    before = _killed_while_waiting(sandbox)
    del sandbox.api.calls[:]
    result = sandbox.certbot("renew")

    assert "not due" in result.output
    assert dns(sandbox) == before
    assert sandbox.api.calls.methods()[:3] == ["login", "list_domains", "list_dns_overrides"]
    del sandbox.api.calls[:]
    sandbox.certbot("renew")
    assert sandbox.api.calls.methods() == []


def test_the_next_certificate_cleans_up_after_a_kill(sandbox: Sandbox) -> None:
    """Even for another domain, and where only this authenticator is used."""
    before = _killed_while_waiting(sandbox)
    sandbox.host.add_domain("example.net")
    sandbox.certbot(*CERTONLY, "-d", "example.net")

    domains, overrides = dns(sandbox)
    assert (domains[:-1], overrides) == before


def _killed_while_waiting(sandbox: Sandbox) -> tuple[tuple[Domain, ...], tuple[DnsOverride, ...]]:
    """Kill a run when both records are published; return what the panel held before."""
    sandbox.host.add_domain("example.com", "www")
    before = dns(sandbox)
    program = os.environ.get("CERTBOT") or "certbot"
    with subprocess.Popen(
        [program, "certonly", "-a", "dns-webfaction", *BOTH],
        env=sandbox.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        methods = sandbox.api.calls.methods
        until(lambda: methods().count("create_dns_override") == 2 or process.poll() is not None)
        process.send_signal(signal.SIGKILL)
    assert len(dns(sandbox)[1]) == 2
    return before


def test_a_rehearsal_publishes_and_cleans_up(sandbox: Sandbox) -> None:
    """`--dry-run` validates over DNS, and leaves neither records nor a lineage."""
    sandbox.host.add_domain("example.com")
    before = dns(sandbox)
    sandbox.certbot(*CERTONLY, *BOTH, "--dry-run")

    assert sandbox.ca.validations() == 2
    assert dns(sandbox) == before
    assert not (sandbox.config_dir / "live" / "example.com").exists()


def test_the_renewal_file_names_the_credentials_by_their_full_path(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewals run in another directory; the password is not in the file."""
    sandbox.host.add_domain("example.com")
    moved = sandbox.credentials.rename(sandbox.credentials.with_name("mine.ini"))
    monkeypatch.chdir(sandbox.config_dir)
    sandbox.certbot(*CERTONLY, "-d", "example.com", "--dns-webfaction-credentials", "mine.ini")

    renewal = (sandbox.config_dir / "renewal" / "example.com.conf").read_text()
    assert f"dns_webfaction_credentials = {moved}\n" in renewal
    assert "dns_webfaction_propagation_seconds = 0\n" in renewal
    assert sandbox.host.password not in renewal
    monkeypatch.chdir("/")
    sandbox.certbot("renew", "--force-renewal")


def test_a_damaged_journal_is_rebuilt_with_what_the_installer_knows(sandbox: Sandbox) -> None:
    """The run goes on, and the installer has nothing to do again afterwards."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(
        *("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com", "--no-redirect")
    )
    sandbox.host.add_domain("example.com")
    before = dns(sandbox)
    (journal,) = sandbox.config_dir.glob("webfaction/*/journal.json")
    journal.write_text("{")
    sandbox.certbot(*CERTONLY, *BOTH)
    assert dns(sandbox) == before

    del sandbox.api.calls[:]
    sandbox.certbot("renew")
    assert sandbox.api.calls.methods() == []
    assert '"shop_example_com"' in journal.read_text()


def test_a_refused_login_ends_before_an_order(sandbox: Sandbox) -> None:
    """One clear message, exit status 1, nothing asked of the CA; in a renewal too."""
    sandbox.host.add_domain("example.com")
    sandbox.certbot(*CERTONLY, "-d", "example.com")
    orders = sandbox.ca.orders()
    text = sandbox.credentials.read_text()
    sandbox.credentials.write_text(text.replace(sandbox.host.password, "wrong"))
    for command in ((*CERTONLY, *BOTH), ("renew", "--force-renewal")):
        result = sandbox.certbot(*command, check=False)
        assert result.returncode == 1
        assert 'WebFaction refused the login of "alice"' in _one_line(result.output)
        assert "Traceback" not in result.output
    assert sandbox.ca.orders() == orders


def _one_line(text: str) -> str:
    """certbot wraps what it prints."""
    return " ".join(text.split())
