"""Where the plugin's notices, questions and warnings go when no certbot is around them."""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path

from certbot._internal.display import obj


def set_up_output(*, quiet: bool) -> None:
    """Send notices to standard output and warnings to standard error; if quiet, errors only.

    There is no log file: `deploy` runs inside certbot, whose log file must not be rotated then.
    What the terminal can't write, such as a quotation mark in ASCII, is shown as ``?``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # `certbot.display.util` needs a display, and only certbot._internal can set one.
    out = sys.stdout
    if quiet:
        out = Path(os.devnull).open("w")  # noqa: SIM115 - it stays open to the end
    obj.set_display(obj.FileDisplay(out, force_interactive=False))
    level = logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=level)
