"""Finding out the credentials that the panel accepts."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.account import Options
from certbot_webfaction.command.setup.credentials import accepted_credentials
from certbot_webfaction.command.setup.predecessor import Predecessor
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.web.route import Route


@pytest.mark.parametrize("how", ["strict", "surrogateescape"])
def test_a_password_that_is_no_text_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    """Before anything is sent; in the locale C Python reads it with surrogates."""
    typed = io.TextIOWrapper(io.BytesIO(b"gr\xfcn\n"), encoding="utf-8", errors=how)
    monkeypatch.setattr(sys, "stdin", typed)
    arguments = argparse.Namespace(username="alice", machine=None, password_stdin=True)
    options = Options(tmp_path / "none.ini", None, None, "static_php70", "api", 120, Route())
    with pytest.raises(errors.Error, match=r"is not text in utf-8\. Nothing was changed"):
        accepted_credentials(options, Predecessor(), arguments, Questions(terminal=False, yes=True))
