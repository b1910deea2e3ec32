"""Situations in which nothing is dark yet, and will be: the doctor sees them, and its advice helps.

Each line that is advised is run as it stands. That a renewal fails is seen from certbot itself.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import command
from tests.e2e.scenes import add_site, change_by_hand, install, serves, website
from tests.e2e.test_command_doctor import Healthy
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.sandbox import Sandbox
from tests.web.web import Web

SHOP = "shop.example.com"
RUN = ("run", "-a", "webfaction", "-i", "webfaction", "-d", SHOP)


class Shop(Healthy):
    """An account whose one site has a certificate of the CA, and a crontab that renews it."""

    def write_lineage(self, number: int = 1, before_expiry: str = "") -> None:
        """Nothing: the CA issues it."""

    def __init__(self, sandbox: Sandbox, *options: str) -> None:
        self.sandbox = sandbox
        self.env = command.add_crontab(sandbox, f"7 3 * * * {command.certbot()} renew -q")
        add_site(sandbox, "shop", SHOP)
        sandbox.certbot(*RUN, *(options or ("--no-redirect",)))
        sandbox.front_end.wait_applied()
        self.config_dir = sandbox.config_dir
        self.conf = self.config_dir / "renewal" / f"{SHOP}.conf"
        self.live = self.config_dir / "live" / SHOP

    def edit(self, old: str, new: str) -> None:
        """Change the renewal file."""
        text = self.conf.read_text()
        assert old in text
        self.conf.write_text(text.replace(old, new))

    def renews(self) -> bool:
        """Whether certbot itself can renew."""
        done = self.sandbox.certbot("renew", "--force-renewal", check=False)
        self.sandbox.front_end.wait_applied()
        return done.returncode == 0

    def follow(self, remedy: str, input: str = "") -> None:
        """Run the line that stands in a remedy."""
        done = subprocess.run(
            ["/bin/sh", "-c", remedy.split("`")[1]],
            env={**self.sandbox.environ(), **self.env},
            input=input,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.sandbox.front_end.wait_applied()


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    """See `Shop`."""
    return Shop(sandbox)


def copy_without_links(shop: Shop) -> str:
    copy = shop.config_dir / "copy"
    shutil.copytree(shop.live, copy)
    shutil.rmtree(shop.live)
    copy.rename(shop.live)
    return f"{shop.live}/cert.pem is a file, and certbot renews only where it is a link"


def move_the_directory(shop: Shop) -> str:
    shop.edit(str(shop.config_dir), "/home/alice/old")
    return f"{shop.conf} names /home/alice/old/live/{SHOP}/cert.pem, which is not there"


def copy_the_directory(shop: Shop) -> str:
    old = shop.sandbox.directory / "old"
    shutil.copytree(shop.config_dir, old, symlinks=True)
    shop.edit(str(shop.config_dir), str(old))
    return f"{shop.conf} is for the files in {old}/live/{SHOP}, so {shop.live} stays as it is"


def uninstall_authenticator(shop: Shop) -> str:
    shop.edit("authenticator = webfaction", "authenticator = dns-nowhere")
    return f"The authenticator dns-nowhere, which {shop.conf} names, is not installed"


@pytest.mark.parametrize(
    "spoil",
    [
        copy_without_links,
        move_the_directory,
        copy_the_directory,
        uninstall_authenticator,
    ],
)
def test_a_lineage_whose_renewal_will_fail_is_wrong(
    shop: Shop, spoil: Callable[[Shop], str]
) -> None:
    """What certbot will stop at is named, and after the line that is advised it renews."""
    assert shop.doctor().returncode == 0
    why = spoil(shop)
    if spoil is not copy_the_directory:  # there certbot renews the old copy
        assert not shop.renews()
    text, remedy = shop.wrong()["renewal"]
    assert text.startswith(f"{SHOP}: renewals of its lineage {SHOP} will fail: {why}")
    shop.follow(remedy)
    assert shop.doctor().returncode == 0, "the remedy helps"
    assert shop.renews()
    assert serves(shop.sandbox, SHOP, SHOP)


def test_an_installer_that_is_not_installed_keeps_renewals_from_the_panel(shop: Shop) -> None:
    """certbot renews without it, and says nothing."""
    shop.edit("installer = webfaction", "installer = nowhere")
    shop.sandbox.certbot("renew", "--dry-run")
    text, remedy = shop.wrong()["renewal"]
    assert text == (
        f"{SHOP}: its certificate is installed, but the renewal file of the lineage {SHOP} names"
        " nowhere, so renewals do not get onto the panel"
    )
    shop.follow(remedy)
    assert shop.doctor().returncode == 0, "the remedy helps"
    assert shop.renews()
    assert serves(shop.sandbox, SHOP, SHOP)


def test_credentials_that_are_gone_stop_a_renewal(shop: Shop) -> None:
    """The renewal file names others than the default ones; the line writes them."""
    gone = shop.sandbox.directory / "it's gone.ini"
    authenticator = "authenticator = webfaction"
    shop.edit(authenticator, f"webfaction_credentials = {gone}\n{authenticator}")
    assert not shop.renews()
    text, remedy = shop.wrong("-d", SHOP)["renewal"]
    assert f"will fail: The credentials file {gone}, which {shop.conf} names, is not there" in text
    host = shop.sandbox.host
    url = f"--webfaction-api-url={shop.sandbox.api.url}"
    line = f"--username={host.username} --password-stdin --no-cron {url}"
    shop.follow(remedy.replace("` writes", f" {line}` writes"), f"{host.password}\n")
    assert shop.doctor("-d", SHOP).returncode == 0, "the remedy helps"
    assert shop.renews()


def test_an_interval_that_certbot_can_not_read_stops_a_renewal(shop: Shop) -> None:
    """A comma makes a list of it; as the remedy spells it, it is read."""
    renewal = "version ="
    shop.edit(renewal, f"renew_before_expiry = 20 days, 3 hours\n{renewal}")
    assert shop.sandbox.certbot("renew", check=False).returncode == 1
    text, remedy = shop.wrong()["renewal"]
    assert f"certbot can't read renew_before_expiry = 20 days, 3 hours in {shop.conf}" in text
    shop.edit("20 days, 3 hours", remedy.split("`")[1])
    assert shop.doctor().returncode == 0, "the remedy helps"
    shop.sandbox.certbot("renew")


def test_webroot_behind_our_redirect_is_wrong(sandbox: Sandbox) -> None:
    """Its files are not served any more; without the redirect it is fine."""
    shop = Shop(sandbox, "-a", "webroot", "-w", str(sandbox.host.webapps / "shop"))
    assert shop.doctor().returncode == 0
    install(sandbox, SHOP, "--redirect")
    assert not shop.renews()
    text, remedy = shop.wrong()["renewal"]
    assert text == (
        f"{SHOP}: renewals of its lineage {SHOP} will fail: its http website redirects, and no"
        " longer serves the directory that -a webroot puts challenge files into"
    )
    shop.follow(remedy)
    assert shop.doctor().returncode == 0, "the remedy helps"
    assert shop.renews()


def test_a_test_certificate_on_a_website_is_wrong(shop: Shop) -> None:
    """Status and doctor say it as `certbot certificates` does; the line gets a good one."""
    sandbox = shop.sandbox
    shop.edit(sandbox.ca.url, "https://acme-staging-v02.api.letsencrypt.org/directory")
    assert "INVALID: TEST_CERT" in sandbox.certbot("certificates").output
    text, remedy = shop.wrong()["certificate"]
    told = (
        f"its certificate is a test certificate: the lineage {SHOP} is from the staging server of"
        " the CA, and every browser warns of it"
    )
    assert text == f"{SHOP}: {told}"
    assert f"! {SHOP}: {told}." in command.run(sandbox, "status", env=shop.env).stdout
    orders, before = sandbox.ca.orders(), sandbox.served(SHOP).fingerprint
    shop.follow(remedy)
    assert sandbox.ca.orders() == orders + 1
    assert "TEST_CERT" not in sandbox.certbot("certificates").output
    assert shop.doctor().returncode == 0, "the remedy helps"
    assert serves(sandbox, SHOP, SHOP)
    assert sandbox.served(SHOP).fingerprint != before


def test_no_challenge_path_is_tried_at_a_wildcard(shop: Shop) -> None:
    """No CA validates one over http, and nothing is called `*.shop.example.com`."""
    for https in (False, True):
        site = website(shop.sandbox, "shop", https=https)
        change_by_hand(shop.sandbox, site, subdomains=(SHOP, f"*.{SHOP}"))
    done = shop.doctor("-d", f"*.{SHOP},{SHOP}")
    assert f"ok     challenge path  a file placed there comes back ({SHOP})\n" in done.stdout
    assert f"http://*.{SHOP}" not in done.stdout
    assert f"*.{SHOP}, but not it" not in done.stdout
    asked = (shop.sandbox.directory / "apache" / "access.log").read_text()
    assert f"*.{SHOP}" not in asked


@pytest.mark.parametrize("is_renewed", [False, True])
def test_a_website_and_its_certificate_that_were_renamed_are_found(
    shop: Shop, is_renewed: bool
) -> None:
    """A renewal goes into a certificate that no website uses; installed anew, it goes right."""
    sandbox, host = shop.sandbox, shop.sandbox.host
    (held,) = host.snapshot().certificates
    host.add_certificate("store", held.certificate, held.private_key, held.intermediates)
    for https in (True, False):
        site = website(sandbox, "shop", https=https)
        host.delete_website("shop", site.ip, https)
        chosen = "store" if https else ""
        host.add_website("store", site.subdomains, site.website_apps, https, chosen)
    host.delete_certificate("shop_example_com")
    sandbox.front_end.wait_applied()
    if is_renewed:
        sandbox.certbot("renew", "--force-renewal", "--webfaction-wait", "1", check=False)
        sandbox.front_end.wait_applied()
        assert not serves(sandbox, SHOP, SHOP)
    text, remedy = shop.wrong()["renewal"]
    assert text == (
        f"{SHOP}: renewals of its lineage {SHOP} go into the certificate shop_example_com, which no"
        " https website uses (any more): its https website store uses store"
    )
    assert remedy.startswith(f"`certbot install --cert-name {SHOP} -i webfaction")
    shop.follow(remedy.replace("webfaction`", "webfaction --no-redirect`"))
    assert shop.doctor().returncode == 0, "the remedy helps"
    assert shop.renews()
    assert serves(sandbox, SHOP, SHOP)


def _show_over_https(shop: Shop, htaccess: str) -> None:
    """Let the https website show an app of its own with this .htaccess."""
    shop.sandbox.host.add_app("secure", "static_php70")
    (shop.sandbox.host.webapps / "secure" / ".htaccess").write_text(htaccess)
    site = website(shop.sandbox, "shop", https=True)
    change_by_hand(shop.sandbox, site, website_apps=(("secure", "/"),))


@pytest.mark.parametrize(
    ("htaccess", "told"),
    [
        (
            "RewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}/ [R=302]\n",
            f"https redirects without end, at last to https://{SHOP}/",
        ),
        (
            "RewriteEngine On\nRewriteRule ^ - [R=503]\n",
            f"https answers with status 503 at https://{SHOP}/, where http answers with 200",
        ),
        (
            "Require all denied\n",
            f"https answers with status 403 at https://{SHOP}/, where http answers with 200",
        ),
    ],
)
def test_https_that_shows_nothing_is_found(shop: Shop, htaccess: str, told: str) -> None:
    """A loop, or an error where http shows the website; put right, all is well."""
    _show_over_https(shop, htaccess)
    text, _ = shop.wrong()["content"]
    assert text == f"{SHOP}: {told}; that is what visitors get"
    (shop.sandbox.host.webapps / "secure" / ".htaccess").unlink()
    (shop.sandbox.host.webapps / "secure" / "index.html").write_text("other content")
    assert shop.doctor().returncode == 0


def test_an_endless_way_between_http_and_https_is_found(sandbox: Sandbox) -> None:
    """http redirects by our app, and what https shows was changed since to send back."""
    shop = Shop(sandbox, "--redirect")
    assert shop.doctor().returncode == 0
    _show_over_https(shop, "RewriteEngine On\nRewriteRule ^ http://%{HTTP_HOST}/ [R=302]\n")
    text, remedy = shop.wrong()["content"]
    assert text.startswith(f"{SHOP}: https sends its visitors back to http, to http://{SHOP}/")
    assert "X-Forwarded-Proto" in remedy
    (sandbox.host.webapps / "secure" / ".htaccess").write_text("Redirect 503 /\n")
    text, _ = shop.wrong()["content"]
    assert text == f"{SHOP}: https answers with status 503; that is what visitors get"


def test_https_that_only_leads_back_to_http_is_no_fault(shop: Shop) -> None:
    """Visitors find what http shows: nobody loses anything by that."""
    _show_over_https(shop, "RewriteEngine On\nRewriteRule ^ http://%{HTTP_HOST}/ [R=302]\n")
    assert shop.doctor().returncode == 0


def test_a_website_that_answers_the_same_error_twice_is_no_fault(shop: Shop) -> None:
    """One behind a password, or down altogether, has no less over https."""
    (shop.sandbox.host.webapps / "shop" / "index.html").unlink()
    assert shop.sandbox.http(SHOP).status == shop.sandbox.https(SHOP).status == 404
    assert shop.doctor().returncode == 0


def test_a_cdn_is_looked_past(shop: Shop, tmp_path: Path) -> None:
    """Where visitors get another certificate, the option that looks past a CDN is named."""
    leaf, key = tmp_path / "leaf.pem", tmp_path / "key.pem"
    write_self_signed(leaf, key, SHOP)
    with Web(certificate=(leaf, key)) as cdn:
        address = f"127.0.0.1:{shop.sandbox.ports.http}:{cdn.port}"
        text, remedy = shop.wrong("--webfaction-connect-to", address)["served"]
    assert text.startswith(f"{SHOP}: visitors get a certificate for {SHOP} that expires on ")
    assert "If a CDN stands before it, --webfaction-connect-to ADDRESS looks past it" in remedy
    address = f"127.0.0.1:{shop.sandbox.ports.http}:{shop.sandbox.ports.https}"
    assert shop.doctor("--webfaction-connect-to", address).returncode == 0, "the remedy helps"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0 4 * * * root {certbot} renew -q", "has root before certbot, which is run as a program"),
        ("@reboot {certbot} renew -q", "runs it when the machine starts (@reboot)"),
        ("0 4 1 */2 * {certbot} renew -q", "runs it up to "),
        ("0 4 * * * {certbot} renew -q --cert-name other", "renews the certificate other alone"),
        ("0 4 * * * {certbot} renew -q -d shop.example.com", "gives `certbot renew` domains (-d)"),
        ("0 4 * * * {certbot} renew -q --dry-run", "only tries to renew (--dry-run)"),
    ],
)
def test_why_a_line_of_the_crontab_does_not_count_is_said(shop: Shop, line: str, why: str) -> None:
    """The remedy is a line that does."""
    shop.env = command.add_crontab(shop.sandbox, line.format(certbot=command.certbot()))
    text, remedy = shop.wrong()["cron"]
    assert text.startswith(f"the crontab {why}")
    assert text.endswith(", so certificates will expire")
    assert remedy == "`certbot-webfaction init --host webfaction` offers a line for the crontab."


def test_lines_as_people_have_them_count(shop: Shop) -> None:
    """In another shell, behind a change of directory, with a comment that has an apostrophe."""
    certbot = command.certbot()
    for line in (
        f"0 4 * * * bash -lc '{certbot} renew -q'",
        f"0 4 * * * cd {certbot.parent} && ./certbot renew -q",
        f"0 4 * * * PATH={certbot.parent}:/bin certbot renew -q; true # don't stop",
    ):
        shop.env = command.add_crontab(shop.sandbox, line)
        assert shop.doctor().returncode == 0, line
