"""Questions to the person at the terminal."""

from __future__ import annotations

import pytest
from certbot import errors

from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup.questions import Questions

ASKING = Questions(terminal=True, yes=False)
INPUT = "certbot._internal.display.util.input_with_timeout"


@pytest.fixture(autouse=True)
def set_up() -> None:
    """What `main` does before a subcommand runs."""
    set_up_output(quiet=False)


def test_c_cancels_as_in_certbot(monkeypatch: pytest.MonkeyPatch) -> None:
    """As certbot's prompt says."""
    monkeypatch.setattr(INPUT, lambda _prompt: "c")
    with pytest.raises(errors.Error, match=r"was not answered\. Nothing was changed"):
        ASKING.text("Name", "--name")


def test_a_question_takes_no_other_answer_than_yes_or_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is one; --yes is one."""
    typed = ["maybe", "", "n", "Yes"]
    monkeypatch.setattr(INPUT, lambda _prompt: typed.pop(0))
    assert not ASKING.agrees("So?", "--yes")
    assert ASKING.agrees("So?", "--yes")
    assert Questions(terminal=False, yes=True).agrees("So?", "--yes")


def test_nobody_to_ask_is_an_error_with_the_flag() -> None:
    """For each kind of question."""
    nobody = Questions(terminal=False, yes=False)
    for ask in (nobody.text, nobody.secret, nobody.agrees):
        with pytest.raises(errors.Error, match=r"“So\?” Answer with --so\. Nothing was changed"):
            ask("So?", "--so")
