"""What stops a run before the CA is asked: one clear message, exit status 1, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e import command
from tests.e2e.scenes import add_site
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com")
RENEW = ("renew", "--force-renewal", "--no-random-sleep-on-renew")


def break_password(sandbox: Sandbox) -> str:
    edit(sandbox, sandbox.host.password, "not that")
    return "Check webfaction_username and webfaction_password"


def break_machine(sandbox: Sandbox) -> str:
    edit(sandbox, sandbox.host.machine, sandbox.host.machine.lower())
    return f"Try webfaction_machine = {sandbox.host.machine} "


def remove_credentials(sandbox: Sandbox) -> str:
    sandbox.credentials.unlink()
    return "certbot-webfaction init"


def stop_api(sandbox: Sandbox) -> str:
    sandbox.api.stop_listening()
    return "refused"


def edit(sandbox: Sandbox, old: str, new: str) -> None:
    text = sandbox.credentials.read_text()
    assert old in text
    sandbox.credentials.write_text(text.replace(old, new))


@pytest.mark.parametrize("cause", [break_password, break_machine, remove_credentials, stop_api])
def test_a_panel_that_can_not_be_used_stops_every_verb(
    sandbox: Sandbox, cause: Callable[[Sandbox], str]
) -> None:
    """No order is made; the message says what to do; the renewal file keeps the installer."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN)
    orders = sandbox.ca.orders()
    conf = sandbox.config_dir / "renewal" / "shop.example.com.conf"
    before = conf.read_text()
    words = cause(sandbox)
    verbs = [RENEW, (*RUN, "--force-renewal"), ("rollback", "-i", "webfaction")]
    if cause is stop_api:
        verbs = verbs[:1]  # each waits 13 s for the API to come back
    for verb in verbs:
        result = sandbox.certbot(*verb, check=False)
        assert result.returncode == 1, verb
        assert words in " ".join(result.output.split()), result.output
        assert "unexpected error" not in result.output
        assert "Traceback" not in result.output
        assert sandbox.host.password not in result.output + result.log
    assert sandbox.ca.orders() == orders
    assert conf.read_text() == before
    assert "installer = webfaction" in before


def test_a_domain_no_website_serves_stops_before_the_order(sandbox: Sandbox) -> None:
    """Named on the command line; the nearest website is shown."""
    add_site(sandbox, "shop", "shop.example.com")
    result = sandbox.certbot(*RUN, "-d", "shpo.example.com", check=False)
    assert result.returncode == 1
    assert "shpo.example.com" in result.output
    assert "shop.example.com (http website shop)" in " ".join(result.output.split())
    assert sandbox.ca.orders() == 0


def test_a_domain_no_website_serves_any_more_stops_before_a_challenge_is_answered(
    sandbox: Sandbox,
) -> None:
    """Its name comes from the lineage that `--cert-name` names, after the order was made."""
    add_site(sandbox, "shop", "shop.example.com", "www.shop.example.com")
    names = ("-d", "www.shop.example.com")
    sandbox.certbot("certonly", "-a", "webfaction", "-d", "shop.example.com", *names)
    sandbox.host.delete_website("shop", "127.0.0.1", False)
    add_site(sandbox, "shop", "shop.example.com")
    validations = sandbox.ca.validations()
    result = sandbox.certbot(*RENEW, "--cert-name", "shop.example.com", check=False)
    assert result.returncode == 1
    assert "www.shop.example.com" in result.output
    assert sandbox.ca.validations() == validations


def test_plugins_are_listed_with_a_description_for_people(sandbox: Sandbox) -> None:
    """`certbot plugins` needs no account; --prepare without credentials makes no call."""
    listed = sandbox.certbot("plugins").output
    assert "* webfaction" in listed
    assert "* dns-webfaction" in listed
    assert "Obtain and install certificates on WebFaction" in listed
    sandbox.credentials.unlink()
    sandbox.certbot("plugins", "--prepare")
    assert sandbox.api.calls.methods() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# für alle\n", "is not text in "),
        ("key-type = dsa\n", "certbot can't be configured as "),
        ("webfaction-wait = soon\n", "is not a whole number of seconds"),
    ],
)
def test_a_cli_ini_that_can_not_be_used_is_one_line_that_names_it(
    sandbox: Sandbox, text: str, said: str
) -> None:
    """In another encoding, or with a value that is none: each subcommand says so, and ends."""
    file = sandbox.directory / "certbot" / "xdg" / "letsencrypt" / "cli.ini"
    before = file.read_text()
    file.write_bytes((before + text).encode("latin-1"))
    for subcommand in ("status", "doctor", "deploy", "init"):
        done = command.run(sandbox, subcommand)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert str(file) in done.stderr
        assert said in done.stderr
    file.write_text(before)
    assert command.run(sandbox, "status").returncode == 0
