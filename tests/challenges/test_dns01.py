"""Answering dns-01 challenges on the account, and taking everything away again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges import validation_name
from certbot_webfaction.challenges.dns01 import Records, remove_leftovers, see
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Change
from certbot_webfaction.web.route import NameServer
from tests.accounts import make_account
from tests.installation.scene import stored
from tests.panel.one_site import ONE_SITE, OneSiteHost, OneSitePanel, Record
from tests.web.test_nameservers import answer, serving
from tests.web.test_waiting import Terminal

NAME = "_acme-challenge.example.com"
FOREIGN = Record(NAME, "TXT", "somebody's")


def ours(value: str = "ours") -> Record:
    return Record(NAME, "TXT", value)


@dataclass
class OneZone:
    """An account with one zone, example.com."""

    directory: Path

    def __post_init__(self) -> None:
        self.host = OneSiteHost(self.directory, zones=["example.com"])
        self.new_process()

    def new_process(self) -> None:
        """Forget what a process knows."""
        self.account: Account = make_account(self.directory, OneSitePanel(self.host), ONE_SITE)

    def records(self) -> list[Record]:
        """What the DNS holds."""
        self.host.settle()
        return list(self.host.records.values())

    def noted(self) -> list[str]:
        """The values of the records in the journal."""
        self.account.books.peek()
        return [change.on for change in self.account.books.journal.all(Change.RECORD)]

    def note(self, value: str) -> None:
        """Write a journal as a run leaves it that is killed before it publishes."""
        after = {"name": NAME, "value": value}
        change = Change(Change.RECORD, value, after=after, purpose=Change.CHALLENGE)
        self.account.books.journal.put(change)
        self.account.books.save()


@pytest.fixture
def scene(tmp_path: Path) -> OneZone:
    return OneZone(tmp_path)


@pytest.mark.parametrize("domain", ["example.com", "*.example.com"])
def test_a_wildcard_is_validated_at_the_name_of_its_base(domain: str) -> None:
    """RFC 8555, section 8.4: the wildcard label is left out."""
    assert validation_name(domain) == NAME


def test_names_that_are_in_no_zone_are_refused(scene: OneZone) -> None:
    """All at once, and nothing is published."""
    names = [NAME, "_acme-challenge.example.org", "_acme-challenge.example.net"]
    with pytest.raises(errors.PluginError, match=r"example\.org, _acme-challenge\.example\.net"):
        scene.account.panel.find_zones(names)
    scene.account.panel.find_zones([NAME])
    assert scene.host.writes() == []


def test_base_and_wildcard_are_two_values_at_one_name(scene: OneZone) -> None:
    """Each is taken away by itself."""
    records = Records(scene.account)
    records.publish(NAME, "base")
    records.publish(NAME, "wildcard")

    assert scene.records() == [ours("base"), ours("wildcard")]
    records.withdraw("base")
    assert scene.records() == [ours("wildcard")]
    records.withdraw("wildcard")
    assert (scene.records(), scene.noted()) == ([], [])


def test_records_of_others_stay(scene: OneZone) -> None:
    """Another value at the same name."""
    scene.host.records["7"] = FOREIGN
    records = Records(scene.account)
    records.publish(NAME, "ours")

    assert scene.records() == [FOREIGN, ours()]
    records.withdraw("ours")
    assert (scene.records(), scene.noted()) == ([FOREIGN], [])


def test_what_was_not_published_is_not_withdrawn(scene: OneZone) -> None:
    """certbot cleans up after all challenges, whichever failed."""
    Records(scene.account).withdraw("never")
    assert scene.host.calls == []


def test_what_a_lost_journal_left_is_used_and_removed(scene: OneZone) -> None:
    """CAs reuse pending authorizations, so the same value may be there already."""
    scene.host.records["7"] = ours()
    records = Records(scene.account)
    records.publish(NAME, "ours")
    records.withdraw("ours")

    assert scene.records() == []
    assert scene.host.writes() == ["delete_record"]


# Seeing it at the name servers


def asking(scene: OneZone, server: NameServer, seconds: int = 1) -> Account:
    """The account, with a name server to ask."""
    options = replace(scene.account.options, propagation=seconds, nameserver=server)
    return replace(scene.account, options=options)


def test_the_server_that_is_behind_is_named(
    scene: OneZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is waited for, and at last, where the CA would fail."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("COLUMNS", "200")
    with (
        serving(answer, called="ns2.test") as server,
        pytest.raises(errors.PluginError, match="The CA was not asked") as caught,
    ):
        see(asking(scene, server), [(NAME, "ours")])
    behind = f"ns2.test does not show it at {NAME}"
    assert f"Waiting for the name servers ({behind}" in terminal.getvalue()
    assert f"{NAME}: {behind}" in str(caught.value)


def test_what_nobody_tells_is_warned_of(scene: OneZone, caplog: pytest.LogCaptureFixture) -> None:
    """The CA may get an answer; with no wait nobody is asked."""
    with serving(lambda query: answer(query, code=2), called="ns2.test") as server:
        see(asking(scene, server, 0), [(NAME, "ours")])
        assert caplog.messages == []
        see(asking(scene, server), [(NAME, "ours")], quiet=True)
    [message] = caplog.messages
    assert "Whether the name servers show the records is not known" in message
    assert "ns2.test answered SERVFAIL" in message


# Failures and interruptions


@pytest.mark.parametrize("after", [False, True])
def test_the_journal_knows_of_a_change_before_it_is_made(after: bool, scene: OneZone) -> None:
    """Whether a change that failed took effect or not, withdrawing leaves nothing."""
    records = Records(scene.account)
    scene.host.fail(verb="create_record", after=after)

    with pytest.raises(PanelUnreachableError):
        records.publish(NAME, "ours")
    assert scene.noted() == ["ours"]
    records.withdraw("ours")
    assert (scene.records(), scene.noted()) == ([], [])


def test_an_interruption_counts_as_a_failure(scene: OneZone) -> None:
    """Ctrl-C while a call is on its way: the record is removed, and looked for once more."""
    records = Records(scene.account)
    scene.host.fail(verb="create_record", after=True, error=KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        records.publish(NAME, "ours")
    records.withdraw("ours")
    assert (scene.records(), scene.noted()) == ([], ["ours"])


def test_a_call_that_outlives_its_interruption_is_undone_by_the_next_run(scene: OneZone) -> None:
    """The panel may carry it out only when the clean-up has looked."""
    records = Records(scene.account)
    scene.host.fail(verb="create_record", error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        records.publish(NAME, "ours")
    records.withdraw("ours")
    scene.host.create_record(ours())
    scene.new_process()
    remove_leftovers(scene.account)

    assert (scene.records(), scene.noted()) == ([], [])


@pytest.mark.parametrize("after", [False, True])
def test_what_could_not_be_removed_is_left_to_the_next_run(
    after: bool, scene: OneZone, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing clean-up warns, keeps the journal's entry, and is made up for."""
    records = Records(scene.account)
    records.publish(NAME, "ours")
    scene.host.fail(verb="delete_record", after=after)
    records.withdraw("ours")

    assert caplog.messages == [
        "Cleaning up after the challenges is not complete: The panel gave no usable answer. The"
        " next run tries again."
    ]
    assert scene.noted() == ["ours"]
    scene.new_process()
    remove_leftovers(scene.account)
    assert (scene.records(), scene.noted()) == ([], [])
    assert len(caplog.messages) == 1


def test_a_panel_that_does_not_answer_is_given_up(
    scene: OneZone, caplog: pytest.LogCaptureFixture
) -> None:
    """Each call may take minutes by then, so one warning stands for all records."""
    records = Records(scene.account)
    for value in ("one", "two", "three"):
        records.publish(NAME, value)
    scene.host.fail(verb="delete_record")
    for value in ("one", "two", "three"):
        records.withdraw(value)

    assert scene.host.verbs().count("delete_record") == 1
    assert len(caplog.messages) == 1
    assert scene.noted() == ["one", "two", "three"]


def test_a_refusal_does_not_keep_the_others(
    scene: OneZone, caplog: pytest.LogCaptureFixture
) -> None:
    """What the panel refuses to remove is told and kept, and all else is removed."""
    records = Records(scene.account)
    records.publish(NAME, "one")
    records.publish(NAME, "two")
    scene.host.fail(verb="delete_record", error=PanelRefusedError("The host refused."))
    records.withdraw("one")
    records.withdraw("two")

    assert scene.records() == [ours("one")]
    assert scene.noted() == ["one"]
    assert "The host refused. The next run tries again." in caplog.text


def test_the_host_is_told_that_it_is_tried_again(
    scene: OneZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second refusal may mean that somebody uses what was made; see `IPanel.undo`."""
    told = []

    def undo(panel: OneSitePanel, change: Change, again: bool = False) -> None:
        told.append((change.on, again))

    monkeypatch.setattr(OneSitePanel, "undo", undo)
    scene.note("left")
    Records(scene.account).publish(NAME, "ours")
    Records(scene.account).withdraw("ours")
    remove_leftovers(scene.account)
    assert told == [("ours", False), ("left", True)]


def _nothing(host: OneSiteHost) -> None:
    pass


def _record(host: OneSiteHost) -> None:
    host.create_record(ours())


@pytest.mark.parametrize("reached", [_nothing, _record])
def test_the_next_run_removes_what_a_killed_one_left(
    reached: Callable[[OneSiteHost], None], scene: OneZone
) -> None:
    """However far it got after it wrote to the journal; what others published stays."""
    scene.host.records["7"] = FOREIGN
    scene.note("ours")
    reached(scene.host)
    scene.new_process()
    remove_leftovers(scene.account)

    assert (scene.records(), scene.noted()) == ([FOREIGN], [])


def test_what_a_hook_wrote_meanwhile_stays(scene: OneZone) -> None:
    """A hook that deploys writes the journal while certbot runs."""
    theirs = [stored(name, name) for name in ("a.test", "b.test")]
    records = Records(scene.account)

    def write(change: Change) -> None:
        hook = make_account(scene.directory, scene.account.panel, ONE_SITE)
        hook.books.journal.put(change)
        hook.books.save()

    write(theirs[0])
    records.publish(NAME, "ours")
    write(theirs[1])
    records.withdraw("ours")
    scene.account.books.peek()
    assert scene.account.books.journal.changes == theirs


def test_without_leftovers_the_panel_is_not_asked(scene: OneZone) -> None:
    """It comes with every renewal, due or not."""
    remove_leftovers(scene.account)

    assert scene.host.calls == []
