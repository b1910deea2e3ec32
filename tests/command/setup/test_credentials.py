"""Finding out the credentials that the panel accepts, on any host."""

from __future__ import annotations

import io
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup.credentials import accepted_credentials
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.hosts.host import Credentials, Key, KeyRefusedError, Options
from certbot_webfaction.hosts.webfaction import WEBFACTION
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.web.route import Route

URL = "https://panel.example/"
NOBODY = Questions(terminal=False, yes=True)


class Door:
    """A panel of another kind: accepts one token for each server, and wants to be told a realm."""

    def __init__(self, token: str = "right", realm: str = "") -> None:
        self.token = token
        self.realm = realm
        self.tried: list[dict[str, str]] = []
        self.host = replace(
            WEBFACTION,
            name="other",
            api_url=URL,
            keys=(
                Key("server", "server"),
                Key("token", "API token", secret=True),
                Key("realm", "realm", optional=True),
            ),
            user_of=lambda credentials: f"me@{credentials['server']}",
            log_in=self.log_in,
        )

    def log_in(self, credentials: Credentials, given: Collection[str]) -> Credentials:
        """Accept, or refuse as a host does."""
        self.tried.append(dict(credentials))
        if credentials["token"] != self.token:
            raise LoginRefusedError("Check the file.", said="Wrong token.")
        if credentials.get("realm", "") != self.realm:
            what = f"The panel refused the realm “{credentials.get('realm', '')}”."
            question = "" if "realm" in given else "The realm"
            raise KeyRefusedError("realm", what, "Is it North?", "No such realm.", question)
        return credentials


def options_for(path: Path, api_url: str | None = None) -> Options:
    """The plugin's options with this credentials file."""
    return Options(path, path, api_url, "api", 120, Route())


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person at the terminal is going to type."""
    lines: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda _prompt: lines.pop(0))
    monkeypatch.setattr(
        "certbot._internal.display.util.input_with_timeout", lambda _prompt: lines.pop(0)
    )
    return lines


AT_TERMINAL = Questions(terminal=True, yes=False)


@pytest.mark.parametrize("how", ["strict", "surrogateescape"])
def test_a_password_that_is_no_text_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """Before anything is sent; in the locale C Python reads it with surrogates."""
    standard_input = io.TextIOWrapper(io.BytesIO(b"gr\xfcn\n"), encoding="utf-8", errors=how)
    monkeypatch.setattr(sys, "stdin", standard_input)
    options = options_for(tmp_path / "none.ini")
    with pytest.raises(errors.Error, match=r"is not text in utf-8\. Nothing was changed"):
        accepted_credentials(WEBFACTION, options, {"username": "alice"}, NOBODY, ["password"])


def test_each_key_that_is_needed_is_asked_for(typed: list[str], tmp_path: Path) -> None:
    """By its words and in its order, what is optional only where the panel wants it."""
    set_up_output(quiet=False)
    door = Door(realm="North")
    typed += ["  ", " s.example ", "", "right", "North"]
    found = accepted_credentials(door.host, options_for(tmp_path / "none"), {}, AT_TERMINAL)
    assert found == {"server": "s.example", "token": "right", "realm": "North", "api_url": URL}
    assert typed == []


@pytest.mark.parametrize(
    ("given", "flag"), [({}, "--server"), ({"server": "s.example"}, "--token-stdin")]
)
def test_without_a_terminal_the_error_names_the_flag(
    tmp_path: Path, given: dict[str, str], flag: str
) -> None:
    """That of the key that is missing, before anything is sent."""
    door = Door()
    with pytest.raises(errors.Error, match=f"Answer with {flag}\\. Nothing was changed"):
        accepted_credentials(door.host, options_for(tmp_path / "none"), given, NOBODY)
    assert door.tried == []


def test_the_file_is_used_where_nothing_else_is_given(tmp_path: Path) -> None:
    """Unless it is about another account; the address of the API stays."""
    file = tmp_path / "other.ini"
    file.write_text("other_server = s\nother_token = right\nother_realm = R\nother_api_url = u\n")
    door = Door(realm="R")
    known = {"server": "s", "token": "right", "realm": "R", "api_url": "u"}
    assert accepted_credentials(door.host, options_for(file), {}, NOBODY) == known
    with pytest.raises(errors.Error, match="Answer with --token-stdin"):
        accepted_credentials(door.host, options_for(file), {"server": "t"}, NOBODY)


def test_the_address_of_an_option_is_used_and_not_kept(tmp_path: Path) -> None:
    """Unless it was given to be kept."""
    door, options = Door(), options_for(tmp_path / "none", "https://elsewhere.example/")
    given = {"server": "s", "token": "right"}
    assert accepted_credentials(door.host, options, given, NOBODY)["api_url"] == URL
    assert door.tried[0]["api_url"] == "https://elsewhere.example/"
    given["api_url"] = "https://elsewhere.example/"
    found = accepted_credentials(door.host, options, given, NOBODY)
    assert found["api_url"] == "https://elsewhere.example/"


def test_a_refused_secret_of_the_file_is_asked_for_anew(
    typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a terminal; what was typed just now is not."""
    file = tmp_path / "other.ini"
    file.write_text("other_server = s\nother_token = old\n")
    set_up_output(quiet=False)
    door = Door()
    typed += ["right"]
    found = accepted_credentials(door.host, options_for(file), {}, AT_TERMINAL)
    assert found["token"] == "right"
    said = capsys.readouterr().out
    assert said.endswith(f"It says: Wrong token. This is about the API token in {file}.\n")
    refused = (
        r'^The panel refused server or API token of "me@s"\. It says: Wrong token\.'
        r" Nothing was changed; run the command again\.$"
    )
    with pytest.raises(errors.Error, match=refused):
        accepted_credentials(door.host, options_for(file), {"token": "no"}, AT_TERMINAL)
    with pytest.raises(errors.Error, match=refused):
        accepted_credentials(door.host, options_for(file), {}, NOBODY)


def test_a_refused_answer_is_told_with_what_it_may_be(tmp_path: Path) -> None:
    """One that was given just now is not asked for again."""
    given = {"server": "s", "token": "right", "realm": "north"}
    with pytest.raises(errors.Error) as refused:
        accepted_credentials(
            Door(realm="North").host, options_for(tmp_path / "none"), given, AT_TERMINAL
        )
    assert str(refused.value) == (
        "The panel refused the realm “north”. It says: No such realm. Is it North? Nothing was"
        " changed; run the command again."
    )
