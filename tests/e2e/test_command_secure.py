"""``certbot-webfaction secure``: https for a whole account, with the real certbot and a CA."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.e2e import command
from tests.e2e.cpanel import install_by_hand, on_the_host
from tests.e2e.scenes import add_site, issue, serves
from tests.e2e.test_opalstack import ELSEWHERE
from tests.e2e.test_opalstack import add_site as add_opalstack_site
from tests.sandbox.base import AnySandbox
from tests.sandbox.cpanel.authority import Authority
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox
from tests.terminal import Terminal

CLUB = "club.example.net"


def secure(
    sandbox: AnySandbox, *args: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run it, and wait until the web server is as the panel says."""
    done = command.run(sandbox, "secure", *args, env=env)
    sandbox.wait_applied()
    return done


def lineages(sandbox: AnySandbox) -> list[str]:
    """The names of all lineages."""
    return sorted(path.stem for path in Path(sandbox.config_dir).glob("renewal/*.conf"))


def buy(sandbox: Sandbox, name: str, *domains: str) -> str:
    """Have a website with a certificate of a CA that certbot does not know; return its leaf."""
    bought = Authority("Bought").issue(*domains)
    sandbox.host.add_certificate("bought", bought.certificate, bought.private_key, bought.chain)
    for https, certificate in ((False, ""), (True, "bought")):
        add_site(sandbox, name, *domains, https=https, certificate=certificate)
    return bought.certificate


def keep_the_ca_out(sandbox: Sandbox, name: str) -> Path:
    """Have a site answer everybody but the CA; return the file that does it."""
    htaccess = sandbox.host.webapps / name / ".htaccess"
    htaccess.write_text(
        "RewriteEngine on\nRewriteCond %{HTTP_USER_AGENT} Pebble\nRewriteRule ^ - [F]\n"
    )
    return htaccess


def test_an_account_gets_what_it_lacks_and_keeps_what_is_good(sandbox: Sandbox) -> None:
    """One that fails stops no other; run again, only what is missing is done, at last nothing."""
    bought = buy(sandbox, "club", CLUB)
    add_site(sandbox, "bad", "bad.example.com")
    htaccess = keep_the_ca_out(sandbox, "bad")
    add_site(sandbox, "blog", "blog.example.com")
    issue(sandbox, "blog.example.com")
    add_site(sandbox, "shop", "shop.example.com", "www.shop.example.com", "my_shop.example.com")

    done = secure(sandbox)
    assert done.returncode == 1, done.stdout + done.stderr
    assert not (sandbox.config_dir / "archive" / "blog.example.com" / "cert2.pem").exists()
    assert lineages(sandbox) == ["blog.example.com", "shop.example.com"]
    for name in ("shop.example.com", "www.shop.example.com"):
        assert serves(sandbox, name, "shop.example.com")
    assert serves(sandbox, "blog.example.com", "blog.example.com")
    renewal = (sandbox.config_dir / "renewal" / "blog.example.com.conf").read_text()
    assert "installer = webfaction" in renewal
    assert sandbox.http("blog.example.com").location == "https://blog.example.com/"
    assert sandbox.served(CLUB).chain[0].split() == bought.split()
    assert sandbox.http(CLUB).status == 200
    assert f"): {CLUB}\n" in done.stdout
    assert "Left as it is: my_shop.example.com: no CA certifies" in done.stdout
    before, _, after = done.stdout.partition("Failed: bad.example.com\n")
    assert "3 of 3: shop.example.com, www.shop.example.com\n" in before
    assert "Type:   unauthorized" in after

    htaccess.unlink()
    done = secure(sandbox)
    assert done.returncode == 0, done.stdout
    assert "1 of 1: bad.example.com\n" in done.stdout
    assert serves(sandbox, "bad.example.com", "bad.example.com")
    orders, calls = sandbox.ca.orders(), len(sandbox.api.calls)
    done = secure(sandbox, "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sandbox.ca.orders() == orders
    looks = {"login", "list_websites", "list_certificates", "list_apps"}
    assert set(sandbox.api.calls.methods()[calls:]) <= looks


def test_lines_that_are_shown_can_be_typed(sandbox: Sandbox) -> None:
    """Each by itself; what a limit keeps is not shown, and nothing is done by showing.

    A run that is interrupted tells what it did, and the next one goes on.
    """
    for name in ("a", "b", "c", "d"):
        add_site(sandbox, name, f"{name}.example.com")
    options = ("--webfaction-credentials", str(sandbox.credentials))
    some = ("--except", "c.example.com", "--limit", "2", *options)
    done = secure(sandbox, "--dry-run", "--no-redirect", *some)
    assert done.returncode == 0, done.stderr
    shown = [line for line in done.stdout.splitlines() if line.startswith("certbot ")]
    assert len(shown) == 2
    assert "Not yet: d.example.com: --limit 2 is reached" in done.stdout
    assert sandbox.ca.orders() == 0
    assert not lineages(sandbox)
    subprocess.run(["/bin/sh", "-c", shown[1]], env=sandbox.environ(), check=True)
    assert lineages(sandbox) == ["b.example.com"]

    # Ctrl-C ends certbot, too, which cleans up.
    with Terminal([command.program(sandbox), "secure", *options], sandbox.environ()) as terminal:
        terminal.expect("2 of 3: c.example.com")
        assert terminal.interrupt() == 130
    assert "Not yet: c.example.com, d.example.com: this run was interrupted." in terminal.shown
    assert "Secured: 1. Failed: 0." in terminal.shown
    assert not list(sandbox.host.home_directory.rglob("acme-challenge"))
    done = secure(sandbox, "--limit", "1", *options)
    assert "1 of 2: c.example.com\n" in done.stdout, done.stdout + done.stderr
    assert "Not yet: d.example.com: --limit 1 is reached" in done.stdout
    for name in ("a", "b", "c"):
        assert serves(sandbox, f"{name}.example.com", f"{name}.example.com")

    assert sandbox.http("b.example.com").status == 200, "not redirected"
    [line] = re.findall("redirected to https: b.example.com.* run `(.*)`", done.stdout)
    subprocess.run(["/bin/sh", "-c", line], env=sandbox.environ(), check=True)
    sandbox.wait_applied()
    assert sandbox.http("b.example.com").location == "https://b.example.com/"


def test_a_wildcard_goes_through_the_accounts_dns(sandbox: Sandbox) -> None:
    """And covers the names below it; one whose DNS is elsewhere is left out.

    A website that it is not for alone keeps what it has, without a word more than that it is good.
    """
    sandbox.host.add_domain("example.com")
    bought = buy(sandbox, "blog", "blog.example.com", "blog.example.org")
    add_site(sandbox, "wild", "example.com", "*.example.com", "www.example.com", "*.example.org")
    done = secure(sandbox, "--no-redirect")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Left as it is: *.example.org: " in done.stdout
    assert "1 of 1: example.com, *.example.com\n" in done.stdout
    for name in ("example.com", "www.example.com"):
        assert serves(sandbox, name, "example.com")
    assert sandbox.served("blog.example.com").chain[0].split() == bought.split()
    log = (sandbox.config_dir.parent / "logs" / "letsencrypt.log").read_text()
    assert "was not put everywhere: the https website blog also serves" in log
    assert "blog.example.com" not in done.stdout.partition("1 of 1: ")[2]


def test_a_wildcard_that_the_world_asks_elsewhere_fails_alone(sandbox: Sandbox) -> None:
    """The other names get theirs, though nothing shows before certbot has tried."""
    sandbox.host.add_domain("example.com")
    add_site(sandbox, "wild", "*.example.com", "www.example.com")
    sandbox.host.listeners[:] = [lambda: sandbox.front_end.changed(sandbox.host)]
    done = secure(sandbox, "--webfaction-propagation-seconds", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Failed: *.example.com\n  After 1 seconds the name servers" in done.stdout
    assert "Secured: 1. Failed: 1." in done.stdout
    assert serves(sandbox, "www.example.com", "example.com")


def test_what_would_stop_all_ends_the_run(sandbox: Sandbox) -> None:
    """A CA that does not answer: the first is tried, the others are left."""
    add_site(sandbox, "a", "a.example.com")
    add_site(sandbox, "b", "b.example.com")
    cli_ini = Path(sandbox.environ()["XDG_CONFIG_HOME"]) / "letsencrypt" / "cli.ini"
    text = cli_ini.read_text()
    cli_ini.write_text(text.replace(sandbox.ca.url, "https://localhost:1/dir"))
    done = secure(sandbox, "-q")
    assert done.returncode == 1
    assert "Failed: a.example.com\n" in done.stdout
    assert "Ended at 1 of 2, for all would fail: The CA (https://localhost:1/dir)" in done.stdout
    assert "b.example.com" not in done.stdout


def test_an_account_on_cpanel(cpanel: CpanelSandbox) -> None:
    """In a shell of the host; what somebody installed there stays."""
    on_the_host(cpanel)
    shop = cpanel.account.add_addon("shop.example.net")
    bought = install_by_hand(cpanel, shop.servername, *shop.names)
    done = secure(cpanel, "--host", "cpanel")
    assert done.returncode == 0, done.stdout + done.stderr
    cpanel.fetch_verified("www.example.com")
    assert cpanel.served("shop.example.net").chain[0].split() == bought.split()
    orders = cpanel.ca.orders()
    assert secure(cpanel, "--host", "cpanel").returncode == 0
    assert cpanel.ca.orders() == orders


def test_an_account_on_opalstack(opalstack: OpalstackSandbox) -> None:
    """From elsewhere, where no files can be put: through its DNS."""
    add_opalstack_site(opalstack, "blog", "example.com", "www.example.com")
    add_opalstack_site(opalstack, "shop", "shop.example.org")
    done = secure(opalstack, "--host", "opalstack", env=ELSEWHERE)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("example.com", "www.example.com", "shop.example.org"):
        opalstack.fetch_verified(name)
    orders = opalstack.ca.orders()
    assert secure(opalstack, "--host", "opalstack", env=ELSEWHERE).returncode == 0
    assert opalstack.ca.orders() == orders
