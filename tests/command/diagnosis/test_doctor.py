"""The doctor's checks of the account and this machine, and how it tells what it finds."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.command.diagnosis import doctor
from certbot_webfaction.command.diagnosis.doctor import Report, permissions
from certbot_webfaction.command.diagnosis.findings import Check
from certbot_webfaction.command.screen import Screen
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.panel.errors import LoginRefusedError, PanelUnreachableError
from certbot_webfaction.panel.findings import Fine, Note, Problem
from tests.command.diagnosis.scene import SHOP, Account

PIPE = Screen(colours=False, width=None)


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program crontab(1), which shows an empty crontab."""
    program = tmp_path / "programs" / "crontab"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


@pytest.fixture
def healthy(healthy: Account, crontab: Path) -> Account:
    """An account with nothing that renews and nothing looked at."""
    return healthy


def run(account: Account, *domains: str) -> int:
    arguments = argparse.Namespace(doctor_domains=list(domains), report=False)
    done = doctor.run(account.config, arguments)
    assert isinstance(done, int)
    return done


def test_only_reading_calls_and_two_commands_are_made(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file is placed and removed, whatever else there is; nothing on the panel changes."""
    run(healthy)
    assert healthy.panel.verbs() == [
        *("login", "websites", "certificates", "apps", "login", "run", "run")
    ]
    assert "a file was placed, but not fetched: --webfaction-wait is 0" in capsys.readouterr().out


def test_the_exit_status_tells_whether_anything_is_wrong(
    healthy: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Notes do not count."""
    assert run(healthy) == 1, "nothing renews"
    monkeypatch.setattr(doctor, "find_schedule", lambda *_: "a crontab")
    assert run(healthy) == 0


def test_commas_and_repetitions_name_domains(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As certbot's `-d`."""
    healthy.panel.zones.clear()
    run(healthy, f"{SHOP}, a.example.com", "b.example.com,")
    output = capsys.readouterr().out
    assert f"ok     website         shop ({SHOP})\n" in output
    assert "wrong  website         a.example.com, b.example.com: no http website" in output


@pytest.mark.parametrize(
    "name", ["https://example.com/", "example.com/a", "192.0.2.1", "localhost", "a b.example"]
)
def test_what_is_no_domain_is_refused(healthy: Account, name: str) -> None:
    """It is on no website anyway."""
    with pytest.raises(errors.Error, match=rf"^{name} is no domain, so nothing was checked\."):
        run(healthy, name)


@pytest.mark.parametrize("name", ["*.example.org", "bücher.example.", "_a.example.com"])
def test_what_may_be_a_domain_is_checked(healthy: Account, name: str) -> None:
    """As the panel may have it."""
    assert run(healthy, name) == 1


@pytest.mark.parametrize("host", HOSTS.values())
def test_a_file_that_others_can_read_is_told_with_the_hosts_own_secret(
    tmp_path: Path, host: Host
) -> None:
    """Not everybody's file has a password."""
    file = tmp_path / "credentials.ini"
    file.touch(0o644)
    found = permissions(file, host)
    assert isinstance(found, Problem)
    secret = "password" if host.name == "webfaction" else "API token"
    assert found.remedy == (
        f"`chmod 600 {file}`, and change the {secret} if others use this machine."
    )
    file.chmod(0o600)
    assert permissions(file, host) == Fine(f"{file}, only for its owner")


def test_an_option_that_can_not_be_read_is_told_as_such(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The credentials are not at fault."""
    healthy.config.namespace.webfaction_connect_to = ":::"
    assert run(healthy) == 1
    output = capsys.readouterr().out
    assert "wrong  options         --webfaction-connect-to ::: can't be read\n" in output
    assert "credentials  " not in output


def test_a_message_is_not_cut_within_a_path(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only its first sentence is what is wrong."""
    file = account.directory / "Dr. No" / "bob.ini"
    account.config.namespace.webfaction_credentials = str(file)
    run(account)
    assert (
        f"There is no credentials file {file}, so the panel can't be reached\n"
        in capsys.readouterr().out
    )


def test_a_crontab_that_can_not_be_read_is_a_note(
    healthy: Account, crontab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known to be wrong."""
    crontab.write_text("#!/bin/sh\necho you are not allowed to use this program >&2; exit 1\n")
    assert run(healthy) == 0
    assert "the crontab can't be read here, so it is not known" in capsys.readouterr().out


def test_a_certbot_without_the_plugin_is_named(
    healthy: Account, crontab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs every day and renews nothing."""
    crontab.write_text("#!/bin/sh\necho '1 2 * * * /nowhere/certbot renew'\n")
    assert run(healthy) == 1
    output = capsys.readouterr().out
    assert "the crontab runs /nowhere/certbot, which does not have this plugin" in output


@pytest.mark.parametrize("error", [LoginRefusedError, PanelUnreachableError])
def test_without_the_panel_only_lineages_are_checked(
    healthy: Account, capsys: pytest.CaptureFixture[str], error: type[LoginRefusedError]
) -> None:
    """What can't be checked is said once."""
    healthy.panel.fail(1, "login", error=error("No login for “alice”.", "Do something about it."))
    assert run(healthy) == 1
    output = capsys.readouterr().out
    assert "wrong  login           No login for “alice”\n" in output
    assert "         do this       Do something about it." in output
    assert output.count("Not checked") == 1
    assert "days left" in output
    assert "website  " not in output


def test_a_panel_that_fails_after_the_login_is_said(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a survey is none."""
    healthy.panel.fail(1, "certificates")
    assert run(healthy) == 1
    assert "wrong  login           The panel gave no usable answer\n" in capsys.readouterr().out


def test_files_that_are_to_be_written_here_need_the_account_here(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--webfaction-files local` on another machine."""
    healthy.config.namespace.webfaction_files = "local"
    run(healthy)
    output = capsys.readouterr().out
    assert "wrong  machine         there is no /home/alice/webapps here" in output


def test_an_account_without_lineages_is_told_how_to_begin(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is a note, not a fault."""
    monkeypatch.setattr(doctor, "find_schedule", lambda *_: "a crontab")
    assert run(account) == 0
    assert "-      domains         no lineage names this plugin yet" in capsys.readouterr().out


def test_domains_of_which_the_same_is_said_share_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is fine is shortened, what is wrong names every domain."""
    report = Report(PIPE, quiet=False)
    problem = Problem("kind", "is broken", "Mend it.")
    report.tell_of_domains(
        "website",
        [
            *((f"{letter}.test", Fine("shop")) for letter in "abcde"),
            ("f.test", Fine("blog")),
            *((f"{letter}.test", problem) for letter in "ghijk"),
            ("l.test", Note("is odd", "Look at it.")),
        ],
    )
    assert capsys.readouterr().out.splitlines() == [
        "ok     website         shop (a.test, b.test, c.test and 2 more), blog (f.test)",
        "wrong  website         g.test, h.test, i.test, j.test, k.test: is broken",
        "         do this       Mend it.",
        "-      website         l.test: is odd",
        "         do this       Look at it.",
    ]
    assert report.has_failed("website", "g.test")
    assert not report.has_failed("website", "a.test")
    assert not report.has_failed("website", "l.test")
    assert not report.has_failed("app", "g.test")


def test_the_hosts_word_stands_for_what_holds_challenge_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not every host has apps."""
    report = Report(PIPE, quiet=False, holder="document root")
    report.tell_of_domains("app", [("a.test", Problem("kind", "is broken", "Mend it."))])
    report.tell_unmade([Check("app", lambda _: None)], "for a reason")
    output = capsys.readouterr().out
    assert "wrong  document root   a.test: is broken" in output
    assert "for a reason: document root." in output
    assert report.has_failed("app", "a.test")


def test_quietly_only_what_is_wrong_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""
    report = Report(PIPE, quiet=True)
    report.tell("cron", Fine("a line"), Note("odd", "Look."), Problem("kind", "none", "Add one."))
    report.tell_unmade([Check("website", lambda _: None)], "for a reason")
    assert capsys.readouterr().out.splitlines() == [
        "wrong  cron            none",
        "         do this       Add one.",
    ]
    assert report.has_failed("cron", "any.test"), "what fails for the account fails for its domains"
