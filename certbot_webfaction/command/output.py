"""Where the plugin's notices and warnings go when no certbot is around them."""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path

from certbot import configuration
from certbot._internal.display import obj


def set_up_output(config: configuration.NamespaceConfig) -> None:
    """Send notices to standard output and warnings to standard error; with ``-q`` errors only.

    There is no log file: `deploy` runs inside certbot, whose log file must not be rotated then.
    What the terminal can't write, such as a quotation mark in ASCII, is shown as ``?``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # `certbot.display.util.notify` needs a display, and only certbot._internal can set one.
    out = sys.stdout
    if config.quiet:
        out = Path(os.devnull).open("w")  # noqa: SIM115 - it stays open to the end
    obj.set_display(obj.NoninteractiveDisplay(out))
    level = logging.ERROR if config.quiet else logging.WARNING
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=level)
