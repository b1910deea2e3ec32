"""A program at a pseudo-terminal, as a person uses it: read a question, type an answer."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Terminal:
    """A program whose terminal this is; a context manager that ends it.

    ``shown`` is all that the terminal has shown, typed characters that it echoes included.
    """

    def __init__(self, argv: Sequence[str | Path], env: Mapping[str, str]) -> None:
        self.shown = ""
        self._read_to = 0
        # A read may end amid a character, or a line's end.
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._side, theirs = pty.openpty()
        self._process = subprocess.Popen(
            argv,
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # The terminal has to be the session's own, for getpass opens /dev/tty.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)

    def expect(self, text: str, seconds: float = 60) -> None:
        """Wait until ``text`` is shown after what was expected last."""
        deadline = time.monotonic() + seconds
        while (found := self.shown.find(text, self._read_to)) < 0:
            assert self._receive(deadline), f"{text!r} did not come:\n{self.shown}"
        self._read_to = found + len(text)

    def type(self, line: str) -> None:
        """Type a line and Return."""
        os.write(self._side, f"{line}\n".encode())

    def interrupt(self) -> int:
        """Press Ctrl-C, and again where nothing happens; return the program's exit status.

        Python's `input` loses the one that comes after it showed its prompt and before it reads:
        it looks for signals only when the read is interrupted (CPython, `my_fgets`).
        """
        for seconds in (10, 10, 40):
            os.write(self._side, b"\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.wait(seconds)
        raise AssertionError(f"Ctrl-C did not end it:\n{self.shown}")

    def wait(self, seconds: float = 60) -> int:
        """Wait for its end; return its exit status."""
        deadline = time.monotonic() + seconds
        while self._receive(deadline):
            pass
        return self._process.wait(max(0, deadline - time.monotonic()))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._side)

    def _receive(self, deadline: float) -> bool:
        """Take what it shows; false at its end or when the time is over."""
        if not select.select([self._side], [], [], max(0, deadline - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._side, 65536)
        except OSError:  # Linux's way to say that the other side is closed (pty(7))
            return False
        self.shown = (self.shown + self._decoder.decode(data)).replace("\r\n", "\n")
        return bool(data)
