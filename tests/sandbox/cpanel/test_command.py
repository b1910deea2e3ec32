"""The command ``uapi`` on the host."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.client import result, run
from tests.sandbox.cpanel.command import Command


def test_it_needs_no_credential(command: Command) -> None:
    """Its JSON has the wrapped envelope, on one line or several; it ends with 0."""
    done = run(command.path, "--output=json", "Variables", "get_user_information")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert (answer["apiversion"], answer["module"]) == (3, "Variables")
    assert answer["result"]["data"]["user"] == "alice"
    pretty = run(command.path, "--output=jsonpretty", "Variables", "get_user_information")
    assert len(pretty.stdout.splitlines()) > 5
    assert result(pretty)["data"] == answer["result"]["data"]


def test_it_tells_what_it_spent(command: Command) -> None:
    """Once: the benchmark takes that off."""
    for _ in range(2):
        run(command.path, "--output=json", "Features", "list_features")
    assert 0 < command.spent() < 2
    assert command.spent() == 0


def test_its_default_is_yaml(command: Command, account: Account) -> None:
    """Where only what could be anything else is quoted, such as a wildcard."""
    account.add_subdomain("*.example.com")
    lines = run(command.path, "DomainInfo", "list_domains").stdout.splitlines()
    assert lines[0] == "---"
    assert "    main_domain: example.com" in lines
    assert '      - "*.example.com"' in lines
    assert "  errors: ~" in lines


@pytest.mark.parametrize(
    ("sent", "saved"),
    [
        ("A+B", "A B"),
        ("A%2BB", "A+B"),
        ("50%25off", "50%off"),
        ("A B", "A B"),
        ("x&y", "x&y"),
        ("a/b", "a/b"),
        ("k=v", "k=v"),
        (quote("A+B %\n“ü”", safe=""), "A+B %\n“ü”"),
    ],
)
def test_arguments_are_form_decoded(
    command: Command, account: Account, sent: str, saved: str
) -> None:
    """As recorded byte by byte."""
    new = ("dir=public_html", "file=x", f"content={sent}")
    done = run(command.path, "--output=json", "Fileman", "save_file_content", *new)
    assert result(done)["status"] == 1
    assert (account.home / "public_html/x").read_text() == saved


def test_a_pem_does_not_survive_as_it_is(command: Command, authority: Authority) -> None:
    """Its plus signs become spaces, which no parser takes; encoded it is well."""
    issued = authority.issue("example.com", key_type="rsa")
    assert "+" in issued.certificate
    words = ("--output=json", "SSL", "upload_cert")
    assert result(run(command.path, *words, f"crt={issued.certificate}"))["status"] == 0
    encoded = quote(issued.certificate, safe="")
    assert result(run(command.path, *words, f"crt={encoded}"))["status"] == 1


@pytest.mark.parametrize("decoded", [False, True])
def test_json_on_standard_input(command: Command, account: Account, decoded: bool) -> None:
    """`Switches.json_input_decoded`: values as they are, or form-decoded all the same."""
    account.switches.json_input_decoded = decoded
    done = run(
        command.path,
        *("--output=json", "--input=json", "Fileman", "save_file_content"),
        input=json.dumps({"dir": "public_html", "file": "x", "content": "A+B"}),
    )
    assert result(done)["status"] == 1
    assert (account.home / "public_html/x").read_text() == ("A B" if decoded else "A+B")
    assert command.runs == [["--output=json", "--input=json", "Fileman", "save_file_content"]]


def test_json_may_have_lists_and_objects(command: Command, account: Account) -> None:
    """As the changes of a zone are."""
    record = {"dname": "a", "ttl": 60, "record_type": "TXT", "data": ["1"]}
    changes = {
        "zone": "example.com",
        "serial": account.zone("example.com").serial,
        "add": [record, json.dumps({**record, "data": ["2"]})],
    }
    done = run(
        command.path,
        *("--output=json", "--input=json", "DNS", "mass_edit_zone"),
        input=json.dumps(changes),
    )
    assert result(done)["status"] == 1
    assert account.texts() == {"a.example.com": ["1", "2"]}


def test_json_input_must_be_json(command: Command) -> None:
    """Otherwise nothing is called."""
    done = run(command.path, "--input=json", "Features", "list_features", input="{")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not valid JSON" in done.stderr


def test_json_input_may_be_unknown(command: Command, account: Account) -> None:
    """`Switches.json_input` off: no JSON comes out, and nothing is called."""
    account.switches.json_input = False
    options = ("--output=json", "--input=json", "Features", "list_features")
    done = run(command.path, *options, input="{}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Unknown option: input" in done.stderr


def test_hooks_write_to_standard_error(command: Command, account: Account) -> None:
    """`Switches.hook_noise`: standard output is as clean as without."""
    account.switches.hook_noise = True
    done = run(command.path, "--output=json", "Features", "list_features")
    assert "STDERR output from hook" in done.stderr
    assert result(done)["status"] == 1


def test_noise_may_come_first(command: Command, account: Account) -> None:
    """`Switches.leading_noise`: a line that is no JSON."""
    account.switches.leading_noise = True
    done = run(command.path, "--output=json", "Features", "list_features")
    first, rest = done.stdout.split("\n", 1)
    assert first.startswith("Can't determine")
    assert json.loads(rest)["result"]["status"] == 1


@pytest.mark.parametrize("exit_status", [False, True])
def test_the_exit_status_of_a_failed_call(
    command: Command, account: Account, exit_status: bool
) -> None:
    """`Switches.exit_status`: always 0, or 1 with a text on standard error."""
    account.switches.exit_status = exit_status
    account.features.discard("sslinstall")
    done = run(command.path, "--output=json", "SSL", "installed_hosts")
    assert (done.returncode, bool(done.stderr)) == (exit_status, exit_status)
    assert result(done)["status"] == 0
    assert run(command.path, "--output=json", "Features", "list_features").returncode == 0


def test_root_has_to_name_the_user(command: Command, account: Account) -> None:
    """`Switches.caller_is_root`; a user of the account may name itself and nobody else."""
    words = ("--output=json", "Features", "list_features")
    assert result(run(command.path, "--user=alice", *words))["status"] == 1
    other = run(command.path, "--user=bob", *words)
    assert (other.returncode, other.stdout) == (1, "")
    account.switches.caller_is_root = True
    done = run(command.path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "must be passed the --user flag when run by root" in done.stderr
    assert result(run(command.path, "--user=alice", *words))["status"] == 1


def test_without_a_function_it_tells_how_to_use_it(command: Command) -> None:
    """And fails."""
    done = run(command.path, "--output=json", "SSL")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Usage: uapi" in done.stderr


def test_it_fails_when_the_panel_is_gone(command: Command) -> None:
    """Without a word."""
    command.close()
    done = run(command.path, "--output=json", "Features", "list_features")
    assert (done.returncode, done.stdout) == (255, "")
