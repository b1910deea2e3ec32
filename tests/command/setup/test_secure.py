"""``certbot-webfaction secure``: which websites are meant, and what certbot is told."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from certbot import configuration, errors

from certbot_webfaction.command import command_parser
from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup import secure, work
from tests.command.diagnosis.scene import Account

CA = "https://ca.example/directory"
LINES = ["a.example.com", "b.example.com", "c.example.com"]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with three websites, an account at the CA, and no certificate."""
    account = Account(tmp_path)
    for name in "abc":
        account.add_website(name, f"{name}.example.com", f"www.{name}.example.com")
    for name, value in {
        "server": CA,
        "account": None,
        "tos": False,
        "email": None,
        "noninteractive_mode": False,
        "no_verify_ssl": False,
    }.items():
        setattr(account.config.namespace, name, value)
    folder = Path(configuration.NamespaceConfig(account.config.namespace).accounts_dir) / "one"
    folder.mkdir(parents=True)
    (folder / "regr.json").touch()
    return account


def run(account: Account, *args: str) -> int:
    """Run it as `main` does."""
    set_up_output(quiet=False)
    return secure.run(account.config, command_parser().parse_args(["secure", *args]))


def lines(account: Account, capsys: pytest.CaptureFixture[str], *args: str) -> list[list[str]]:
    """The words of the lines that a dry run shows, the program left out."""
    assert run(account, "--dry-run", *args) == 0
    shown = capsys.readouterr().out.splitlines()
    return [words[1:] for line in shown if "certbot" in (words := shlex.split(line))[0]]


def names(found: list[list[str]]) -> list[str]:
    """The names of the lineages."""
    return [words[words.index("--cert-name") + 1] for words in found]


def test_the_line_of_a_website(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """As somebody would type it, with the options that were given; nothing is asked or done."""
    given = ("--config-dir", "/etc/certbot", "--webfaction-wait=7", "-q", "--no-redirect")
    found = lines(account, capsys, "--only", "b.example.com", *given)
    assert found == [
        [
            *("run", "-n", "-a", "webfaction", "-i", "webfaction", "--cert-name", "b.example.com"),
            *("-d", "b.example.com", "-d", "www.b.example.com", "--no-redirect"),
            *("--config-dir=/etc/certbot", "--webfaction-wait=7"),
        ]
    ]


def test_websites_are_chosen_by_any_of_their_names(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a whole; commas and repetitions do, and a limit counts what is left."""
    assert names(lines(account, capsys)) == LINES
    some = ("--only", "www.a.example.com,b.example.com", "--only", "c.example.com")
    assert names(lines(account, capsys, *some, "--except", "B.example.com")) == [LINES[0], LINES[2]]
    assert names(lines(account, capsys, "--limit", "2")) == LINES[:2]
    assert lines(account, capsys, "--limit", "0") == []


@pytest.mark.parametrize("option", ["--only", "--except"])
def test_a_name_of_no_website_is_refused(account: Account, option: str) -> None:
    """A typing error must not secure all, or none."""
    with pytest.raises(errors.Error, match="names no http website of the account, so nothing was"):
        run(account, option, "d.example.com")


def test_without_an_account_at_the_ca_somebody_has_to_agree(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything else is done; what is shown can be typed then."""
    config = account.config
    (account_file,) = Path(config.accounts_dir).glob("*/regr.json")
    account_file.unlink()
    with pytest.raises(errors.Error, match=f"the CA \\({CA}\\).*Answer with --agree-tos"):
        run(account)
    assert "run" not in account.panel.verbs(), "no file was placed"
    shown = lines(account, capsys, "--only", "a.example.com")[0]
    assert shown[-2:] == ["--agree-tos", "--register-unsafely-without-email"]
    config.namespace.email = "you@example.com"
    shown = lines(account, capsys, "--only", "a.example.com")[0]
    assert shown[-3:] == ["--agree-tos", "--email", "you@example.com"]


def test_a_limit_of_the_ca_is_told_with_the_time(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other domains go on."""
    account.config.namespace.server = secure_server = (
        "https://acme-v02.api.letsencrypt.org/directory"
    )
    account.config.namespace.account = "one"
    for number in range(49):
        account.add_lineage(f"n{number}.example.com", server=secure_server)
    account.add_website("other", "other.example.org")
    assert run(account, "--dry-run") == 0
    shown = capsys.readouterr().out
    assert shown.count("certbot run") == 2
    assert "--cert-name other.example.org" in shown
    assert "Not yet: b.example.com, c.example.com: the 50 certificates" in shown
    assert "in a week are used. Run this again after 2" in shown


def test_what_was_done_before_ctrl_c_is_told(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was not, the one that was interrupted among it; `main` ends as for an interrupt."""
    ends: list[type[BaseException] | tuple[bool, str]] = [(True, "No."), KeyboardInterrupt]

    def run_certbot(_words: object) -> tuple[bool, str]:
        end = ends.pop(0)
        if isinstance(end, type):
            raise end
        return end

    monkeypatch.setattr(work, "run_certbot", run_certbot)
    monkeypatch.setattr(work, "why_all_fail", lambda *_: "")
    with pytest.raises(KeyboardInterrupt):
        run(account)
    assert capsys.readouterr().out.endswith(
        "2 of 3: b.example.com, www.b.example.com\n\n"
        "Not yet: b.example.com, c.example.com: this run was interrupted. Run it again.\n"
        "Failed: a.example.com, www.a.example.com\n  No.\nSecured: 0. Failed: 1.\n"
    )


def test_what_is_installed_and_not_redirected_is_told(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command, unless that is wanted: in the books a run that was killed looks so."""
    account.add_lineage("a.example.com", "a.example.com", "www.a.example.com", server=CA)
    account.install("a.example.com", "a")
    command = "certbot enhance -n --redirect --cert-name a.example.com -i webfaction"
    told = f"Not redirected to https: a.example.com. If you did not want it so, run `{command}`.\n"
    only = "--dry-run", "--only", "a.example.com"
    assert run(account, *only) == 0
    assert told in capsys.readouterr().out
    assert run(account, *only, "--no-redirect") == 0
    assert "redirected" not in capsys.readouterr().out
