"""The CA validates against the front end and the panel's DNS, and can be unkind."""

from __future__ import annotations

from cryptography import x509

from tests.sandbox.ca import Habits
from tests.sandbox.host import DnsOverride
from tests.sandbox.sandbox import Sandbox

_NAME = "_acme-challenge.example.com"


def test_text_records_of_the_panel_are_public(sandbox: Sandbox) -> None:
    """Several values at one name, each gone when its override is deleted, the others staying."""
    sandbox.host.add_domain("example.com", "_acme-challenge")
    for value in ("one", "two", "three"):
        sandbox.host.add_dns_override(DnsOverride(_NAME, spf_record=value))
    assert sandbox.ca.dns.texts(_NAME) == {"one", "two", "three"}
    sandbox.host.delete_dns_override(DnsOverride(_NAME, spf_record="two"))
    assert sandbox.ca.dns.texts(_NAME) == {"one", "three"}
    sandbox.reset()
    assert sandbox.ca.dns.texts(_NAME) == set()


def test_aliases_of_the_panel_are_public(sandbox: Sandbox) -> None:
    """A name with a CNAME answers with its target's text records, until the override is deleted."""
    sandbox.host.add_domain("example.com", "_acme-challenge", "target")
    alias = DnsOverride(_NAME, cname="target.example.com")
    sandbox.host.add_dns_override(alias)
    sandbox.host.add_dns_override(DnsOverride("target.example.com", spf_record="value"))
    assert sandbox.ca.dns.texts(_NAME) == {"value"}
    sandbox.host.delete_dns_override(alias)
    assert sandbox.ca.dns.texts(_NAME) == set()


def test_the_ca_validates_at_the_front_end(sandbox: Sandbox) -> None:
    """certbot gets a certificate for a domain that is served; what the CA did is in its log."""
    _add_static_site(sandbox)
    sandbox.certbot("certonly", "--webroot", "-w", _webroot(sandbox), "-d", "example.com")
    assert (sandbox.ca.orders(), sandbox.ca.validations()) == (1, 1)
    sandbox.ca.forget()
    assert (sandbox.ca.orders(), sandbox.ca.validations()) == (0, 0)


def test_the_ca_refuses_domains_that_are_not_served(sandbox: Sandbox) -> None:
    """The order fails, and the error names the domain."""
    _add_static_site(sandbox)
    result = sandbox.certbot(
        *("certonly", "--webroot", "-w", _webroot(sandbox), "-d", "other.example.com"), check=False
    )
    assert result.returncode == 1
    assert "other.example.com" in result.output
    assert "unauthorized" in result.output
    assert sandbox.ca.validations() == 1


def test_another_root_can_be_preferred(sandbox: Sandbox) -> None:
    """The CA offers chains to two roots, so that certbot's --preferred-chain has a choice."""
    _add_static_site(sandbox)
    default, other = x509.load_pem_x509_certificates(sandbox.ca.roots().encode())
    for preferred in (other, default):
        name = preferred.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
        command = ("certonly", "--webroot", "-w", _webroot(sandbox), "-d", "example.com")
        sandbox.certbot(*command, "--force-renewal", "--preferred-chain", str(name))
        chain = (sandbox.config_dir / "live/example.com/chain.pem").read_bytes()
        assert x509.load_pem_x509_certificates(chain)[-1].issuer == preferred.subject


def test_habits_can_be_chosen() -> None:
    """A sandbox's CA can give longer chains and refuse nonces.

    certbot gives up where it is refused two in a row, which once in 30 runs it is.
    """
    with Sandbox(habits=Habits(nonce_reject=5, chain_length=2, validation_seconds=1)) as sandbox:
        _add_static_site(sandbox)
        command = ("certonly", "--webroot", "-w", _webroot(sandbox), "-d", "example.com")
        assert any(sandbox.certbot(*command, check=False).returncode == 0 for _ in range(5))
        chain = sandbox.config_dir / "live/example.com/chain.pem"
        assert chain.read_text().count("BEGIN CERTIFICATE") == 2
        assert "Configured to reject 5% of good nonces" in sandbox.ca.log()


def _add_static_site(sandbox: Sandbox) -> None:
    sandbox.host.add_app("blog", "static_only")
    sandbox.host.add_website("blog", ("example.com",), (("blog", "/"),))
    sandbox.front_end.wait_applied()


def _webroot(sandbox: Sandbox) -> str:
    return str(sandbox.host.webapps / "blog")
