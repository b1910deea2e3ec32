"""The plugin ``webfaction`` as certbot's authenticator, without certbot around it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from acme import challenges, messages
from certbot import achallenges, configuration, errors, interfaces
from cryptography.hazmat.primitives.asymmetric import rsa
from josepy.jwk import JWKRSA

from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Source, Wanted, WantedSite
from certbot_webfaction.challenges.dns01 import Records
from certbot_webfaction.command import command_parser
from certbot_webfaction.command.configuration import read_configuration
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.hosts.webfaction.model import Account, App, Domain, Mount, Website
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change
from certbot_webfaction.plugin import door
from certbot_webfaction.plugin.webfaction import Configurator, DnsAuthenticator
from tests.hosts.webfaction.fake import IP, FakePanel
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.lineages.writing import write_lineage
from tests.plugin.connecting import connect

KEY = JWKRSA(key=rsa.generate_private_key(65537, 2048))
LETSENCRYPT = Mount("letsencrypt", CHALLENGE_PATH)


def account(monkeypatch: pytest.MonkeyPatch, panel: FakePanel, file: Path) -> None:
    """Write a credentials file, named after its user, that leads to a panel."""
    file.write_text(
        f"webfaction_username = {file.stem}\n"
        "webfaction_password = secret\n"
        "webfaction_api_url = http://127.0.0.1/\n"
    )
    file.chmod(0o600)
    connect(monkeypatch, panel, file.parent / "config", file.stem)


@pytest.fixture
def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShellPanel:
    """The panel of `configure`'s account: Django at api.test, static files at *.shop.test."""
    panel = ShellPanel(
        websites=(
            Website("api", IP, False, ("api.test",), (Mount("django", "/"),)),
            Website("shop", IP, False, ("*.shop.test", "shop.test"), (Mount("static", "/"),)),
        ),
        apps=(
            App("django", "django41", None),
            App("static", "static_only", str(tmp_path / "webapps/static")),
        ),
        domains=(Domain("shop.test", ()),),
        account=Account("alice", str(tmp_path), "web500"),
    )
    (tmp_path / "webapps/static").mkdir(parents=True)
    account(monkeypatch, panel, tmp_path / "alice.ini")
    return panel


def configure(folder: Path, **options: object) -> configuration.NamespaceConfig:
    """What certbot gives a plugin in ``certonly -a webfaction``, or as ``options`` say."""
    names = [f"--{name}-dir={folder / name}" for name in ("config", "work", "logs")]
    config = read_configuration(command_parser().parse_args(["status", *names]))
    given = {
        "verb": "certonly",
        "authenticator": "webfaction",
        "installer": None,
        "webfaction_credentials": str(folder / "alice.ini"),
        "dns_webfaction_credentials": str(folder / "alice.ini"),
        "webfaction_wait": 0,
        **options,
    }
    for name, value in given.items():
        setattr(config, name, value)
    return config


def plugin(folder: Path, **options: object) -> Configurator:
    return Configurator(configure(folder, **options), "webfaction")


def achall(domain: str) -> achallenges.KeyAuthorizationAnnotatedChallenge:
    challenge = messages.ChallengeBody(
        chall=challenges.HTTP01(token=domain.encode().ljust(16, b"-")),
        uri="https://ca.example/challenge",
        status=messages.STATUS_PENDING,
    )
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=domain)
    return achallenges.KeyAuthorizationAnnotatedChallenge(
        challb=challenge, identifier=identifier, account_key=KEY
    )


# What is looked at before an order


@pytest.mark.parametrize(
    ("verb", "looks"),
    [
        ("run", True),
        ("certonly", True),
        ("renew", True),
        ("reconfigure", True),
        ("install", False),
        ("enhance", False),
        ("rollback", False),
    ],
)
def test_only_who_asks_for_a_challenge_needs_a_website(
    panel: ShellPanel, tmp_path: Path, verb: str, looks: bool
) -> None:
    """`authenticator` in cli.ini keeps nobody from installing what another one issued."""
    refused = pytest.raises(errors.ConfigurationError, match=r"gone\.test")
    for each in (
        plugin(tmp_path, verb=verb, domains=["gone.test"]),
        DnsAuthenticator(
            configure(tmp_path, verb=verb, authenticator="dns-webfaction", domains=["gone.test"]),
            "dns-webfaction",
        ),
    ):
        with refused if looks else contextlib.nullcontext():
            each.prepare()


def test_what_is_known_of_lineages_is_known_to_every_plugin(tmp_path: Path) -> None:
    """certbot makes plugins anew for each lineage of a renewal."""
    first, second = (door.lineages_of(configure(tmp_path)) for _ in range(2))
    assert first.files("shop.test") is second.files("shop.test")


def test_a_certificate_that_is_there_needs_no_website(panel: ShellPanel, tmp_path: Path) -> None:
    """`run --keep-until-expiring`: most likely nothing is asked for; a renewal does ask."""
    write_lineage(tmp_path / "config", "gone", "gone.test", "www.gone.test")
    write_lineage(tmp_path / "config", "broken", "broken.test")
    (tmp_path / "config/archive/broken/cert1.pem").write_text("")
    names = ["www.gone.test", "GONE.test"]

    def ahead(verb: str, domains: list[str]) -> list[str]:
        config = configure(tmp_path, verb=verb, domains=domains)
        return door.names_ahead(config, door.lineages_of(config))

    assert ahead("run", names) == []
    assert ahead("renew", names) == names
    for others in ([*names, "a.gone.test"], names[:1]):
        assert ahead("run", others) == others


@pytest.mark.parametrize(
    ("options", "looks"),
    [
        ({"domains": ["shop.test", "*.shop.test"]}, {"domains", "dns_records", "websites"}),
        ({"domains": ["*.shop.test"]}, {"domains", "dns_records"}),
        ({"domains": ["shop.test"]}, {"websites", "apps"}),
        ({"domains": ["a.b.shop.test"]}, {"websites", "domains", "dns_records"}),
        ({"domains": ["shop.test"], "pref_challs": ["dns-01"]}, {"domains", "dns_records"}),
        ({"domains": ["shop.test"], "pref_challs": ["http-01"]}, {"websites", "apps"}),
    ],
)
def test_it_is_looked_for_where_a_challenge_will_be_answered(
    panel: ShellPanel, tmp_path: Path, options: dict[str, list[str]], looks: set[str]
) -> None:
    """By DNS for wildcards, without a website and where the user says so, else by a file."""
    plugin(tmp_path, **options).prepare()
    assert looks <= {call[0] for call in panel.calls}
    assert ("domains" in looks) == ("domains" in {call[0] for call in panel.calls})


def test_a_wildcard_of_no_domain_of_the_account_is_refused_before_an_order(
    panel: ShellPanel, tmp_path: Path
) -> None:
    """As any other name that can't be answered."""
    each = plugin(tmp_path, domains=["shop.test", "*.gone.test"])
    with pytest.raises(errors.ConfigurationError, match=r"gone\.test: it is in no domain"):
        each.prepare()


def test_who_prefers_dns_in_vain_is_told_that_files_would_do(
    panel: ShellPanel, tmp_path: Path
) -> None:
    """The option may stand in a cli.ini that nobody thinks of any more; it helps no wildcard."""
    for domain, is_told in (("gone.test", True), ("*.gone.test", False)):
        each = plugin(tmp_path, domains=[domain], pref_challs=["dns-01"])
        with pytest.raises(errors.ConfigurationError, match="it is in no domain") as raised:
            each.prepare()
        assert ("leave out preferred-challenges" in str(raised.value)) == is_told


# What becomes of a mount


def test_a_mount_stays_where_certbot_tried_again_without_a_refused_name(
    panel: ShellPanel, tmp_path: Path
) -> None:
    """With --allow-subset-of-names certbot does so while it handles the CA's refusal."""
    each = plugin(tmp_path)
    each.prepare()
    try:
        raise errors.Error("refused by the CA")
    except errors.Error:
        each.perform([achall("api.test")])
        each.cleanup([achall("api.test")])
    assert LETSENCRYPT in panel.sites["api", False].mounts


def test_a_mount_stays_where_the_ca_failed_only_others(panel: ShellPanel, tmp_path: Path) -> None:
    """certbot asks for a hint then, too, and goes on with what is valid."""
    each = plugin(tmp_path)
    each.prepare()
    each.perform([achall("api.test"), achall("shop.test")])
    each.auth_hint([achall("shop.test")])
    each.cleanup([achall("api.test"), achall("shop.test")])
    assert LETSENCRYPT in panel.sites["api", False].mounts


@pytest.mark.parametrize("around", [None, errors.Error("refused by the CA")])
def test_a_mount_goes_where_the_order_failed(
    panel: ShellPanel, tmp_path: Path, around: Exception | None
) -> None:
    """certbot cleans up while the failure is being raised."""
    before = panel.sites["api", False]
    each = plugin(tmp_path)
    each.prepare()
    with contextlib.suppress(errors.Error), _handling(around):
        try:
            each.perform([achall("api.test")])
            raise errors.AuthorizationError("Some challenges have failed.")
        finally:
            each.cleanup([achall("api.test")])
    assert panel.sites["api", False] == before


@pytest.mark.parametrize(
    ("raised", "stays"),
    [(KeyboardInterrupt(), True), (PanelUnreachableError("The panel gave no answer."), False)],
)
def test_the_journal_remembers_what_was_interrupted(
    panel: ShellPanel, tmp_path: Path, raised: BaseException, stays: bool
) -> None:
    """The call may yet be carried out; one that failed was looked after by the client."""
    each = plugin(tmp_path)
    each.prepare()
    panel.fail(verb="create_app", error=raised)  # type: ignore[arg-type] # Ctrl-C is no error
    with contextlib.suppress(errors.Error, KeyboardInterrupt):
        try:
            each.perform([achall("api.test")])
        finally:
            each.cleanup([achall("api.test")])
    each._account.read_books()
    assert bool(each._account.books.journal.made_for(Change.CHALLENGE)) == stays


@contextlib.contextmanager
def _handling(error: Exception | None) -> Iterator[None]:
    if error is None:
        yield
        return
    try:
        raise error
    except errors.Error:
        yield


# What an earlier run left


def test_before_a_renewal_of_many_what_was_left_is_tried_once(
    panel: ShellPanel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A refusal is warned of once; each lineage's `restart` tries again."""
    write_lineage(tmp_path / "config", "shop", "shop.test")
    mounts = panel.sites["shop", False].mounts
    panel.sites["shop", True] = Website("shop", IP, True, ("shop.test",), mounts)
    first, second = (
        plugin(tmp_path, verb="renew", installer="webfaction", domains=["shop.test"])
        for _ in range(2)
    )
    books = first._account.books
    books.wanted = Wanted({"shop": WantedSite(Source(lineage="shop"), ["shop.test"])})
    books.journal = Journal()
    books.save()
    panel.fail(verb="create_certificate", error=PanelRefusedError("Try again later."))
    first.prepare()
    second.prepare()
    assert caplog.text.count("could not be completed yet: ") == 1
    assert panel.installed == {}
    second.restart()
    assert panel.sites["shop", True].certificate == "shop"


# DNS in another account


def test_an_idle_renew_cleans_up_the_dns_of_another_account(
    panel: ShellPanel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once per run, without a call where nothing was left; an error is no more than a warning."""
    others = FakePanel(domains=(Domain("bob.test", ()),))
    account(monkeypatch, others, tmp_path / "bob.ini")
    options = {
        "verb": "renew",
        "authenticator": "dns-webfaction",
        "dns_webfaction_credentials": str(tmp_path / "bob.ini"),
    }
    config = configure(tmp_path, **options)
    lineage = cast(interfaces.RenewableCert, SimpleNamespace(lineagename="shop"))

    plugin(tmp_path, **options).generic_updates(lineage)
    assert others.calls == []
    killed = door.account_of(config, WEBFACTION, "dns-webfaction")
    Records(killed).publish("_acme-challenge.bob.test", "left")
    others.calls.clear()
    plugin(tmp_path, **options).generic_updates(lineage)
    assert others.calls == []
    killed.memory.cleaned_up = False
    plugin(tmp_path, **options).generic_updates(lineage)
    assert (others.records, others.zones["bob.test"]) == ([], Domain("bob.test", ()))
    assert killed.books.journal.all("record") == []

    gone: Any = {**options, "dns_webfaction_credentials": str(tmp_path / "gone.ini")}
    plugin(tmp_path, **gone).generic_updates(lineage)
    assert "Cleaning up after the challenges is not complete: There is no cred" in caplog.text
