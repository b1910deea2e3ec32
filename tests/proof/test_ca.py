"""A CA that misbehaves: what certbot says is true, and nothing is left behind."""

from __future__ import annotations

from tests.e2e.scenes import add_site, serves
from tests.proof.state import CHALLENGES
from tests.sandbox.ca import Habits
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction", "--redirect", "-d", "shop.example.com")

_BLOCK_THE_CA = """\
RewriteEngine On
RewriteCond %{HTTP_USER_AGENT} LetsEncrypt [NC]
RewriteRule ^ - [F]
"""


def _leftovers(sandbox: Sandbox) -> list[str]:
    return [str(path) for path in sandbox.host.webapps.rglob("*") if CHALLENGES in str(path)]


def test_a_ca_that_rejects_nonces_and_validates_slowly_is_got_along_with() -> None:
    """certbot may give up, but says so, and trying again leads to a site that is served."""
    with Sandbox(habits=Habits(nonce_reject=15, validation_seconds=2)) as sandbox:
        add_site(sandbox, "shop", "shop.example.com")
        before = sandbox.host.snapshot()
        for _ in range(10):
            result = sandbox.certbot(*RUN, check=False)
            assert "Traceback" not in result.output
            assert _leftovers(sandbox) == []
            if result.returncode == 0:
                break
            assert sandbox.host.snapshot() == before
        assert result.returncode == 0
        sandbox.front_end.wait_applied()
        assert serves(sandbox, "shop.example.com", "shop.example.com")
        assert sandbox.http("shop.example.com").location == "https://shop.example.com/"


def test_a_validation_that_fails_though_the_file_was_seen_leaves_nothing(sandbox: Sandbox) -> None:
    """The website turns away the CA alone: one failed order, a hint, and an account as before."""
    add_site(sandbox, "shop", "shop.example.com")
    htaccess = sandbox.host.webapps / "shop" / ".htaccess"
    htaccess.write_text(_BLOCK_THE_CA)
    before = sandbox.host.snapshot()
    result = sandbox.certbot(*RUN, check=False)
    assert result.returncode == 1
    assert "Some challenges have failed." in result.output
    assert "Hint:" in result.output
    assert "Traceback" not in result.output
    assert sandbox.ca.validations() == 1
    assert sandbox.host.snapshot() == before
    assert _leftovers(sandbox) == []
    htaccess.unlink()
    sandbox.certbot(*RUN)
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "shop.example.com", "shop.example.com")
