"""What the terminal can't write."""

from __future__ import annotations

import io
import sys

import pytest
from certbot.display import util as display_util

from certbot_webfaction.command.output import set_up_output


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_is_written_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """With a question mark for what it does not have."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    set_up_output(quiet=False)
    display_util.notify("the crontab has “5 4 * * *”")
    sys.stdout.flush()
    assert written.getvalue() == b"the crontab has ?5 4 * * *?\n"
