"""Situations in which nothing is dark yet, and will be: the doctor sees them, and its advice helps.

Each line that is advised is run as it stands. That a renewal fails is seen from certbot itself.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.e2e import command
from tests.e2e.scenes import add_site, change_by_hand, install, serves, website
from tests.e2e.test_command_doctor import Healthy
from tests.sandbox.sandbox import Sandbox

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
    gone = shop.sandbox.directory / "bob's.ini"
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
