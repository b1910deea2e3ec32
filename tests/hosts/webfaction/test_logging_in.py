"""Finding an account's machine while its credentials are set up."""

from __future__ import annotations

import pytest

from certbot_webfaction.hosts.host import KeyRefusedError
from certbot_webfaction.hosts.webfaction import API_URL, WEBFACTION, client, logging_in
from certbot_webfaction.panel.errors import LoginRefusedError

ALICE = {"username": "alice", "password": "secret", "api_url": API_URL}


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The machines that the panel accepts for Alice; this one is called Here."""
    accepted: list[str | None] = []

    class Client:
        def __init__(self, values: dict[str, str]) -> None:
            self.values = values

        @property
        def client(self) -> Client:
            return self

        def login(self) -> None:
            if self.values["password"] != "secret":
                raise LoginRefusedError("No.", said="LoginError")
            if self.values.get("machine") not in accepted:
                raise client.MachineRefusedError("No.", said="No such machine.")

    monkeypatch.setattr(logging_in, "connect", Client)
    monkeypatch.setattr(client, "machine_of_this_host", lambda: "Here")
    return accepted


def test_the_machine_is_found_or_left_out(machines: list[str | None]) -> None:
    """That of the file first, then none, then this one."""
    for accepted, before, found in (
        (["Web1"], "Web1", "Web1"),
        ([None], None, None),
        ([None], "Web1", None),
        (["Here"], "Web1", "Here"),
    ):
        machines[:] = accepted
        given = {**ALICE, "machine": before} if before else ALICE
        assert WEBFACTION.log_in(given, ["username"]).get("machine") == found


def test_a_machine_that_the_user_names_is_the_only_one_tried(machines: list[str | None]) -> None:
    """A refusal says what it may be called, and asks nothing."""
    machines[:] = [None, "Here", "Web500"]
    with pytest.raises(KeyRefusedError) as refused:
        WEBFACTION.log_in({**ALICE, "machine": "web500"}, ["machine"])
    error = refused.value
    assert error.what == 'The panel refused the machine "web500" of "alice".'
    assert (error.todo, error.said, error.question) == ("Is it Web500?", "No such machine.", "")
    with pytest.raises(KeyRefusedError) as refused:
        WEBFACTION.log_in({**ALICE, "machine": "Web501"}, ["machine"])
    assert refused.value.todo == ""


def test_a_machine_that_can_not_be_found_is_to_be_asked_for(machines: list[str | None]) -> None:
    """With what was refused, and what that may be called."""
    machines[:] = ["Web500"]
    for named, question in (
        ({}, "The account's machine, as the panel spells it (Here was refused)"),
        (
            {"machine": "WEB500.webfaction.com"},
            "The account's machine, as the panel spells it (WEB500.webfaction.com was refused)"
            " Is it Web500?",
        ),
    ):
        with pytest.raises(KeyRefusedError) as refused:
            WEBFACTION.log_in({**ALICE, **named}, [])
        assert refused.value.question == question


def test_a_wrong_password_is_no_question_of_the_machine(machines: list[str | None]) -> None:
    """It is not tried again with another."""
    with pytest.raises(LoginRefusedError) as refused:
        WEBFACTION.log_in({**ALICE, "password": "wrong"}, [])
    assert not isinstance(refused.value, KeyRefusedError)
