"""Options, credentials file, and the panel that a process shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from certbot import configuration, errors

from certbot_webfaction.account import read_credentials
from certbot_webfaction.hosts.host import Credentials, Options
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.plugin.door import account_of, read_options
from certbot_webfaction.web.route import Route
from tests.installation.scene import Scene, make_config


def options_from(directory: Path, **given: object) -> Options:
    return read_options(plugin_config(directory, **given), WEBFACTION)


def credentials_from(options: Options) -> Credentials:
    return read_credentials(WEBFACTION, options)


def plugin_config(directory: Path, **given: object) -> configuration.NamespaceConfig:
    defaults: dict[str, object] = {
        "webfaction_credentials": None,
        "dns_webfaction_credentials": None,
        "webfaction_api_url": None,
        "webfaction_app": None,
        "webfaction_app_type": "static_php70",
        "webfaction_files": "auto",
        "webfaction_wait": 120,
        "webfaction_connect_to": None,
        "webfaction_propagation_seconds": 120,
        "webfaction_nameserver": None,
        "quiet": False,
    }
    return make_config(directory, **{**defaults, **given})


def credentials_file(directory: Path, *lines: str) -> Options:
    path = directory / "webfaction.ini"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return options_from(directory)


def test_a_file_that_others_can_read_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every lineage of a renewal opens its account; what changes in the file counts at once."""
    lines = ("webfaction_username = alice", "webfaction_password = battery")
    options = credentials_file(tmp_path, *lines)
    options.credentials.chmod(0o644)
    assert [credentials_from(options)["password"] for _ in range(3)] == ["battery"] * 3
    assert caplog.text.count("Unsafe permissions") == 1
    credentials_file(tmp_path, lines[0], "webfaction_password = another one")
    assert credentials_from(options)["password"] == "another one"


def test_the_default_credentials_file_is_in_the_config_directory(tmp_path: Path) -> None:
    """And it is not written into the configuration, which certbot would save for renewals."""
    config = plugin_config(tmp_path)
    assert read_options(config, WEBFACTION).credentials == tmp_path / "webfaction.ini"
    assert config.webfaction_credentials is None


def test_a_relative_credentials_path_is_saved_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Renewals run in another directory; each plugin has its own option."""
    monkeypatch.chdir(tmp_path)
    config = plugin_config(
        tmp_path, webfaction_credentials="mine.ini", dns_webfaction_credentials="../dns.ini"
    )
    assert read_options(config, WEBFACTION).credentials == tmp_path / "mine.ini"
    assert config.webfaction_credentials == str(tmp_path / "mine.ini")
    assert (
        read_options(config, WEBFACTION, "dns-webfaction").credentials
        == tmp_path.parent / "dns.ini"
    )


def test_connect_to_is_address_and_ports(tmp_path: Path) -> None:
    """What is left out is 80 and 443; an IPv6 address stands in brackets."""
    for text, route in {
        None: Route(),
        "192.0.2.1": Route("192.0.2.1", 80, 443),
        "host.test:8080": Route("host.test", 8080, 443),
        "127.0.0.1:8080:8443": Route("127.0.0.1", 8080, 8443),
        "[::1]:8080": Route("::1", 8080, 443),
    }.items():
        assert options_from(tmp_path, webfaction_connect_to=text).route == route
    for text in ("a:b", "a:1:2:3", "a:0", "a:70000", ":80", "::1", "[::1"):
        with pytest.raises(errors.PluginError, match="--webfaction-connect-to"):
            options_from(tmp_path, webfaction_connect_to=text)


def test_credentials_are_read_as_they_are_quoted(tmp_path: Path) -> None:
    """A % is a %; quotes keep what ConfigObj would split; what is optional may be missing."""
    options = credentials_file(
        tmp_path,
        "webfaction_username = alice",
        "webfaction_password = '''50% \"off\", #1 ä %(home)s'''",
        "webfaction_machine = Web500",
        "webfaction_api_url = https://panel.test/",
    )
    credentials = credentials_from(options)
    assert credentials["password"] == '50% "off", #1 ä %(home)s'
    assert (credentials["machine"], credentials["api_url"]) == ("Web500", "https://panel.test/")
    plain = credentials_file(tmp_path, "webfaction_username = a", "webfaction_password = b")
    assert "machine" not in credentials_from(plain)
    assert credentials_from(plain)["api_url"] == "https://api.webfaction.com/"


def test_the_option_for_the_api_comes_before_the_file(tmp_path: Path) -> None:
    """So that one file serves with several addresses."""
    credentials_file(
        tmp_path,
        *("webfaction_username = a", "webfaction_password = b"),
        "webfaction_api_url = https://file.test/",
    )
    options = options_from(tmp_path, webfaction_api_url="https://option.test/")
    assert credentials_from(options)["api_url"] == "https://option.test/"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("webfaction_username = alice",), '"webfaction_password" not found'),
        (("webfaction_username =", "webfaction_password = x"), '"webfaction_username" not set'),
        (
            ("webfaction_username = alice", "webfaction_password = one, two"),
            "webfaction_password in .* is no single value",
        ),
        (("webfaction_username alice",), "Error parsing credentials"),
        (
            ("webfaction_username = alice", "webfaction_password = x", "[webfaction_machine]"),
            "webfaction_machine in .* is no single value",
        ),
    ],
)
def test_a_credentials_file_that_can_not_be_used_is_refused_by_name(
    tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    """The key and the file are in the message; no value is."""
    options = credentials_file(tmp_path, *lines)
    with pytest.raises(errors.PluginError, match=message) as caught:
        credentials_from(options)
    assert "webfaction.ini" in str(caught.value)
    assert "two" not in str(caught.value)


def test_a_missing_file_is_told_with_what_writes_it(tmp_path: Path) -> None:
    """A directory or an unreadable file is told too."""
    options = options_from(tmp_path)
    with pytest.raises(errors.PluginError, match="certbot-webfaction init"):
        credentials_from(options)
    (tmp_path / "webfaction.ini").mkdir()
    with pytest.raises(errors.PluginError, match=r"webfaction\.ini"):
        credentials_from(options)
    (tmp_path / "webfaction.ini").rmdir()
    (tmp_path / "webfaction.ini").write_bytes(b"webfaction_username = \xff\xfe")
    with pytest.raises(errors.PluginError, match=r"webfaction\.ini"):
        credentials_from(options)


def test_one_login_and_one_folder_per_account(tmp_path: Path) -> None:
    """Plugins of one process share it; another user or API has its own folder."""
    lines = ("webfaction_username = al/../ice", "webfaction_password = x")
    credentials_file(tmp_path, *lines, "webfaction_api_url = https://[::1]:8443/x")
    config = plugin_config(tmp_path)
    first, second = (account_of(config, WEBFACTION) for _ in range(2))
    assert first.memory is second.memory
    assert first.books.folder.parent == tmp_path / "webfaction"
    credentials_file(tmp_path, *lines, "webfaction_api_url = https://other.test/")
    other = account_of(config, WEBFACTION)
    assert other.books.folder != first.books.folder
    assert other.memory.connection is not first.memory.connection


def test_a_refused_login_names_the_credentials_file(tmp_path: Path) -> None:
    """The panel's client does not know it."""
    scene = Scene(tmp_path)
    scene.panel.fail(verb="login", error=LoginRefusedError("No.", "Do it.", "never"))
    with pytest.raises(LoginRefusedError) as caught:
        scene.account.login()
    file = tmp_path / "config" / "webfaction.ini"
    assert str(caught.value) == (
        f"No. Do it. The credentials file is {file}. The panel says: never"
    )
