"""Questions to the person at the terminal, each of which a flag can answer instead."""

from __future__ import annotations

import getpass

from certbot import errors


class Questions:
    """Asks at a terminal; without one a missing answer is an error that names its flag.

    :param terminal: whether there is somebody to ask
    :param yes: whether every yes-or-no question is answered with yes
    """

    def __init__(self, *, terminal: bool, yes: bool) -> None:
        self.terminal = terminal
        self._yes = yes

    def text(self, question: str, flag: str) -> str:
        """Ask until there is an answer, and return it without outer spaces."""
        self._need_terminal(question, flag)
        while True:
            if answer := _answer(f"{question}: ").strip():
                return answer

    def secret(self, question: str, flag: str) -> str:
        """Ask for a secret until there is one; it is not shown and stays as it was typed."""
        self._need_terminal(question, flag)
        while True:
            try:
                answer = getpass.getpass(f"{question} (not shown): ")
            except EOFError:
                raise _no_answer() from None
            if answer:
                return answer

    def agrees(self, question: str, flag: str) -> bool:
        """Ask for a yes or no."""
        if self._yes:
            return True
        self._need_terminal(question, flag)
        while True:
            answer = _answer(f"{question} [y/n] ").strip().lower()
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")

    def _need_terminal(self, question: str, flag: str) -> None:
        if not self.terminal:
            raise errors.Error(
                f"There is no terminal to ask at: “{question}” Answer with {flag}."
                " Nothing was changed."
            )


def _answer(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        raise _no_answer() from None


def _no_answer() -> errors.Error:
    print()  # Ctrl-D leaves the cursor behind the question
    return errors.Error("The question was not answered. Nothing was changed.")
