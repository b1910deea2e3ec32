"""What the client alone does: its login, and what it tells the person at the terminal."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from certbot_webfaction.hosts.webfaction.client import (
    MachineRefusedError,
    WebFaction,
    likely_machine,
    machine_of_this_host,
)
from certbot_webfaction.hosts.webfaction.model import Mount, Website
from certbot_webfaction.panel.errors import (
    LoginRefusedError,
    PanelRefusedError,
    PanelUnreachableError,
)
from certbot_webfaction.panel.model import Upload
from tests.hosts.canned import CannedServer, http, result
from tests.hosts.webfaction.conftest import credentials
from tests.sandbox import faults
from tests.sandbox.api import ApiServer
from tests.sandbox.host import Host

SHOP = Website("shop", "127.0.0.1", True, ("shop.example.com",), (Mount("shop", "/"),))


def _alice(url: str) -> dict[str, str]:
    """The credentials of an account on one machine."""
    return {"username": "alice", "password": "secret", "api_url": url}


# Login


def test_nothing_is_sent_before_the_first_call(host: Host, api: ApiServer) -> None:
    """A plugin that is only listed makes no call."""
    WebFaction(credentials(host, api))
    assert api.calls == []


def test_one_login_serves_all_calls(api: ApiServer, panel: WebFaction) -> None:
    """Whether it is asked for or not."""
    panel.apps()
    panel.login()
    panel.login()
    panel.websites()
    assert api.calls.methods() == ["login", "list_apps", "list_websites"]


@pytest.mark.parametrize(
    ("machine", "sent"),
    [({}, "<string></string>"), ({"machine": "Web500"}, "<string>Web500</string>")],
)
def test_login_asks_for_version_2_of_the_api(machine: dict[str, str], sent: str) -> None:
    """Certificates are in no other; a machine that is not named is sent empty."""
    account = {"username": "alice", "home": "/home", "web_server": "Web500"}
    with CannedServer([http(result(["id", account]))]) as server:
        WebFaction(_alice(server.url) | machine).login()
    ((_head, body),) = server.requests
    values = [line for line in body.decode().splitlines() if line.startswith("<value>")]
    assert values == [
        "<value><string>alice</string></value>",
        "<value><string>secret</string></value>",
        f"<value>{sent}</value>",
        "<value><int>2</int></value>",
    ]


@pytest.mark.parametrize("style", ["old", "list", "new"])
def test_wrong_password_is_told(host: Host, api: ApiServer, style: str) -> None:
    """With where it is written, how to quote it, and the panel's words."""
    api.fault_style = style  # type: ignore[assignment] # parametrised over its values
    panel = WebFaction(credentials(host, api, password="wr0ng,"))
    with pytest.raises(LoginRefusedError) as raised:
        panel.login()
    assert str(raised.value) == (
        'WebFaction refused the login of "alice". Check webfaction_username and'
        " webfaction_password in the credentials file; a password with a #, a comma, quotes or"
        " outer spaces stands in quotes there. The panel says: LoginError"
    )
    assert not isinstance(raised.value, MachineRefusedError)
    assert raised.value.what == 'WebFaction refused the login of "alice".'
    assert raised.value.said == "LoginError"


def test_refused_login_is_not_tried_again(host: Host, api: ApiServer) -> None:
    """Not by another call either: trying passwords can lock an account. It keeps its parts."""
    panel = WebFaction(credentials(host, api, password="wrong"))
    parts = set()
    for call in (panel.login, panel.apps, panel.login, lambda: panel.delete_app("shop")):
        with pytest.raises(LoginRefusedError, match="refused the login") as raised:
            call()
        parts.add((raised.value.what, raised.value.todo, raised.value.said))
    assert len(parts) == 1
    assert all(parts.pop())
    assert api.calls.methods() == ["login"]


@pytest.mark.parametrize("style", ["old", "list", "new"])
@pytest.mark.parametrize(
    ("machine", "likely"),
    [
        ("web123", "Web123"),
        ("WEB123", "Web123"),
        ("web123.webfaction.com", "Web123"),
        ("Web123", "Host500"),
    ],
)
def test_wrong_machine_is_told_with_the_likely_spelling(
    host: Host,
    api: ApiServer,
    monkeypatch: pytest.MonkeyPatch,
    style: str,
    machine: str,
    likely: str,
) -> None:
    """The one given with a capital, or this host's if that has one already."""
    monkeypatch.setattr(socket, "gethostname", lambda: "host500.example.com")
    api.fault_style = style  # type: ignore[assignment] # parametrised over its values
    panel = WebFaction(credentials(host, api, machine=machine))
    with pytest.raises(MachineRefusedError) as raised:
        panel.login()
    assert raised.value.what.endswith(f'of "alice" on the machine "{machine}".')
    assert raised.value.said == f'Not allowed to login to machine "{machine}"'
    assert str(raised.value) == (
        f'WebFaction refused the login of "alice" on the machine "{machine}". A machine is called'
        " what `hostname -s` prints there, with its first letter raised. Try"
        f" webfaction_machine = {likely} in the credentials file, or leave it out if the account"
        f' has one machine only. The panel says: Not allowed to login to machine "{machine}"'
    )
    assert api.calls[-1].outcome.startswith("fault")


def test_missing_machine_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An account with several machines has to name one."""
    host = Host(tmp_path_factory.mktemp("home"), machines=("Web500", "Web501"))
    with ApiServer(host) as api:
        panel = WebFaction(credentials(host, api, machine=""))
        with pytest.raises(MachineRefusedError, match="on the machine that its account") as raised:
            panel.login()
    assert f"Try webfaction_machine = {machine_of_this_host()} in" in str(raised.value)


def test_machine_of_this_host_has_a_capital(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short host name, otherwise as it is."""
    monkeypatch.setattr(socket, "gethostname", lambda: "webX5.example.com")
    assert machine_of_this_host() == likely_machine("") == "WebX5"


def test_refused_new_login_after_an_expired_session_is_told(
    host: Host, api: ApiServer, panel: WebFaction
) -> None:
    """The password was changed meanwhile."""
    panel.login()
    api.expire_sessions()
    host.password = "new one"
    with pytest.raises(LoginRefusedError, match="webfaction_password in the credentials file"):
        panel.apps()


def test_client_shows_no_password() -> None:
    """However it is printed."""
    secret = _alice("https://127.0.0.1/")
    assert "secret" not in f"{WebFaction(secret)} {WebFaction(secret)!r}"


def test_password_and_session_that_the_panel_repeats_are_hidden() -> None:
    """In whatever it says."""
    account = {"username": "alice", "home": "/home", "web_server": "Web500"}
    said = http(b"login(alice, secret) failed", "400 No")
    with CannedServer([said]) as server, pytest.raises(PanelUnreachableError) as raised:
        WebFaction(_alice(server.url)).login()
    assert "login(alice, [hidden]) failed" in str(raised.value)
    answers = iter([http(result(["the-session", account])), http(b"the-session?", "400 No")])
    with CannedServer(_Each(answers)) as server, pytest.raises(PanelUnreachableError) as raised:
        WebFaction(_alice(server.url)).apps()
    assert '"[hidden]?"' in str(raised.value)


SECRET = "grün's \\ 1"


@pytest.mark.parametrize(
    "spelled",
    [
        "<class 'webfaction_api.exceptions.LoginError'>:[u{0!a}]",
        "<class 'webfaction_api.exceptions.LoginError'>:[u{1!a}]",
        "[u'no gr\\xfcn\\'s \\\\ 1']",
        "{0}",
        "{0!r}",
    ],
)
def test_password_that_a_fault_repeats_is_hidden(host: Host, api: ApiServer, spelled: str) -> None:
    """Also where it is in the escapes of Python 2, once or twice, which are taken off."""
    said = f"no {SECRET} for alice"
    api.faults.on(1, faults.fault(spelled.format(said, ascii(said))))
    with pytest.raises(LoginRefusedError) as raised:
        WebFaction(credentials(host, api, password=SECRET)).login()
    words = str(raised.value).partition("The panel says: ")[2]
    assert "no [hidden]" in words
    assert "gr" not in words


class _Each:
    """One answer per connection."""

    def __init__(self, answers: Iterator[bytes]) -> None:
        self._answers = answers

    def __iter__(self) -> Iterator[bytes]:
        yield next(self._answers)


# Messages


def test_refusal_names_the_website_and_what_to_do(panel: WebFaction) -> None:
    """Ours first, then the panel's words."""
    with pytest.raises(PanelRefusedError) as raised:
        panel.create_website(SHOP)
    assert str(raised.value) == (
        'WebFaction refused to create the https website "shop" for shop.example.com. Look in the'
        " panel whether a website of that name or with one of these domains is there already,"
        " and whether its apps and its certificate are. The panel says: Application shop does not"
        " exist."
    )


def test_refused_upload_says_what_it_means_for_the_site(
    panel: WebFaction, uploads: tuple[Upload, Upload]
) -> None:
    """Nothing has changed for visitors."""
    with pytest.raises(PanelRefusedError) as raised:
        panel.update_certificate("shop_example_com", uploads[0])
    assert str(raised.value) == (
        'WebFaction refused to replace the certificate "shop_example_com". Websites serve what'
        " they served before. Look in the panel whether the certificate is still there. The panel"
        " says: Ssl certificate does not exist."
    )


def test_key_of_another_certificate_is_refused(
    panel: WebFaction, uploads: tuple[Upload, Upload]
) -> None:
    """The panel compares leaf and key (the fake does not)."""
    mixed = Upload(uploads[0].leaf, uploads[1].private_key, uploads[0].chain)
    with pytest.raises(PanelRefusedError, match="do not match"):
        panel.create_certificate("shop", mixed)


def test_unreachable_api_is_told_with_its_address(host: Host, api: ApiServer) -> None:
    """So that a mistyped one is seen."""
    api.stop_listening()
    panel = WebFaction(credentials(host, api), sleep=lambda _seconds: None)
    with pytest.raises(PanelUnreachableError) as raised:
        panel.login()
    assert str(raised.value) == (
        f"WebFaction's API (127.0.0.1:{api.port}) could not be asked to log in: it refused the"
        " connection. Run the same command again later."
    )


@pytest.mark.parametrize("url", ["https://alice:s3cret@example.com/", "http://example.com/"])
def test_address_that_is_not_safe_is_told(url: str) -> None:
    """Once, without what must not be in it."""
    waits: list[float] = []
    with pytest.raises(PanelUnreachableError, match=r"\(example\.com\) could not be") as raised:
        WebFaction(_alice(url), sleep=waits.append).login()
    assert "s3cret" not in str(raised.value)
    assert "Trying again won't help until that is put right." in str(raised.value)
    assert waits == []


@pytest.mark.parametrize("url", ["https://[::1/", "", "nonsense"])
def test_address_that_is_none_is_told(url: str) -> None:
    """Without a traceback."""
    with pytest.raises(PanelUnreachableError, match="its address is no https URL"):
        WebFaction(_alice(url)).login()


def test_unknown_outcome_is_told(api: ApiServer, panel: WebFaction) -> None:
    """A website may have been made; nobody can tell yet."""
    panel.login()
    api.faults.always(faults.HTTP_500)
    with pytest.raises(PanelUnreachableError) as raised:
        panel.create_website(SHOP)
    assert str(raised.value) == (
        f"WebFaction's API (127.0.0.1:{api.port}) gave no usable answer when asked to create the"
        ' https website "shop" for shop.example.com: it answered with HTTP status 500 and "500'
        ' Internal Server Error". It is not known whether that was done; the next run looks. Run'
        " the same command again later."
    )


def test_waiting_for_the_next_try_is_told(
    api: ApiServer, panel: WebFaction, caplog: pytest.LogCaptureFixture
) -> None:
    """A person at the terminal wonders otherwise."""
    api.faults.on(1, faults.RESET_BEFORE, "list_apps")
    panel.apps()
    (record,) = [each for each in caplog.records if each.levelname == "WARNING"]
    assert record.getMessage() == (
        "No usable answer from WebFaction's API: the connection ended before the answer did."
        " Trying again in 1 s."
    )


# Verbs that differ from the fake's


def test_command_runs_in_the_home_directory(host: Host, panel: WebFaction) -> None:
    """And its output comes back."""
    assert panel.run("pwd; echo größe").splitlines() == [str(host.home_directory), "größe"]


def test_failed_command_is_a_refusal(panel: WebFaction) -> None:
    """With what it said, without the command."""
    with pytest.raises(PanelRefusedError, match=r"refused to run a command.*status 3: broken"):
        panel.run("echo broken >&2; exit 3 # s3cret")


def test_subdomain_without_a_label_is_never_sent(
    api: ApiServer, host: Host, panel: WebFaction
) -> None:
    """``delete_domain`` without subdomains deletes the domain."""
    host.add_domain("example.com", "www")
    panel.login()
    with pytest.raises(PanelRefusedError, match="nothing was sent to the panel"):
        panel.delete_subdomain("example.com", "")
    assert api.calls.methods() == ["login"]
    assert [domain.domain for domain in host.snapshot().domains] == ["example.com"]
