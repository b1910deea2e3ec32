"""Questions to the person at the terminal, each of which a flag can answer instead."""

from __future__ import annotations

import difflib
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certbot import errors
from certbot.display import util as display_util


@dataclass(frozen=True)
class Questions:
    """Asks at a terminal; without one a missing answer is an error that names its flag.

    ``terminal`` tells whether there is somebody to ask, ``yes`` whether every yes-or-no question is
    answered with yes.
    """

    terminal: bool
    yes: bool

    def text(self, question: str, flag: str) -> str:
        """Ask until there is an answer, and return it without outer spaces."""
        answer = ""
        while not answer:
            with self._asking(question, flag):
                code, answer = display_util.input_text(
                    question, cli_flag=flag, force_interactive=True
                )
            if code != display_util.OK:
                raise _no_answer()
            answer = answer.strip()
        return answer

    def secret(self, question: str, flag: str) -> str:
        """Ask for a secret until there is one; it is not shown and stays as it was typed."""
        answer = ""
        while not answer:
            with self._asking(question, flag):
                # certbot's own questions show what is typed
                answer = getpass.getpass(f"{question} (not shown): ")
        return answer

    def agrees(self, question: str, flag: str) -> bool:
        """Ask for a yes or no."""
        if self.yes:
            return True
        with self._asking(question, flag):
            return display_util.yesno(question, cli_flag=flag, force_interactive=True)

    def agrees_to_change(self, path: Path, before: str | None, after: str) -> bool:
        """Show how a file is to change, and ask; what is not there yet takes nobody's consent.

        Only the lines that change are shown: others may hold secrets.
        """
        if before is None or before == after:
            return True
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), str(path), f"{path} (new)", lineterm="", n=0
        )
        display_util.notify("\n".join(lines))
        return self.agrees(f"Change {path} so?", "--yes")

    @contextmanager
    def _asking(self, question: str, flag: str) -> Iterator[None]:
        if not self.terminal:
            raise errors.Error(
                f"There is no terminal to ask at: “{question}” Answer with {flag}."
                " Nothing was changed."
            )
        try:
            yield
        except EOFError:
            print()  # Ctrl-D leaves the cursor behind the question
            raise _no_answer() from None


def _no_answer() -> errors.Error:
    return errors.Error("The question was not answered. Nothing was changed.")
