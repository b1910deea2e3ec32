"""``certbot renew`` with the installer: cost, failures made up for, and what is only noticed."""

from __future__ import annotations

import json

from tests.e2e.scenes import add_site, change_by_hand, install, issue, leaf, serves, website
from tests.sandbox import faults
from tests.sandbox.api import ApiServer
from tests.sandbox.host import Host
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction", "--no-redirect")
RENEW = ("renew", "--no-random-sleep-on-renew")
FORCE = (*RENEW, "--force-renewal")


def test_five_lineages_take_one_login_three_reads_and_an_upload_each(sandbox: Sandbox) -> None:
    """However many domains each has; every domain is then served its new certificate."""
    names = [f"site{number}.example.com" for number in range(5)]
    for name in names:
        add_site(sandbox, name.partition(".")[0], name, f"www.{name}")
        sandbox.certbot(*RUN, "-d", name, "-d", f"www.{name}")
    before = {name: leaf(sandbox, name) for name in names}
    sandbox.api.calls.clear()
    sandbox.certbot(*FORCE)
    methods = sandbox.api.calls.methods()
    assert methods.count("login") == 1
    assert methods.count("update_certificate") == 5
    assert set(methods) == {"login", "list_websites", "list_apps", "update_certificate"}
    assert len(methods) <= 1 + 5 + 3
    sandbox.front_end.wait_applied()
    for name in names:
        assert leaf(sandbox, name) != before[name]
        assert serves(sandbox, name, name)
        assert serves(sandbox, f"www.{name}", name)


def test_an_idle_renew_makes_no_call(sandbox: Sandbox) -> None:
    """Nothing due, everything in step: the panel is not asked."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    sandbox.api.calls.clear()
    sandbox.certbot(*RENEW)
    assert sandbox.api.calls.methods() == []


def test_an_outage_during_renewal_is_made_up_for_by_the_next_renew(sandbox: Sandbox) -> None:
    """It exits 1 and the old certificate is served; the next, with nothing due, uploads."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    sandbox.api.faults.always(faults.fault("Maintenance."), method="update_certificate")
    before = sandbox.served("shop.example.com")
    result = sandbox.certbot(*FORCE, check=False)
    assert result.returncode == 1
    assert "Maintenance." in result.output
    sandbox.front_end.wait_applied()
    assert sandbox.served("shop.example.com") == before
    sandbox.api.faults.clear()
    result = sandbox.certbot(*RENEW)
    assert "Uploading them now." in result.output
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    sandbox.api.calls.clear()
    sandbox.certbot(*RENEW)
    assert sandbox.api.calls.methods() == []


def test_quiet_renew_says_nothing(sandbox: Sandbox) -> None:
    """With -q a renewal that works, and the making up for one that did not, are silent."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    assert sandbox.certbot(*FORCE, "-q").output.strip() == ""


def test_a_certificate_chosen_by_hand_since_stays_through_renewals(sandbox: Sandbox) -> None:
    """The renewal uploads, does not attach again what somebody took off, and warns of it."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    change_by_hand(sandbox, website(sandbox, "shop", https=True), certificate="")
    result = sandbox.certbot(*FORCE, "--webfaction-wait", "1")
    assert "not yet served everywhere" in result.output
    assert website(sandbox, "shop", https=True).certificate == ""


def test_dry_run_leaves_the_panel_as_it_was(sandbox: Sandbox) -> None:
    """`renew --dry-run` validates through the real places and touches no certificate."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    before = sandbox.host.snapshot()
    sandbox.api.calls.clear()
    sandbox.certbot("renew", "--dry-run", "--no-random-sleep-on-renew")
    assert sandbox.host.snapshot() == before
    assert set(sandbox.api.calls.methods()) <= {"login", "list_websites", "list_apps"}


def test_a_lineage_never_installed_gets_a_notice(sandbox: Sandbox) -> None:
    """`certonly -i` only names the installer: renew tells how to install, and uploads nothing."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot("certonly", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com")
    result = sandbox.certbot(*FORCE)
    assert "certbot install --cert-name shop.example.com -i webfaction" in result.output
    assert result.output.count("not installed with it") == 1
    assert sandbox.host.snapshot().certificates == ()


def test_certonly_with_the_installer_uploads_what_was_installed(sandbox: Sandbox) -> None:
    """`certbot certonly -i webfaction --force-renewal` of an installed lineage: served at once."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    arguments = ("certonly", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com")
    sandbox.certbot(*arguments, "--force-renewal")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "shop.example.com", "shop.example.com")


def test_a_deleted_lineage_is_forgotten_and_its_certificate_stays(sandbox: Sandbox) -> None:
    """`certbot delete`: the website goes on with its certificate; the log tells."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "blog", "blog.example.com")
    for name in ("shop.example.com", "blog.example.com"):
        sandbox.certbot(*RUN, "-d", name)
    before = sandbox.served("shop.example.com")
    sandbox.certbot("delete", "-n", "--cert-name", "shop.example.com")
    result = sandbox.certbot(*RENEW)
    assert "The certificate shop.example.com is gone from this machine" in result.log
    assert sandbox.served("shop.example.com") == before
    (wanted,) = sandbox.config_dir.glob("webfaction/*/wanted.json")
    assert list(json.loads(wanted.read_text())["sites"]) == ["blog"]


def test_reconfigure_keeps_the_installer(sandbox: Sandbox) -> None:
    """`certbot reconfigure -i webfaction` of a certonly lineage: the renewal file names us."""
    add_site(sandbox, "shop", "shop.example.com")
    issue(sandbox, "shop.example.com")
    before = sandbox.host.snapshot()
    sandbox.certbot("reconfigure", "--cert-name", "shop.example.com", "-i", "webfaction")
    conf = (sandbox.config_dir / "renewal" / "shop.example.com.conf").read_text()
    assert "installer = webfaction" in conf
    assert sandbox.host.snapshot() == before


def test_damaged_documents_are_kept_aside_and_rebuilt(sandbox: Sandbox) -> None:
    """Each alone, then both missing: no site loses its certificate, and renewals go on."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "blog", "blog.example.com")
    add_site(sandbox, "blog", "blog.example.com", https=True)
    sandbox.certbot(*("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com"))
    sandbox.certbot(*RUN, "-d", "blog.example.com")
    (folder,) = (sandbox.config_dir / "webfaction").iterdir()
    before = sandbox.host.snapshot()
    for damaged in (["wanted.json"], ["journal.json"], ["wanted.json", "journal.json"]):
        for name in damaged:
            (folder / name).write_text('{"version": 1, "certificates": [3]')
        result = sandbox.certbot(*RENEW)
        assert sandbox.host.snapshot() == before
        assert "damaged" in result.output
        assert all(list(folder.glob(f"{name}.damaged-*")) for name in damaged)
    for path in folder.iterdir():
        path.unlink()
    sandbox.certbot(*RENEW)
    assert sandbox.host.snapshot() == before
    sandbox.certbot(*FORCE)
    sandbox.front_end.wait_applied()
    for name in ("shop.example.com", "blog.example.com"):
        assert serves(sandbox, name, name)
    assert sandbox.http("shop.example.com").location == "https://shop.example.com/"


def test_documents_hold_no_secret_and_nobody_else_can_read_them(sandbox: Sandbox) -> None:
    """Neither password, session nor key; modes 0700 and 0600."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    (folder,) = (sandbox.config_dir / "webfaction").iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        text = path.read_text()
        assert "PRIVATE KEY" not in text
        assert sandbox.host.password not in text


def test_two_accounts_with_one_certbot_never_mix(sandbox: Sandbox) -> None:
    """Each lineage is renewed on the account whose credentials its renewal file names."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "blog", "blog.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    home = sandbox.directory / "certbot" / "bob"
    home.mkdir()
    bob = Host(home, username="bob", password="quite another")
    bob.add_app("blog", "static_only")
    bob.add_website("blog", ("blog.example.com",), (("blog", "/"),))
    with ApiServer(bob) as api:
        credentials = home / "bob.ini"
        credentials.write_text(
            "webfaction_username = bob\nwebfaction_password = quite another\n"
            f"webfaction_api_url = {api.url}\n"
        )
        credentials.chmod(0o600)
        sandbox.certbot(
            *("run", "-a", "webroot", "-w", str(sandbox.host.webapps / "blog")),
            *("-i", "webfaction", "--webfaction-credentials", str(credentials)),
            *("-d", "blog.example.com", "--no-redirect", "--webfaction-wait", "0"),
        )
        sandbox.api.calls.clear()
        api.calls.clear()
        sandbox.certbot(*FORCE)
        ours, theirs = sandbox.api.calls.methods(), api.calls.methods()
        back = sandbox.certbot("rollback", "-i", "webfaction", check=False)
    assert ours.count("update_certificate") == 1
    assert theirs == ["login", "update_certificate"]
    assert [c.name for c in sandbox.host.snapshot().certificates] == ["shop_example_com"]
    assert [c.name for c in bob.snapshot().certificates] == ["blog_example_com"]
    assert back.returncode == 1, "the newest checkpoint is the other account's"
    assert "belongs to another account" in back.output
    assert [w.name for w in bob.snapshot().websites if w.https] == ["blog"]
    assert serves(sandbox, "shop.example.com", "shop.example.com")


def test_install_again_with_everything_in_step_changes_nothing(sandbox: Sandbox) -> None:
    """No second checkpoint, no write."""
    add_site(sandbox, "shop", "shop.example.com")
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    backups = sandbox.config_dir.parent / "work" / "backups"
    checkpoints = sorted(backups.iterdir())
    sandbox.api.calls.clear()
    install(sandbox, "shop.example.com", "--no-redirect")
    assert sorted(backups.iterdir()) == checkpoints
    assert set(sandbox.api.calls.methods()) <= {"login", "list_websites", "list_certificates"}


def test_install_warns_where_renewals_would_not_reach_the_panel(sandbox: Sandbox) -> None:
    """`certbot install` leaves the renewal file alone; the command that is named mends that."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot("certonly", "-a", "webfaction", "-d", "shop.example.com")
    output = " ".join(install(sandbox, "shop.example.com", "--no-redirect").split())
    assert "will not reach the panel: its renewal file names no installer" in output
    command = "reconfigure --cert-name shop.example.com -i webfaction"
    assert f"`certbot {command}`" in output
    sandbox.certbot(*command.split())
    sandbox.certbot(*FORCE)
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    assert "will not reach" not in install(sandbox, "shop.example.com", "--no-redirect")


def test_an_old_problem_fails_no_run_about_something_else(sandbox: Sandbox) -> None:
    """The run warns of it; the idle renew is what fails until it is solved."""
    for name in ("shop", "blog"):
        add_site(sandbox, name, f"{name}.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    sandbox.api.faults.always(faults.fault("Maintenance."), method="update_certificate")
    sandbox.certbot(*FORCE, check=False)
    result = sandbox.certbot(*RUN, "-d", "blog.example.com")
    assert "An earlier change of the panel could not be completed yet" in result.output
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "blog.example.com", "blog.example.com")
    assert sandbox.certbot("renew", check=False).returncode == 1
    again = sandbox.certbot(*RUN, "--reinstall", "-d", "shop.example.com", check=False)
    assert again.returncode == 1
