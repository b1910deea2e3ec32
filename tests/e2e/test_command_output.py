"""Where `certbot-webfaction` writes to, and what it does when nobody reads that."""

from __future__ import annotations

import os
import subprocess

from tests.e2e import command
from tests.e2e.scenes import add_site
from tests.sandbox.sandbox import Sandbox


def test_a_reader_that_has_seen_enough_is_nothing_to_tell_of(sandbox: Sandbox) -> None:
    """As in ``certbot-webfaction status | head``: it ends without a word."""
    add_site(sandbox, "shop", "shop.example.com")
    reading, writing = os.pipe()
    os.close(reading)
    environ = sandbox.environ()
    environ.pop("PYTHONUNBUFFERED", None)  # what is written at the very end has to be caught too
    done = subprocess.run(
        [command.program(sandbox), "status", "--json"],
        env=environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_certbots_user_configuration_is_found_without_options(sandbox: Sandbox) -> None:
    """It is read where certbot reads it; without it the account is not known."""
    done = command.run(sandbox, "status")
    assert done.returncode == 0, done.stderr
    elsewhere = {"XDG_CONFIG_HOME": str(sandbox.directory / "nowhere")}
    empty = f"--config-dir={sandbox.directory / 'empty'}"
    done = command.run(sandbox, "status", empty, env=elsewhere)
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"No account is set up in {sandbox.directory / 'empty'}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
