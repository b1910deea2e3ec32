"""``--test-cert``: certbot takes the CA's staging server, here the sandbox's CA in its place."""

from __future__ import annotations

import subprocess
import sys

from tests.e2e.scenes import add_site, serves
from tests.sandbox.sandbox import Sandbox

# `--test-cert` can't stand beside `--server`, so certbot's constant leads to the sandbox instead.
_CERTBOT = """
import sys
from certbot._internal import constants
constants.STAGING_URI = sys.argv.pop(1)
from certbot.main import main
sys.exit(main(sys.argv[1:]))
"""


def certbot(sandbox: Sandbox, *args: str) -> str:
    configuration = sandbox.directory / "certbot" / "xdg" / "letsencrypt" / "cli.ini"
    lines = configuration.read_text().splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith("server")))
    done = subprocess.run(
        [sys.executable, "-c", _CERTBOT, sandbox.ca.url, *args],
        env=sandbox.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sandbox.front_end.wait_applied()
    return done.stdout


def test_a_test_certificate_is_installed_and_renewed_as_any_other(sandbox: Sandbox) -> None:
    """As with certbot's own installers; the renewal file keeps the staging server."""
    add_site(sandbox, "shop", "shop.example.com")
    run = ("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com")
    certbot(sandbox, *run, "--test-cert")
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    before = sandbox.served("shop.example.com").fingerprint
    conf = sandbox.config_dir / "renewal" / "shop.example.com.conf"
    assert f"server = {sandbox.ca.url}" in conf.read_text()
    certbot(sandbox, "renew", "--force-renewal")
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    assert sandbox.served("shop.example.com").fingerprint != before
