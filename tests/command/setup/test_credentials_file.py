"""The credentials file: read back as meant, and nobody's lines lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from certbot import errors
from hypothesis import given
from hypothesis import strategies as st

from certbot_webfaction.account import read_credentials
from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup.credentials_file import plan_credentials, values_in
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.hosts.host import Credentials, Options
from certbot_webfaction.hosts.webfaction import API_URL, WEBFACTION
from certbot_webfaction.web.route import Route

ALICE = {"username": "alice", "password": "secret", "api_url": API_URL}
YES = Questions(terminal=False, yes=True)


@pytest.fixture(autouse=True)
def set_up() -> None:
    """What `main` does before a subcommand runs."""
    set_up_output(quiet=False)


def options_for(path: Path) -> Options:
    """The plugin's options with this credentials file."""
    return Options(path, path, None, "auto", 0, Route())


def read(path: Path) -> Credentials:
    """What the plugin reads from a credentials file."""
    return read_credentials(WEBFACTION, options_for(path))


def complete(path: Path, **values: str) -> None:
    """Let a file hold Alice's credentials, with these values in their place."""
    write = plan_credentials(WEBFACTION, options_for(path), {**ALICE, **values}, YES)
    assert write is not None
    write()


# Quotes, the comment sign and outer spaces are what a draw from all characters hardly hits.
TROUBLE = st.text(st.sampled_from(" '\"#,%=[]\\$aä"), min_size=1, max_size=12)
PRINTABLE = st.text(st.characters().filter(str.isprintable), min_size=1)


@given(password=TROUBLE | PRINTABLE)
def test_every_printable_password_is_read_back(
    password: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Only one that holds three quotes of each kind in a row may be refused."""
    path = tmp_path_factory.mktemp("credentials") / "webfaction.ini"
    try:
        complete(path, password=password)
    except errors.PluginError:
        assert "'''" in password
        assert '"""' in password
        return
    assert read(path)["password"] == password


@given(password=st.text(min_size=1))
def test_no_password_at_all_is_read_back_as_another(
    password: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Line breaks and what is no text included: either as it was, or an error without it."""
    path = tmp_path_factory.mktemp("credentials") / "webfaction.ini"
    try:
        complete(path, password=password)
    except errors.PluginError:
        assert not path.exists()
        return
    assert read(path)["password"] == password


@pytest.mark.parametrize("password", ["two\nlines", "'''#\"\"\"#", "\ud800"])
def test_what_the_format_can_not_hold_is_an_error_without_the_password(
    tmp_path: Path, password: str
) -> None:
    """It says what is wrong with it instead."""
    with pytest.raises(errors.PluginError, match="can't hold the password") as refused:
        complete(tmp_path / "webfaction.ini", password=password)
    assert password not in str(refused.value)


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, directories made on the way."""
    path = tmp_path / "new" / "webfaction.ini"
    before = os.umask(0)
    try:
        complete(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]
    assert read(path) == ALICE


def test_a_file_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    """Even where its text stays as it is."""
    path = tmp_path / "webfaction.ini"
    text = "  webfaction_username='alice'\nwebfaction_password = secret\n"
    path.write_text(text)
    path.chmod(0o644)
    complete(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == text
    assert plan_credentials(WEBFACTION, options_for(path), ALICE, YES) is None


def test_only_what_differs_changes(tmp_path: Path) -> None:
    """Comments, order and what others have in the file are kept."""
    path = tmp_path / "webfaction.ini"
    path.write_text(
        "# mine\n  webfaction_password='old'  # remark\n# others\nother = 1, 2\n"
        "pattern = '%(x)s, \"#1\"' # theirs\nwebfaction_username = '''alice'''\n# the end"
    )
    complete(path, password="new", machine="Web500")
    assert path.read_text() == (
        "# mine\nwebfaction_password = new  # remark\n# others\nother = 1, 2\n"
        "pattern = '%(x)s, \"#1\"'  # theirs\nwebfaction_username = alice\n"
        "webfaction_machine = Web500\n# the end\n"
    )


def test_values_stand_before_the_sections_of_others(tmp_path: Path) -> None:
    """Behind them they would be parts of the last one."""
    path = tmp_path / "webfaction.ini"
    path.write_text("webfaction_username = alice\n[section]\nkey = value\n")
    complete(path)
    assert read(path) == ALICE
    assert path.read_text().endswith("\n[section]\nkey = value\n")


def test_a_value_that_is_no_longer_needed_is_taken_out(tmp_path: Path) -> None:
    """An account on one machine has none to name; the comment above it may be about more."""
    path = tmp_path / "webfaction.ini"
    path.write_text(
        "webfaction_username = bob\n# mine\nwebfaction_machine = Web2\n"
        "webfaction_password = secret\n"
    )
    complete(path)
    assert read(path) == ALICE
    assert "machine" not in path.read_text()
    assert "# mine\n" in path.read_text()


def test_line_ends_of_another_system_and_remarks_are_kept(tmp_path: Path) -> None:
    """The file is somebody's, who did not agree to lose them."""
    path = tmp_path / "webfaction.ini"
    path.write_bytes(
        b"# mine\r\nwebfaction_username = alice\r\nwebfaction_password = old # vault 17"
    )
    complete(path)
    assert path.read_bytes() == (
        b"# mine\r\nwebfaction_username = alice\r\nwebfaction_password = secret  # vault 17\r\n"
    )
    assert read(path) == ALICE


def test_the_change_is_shown_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither password, and no line that stays."""
    set_up_output(quiet=False)
    path = tmp_path / "webfaction.ini"
    path.write_text(
        "other_token = token\nwebfaction_password = old-one\nwebfaction_username = bob\n"
    )
    complete(path, password="new-one")
    shown = capsys.readouterr().out
    assert "-webfaction_password = (the old one)\n-webfaction_username = bob\n" in shown
    assert "+webfaction_password = (the new one)\n+webfaction_username = alice\n" in shown
    assert not any(secret in shown for secret in ("old-one", "new-one", "token"))


@pytest.mark.parametrize(
    "line",
    [
        "other = it's ''' and \"\"\"",  # which is read, and can't be written
        "other = 'x\u00a0'",  # which is written without quotes, and read without its end
    ],
)
def test_a_file_that_can_not_be_completed_is_left_as_it_is(tmp_path: Path, line: str) -> None:
    """What others have in it would be lost, or be another value."""
    path = tmp_path / "webfaction.ini"
    text = f"webfaction_username = alice\n{line}\n"
    path.write_text(text)
    with pytest.raises(errors.PluginError, match="can't be completed"):
        complete(path)
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_can_not_be_written_to_is_an_error() -> None:
    """It says how to choose another."""
    path = Path("/proc/no-such-place/webfaction.ini")  # not even root can make that
    with pytest.raises(errors.PluginError, match="--config-dir"):
        complete(path)


def test_a_file_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    """It is not overwritten as if there were none."""
    path = tmp_path / "webfaction.ini"
    for text, where in (
        ("webfaction_username = alice\nwebfaction_password: secret\n", "line 2"),
        ("one\nwebfaction_password: secret\n", "line 1"),
    ):
        path.write_text(text)
        with pytest.raises(errors.PluginError, match=rf"{where}\..*mend it or move it") as refused:
            values_in(WEBFACTION, path)
        assert "secret" not in str(refused.value)
    path.write_bytes("webfaction_username = jürgen\n".encode("latin-1"))
    with pytest.raises(errors.PluginError, match="mend it or move it away"):
        values_in(WEBFACTION, path)


def test_values_are_found_by_their_keys(tmp_path: Path) -> None:
    """A list, which an unquoted comma makes, is none."""
    path = tmp_path / "webfaction.ini"
    path.write_text("webfaction_username = alice\nwebfaction_password = a,b\nmachine = x\n")
    assert values_in(WEBFACTION, path) == {"username": "alice"}
    assert values_in(WEBFACTION, tmp_path / "none.ini") == {}
