"""The plugin ``dns-webfaction`` as certbot sees it, without a CA."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acme import challenges, messages
from certbot import achallenges, configuration, errors
from certbot._internal.display import obj
from cryptography.hazmat.primitives.asymmetric import rsa
from josepy.jwk import JWKRSA

from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.model import DnsRecord, Domain
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.plugin import door
from certbot_webfaction.plugin.webfaction import DnsAuthenticator
from tests.hosts.webfaction.fake import FakePanel
from tests.plugin.connecting import connect

NAME = "_acme-challenge.example.com"
KEY = JWKRSA(key=rsa.generate_private_key(65537, 2048))


@pytest.fixture(autouse=True)
def terminal() -> io.StringIO:
    """What certbot shows, to which its base class adds the wait."""
    terminal = io.StringIO()
    obj.set_display(obj.NoninteractiveDisplay(terminal))
    return terminal


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakePanel:
    """The panel of the account that `authenticator`'s credentials file names."""
    panel = FakePanel(domains=(Domain("example.com", ("www",)),))
    connect(monkeypatch, panel, tmp_path, "alice")
    return panel


def add_to(parser: argparse.ArgumentParser, plugin: str) -> Callable[..., None]:
    def add(name: str, **how: Any) -> None:
        parser.add_argument(f"--{plugin}-{name}", **how)

    return add


def authenticator(folder: Path, **options: Any) -> DnsAuthenticator:
    (folder / "webfaction.ini").write_text(
        "webfaction_username = alice\n"
        "webfaction_password = secret\n"
        "webfaction_api_url = http://127.0.0.1/\n"
    )
    (folder / "webfaction.ini").chmod(0o600)
    parser = argparse.ArgumentParser()
    door.add_options(WEBFACTION, add_to(parser, "webfaction"))
    DnsAuthenticator.add_parser_arguments(add_to(parser, "dns-webfaction"))
    known = {
        "config_dir": str(folder),
        "work_dir": str(folder / "work"),
        "logs_dir": str(folder / "logs"),
        "server": "https://ca.example/directory",
        "verb": "certonly",
        "quiet": False,
        "configurator": None,
        "authenticator": "dns-webfaction",
        "installer": None,
        "domains": [],
        "allow_subset_of_names": False,
        "http01_port": 80,
        "https_port": 443,
        "dns_webfaction_propagation_seconds": 0,
        **options,
    }
    namespace = parser.parse_args([], argparse.Namespace(**known))
    return DnsAuthenticator(configuration.NamespaceConfig(namespace), "dns-webfaction")


def achall(domain: str) -> achallenges.KeyAuthorizationAnnotatedChallenge:
    challenge = messages.ChallengeBody(
        chall=challenges.DNS01(token=domain.encode().ljust(16, b"-")),
        uri="https://ca.example/challenge",
        status=messages.STATUS_PENDING,
    )
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=domain)
    return achallenges.KeyAuthorizationAnnotatedChallenge(
        challb=challenge, identifier=identifier, account_key=KEY
    )


def texts(panel: FakePanel) -> list[str]:
    return [record.name for record in panel.records if record.type == "TXT"]


def test_help_tells_the_default_wait_and_file(capsys: pytest.CaptureFixture[str]) -> None:
    """A minute, and the file that the installer uses."""
    parser = argparse.ArgumentParser()
    DnsAuthenticator.add_parser_arguments(add_to(parser, "dns-webfaction"))

    assert parser.parse_args([]).dns_webfaction_propagation_seconds == 60
    parser.print_help()
    shown = " ".join(capsys.readouterr().out.split())
    assert "--dns-webfaction-credentials FILE" in shown
    assert "CONFIG_DIR/webfaction.ini" in shown


def test_values_are_those_that_the_ca_expects(panel: FakePanel, tmp_path: Path) -> None:
    """RFC 8555, section 8.4: the digest of the key authorization, one per challenge."""
    plugin = authenticator(tmp_path)
    plugin.prepare()
    challenge = achall("example.com")
    (response,) = plugin.perform([challenge])

    assert panel.records == [DnsRecord(NAME, "TXT", challenge.validation(KEY))]
    assert isinstance(response, challenges.DNS01Response)
    assert response.simple_verify(challenge.chall, "example.com", KEY.public_key())
    plugin.cleanup([challenge])
    assert panel.records == []


def test_nothing_is_published_where_one_domain_has_no_place(
    panel: FakePanel, tmp_path: Path
) -> None:
    """All are looked at before the first record, even if certbot tells them only now."""
    plugin = authenticator(tmp_path)
    plugin.prepare()
    challenges = [achall(name) for name in ("www.example.com", "example.net", "example.org")]

    with pytest.raises(errors.PluginError, match=r"(?s)example\.net: .*example\.org: "):
        plugin.perform(challenges)
    plugin.cleanup(challenges)
    assert panel.verbs() == ["login", "domains", "dns_records"]


def test_what_was_published_before_a_failure_is_removed(panel: FakePanel, tmp_path: Path) -> None:
    """certbot calls `cleanup` for all challenges, performed or not."""
    plugin = authenticator(tmp_path)
    plugin.prepare()
    challenges = [achall("example.com"), achall("www.example.com")]
    panel.fail(2, "create_txt")

    with pytest.raises(errors.PluginError, match="no usable answer"):
        plugin.perform(challenges)
    assert texts(panel) == [NAME]
    plugin.cleanup(challenges)
    assert texts(panel) == []
    assert panel.zones["example.com"].subdomains == ("www",)


def test_the_ca_is_asked_after_the_given_wait(
    panel: FakePanel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    terminal: io.StringIO,
) -> None:
    """The records are there while certbot's base class waits."""
    waits = []
    monkeypatch.setattr(
        "certbot.plugins.dns_common.sleep", lambda seconds: waits.append((seconds, texts(panel)))
    )
    plugin = authenticator(tmp_path, dns_webfaction_propagation_seconds=7)
    plugin.prepare()
    plugin.perform([achall("example.com")])

    assert waits == [(7, [NAME])]
    assert "Waiting 7 seconds" in terminal.getvalue()


@pytest.mark.parametrize("domain", ["*.example.net", "example.net"])
def test_a_domain_on_the_command_line_is_refused_before_an_order(
    domain: str, panel: FakePanel, tmp_path: Path
) -> None:
    """In `prepare`, where certbot has not asked the CA for anything yet."""
    authenticator(tmp_path, domains=["*.example.com", "www.example.com"]).prepare()
    plugin = authenticator(tmp_path, domains=["*.example.com", domain])

    with pytest.raises(errors.ConfigurationError, match=r"  example\.net: it is in no domain"):
        plugin.prepare()


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        ({"authenticator": "dns-webfaction"}, errors.ConfigurationError),
        ({"authenticator": None, "configurator": "dns-webfaction"}, errors.ConfigurationError),
        ({"authenticator": "webfaction"}, errors.PluginError),
        ({"authenticator": None}, errors.PluginError),
    ],
)
def test_only_who_named_the_plugin_gets_an_error_that_ends_the_run(
    chosen: dict[str, str | None], kind: type[Exception], panel: FakePanel, tmp_path: Path
) -> None:
    """certbot takes a `PluginError` as "not available", which suits plugins that it lists."""
    panel.fail(verb="login", error=LoginRefusedError("Wrong password."))

    with pytest.raises(kind, match=r"Wrong password\.\sThe credentials file is .*webfaction\.ini"):
        authenticator(tmp_path, **chosen).prepare()


def test_listing_plugins_changes_nothing(panel: FakePanel, tmp_path: Path) -> None:
    """`certbot plugins --prepare` logs in and no more."""
    authenticator(tmp_path, authenticator=None, domains=["example.net"]).prepare()

    assert panel.verbs() == ["login"]
    assert not (tmp_path / "webfaction").exists()


def test_the_next_prepare_removes_what_a_killed_run_left(panel: FakePanel, tmp_path: Path) -> None:
    """Without `cleanup` the journal still knows the records."""
    before = dict(panel.zones)
    killed = authenticator(tmp_path)
    killed.prepare()
    killed.perform([achall("example.com")])
    assert texts(panel) == [NAME]
    authenticator(tmp_path).prepare()

    assert (texts(panel), panel.zones) == ([], before)


def test_cleaning_up_never_raises(
    panel: FakePanel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It would hide the first error, and keep certbot from cleaning up elsewhere."""
    plugin = authenticator(tmp_path)
    plugin.prepare()
    plugin.perform([achall("example.com")])
    panel.fail(verb="delete_txt")
    plugin.cleanup([achall("example.com")])

    assert "Cleaning up after the challenges is not complete" in caplog.text


def test_the_hint_names_the_records_and_the_option(panel: FakePanel, tmp_path: Path) -> None:
    """Each name once, and no flood of them."""
    plugin = authenticator(tmp_path, dns_webfaction_propagation_seconds=45)
    failed = [achall(name) for name in ("example.com", "example.com", "a.example.com")]

    hint = plugin.auth_hint(failed)
    assert f"TXT records for {NAME}, _acme-challenge.a.example.com 45 s after" in hint
    assert "--dns-webfaction-propagation-seconds" in hint
    many = plugin.auth_hint([achall(f"{number}.example.com") for number in range(8)])
    assert "_acme-challenge.4.example.com and 3 more 45 s after" in many


def test_challenges_of_every_certbot_are_understood(panel: FakePanel, tmp_path: Path) -> None:
    """Before certbot 5.3 they had no identifier, later they lose their domain."""
    plugin = authenticator(tmp_path)
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value="example.com")
    for known in (SimpleNamespace(domain="example.com"), SimpleNamespace(identifier=identifier)):
        assert f"for {NAME} " in plugin.auth_hint([known])  # type: ignore[list-item] # what counts
