"""TXT records in the account's DNS: where they belong, publishing and undoing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction.model import DnsRecord, Domain
from certbot_webfaction.hosts.webfaction.records import Owner, find_owners
from certbot_webfaction.hosts.webfaction.seen import Dns
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Change
from tests.hosts.webfaction.accounts import Fixture

ZONE = Domain("example.com", ("www",))
NAME = "_acme-challenge.example.com"
FOREIGN = DnsRecord(NAME, "TXT", "somebody's")


def cname(name: str, target: str) -> DnsRecord:
    return DnsRecord(name, "CNAME", target)


def owners(
    names: list[str], domains: Sequence[Domain], records: Sequence[DnsRecord] = ()
) -> dict[str, Owner]:
    return find_owners(names, Dns(tuple(domains), list(records), set()))


class Zones(Fixture):
    """An account's DNS, and its records as challenges publish and withdraw them."""

    def __init__(self, directory: Path, *domains: Domain) -> None:
        super().__init__(directory)
        self.client.zones = {domain.name: domain for domain in domains or (ZONE,)}

    def publish(self, value: str) -> None:
        self.panel.publish(NAME, value, self.books)

    def withdraw(self, value: str, *, again: bool = False) -> None:
        change = self.books.noted("record", value)
        assert change is not None
        self.panel.undo(change, again)
        self.books.forget(change)

    def values(self) -> list[str]:
        return [record.value for record in self.client.records]

    def is_clean(self) -> bool:
        return (self.client.records, self.client.zones, self.books.journal.changes) == (
            [],
            {"example.com": ZONE},
            [],
        )


@pytest.fixture
def zones(tmp_path: Path) -> Zones:
    """An account with the domain example.com and its subdomain www."""
    return Zones(tmp_path)


# Where a record belongs


@pytest.mark.parametrize(
    ("name", "domains", "owner"),
    [
        (NAME, ["example.com"], Owner("example.com", "_acme-challenge")),
        # the longest domain that fits, whatever their order
        (
            "_acme-challenge.a.example.com",
            ["com", "a.example.com", "example.com"],
            Owner("a.example.com", "_acme-challenge"),
        ),
        (
            "_acme-challenge.a.b.example.com",
            ["example.com", "a.example.com"],
            Owner("example.com", "_acme-challenge.a.b"),
        ),
        # a domain of its own
        (NAME, ["example.com", NAME], Owner(NAME, "")),
        # spellings of one name; the panel's is kept
        (NAME.upper(), ["Example.COM"], Owner("Example.COM", "_acme-challenge")),
        (
            "_acme-challenge.xn--bcher-kva.example",
            ["bücher.example"],
            Owner("bücher.example", "_acme-challenge"),
        ),
    ],
)
def test_a_record_belongs_to_the_longest_domain(
    name: str, domains: list[str], owner: Owner
) -> None:
    """The domain of the account with the most labels that the name ends with."""
    assert owners([name], [Domain(domain, ()) for domain in domains]) == {name: owner}


def test_cname_records_are_followed() -> None:
    """Over several, to the name that the CA will ask for; its spelling does not matter."""
    records = [
        cname(NAME, "Challenge.Example.ORG."),
        cname("challenge.example.org", "deep.down.example.net"),
        DnsRecord("deep.down.example.net", "TXT", "somebody's"),
        cname("www.example.com", "elsewhere.example"),
    ]
    domains = [ZONE, Domain("example.org", ("challenge",)), Domain("example.net", ())]

    found = owners([NAME], domains, records)
    assert found == {NAME: Owner("example.net", "deep.down")}
    assert found[NAME].name == "deep.down.example.net"


def test_all_domains_without_a_place_are_named_at_once() -> None:
    """Each with its reason, and the account's domains; the others don't hide them."""
    records = [
        cname(NAME, "x.elsewhere.example"),
        cname("_acme-challenge.example.net", "a.example.net"),
        cname("a.example.net", "_acme-challenge.example.net"),
    ]
    domains = [Domain("example.net", ("a",)), ZONE]
    names = [
        f"_acme-challenge.{domain}"
        for domain in (
            "www.example.com",
            "example.org",
            "example.com",
            "example.net",
            "my-example.com",
        )
    ]

    with pytest.raises(errors.PluginError) as raised:
        owners(names, domains, records)
    assert str(raised.value).splitlines() == [
        "These domains can't be validated through the account's DNS. The CA was not asked.",
        "  example.org: it is in no domain of the account.",
        "  example.com: a CNAME record leads to another name (_acme-challenge.example.com →"
        " x.elsewhere.example), where this account can't publish anything. Remove that DNS"
        " override in the panel, or use the authenticator of who hosts that name.",
        "  example.net: CNAME records lead in a circle (_acme-challenge.example.net →"
        " a.example.net → _acme-challenge.example.net). Remove one of these DNS overrides in the"
        " panel.",
        "  my-example.com: it is in no domain of the account.",
        "Domains of the account: example.com, example.net. Correct the name, or add the domain in"
        " the panel if its name servers are this host's. Then run the command again.",
    ]


def test_an_account_with_very_many_domains_does_not_flood_the_terminal() -> None:
    """Twenty are named, the others counted."""
    domains = [Domain(f"d{number:02}.example", ()) for number in range(25)]

    with pytest.raises(errors.PluginError, match=r": d00.example, .*, d19.example and 5 more\."):
        owners([NAME], domains)


def test_names_without_a_place_are_refused_before_anything_is_done(zones: Zones) -> None:
    """Found without a change; the DNS is read once for this and what follows."""
    with pytest.raises(errors.PluginError, match="The CA was not asked"):
        zones.panel.find_zones([NAME, "_acme-challenge.example.org"])
    zones.panel.find_zones([NAME])
    zones.publish("value")
    assert zones.client.verbs() == ["domains", "dns_records", "create_subdomain", "create_txt"]


# Publishing and undoing


def test_base_and_wildcard_are_two_values_at_one_name(zones: Zones) -> None:
    """One subdomain is made for both, and goes with the last; the DNS is read once."""
    zones.publish("base")
    zones.publish("wildcard")
    assert zones.client.zones == {"example.com": Domain("example.com", ("www", "_acme-challenge"))}
    assert zones.client.records == [DnsRecord(NAME, "TXT", value) for value in ("base", "wildcard")]
    zones.withdraw("base")
    assert zones.client.records == [DnsRecord(NAME, "TXT", "wildcard")]
    zones.withdraw("wildcard")
    assert zones.is_clean()
    assert zones.client.verbs() == [
        "domains",
        "dns_records",
        "create_subdomain",
        "create_txt",
        "create_txt",
        "delete_txt",
        "delete_txt",
        "delete_subdomain",
    ]


@pytest.mark.parametrize("foreign", [[FOREIGN], []])
@pytest.mark.parametrize("zone", [Domain("example.com", ("_acme-challenge",)), Domain(NAME, ())])
def test_a_name_that_was_there_stays(
    zone: Domain, foreign: list[DnsRecord], tmp_path: Path
) -> None:
    """A subdomain or domain that somebody else made is neither made nor removed."""
    zones = Zones(tmp_path, zone)
    zones.client.records = list(foreign)
    zones.publish("ours")
    assert zones.client.records == [*foreign, DnsRecord(NAME, "TXT", "ours")]
    zones.withdraw("ours")
    assert (zones.client.records, zones.client.zones) == (foreign, {zone.name: zone})
    assert zones.client.verbs() == ["domains", "dns_records", "create_txt", "delete_txt"]


def test_a_name_that_was_removed_is_made_again(zones: Zones) -> None:
    """What is known of the account's DNS is kept in step with removals too."""
    for value in ("one", "two"):
        zones.publish(value)
        zones.withdraw(value)
    assert zones.client.verbs().count("create_subdomain") == 2
    assert zones.is_clean()


def test_the_target_of_a_cname_gets_the_record(tmp_path: Path) -> None:
    """The name itself can't have another record; what was made at the target goes again."""
    alias = cname(NAME, "challenges.example.net")
    domains = (Domain("example.com", ("_acme-challenge",)), Domain("example.net", ()))
    zones = Zones(tmp_path, *domains)
    zones.client.records = [alias]
    zones.publish("ours")
    assert DnsRecord("challenges.example.net", "TXT", "ours") in zones.client.records
    zones.withdraw("ours")
    assert (zones.client.records, tuple(zones.client.zones.values())) == ([alias], domains)


def test_a_record_that_came_meanwhile_keeps_the_subdomain(zones: Zones) -> None:
    """The DNS is read anew if that was longer ago, since others may rely on the name by now."""
    zones.publish("ours")
    zones.client.records.append(FOREIGN)
    zones.time.sleep(FRESH + 1)
    zones.withdraw("ours")
    assert zones.client.records == [FOREIGN]
    assert zones.client.zones["example.com"].subdomains == ("www", "_acme-challenge")
    assert "delete_subdomain" not in zones.client.verbs()


def test_what_a_lost_journal_left_is_used_and_removed(tmp_path: Path) -> None:
    """CAs reuse pending authorizations, so the same value may be there already."""
    zones = Zones(tmp_path, Domain("example.com", ("_acme-challenge",)))
    zones.client.records = [DnsRecord(NAME, "TXT", "ours")]
    zones.publish("ours")
    zones.withdraw("ours")
    assert zones.client.records == []
    assert "create_txt" not in zones.client.verbs()


# Failures and interruptions


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C while a call is on its way."""


@pytest.mark.parametrize("verb", ["create_subdomain", "create_txt"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [PanelUnreachableError("No answer."), _Interrupt()])
def test_a_change_is_noted_before_it_is_made(
    verb: str, after: bool, error: BaseException, zones: Zones
) -> None:
    """Whether a change that failed took effect or not, undoing it leaves nothing."""
    zones.client.fail(verb=verb, after=after, error=error)  # type: ignore[arg-type] # or Ctrl-C
    with pytest.raises(type(error)):
        zones.publish("ours")
    after_it = {
        "name": NAME,
        "value": "ours",
        "domain": "example.com",
        "subdomain": "_acme-challenge",
    }
    assert zones.books.journal.changes == [
        Change("record", "ours", after=after_it, purpose=Change.CHALLENGE)
    ]
    zones.withdraw("ours")
    assert zones.is_clean()


@pytest.mark.parametrize("verb", ["delete_txt", "delete_subdomain"])
@pytest.mark.parametrize("after", [False, True])
def test_what_could_not_be_removed_is_removed_by_the_next_run(
    verb: str, after: bool, zones: Zones
) -> None:
    """The error is the caller's, and nothing is known that may have changed."""
    zones.publish("ours")
    zones.client.fail(verb=verb, after=after)
    with pytest.raises(PanelUnreachableError):
        zones.withdraw("ours")
    zones.new_process()
    zones.withdraw("ours", again=True)
    assert zones.is_clean()


def test_a_subdomain_that_others_use_is_left_to_them(
    zones: Zones, caplog: pytest.LogCaptureFixture
) -> None:
    """As by an A record, which the panel does not list for us: the second refusal is believed."""
    zones.publish("ours")
    refused = PanelRefusedError("WebFaction refused: it has DNS overrides.")
    for n in (1, 2):
        zones.client.fail(n, "delete_subdomain", error=refused)
    with pytest.raises(PanelRefusedError):
        zones.withdraw("ours")
    zones.withdraw("ours", again=True)
    assert caplog.messages == [
        f"The subdomain {NAME} stays in the account's DNS; somebody seems to use it: WebFaction"
        " refused: it has DNS overrides."
    ]
    assert zones.values() == []


def _nothing(zones: Zones) -> None:
    pass


def _subdomain(zones: Zones) -> None:
    zones.client.create_subdomain("example.com", "_acme-challenge")


def _record(zones: Zones) -> None:
    _subdomain(zones)
    zones.client.create_txt(NAME, "ours")


@pytest.mark.parametrize("reached", [_nothing, _subdomain, _record])
def test_what_a_killed_run_left_is_removed(reached: Callable[[Zones], None], zones: Zones) -> None:
    """However far it got after it wrote to the journal."""
    made = {"name": NAME, "value": "ours", "domain": "example.com", "subdomain": "_acme-challenge"}
    zones.books.journal.put(Change("record", "ours", after=made, purpose=Change.CHALLENGE))
    reached(zones)
    zones.withdraw("ours", again=True)
    assert zones.is_clean()


def test_foreign_records_survive_the_removal_of_leftovers(zones: Zones) -> None:
    """Another value at a name that we made keeps the name."""
    zones.publish("ours")
    zones.client.records.append(FOREIGN)
    zones.new_process()
    zones.withdraw("ours", again=True)
    assert zones.client.records == [FOREIGN]
    assert "_acme-challenge" in zones.client.zones["example.com"].subdomains
