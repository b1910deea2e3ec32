"""What the client makes of an API that fails: every verb, every way to fail.

Judged by what the host holds afterwards and by the calls that reached it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from certbot_webfaction.hosts import wire
from certbot_webfaction.hosts.tries import RETRY_DELAYS
from certbot_webfaction.hosts.webfaction.client import WebFaction
from certbot_webfaction.hosts.webfaction.model import Mount, Website
from certbot_webfaction.panel.errors import PanelError, PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Upload
from tests.hosts.webfaction.conftest import credentials
from tests.sandbox import faults
from tests.sandbox.api import ApiServer
from tests.sandbox.host import DnsOverride, Host, Snapshot
from tests.waiting import until

NAME = "_acme-challenge.example.com"
Act = Callable[[WebFaction, Upload], object]


@dataclass(frozen=True)
class Verb:
    """A verb of the panel, the method of the API behind it, and a call of it."""

    method: str
    act: Act


def _site(https: bool, *domains: str) -> Website:
    return Website("shop", "127.0.0.1", https, domains, (Mount("shop", "/"),))


READS = {
    "websites": Verb("list_websites", lambda panel, _: panel.websites()),
    "apps": Verb("list_apps", lambda panel, _: panel.apps()),
    "certificates": Verb("list_certificates", lambda panel, _: panel.certificates()),
    "run": Verb("system", lambda panel, _: panel.run("echo done")),
    "domains": Verb("list_domains", lambda panel, _: panel.domains()),
    "dns_records": Verb("list_dns_overrides", lambda panel, _: panel.dns_records()),
}

WRITES = {
    "create_website": Verb(
        "create_website", lambda panel, _: panel.create_website(_site(True, "shop.example.com"))
    ),
    "update_website": Verb(
        "update_website", lambda panel, _: panel.update_website(_site(False, "new.example.com"))
    ),
    "delete_website": Verb(
        "delete_website", lambda panel, _: panel.delete_website(_site(False, "shop.example.com"))
    ),
    "create_app": Verb("create_app", lambda panel, _: panel.create_app("new", "static_only")),
    "delete_app": Verb("delete_app", lambda panel, _: panel.delete_app("unused")),
    "create_certificate": Verb(
        "create_certificate", lambda panel, upload: panel.create_certificate("new", upload)
    ),
    "update_certificate": Verb(
        "update_certificate", lambda panel, upload: panel.update_certificate("shop", upload)
    ),
    "create_subdomain": Verb(
        "create_domain", lambda panel, _: panel.create_subdomain("example.com", "new")
    ),
    "delete_subdomain": Verb(
        "delete_domain", lambda panel, _: panel.delete_subdomain("example.com", "www")
    ),
    "create_txt": Verb("create_dns_override", lambda panel, _: panel.create_txt(NAME, "new")),
    "delete_txt": Verb("delete_dns_override", lambda panel, _: panel.delete_txt(NAME, "old")),
}

VERBS = READS | WRITES

LOST = (
    faults.RESET_BEFORE,
    faults.RESET_AFTER,
    faults.HANG_BEFORE,
    faults.HANG_AFTER,
    faults.HTTP_500,
    faults.TRUNCATED,
)
"""Faults after which it is unknown whether the call took effect."""


def _populate(host: Host, upload: Upload) -> None:
    host.add_app("shop", "static_php70")
    host.add_app("unused", "static_only")
    host.add_website("shop", ("shop.example.com",), (("shop", "/"),))
    host.add_certificate("shop", upload.leaf, upload.private_key, upload.chain)
    host.add_domain("example.com", "www", "_acme-challenge")
    host.add_dns_override(DnsOverride(NAME, spf_record="old"))


@pytest.fixture
def losing_panel(
    host: Host,
    api: ApiServer,
    waits: list[float],
    verb: Verb,
    loss: faults.Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> WebFaction:
    """The client, logged in, for a verb whose first call is lost.

    Where that hangs, it alone is given up soon: on a busy machine a short time-out would be a fault
    of its own for other calls. They come when the API is done with the lost one.
    """
    long = wire.TIMEOUT

    def sleep(seconds: float) -> None:
        monkeypatch.setattr(wire, "TIMEOUT", long)
        until(lambda: verb.method in api.calls.methods())
        waits.append(seconds)

    panel = WebFaction(credentials(host, api), sleep)
    panel.login()
    if loss.end == "hang":
        monkeypatch.setattr(wire, "TIMEOUT", 0.3)
    return panel


@pytest.fixture
def upload(uploads: tuple[Upload, Upload]) -> Upload:
    """The certificate that verbs send; the host holds the other one."""
    return uploads[1]


@pytest.fixture
def populated(host: Host, uploads: tuple[Upload, Upload]) -> Host:
    """An account on which each of `VERBS` can succeed once."""
    _populate(host, uploads[0])
    return host


@pytest.fixture
def expected(
    tmp_path: Path, uploads: tuple[Upload, Upload], request: pytest.FixtureRequest
) -> Snapshot:
    """What the host holds once the test's verb has happened exactly once."""
    twin = Host(tmp_path / "twin")
    _populate(twin, uploads[0])
    with ApiServer(twin) as api:
        request.getfixturevalue("verb").act(WebFaction(credentials(twin, api)), uploads[1])
    return twin.snapshot()


each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
each_write = pytest.mark.parametrize("verb", WRITES.values(), ids=WRITES)
each_loss = pytest.mark.parametrize("loss", LOST, ids=lambda loss: loss.name)


@each_verb
@each_loss
def test_lost_answer_is_made_up_for(
    populated: Host,
    api: ApiServer,
    losing_panel: WebFaction,
    waits: list[float],
    upload: Upload,
    verb: Verb,
    loss: faults.Fault,
    expected: Snapshot,
) -> None:
    """After one lost answer the verb succeeds, has happened once, and waited once."""
    api.faults.on(1, loss, verb.method)
    verb.act(losing_panel, upload)
    assert populated.snapshot() == expected
    assert waits == list(RETRY_DELAYS[:1])


@each_write
@pytest.mark.parametrize(
    "loss", [faults.RESET_AFTER, faults.HANG_AFTER, faults.TRUNCATED], ids=lambda loss: loss.name
)
def test_write_that_took_effect_is_not_repeated(
    populated: Host,
    api: ApiServer,
    losing_panel: WebFaction,
    upload: Upload,
    verb: Verb,
    loss: faults.Fault,
) -> None:
    """The panel is read instead, and shows that it has happened."""
    api.faults.always(loss, verb.method)
    verb.act(losing_panel, upload)
    assert api.calls.methods().count(verb.method) == 1


@each_verb
def test_refused_connection_is_tried_again_without_a_look(
    populated: Host,
    api: ApiServer,
    host: Host,
    upload: Upload,
    verb: Verb,
    expected: Snapshot,
) -> None:
    """Nothing can have happened, so the panel is not read."""
    panel = WebFaction(credentials(host, api), sleep=lambda _seconds: api.start_listening())
    panel.login()
    api.faults.on(1, faults.REFUSED)
    verb.act(panel, upload)
    assert populated.snapshot() == expected
    assert api.calls.methods() == ["login", verb.method]


@each_verb
def test_api_that_stays_away_is_unreachable(
    populated: Host,
    api: ApiServer,
    panel: WebFaction,
    waits: list[float],
    upload: Upload,
    verb: Verb,
) -> None:
    """The message says what was wanted, why it failed, and that it was not done."""
    panel.login()
    before = populated.snapshot()
    api.faults.on(1, faults.REFUSED)
    with pytest.raises(PanelUnreachableError, match="it refused the connection") as raised:
        verb.act(panel, upload)
    assert ("It was not done." in str(raised.value)) == (verb in WRITES.values())
    assert "Run the same command again later." in str(raised.value)
    assert waits == list(RETRY_DELAYS)
    assert populated.snapshot() == before


@each_write
@pytest.mark.parametrize(
    "loss",
    [faults.RESET_BEFORE, faults.RESET_AFTER, faults.HTTP_500, faults.TRUNCATED],
    ids=lambda loss: loss.name,
)
def test_write_that_no_look_can_confirm_is_reported_as_unknown(
    populated: Host,
    api: ApiServer,
    panel: WebFaction,
    upload: Upload,
    verb: Verb,
    loss: faults.Fault,
) -> None:
    """It is sent once, because every look is lost too, and the message admits it."""
    panel.login()
    api.faults.always(loss)
    with pytest.raises(PanelUnreachableError, match="not known whether that was done"):
        verb.act(panel, upload)
    assert api.calls.methods().count(verb.method) == 1


@each_write
def test_write_that_is_refused_after_a_lost_answer_is_looked_up(
    populated: Host,
    api: ApiServer,
    panel: WebFaction,
    upload: Upload,
    verb: Verb,
    expected: Snapshot,
) -> None:
    """A lost call that takes effect after the look makes the repeated one fail; all is well."""

    def take_effect_late(number: int, method: str) -> None:
        if method == verb.method and api.calls.methods().count(method) == 1:
            api.before_call = lambda _number, _method: None
            with ApiServer(populated) as other:
                verb.act(WebFaction(credentials(populated, other)), upload)

    api.before_call = take_effect_late
    api.faults.on(1, faults.RESET_BEFORE, verb.method)
    api.faults.on(2, faults.fault("It already exists, or is gone."), verb.method)
    verb.act(panel, upload)
    assert populated.snapshot() == expected


@each_write
def test_write_that_is_refused_at_once_is_not_looked_up(
    populated: Host, api: ApiServer, panel: WebFaction, upload: Upload, verb: Verb
) -> None:
    """Its answer is an answer."""
    api.faults.on(1, faults.fault("No."), verb.method)
    with pytest.raises(PanelRefusedError, match="The panel says: No"):
        verb.act(panel, upload)
    assert api.calls.methods() == ["login", verb.method]


@each_write
def test_write_whose_look_is_refused_is_reported_as_unknown(
    populated: Host, api: ApiServer, panel: WebFaction, upload: Upload, verb: Verb
) -> None:
    """A panel that refuses to show what it holds has not refused the write."""
    panel.login()
    api.faults.on(1, faults.RESET_BEFORE)
    api.faults.on(2, faults.fault("Not now."))
    api.faults.on(3, faults.fault("Not now."))
    with pytest.raises(PanelUnreachableError, match="not known whether that was done") as raised:
        verb.act(panel, upload)
    assert "it does not show what it holds: Not now." in str(raised.value)


@each_write
def test_write_is_looked_up_also_after_a_refused_connection(
    populated: Host,
    api: ApiServer,
    upload: Upload,
    verb: Verb,
    expected: Snapshot,
) -> None:
    """That the look could not be taken changes nothing about the lost answer before."""
    waits = iter((api.stop_listening, api.start_listening))
    panel = WebFaction(credentials(populated, api), sleep=lambda _seconds: next(waits)())
    panel.login()
    api.faults.on(1, faults.RESET_AFTER)
    verb.act(panel, upload)
    assert populated.snapshot() == expected
    assert api.calls.methods().count(verb.method) == 1


def test_lost_update_of_the_chain_alone_is_made_up_for(
    populated: Host, api: ApiServer, panel: WebFaction, uploads: tuple[Upload, Upload]
) -> None:
    """The leaf on the panel is the right one already, so only the chain tells."""
    api.faults.on(1, faults.RESET_BEFORE, "update_certificate")
    panel.update_certificate("shop", replace(uploads[0], chain=uploads[1].leaf))
    (certificate,) = populated.snapshot().certificates
    assert certificate.intermediates == uploads[1].leaf


def test_lost_deletion_is_seen_beside_a_website_of_the_same_name(
    populated: Host, api: ApiServer, panel: WebFaction
) -> None:
    """The https website of that name is another one."""
    populated.add_website("shop", ("shop.example.com",), (("shop", "/"),), https=True)
    api.faults.on(1, faults.RESET_AFTER, "delete_website")
    panel.delete_website(_site(False, "shop.example.com"))
    assert [website.https for website in populated.snapshot().websites] == [True]
    assert api.calls.methods().count("delete_website") == 1


@pytest.mark.parametrize("verb", [WRITES["create_app"]])
def test_lost_creation_beside_another_of_that_name_is_refused(
    populated: Host, api: ApiServer, panel: WebFaction, verb: Verb, upload: Upload
) -> None:
    """What is there is not what was sent, so it does not count as done."""
    populated.add_app("new", "django")
    api.faults.on(1, faults.RESET_BEFORE, "create_app")
    with pytest.raises(PanelRefusedError, match="already exists"):
        verb.act(panel, upload)


@each_verb
@pytest.mark.parametrize("style", ["old", "list", "new"])
def test_expired_session_logs_in_once_more(
    populated: Host,
    api: ApiServer,
    panel: WebFaction,
    waits: list[float],
    upload: Upload,
    verb: Verb,
    style: str,
    expected: Snapshot,
) -> None:
    """However the fault is spelled; the call is repeated without waiting."""
    api.fault_style = style  # type: ignore[assignment] # parametrised over its values
    panel.login()
    api.expire_sessions()
    verb.act(panel, upload)
    assert populated.snapshot() == expected
    assert api.calls.methods() == ["login", verb.method, "login", verb.method]
    assert waits == []


@each_verb
def test_session_that_keeps_expiring_ends(
    populated: Host, api: ApiServer, panel: WebFaction, upload: Upload, verb: Verb
) -> None:
    """One more login, one more try, then the panel's words."""
    api.faults.always(faults.SESSION_EXPIRED, verb.method)
    with pytest.raises(PanelRefusedError, match="Session does not exist or has expired"):
        verb.act(panel, upload)
    assert api.calls.methods() == ["login", verb.method, "login", verb.method]


@pytest.mark.parametrize("verb", READS.values(), ids=READS)
@pytest.mark.parametrize("value", [7, {"a": 1}, [7], [{"name": 7, "domain": 7, "cname": 7}]])
def test_wrong_types_in_an_answer_are_named(
    populated: Host, api: ApiServer, panel: WebFaction, upload: Upload, verb: Verb, value: object
) -> None:
    """The message names the method and the field, and never a traceback."""
    api.faults.always(faults.wrong(value), verb.method)
    with pytest.raises(PanelUnreachableError, match=f"can't read \\({verb.method}"):
        verb.act(panel, upload)


@each_write
def test_answer_to_a_write_is_not_needed(
    populated: Host,
    api: ApiServer,
    panel: WebFaction,
    upload: Upload,
    verb: Verb,
    expected: Snapshot,
) -> None:
    """Whatever it is: that there is one says that it happened."""
    api.faults.always(faults.wrong(7), verb.method)
    verb.act(panel, upload)
    assert populated.snapshot() == expected


@pytest.mark.parametrize("value", ["", 7, [], ["id"], [7, {}], ["id", []], ["id", {}]])
def test_wrong_types_in_the_answer_to_login_are_named(
    api: ApiServer, panel: WebFaction, value: object
) -> None:
    """The message names what can't be read."""
    api.faults.always(faults.wrong(value), "login")
    with pytest.raises(PanelUnreachableError, match=r"can't read \(login"):
        panel.login()


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        (faults.huge(40), "larger than 32 MiB"),
        (faults.nested(100_000), "nested too deeply"),
    ],
    ids=["huge", "nested"],
)
def test_answer_that_would_be_the_same_again_is_not_asked_for_again(
    api: ApiServer, panel: WebFaction, waits: list[float], spoiled: faults.Fault, words: str
) -> None:
    """One call, one message."""
    api.faults.always(spoiled, "list_apps")
    with pytest.raises(PanelUnreachableError, match=f"{words}. Trying again won't help"):
        panel.apps()
    assert waits == []
    assert api.calls.methods() == ["login", "list_apps"]


@each_verb
@pytest.mark.parametrize(
    "spelling",
    [
        "<class 'webfaction_api.exceptions.DataError'>:[u'Something is wrong.']",
        "[u'Something is wrong.']",
        "Something is wrong.",
    ],
    ids=["old", "list", "new"],
)
def test_fault_is_shown_in_plain_words(
    api: ApiServer, panel: WebFaction, upload: Upload, verb: Verb, spelling: str
) -> None:
    """Our words first, then the panel's, without the wrapping."""
    api.faults.always(faults.fault(spelling), verb.method)
    with pytest.raises(PanelRefusedError) as raised:
        verb.act(panel, upload)
    assert str(raised.value).startswith("WebFaction refused to ")
    assert str(raised.value).endswith("The panel says: Something is wrong.")


@each_verb
def test_lost_login_is_tried_again(
    populated: Host, api: ApiServer, panel: WebFaction, upload: Upload, verb: Verb
) -> None:
    """And the verb then goes through as ever."""
    api.faults.on(1, faults.RESET_AFTER)
    verb.act(panel, upload)
    assert api.calls.methods() == ["login", "login", verb.method]


@each_verb
@pytest.mark.parametrize(
    "loss",
    [faults.RESET_AFTER, faults.HTTP_500, faults.TRUNCATED, faults.SESSION_EXPIRED],
    ids=lambda loss: loss.name,
)
def test_no_fault_shows_a_secret(
    populated: Host,
    api: ApiServer,
    panel: WebFaction,
    upload: Upload,
    verb: Verb,
    loss: faults.Fault,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Password, session and private key are in no log record and in no error."""
    caplog.set_level(0)
    session_ids: list[str] = []
    api.faults.on(3, loss)
    errors = ""
    for _ in range(3):
        try:
            verb.act(panel, upload)
        except PanelError as error:
            errors += repr(error)
        session_ids += [panel._session.id] if panel._session else []
    said = caplog.text + errors
    assert session_ids
    for secret in (populated.password, upload.private_key.splitlines()[1], *session_ids):
        assert secret not in said
