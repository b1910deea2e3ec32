"""Answering dns-01 challenges on the account, and taking everything away again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.account import HostAccount, Options
from certbot_webfaction.books.journal import MadeRecord
from certbot_webfaction.challenges import validation_name
from certbot_webfaction.challenges.records import (
    Owner,
    Records,
    find_owners,
    settle,
)
from certbot_webfaction.hosts.webfaction.model import DnsRecord, Domain
from certbot_webfaction.hosts.webfaction.seen import FRESH, SharedPanel
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.web.route import Route
from tests.hosts.webfaction.fake import FakePanel

ZONE = Domain("example.com", ("www",))
NAME = "_acme-challenge.example.com"
FOREIGN = DnsRecord(NAME, "TXT", "somebody's")


def cname(name: str, target: str) -> DnsRecord:
    return DnsRecord(name, "CNAME", target)


def open_host(panel: FakePanel, folder: Path) -> HostAccount:
    options = Options(folder / "none", None, None, "static_php70", "auto", 0, Route())
    return HostAccount(options, SharedPanel(lambda: panel), folder)


def journal_of(account: HostAccount) -> list[MadeRecord]:
    return account.journal().records


@pytest.fixture
def panel() -> FakePanel:
    return FakePanel(domains=(ZONE,))


@pytest.fixture
def account(panel: FakePanel, tmp_path: Path) -> HostAccount:
    return open_host(panel, tmp_path)


# Where a record belongs


@pytest.mark.parametrize("domain", ["example.com", "*.example.com"])
def test_a_wildcard_is_validated_at_the_name_of_its_base(domain: str) -> None:
    """RFC 8555, section 8.4: the wildcard label is left out."""
    assert validation_name(domain) == NAME


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
    assert find_owners([name], [Domain(domain, ()) for domain in domains], []) == {name: owner}


def test_cname_records_are_followed() -> None:
    """Over several, to the name that the CA will ask for; its spelling does not matter."""
    records = [
        cname(NAME, "Challenge.Example.ORG."),
        cname("challenge.example.org", "deep.down.example.net"),
        DnsRecord("deep.down.example.net", "TXT", "somebody's"),
        cname("www.example.com", "elsewhere.example"),
    ]
    domains = [ZONE, Domain("example.org", ("challenge",)), Domain("example.net", ())]

    owners = find_owners([NAME], domains, records)
    assert owners == {NAME: Owner("example.net", "deep.down")}
    assert owners[NAME].name == "deep.down.example.net"


def test_all_domains_without_a_place_are_named_at_once() -> None:
    """Each with its reason, and the account's domains; the others don't hide them."""
    records = [
        cname(NAME, "x.elsewhere.example"),
        cname("_acme-challenge.example.net", "a.example.net"),
        cname("a.example.net", "_acme-challenge.example.net"),
    ]
    domains = [Domain("example.net", ("a",)), ZONE]
    names = [
        validation_name(domain)
        for domain in (
            "www.example.com",
            "example.org",
            "example.com",
            "example.net",
            "my-example.com",
        )
    ]

    with pytest.raises(errors.PluginError) as raised:
        find_owners(names, domains, records)
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
        find_owners([NAME], domains, [])


# Publishing and withdrawing


def test_base_and_wildcard_are_two_values_at_one_name(
    panel: FakePanel, account: HostAccount
) -> None:
    """One subdomain is made for both, and goes with the last; the DNS is read once."""
    records = Records(account)
    records.publish(NAME, "base")
    records.publish(NAME, "wildcard")

    assert panel.zones == {"example.com": Domain("example.com", ("www", "_acme-challenge"))}
    assert panel.records == [DnsRecord(NAME, "TXT", value) for value in ("base", "wildcard")]
    records.withdraw("base")
    assert panel.records == [DnsRecord(NAME, "TXT", "wildcard")]
    records.withdraw("wildcard")
    assert (panel.records, panel.zones, journal_of(account)) == ([], {"example.com": ZONE}, [])
    assert panel.verbs() == [
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
    panel = FakePanel(domains=(zone,), records=tuple(foreign))
    account = open_host(panel, tmp_path)
    records = Records(account)
    records.publish(NAME, "ours")

    assert panel.records == [*foreign, DnsRecord(NAME, "TXT", "ours")]
    records.withdraw("ours")
    assert (panel.records, panel.zones, journal_of(account)) == (foreign, {zone.name: zone}, [])
    assert panel.verbs() == ["domains", "dns_records", "create_txt", "delete_txt"]


def test_a_name_that_was_removed_is_made_again(panel: FakePanel, account: HostAccount) -> None:
    """What is known of the account's DNS is kept in step with removals too."""
    records = Records(account)
    for value in ("one", "two"):
        records.publish(NAME, value)
        records.withdraw(value)

    assert panel.verbs().count("create_subdomain") == 2
    assert (panel.records, panel.zones) == ([], {"example.com": ZONE})


def test_the_target_of_a_cname_gets_the_record(tmp_path: Path) -> None:
    """The name itself can't have another record; what was made at the target goes again."""
    alias = cname(NAME, "challenges.example.net")
    domains = (Domain("example.com", ("_acme-challenge",)), Domain("example.net", ()))
    panel = FakePanel(domains=domains, records=(alias,))
    records = Records(open_host(panel, tmp_path))
    records.publish(NAME, "ours")

    assert DnsRecord("challenges.example.net", "TXT", "ours") in panel.records
    records.withdraw("ours")
    assert (panel.records, tuple(panel.zones.values())) == ([alias], domains)


def test_a_record_that_came_meanwhile_keeps_the_subdomain(
    panel: FakePanel, account: HostAccount
) -> None:
    """The DNS is read anew if that was longer ago, since others may rely on the name by now."""
    now = 0.0
    records = Records(account, lambda: now)
    records.publish(NAME, "ours")
    panel.records.append(FOREIGN)
    now += FRESH + 1
    records.withdraw("ours")

    assert panel.records == [FOREIGN]
    assert panel.zones["example.com"].subdomains == ("www", "_acme-challenge")
    assert "delete_subdomain" not in panel.verbs()
    assert journal_of(account) == [], "it is not ours any more"


def test_what_a_lost_journal_left_is_used_and_removed(
    panel: FakePanel, account: HostAccount
) -> None:
    """CAs reuse pending authorizations, so the same value may be there already."""
    panel.zones = {"example.com": Domain("example.com", ("_acme-challenge",))}
    panel.records = [DnsRecord(NAME, "TXT", "ours")]
    records = Records(account)
    records.publish(NAME, "ours")
    records.withdraw("ours")

    assert panel.records == []
    assert "create_txt" not in panel.verbs()


# Failures and interruptions


@pytest.mark.parametrize("verb", ["create_subdomain", "create_txt"])
@pytest.mark.parametrize("after", [False, True])
def test_the_journal_knows_of_a_change_before_it_is_made(
    verb: str, after: bool, panel: FakePanel, account: HostAccount
) -> None:
    """Whether a change that failed took effect or not, withdrawing leaves nothing."""
    records = Records(account)
    panel.fail(verb=verb, after=after)

    with pytest.raises(PanelUnreachableError):
        records.publish(NAME, "ours")
    assert journal_of(account) == [MadeRecord(NAME, "ours", "example.com", "_acme-challenge")]
    records.withdraw("ours")
    assert (panel.records, panel.zones, journal_of(account)) == ([], {"example.com": ZONE}, [])


def test_an_interruption_counts_as_a_failure(panel: FakePanel, account: HostAccount) -> None:
    """Ctrl-C while a call is on its way: the panel is read again before anything is removed."""
    records = Records(account)
    panel.fail(verb="create_txt", after=True, error=_Interrupt())  # type: ignore[arg-type] # no error

    with pytest.raises(KeyboardInterrupt):
        records.publish(NAME, "ours")
    records.withdraw("ours")
    assert (panel.records, panel.zones) == ([], {"example.com": ZONE})


def test_a_call_that_outlives_its_interruption_is_undone_by_the_next_run(
    panel: FakePanel, account: HostAccount
) -> None:
    """The panel may carry it out only when the clean-up has looked."""
    records = Records(account)
    panel.fail(verb="create_txt", error=_Interrupt())  # type: ignore[arg-type] # no error
    with pytest.raises(KeyboardInterrupt):
        records.publish(NAME, "ours")
    records.withdraw("ours")
    _record(panel)
    settle(account)

    assert (panel.records, panel.zones, journal_of(account)) == ([], {"example.com": ZONE}, [])


class _Interrupt(KeyboardInterrupt):
    """Ctrl-C."""


@pytest.mark.parametrize("verb", ["delete_txt", "delete_subdomain"])
@pytest.mark.parametrize("after", [False, True])
def test_what_could_not_be_removed_is_left_to_the_next_run(
    verb: str,
    after: bool,
    panel: FakePanel,
    account: HostAccount,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failing clean-up warns, keeps the journal's entry, and is made up for by `settle`."""
    records = Records(account)
    records.publish(NAME, "ours")
    panel.fail(verb=verb, after=after)
    records.withdraw("ours")

    assert caplog.messages == [
        "Cleaning up after the challenges is not complete: The panel gave no usable answer. The"
        " next run tries again."
    ]
    assert len(journal_of(account)) == 1
    settle(account)
    assert (panel.records, panel.zones, journal_of(account)) == ([], {"example.com": ZONE}, [])
    assert len(caplog.messages) == 1


def test_a_panel_that_does_not_answer_is_given_up(
    panel: FakePanel, account: HostAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """Each call may take minutes by then, so one warning stands for all records."""
    records = Records(account)
    for value in ("one", "two", "three"):
        records.publish(NAME, value)
    panel.fail(verb="delete_txt")
    for value in ("one", "two", "three"):
        records.withdraw(value)

    assert panel.verbs().count("delete_txt") == 1
    assert len(caplog.messages) == 1
    assert len(journal_of(account)) == 3


def test_a_refusal_does_not_keep_the_others(
    panel: FakePanel, account: HostAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """What the panel refuses to remove is told and kept, and all else is removed."""
    records = Records(account)
    records.publish(NAME, "one")
    records.publish(NAME, "two")
    panel.fail(verb="delete_txt", error=PanelRefusedError("WebFaction refused."))
    records.withdraw("one")
    records.withdraw("two")

    assert panel.records == [DnsRecord(NAME, "TXT", "one")]
    assert [entry.value for entry in journal_of(account)] == ["one"]
    assert "WebFaction refused. The next run tries again." in caplog.text


def test_a_subdomain_that_others_use_is_left_to_them(
    panel: FakePanel, account: HostAccount, caplog: pytest.LogCaptureFixture
) -> None:
    """As by an A record, which the panel does not list for us: the second refusal is believed."""
    records = Records(account)
    records.publish(NAME, "ours")
    refused = PanelRefusedError("WebFaction refused: it has DNS overrides.")
    for n in (1, 2):
        panel.fail(n, "delete_subdomain", error=refused)
    records.withdraw("ours")
    assert len(journal_of(account)) == 1
    settle(account)

    assert caplog.messages == [
        "Cleaning up after the challenges is not complete: WebFaction refused: it has DNS"
        " overrides. The next run tries again.",
        f"The subdomain {NAME} stays in the account's DNS; somebody seems to use it: WebFaction"
        " refused: it has DNS overrides.",
    ]
    assert (panel.records, journal_of(account)) == ([], [])


def _nothing(panel: FakePanel) -> None:
    pass


def _subdomain(panel: FakePanel) -> None:
    panel.create_subdomain("example.com", "_acme-challenge")


def _record(panel: FakePanel) -> None:
    _subdomain(panel)
    panel.create_txt(NAME, "ours")


@pytest.mark.parametrize("reached", [_nothing, _subdomain, _record])
def test_the_next_run_removes_what_a_killed_one_left(
    reached: Callable[[FakePanel], None], panel: FakePanel, account: HostAccount
) -> None:
    """However far it got after it wrote to the journal."""
    journal = account.journal()
    journal.records = [MadeRecord(NAME, "ours", "example.com", "_acme-challenge")]
    account.save(journal)
    reached(panel)
    settle(account)

    assert (panel.records, panel.zones, journal_of(account)) == ([], {"example.com": ZONE}, [])


def test_foreign_records_survive_the_removal_of_leftovers(
    panel: FakePanel, account: HostAccount
) -> None:
    """Another value at a name that we made keeps the name."""
    Records(account).publish(NAME, "ours")
    panel.records.append(FOREIGN)
    settle(account)

    assert panel.records == [FOREIGN]
    assert "_acme-challenge" in panel.zones["example.com"].subdomains
    assert journal_of(account) == []


def test_without_leftovers_the_panel_is_not_asked(panel: FakePanel, account: HostAccount) -> None:
    """Settling comes with every renewal, due or not."""
    settle(account)

    assert panel.calls == []
