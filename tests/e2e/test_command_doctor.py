"""``certbot-webfaction doctor`` against accounts that are broken, each in one way that it knows."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from certbot_webfaction.books import document
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.panel.files import PlacedFile
from certbot_webfaction.panel.model import Change
from tests.e2e import command
from tests.e2e.scenes import add_certificate, add_site, change_by_hand, install, website
from tests.lineages.writing import write_lineage
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.sandbox import Sandbox

SHOP = "shop.example.com"


class Healthy:
    """An account with one site whose certificate is installed, and a crontab that renews it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.env = command.add_crontab(sandbox, f"7 3 * * * {command.certbot()} renew -q")
        add_site(sandbox, "shop", SHOP)
        self.write_lineage()
        install(sandbox, SHOP, "--no-redirect")

    def write_lineage(self, number: int = 1, before_expiry: str = "") -> None:
        """Write the site's lineage, or its next certificate."""
        config_dir = self.sandbox.config_dir
        write_lineage(config_dir, SHOP, SHOP, number=number, before_expiry=before_expiry)

    def doctor(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the doctor without a terminal; it changes nothing on the panel."""
        before = self.sandbox.host.snapshot()
        files = _files(self.sandbox)
        done = command.run(self.sandbox, "doctor", *args, env=self.env)
        assert self.sandbox.host.snapshot() == before
        assert _files(self.sandbox) == files
        assert "Traceback" not in done.stdout + done.stderr
        return done

    def wrong(self, *args: str) -> dict[str, tuple[str, str]]:
        """What the doctor finds wrong: by the check's title, the text and the remedy."""
        done = self.doctor("-q", *args)
        assert done.returncode == 1, done.stdout
        found = re.findall(
            r"^wrong  (.{14})  (.*(?:\n {23}.*)*)\n {9}do this {7}(.*(?:\n {23}.*)*)$",
            done.stdout,
            re.MULTILINE,
        )
        return {title.strip(): (text, remedy) for title, text, remedy in found}


@pytest.fixture
def healthy(sandbox: Sandbox) -> Healthy:
    """See `Healthy`."""
    return Healthy(sandbox)


def _files(sandbox: Sandbox) -> dict[Path, str]:
    """Everything in the account's apps, and our documents."""
    paths = [*sandbox.host.webapps.rglob("*"), *(sandbox.config_dir / "webfaction").rglob("*")]
    return {path: path.read_text() for path in paths if path.is_file()}


def test_in_a_healthy_account_nothing_is_wrong(healthy: Healthy) -> None:
    """Exit status 0, a line for each check in order, and not a word with `-q`."""
    done = healthy.doctor()
    assert done.returncode == 0, done.stdout
    assert [line[7:21].strip() for line in done.stdout.splitlines()] == _TITLES
    assert all(line.startswith("ok") for line in done.stdout.splitlines())
    assert "expires in 364 days, renews in" in done.stdout
    quiet = healthy.doctor("-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


_TITLES = [
    *("credentials", "login", "machine", "documents", "website", "app", "challenge path"),
    *("https website", "certificate", "uploaded", "served", "content", "days left", "renewal"),
    *("cron", "versions"),
]


def test_a_terminal_sees_colours_unless_it_wants_none(healthy: Healthy) -> None:
    """Results are coloured in a terminal, and lines end within it; `NO_COLOR` is heeded."""
    coloured = command.run_in_terminal(healthy.sandbox, "doctor", env=healthy.env)
    assert "\x1b[32mok\x1b[0m     login" in coloured
    plain = command.run_in_terminal(healthy.sandbox, "doctor", env={**healthy.env, "NO_COLOR": "1"})
    assert "\x1b" not in plain
    assert "\nok     login           alice on " in plain
    long = [line for line in plain.splitlines() if len(line) > 80]
    assert not [line for line in long if len(line.split()) > 5], "only what has no spaces"


def test_a_wrong_password_is_said_with_the_file_and_what_follows_once(healthy: Healthy) -> None:
    """The login fails; what needs the panel is not checked, the lineages here are."""
    file = healthy.sandbox.credentials
    file.write_text(file.read_text().replace("battery", "battle"))
    text, remedy = healthy.wrong()["login"]
    assert text == 'WebFaction refused the login of "alice"'
    assert remedy.startswith("Check webfaction_username and webfaction_password")
    assert str(file) in remedy
    output = healthy.doctor().stdout
    assert output.count("Not checked") == 1
    assert (
        "-      Not checked, because the panel could not be asked: website, app, challenge path,"
        " https website, certificate, uploaded, served, content.\n" in output
    )
    assert f"ok     days left       expires in 364 days, renews in 242 days ({SHOP})" in output


def test_a_wrong_machine_is_said_with_the_right_spelling(healthy: Healthy) -> None:
    """The panel's names of machines begin with a capital letter."""
    machine = healthy.sandbox.host.machine
    file = healthy.sandbox.credentials
    file.write_text(file.read_text().replace(f"= {machine}\n", f"= {machine.lower()}\n"))
    text, remedy = healthy.wrong()["login"]
    assert text == f'WebFaction refused the login of "alice" on the machine "{machine.lower()}"'
    assert f"webfaction_machine = {machine}" in remedy


def test_without_credentials_nothing_else_of_the_account_is_checked(healthy: Healthy) -> None:
    """The file is named, and what writes it; this machine is checked all the same."""
    healthy.sandbox.credentials.unlink()
    wrong = healthy.wrong()
    text, remedy = wrong["credentials"]
    assert str(healthy.sandbox.credentials) in text
    assert "`certbot-webfaction init --host webfaction`" in remedy
    assert list(wrong) == ["credentials"]
    output = healthy.doctor().stdout
    assert "Not checked, because there are no credentials: website, app," in output
    assert "ok     cron" in output


def test_credentials_that_others_can_read_are_wrong(healthy: Healthy) -> None:
    """The remedy is the command that closes the file."""
    file = healthy.sandbox.credentials
    file.chmod(0o644)
    text, remedy = healthy.wrong()["credentials"]
    assert text == f"others on this machine may read or change {file} (mode 0644)"
    assert remedy.startswith(f"`chmod 600 {file}`")


def test_a_domain_without_an_http_website_is_said_with_the_nearest(healthy: Healthy) -> None:
    """No website, so neither app nor challenge path can be checked: said once."""
    text, remedy = healthy.wrong("-d", "shop.example.net")["website"]
    assert text == (
        "shop.example.net: no http website of the account serves it, so no challenge can be"
        " answered"
    )
    assert remedy == (
        f"Nearest is {SHOP} (http website shop). Correct the name, or add the domain to a website"
        " in the panel."
    )
    output = healthy.doctor("-d", "shop.example.net").stdout
    assert (
        "-      Not checked, because of that, for shop.example.net: app, challenge path.\n"
        in output
    )
    assert "challenge path  " not in output


def test_a_domain_that_only_https_serves_needs_an_http_website(healthy: Healthy) -> None:
    """A CA starts at port 80."""
    healthy.sandbox.host.delete_website(
        "shop", website(healthy.sandbox, "shop", https=False).ip, False
    )
    text, remedy = healthy.wrong()["website"]
    assert text.startswith(f"{SHOP}: no http website of the account serves it")
    assert remedy.startswith("Only the https website shop serves it, and a CA starts at port 80.")


def test_an_app_that_runs_code_gets_its_mount_at_the_next_order_not_from_the_doctor(
    healthy: Healthy,
) -> None:
    """That is no fault: the doctor says that it did not try, and why, and changes nothing."""
    healthy.sandbox.host.add_app("shop_code", "custom_app_with_port")
    site = website(healthy.sandbox, "shop", https=False)
    change_by_hand(healthy.sandbox, site, website_apps=(("shop_code", "/"),))
    done = healthy.doctor()
    assert done.returncode == 0
    assert (
        f"-      app             {SHOP}: its website shop runs code, and no app is mounted at"
        " /.well-known/acme-challenge there; a check changes no website, so the challenge path was"
        " not tried\n"
        "         do this       Nothing: the next certificate for it mounts the app letsencrypt"
        " there by itself."
    ) in done.stdout
    assert "challenge path  " not in done.stdout
    assert healthy.doctor("-q").stdout == ""


def test_an_app_in_the_way_of_the_mount_is_wrong(healthy: Healthy) -> None:
    """Another app that runs code is mounted at the very challenge path."""
    healthy.sandbox.host.add_app("code", "custom_app_with_port")
    site = website(healthy.sandbox, "shop", https=False)
    mounts = (("shop", "/"), ("code", "/.well-known/acme-challenge"))
    change_by_hand(healthy.sandbox, site, website_apps=mounts)
    text, remedy = healthy.wrong()["app"]
    assert text == f"{SHOP}: no app can hold its challenge files"
    assert "Remove that mount in the panel" in remedy


def test_an_htaccess_in_the_way_is_found_by_the_probe(healthy: Healthy) -> None:
    """What came back is shown, with the rule that lets challenges through."""
    app = healthy.sandbox.host.webapps / "shop"
    (app / ".htaccess").write_text("RewriteEngine On\nRewriteRule ^ - [F]\n")
    text, remedy = healthy.wrong()["challenge path"]
    assert text.startswith(f"{SHOP}: a file placed there does not come back\n")
    assert f"GET http://{SHOP}/.well-known/acme-challenge/certbot-webfaction-" in text
    assert "status 403" in text
    assert f"a .htaccess in {app}" in remedy
    assert "RewriteRule ^\\.well-known/acme-challenge/ - [L]" in remedy


def test_an_app_whose_directory_is_gone_is_wrong_for_its_domains_alone(healthy: Healthy) -> None:
    """The other domains' files are placed and fetched all the same."""
    add_site(healthy.sandbox, "blog", "blog.example.com")
    shutil.rmtree(healthy.sandbox.host.webapps / "blog")
    done = healthy.doctor("-d", f"blog.example.com,{SHOP}")
    assert (
        "wrong  challenge path  blog.example.com: no file can be placed in its app:"
        " .well-known/acme-challenge/certbot-webfaction-"
    ) in done.stdout
    assert f"ok     challenge path  a file placed there comes back ({SHOP})\n" in done.stdout


def test_the_probe_leaves_nothing_behind_over_the_api_too(healthy: Healthy) -> None:
    """One call places all files, one removes them."""
    calls = healthy.sandbox.api.calls
    before = len(calls)
    done = healthy.doctor("--webfaction-files", "api")
    assert done.returncode == 0
    assert f"a file placed there comes back ({SHOP})" in done.stdout
    assert calls.methods()[before:] == [
        *("login", "list_websites", "list_certificates", "list_apps", "system", "system")
    ]


def test_a_certbot_that_runs_at_the_same_time_keeps_its_challenge_files(healthy: Healthy) -> None:
    """What the journal has of certbot's files stays, and so do the files."""
    journal = next((healthy.sandbox.config_dir / "webfaction").glob("*/journal.json"))
    challenge = healthy.sandbox.host.webapps / "shop" / ".well-known" / "acme-challenge" / "token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("token.thumbprint")
    app = healthy.sandbox.host.webapps / "shop"
    placed = PlacedFile(str(app), ".well-known/acme-challenge/token", [".well-known"])
    noted = document.read(journal, Journal)
    noted.put(Change(Change.FILE, str(challenge), after=asdict(placed), purpose=Change.CHALLENGE))
    document.write(journal, noted)
    assert healthy.doctor().returncode == 0
    assert challenge.read_text() == "token.thumbprint"


def test_a_lineage_without_an_https_website_is_to_be_installed(healthy: Healthy) -> None:
    """The https website was deleted in the panel."""
    site = website(healthy.sandbox, "shop", https=True)
    healthy.sandbox.host.delete_website("shop", site.ip, True)
    text, remedy = healthy.wrong()["https website"]
    assert text == f"{SHOP}: no https website serves it, although it has a certificate"
    assert remedy == f"`certbot install --cert-name {SHOP} -i webfaction` installs it."
    install(healthy.sandbox, SHOP, "--no-redirect")
    assert healthy.doctor().returncode == 0, "the remedy helps"


def test_a_domain_that_the_certificate_does_not_cover_is_said(healthy: Healthy) -> None:
    """A domain was added to both websites; the command for one certificate for all is shown."""
    for https in (False, True):
        site = website(healthy.sandbox, "shop", https=https)
        change_by_hand(healthy.sandbox, site, subdomains=(SHOP, "new.example.com"))
    text, remedy = healthy.wrong()["certificate"]
    assert text == (
        f"new.example.com: the certificate shop_example_com covers {SHOP}, but not it, so browsers"
        " warn"
    )
    assert remedy == (
        f"`certbot run -a webfaction -i webfaction --expand -d {SHOP} -d new.example.com`"
    )


def test_a_website_that_was_given_another_certificate_is_said(healthy: Healthy) -> None:
    """Somebody chose another certificate in the panel; installing again brings ours back."""
    add_certificate(healthy.sandbox, "foreign", SHOP)
    site = website(healthy.sandbox, "shop", https=True)
    change_by_hand(healthy.sandbox, site, certificate="foreign")
    text, remedy = healthy.wrong()["certificate"]
    assert text == (
        f"{SHOP}: its https website shop uses the certificate foreign, not shop_example_com as was"
        " installed; somebody changed that on the panel"
    )
    assert remedy == (f"`certbot install --cert-name {SHOP} -i webfaction` if that was not meant.")
    install(healthy.sandbox, SHOP, "--no-redirect")
    assert healthy.doctor().returncode == 0, "the remedy helps"


def _change_certificate_by_hand(sandbox: Sandbox) -> None:
    leaf, key = sandbox.directory / "hand.pem", sandbox.directory / "hand.key"
    write_self_signed(leaf, key, SHOP)
    sandbox.host.update_certificate("shop_example_com", leaf.read_text(), key.read_text())


def test_a_certificate_that_was_changed_on_the_panel_is_said(healthy: Healthy) -> None:
    """The panel has another one under our name, though the lineage's was uploaded."""
    _change_certificate_by_hand(healthy.sandbox)
    healthy.sandbox.front_end.wait_applied()
    wrong = healthy.wrong()
    text, remedy = wrong["uploaded"]
    assert text == (
        f"{SHOP}: the certificate shop_example_com on the panel is not the one that was uploaded"
        f" from the lineage {SHOP}; somebody changed it on the panel"
    )
    assert remedy == f"`certbot install --cert-name {SHOP} -i webfaction` installs it."
    assert list(wrong) == ["uploaded"], "it is served, and expires late"


def test_a_renewed_certificate_that_was_not_uploaded_is_said(healthy: Healthy) -> None:
    """The lineage has a new certificate; the next `certbot renew` uploads it."""
    healthy.write_lineage(2)
    text, remedy = healthy.wrong()["uploaded"]
    assert text.startswith(
        f"{SHOP}: the lineage {SHOP} was renewed, but the panel still has the certificate before"
    )
    assert remedy == "`certbot renew` uploads it."
    healthy.sandbox.certbot("renew")
    healthy.sandbox.front_end.wait_applied()
    assert healthy.doctor().returncode == 0, "the remedy helps"


def test_an_old_certificate_that_is_still_served_is_said(healthy: Healthy) -> None:
    """The panel has the new one, the web server not yet."""
    healthy.sandbox.front_end.delay = 3600
    healthy.write_lineage(2)
    healthy.sandbox.certbot("renew", "--webfaction-wait", "1")
    text, remedy = healthy.wrong()["served"]
    assert text.startswith(f"{SHOP}: visitors get a certificate for {SHOP} that expires on ")
    assert "not the panel's" in text
    assert remedy.startswith("The web server takes changes over with a delay: wait a few minutes.")


def test_a_missing_chain_is_said(healthy: Healthy) -> None:
    """Somebody uploaded the leaf alone; a renewal puts it onto the panel with its chain."""
    live = healthy.sandbox.config_dir / "live" / SHOP
    leaf, key = ((live / name).read_text() for name in ("cert.pem", "privkey.pem"))
    healthy.sandbox.host.update_certificate("shop_example_com", leaf, key)
    healthy.sandbox.front_end.wait_applied()
    wrong = healthy.wrong()
    text, remedy = wrong["served"]
    assert text.startswith(f"{SHOP}: visitors get a certificate for {SHOP} that expires on ")
    assert text.endswith(", but not with the chain that belongs to it")
    assert remedy.startswith(f"`certbot renew --force-renewal --cert-name {SHOP}` gets one anew")
    assert list(wrong) == ["served"]
    healthy.write_lineage(2)
    healthy.sandbox.certbot("renew")
    healthy.sandbox.front_end.wait_applied()
    assert healthy.doctor().returncode == 0


def test_a_certificate_of_the_panel_that_expired_is_said(healthy: Healthy) -> None:
    """The https website uses it, and the lineage for its names is good, but not installed."""
    sandbox = healthy.sandbox
    names = ("old.example.com", "www.old.example.com")
    leaf, key = sandbox.directory / "old.pem", sandbox.directory / "old.key"
    write_self_signed(leaf, key, *names, age=90, left=-2)
    sandbox.host.add_certificate("legacy", leaf.read_text(), key.read_text())
    add_site(sandbox, "old", *names)
    sandbox.host.add_website("old", names, (("old", "/"),), True, "legacy")
    sandbox.front_end.wait_applied()
    write_lineage(sandbox.config_dir, names[0], names[0], installer="")
    text, remedy = healthy.wrong("-d", names[0])["days left"]
    assert text == (
        f"{names[0]}: the certificate legacy of its https website expired 2 days ago; the lineage"
        f" {names[0]} is not installed there"
    )
    assert remedy == (
        f"`certbot run -a webfaction -i webfaction --expand -d {names[0]} -d {names[1]}` gets one"
        " for all."
    )
    sandbox.certbot(*remedy.split("`")[1].split()[1:])
    sandbox.front_end.wait_applied()
    assert healthy.doctor("-d", ",".join(names)).returncode == 0, "the remedy helps"


def test_a_renewal_file_that_is_broken_is_said(healthy: Healthy) -> None:
    """`certbot renew` fails each time."""
    conf = healthy.sandbox.config_dir / "renewal" / f"{SHOP}.conf"
    conf.write_text("nonsense [")
    assert healthy.sandbox.certbot("renew", check=False).returncode == 1
    text, remedy = healthy.wrong()["documents"]
    assert (
        text
        == f"The renewal file {conf} can't be read, so certbot does not renew the lineage {SHOP}"
    )
    healthy.sandbox.certbot(*remedy.split("`")[1].split()[1:])
    conf.unlink()
    healthy.sandbox.certbot("renew")
    healthy.sandbox.front_end.wait_applied()
    assert healthy.doctor().returncode == 0, "the remedy helps"


def test_remedies_are_for_the_account_of_the_credentials_file(healthy: Healthy) -> None:
    """Followed as they stand, they do not go to another account."""
    sandbox = healthy.sandbox
    bob = sandbox.directory / "bob's.ini"
    sandbox.credentials.rename(bob)
    site = website(sandbox, "shop", https=True)
    sandbox.host.delete_website("shop", site.ip, True)
    _, remedy = healthy.wrong("--webfaction-credentials", str(bob), "-d", SHOP)["https website"]
    sandbox.certbot(*shlex.split(remedy.split("`")[1])[1:], "--no-redirect")
    sandbox.front_end.wait_applied()
    done = healthy.doctor("--webfaction-credentials", str(bob), "-d", SHOP)
    assert done.returncode == 0, "the remedy helps"


def test_a_web_server_out_of_reach_is_said(healthy: Healthy) -> None:
    """Nothing listens at the port where https is asked for."""
    address = f"127.0.0.1:{healthy.sandbox.ports.http}:1"
    text, remedy = healthy.wrong("--webfaction-connect-to", address)["served"]
    assert text == f"{SHOP}: visitors get no certificate: the connection was refused"
    assert "--webfaction-connect-to" in remedy


def test_a_renewal_that_is_overdue_is_said_with_the_days_left(healthy: Healthy) -> None:
    """certbot should have renewed it a while ago."""
    healthy.write_lineage(before_expiry="370 days")
    install(healthy.sandbox, SHOP, "--no-redirect")
    text, remedy = healthy.wrong()["days left"]
    assert text == (
        f"{SHOP}: its lineage {SHOP} expires in 364 days, and was to be renewed 5 days ago"
    )
    assert remedy.startswith("`certbot renew` now, and look at what it says")


def test_a_renewal_file_without_the_installer_is_wrong(healthy: Healthy) -> None:
    """Renewals would not get onto the panel."""
    conf = healthy.sandbox.config_dir / "renewal" / f"{SHOP}.conf"
    conf.write_text(conf.read_text().replace("installer = webfaction\n", ""))
    text, remedy = healthy.wrong()["renewal"]
    assert text == (
        f"{SHOP}: its certificate is installed, but the renewal file of the lineage {SHOP} names no"
        " installer, so renewals do not get onto the panel"
    )
    assert "installer" in remedy or "-i webfaction" in remedy
    hook = healthy.sandbox.config_dir / "renewal-hooks" / "deploy" / "panel"
    hook.parent.mkdir(parents=True, exist_ok=True)
    hook.write_text("#!/bin/sh\ncertbot-webfaction deploy\n")
    assert "renewal" in healthy.wrong(), "certbot runs only what can be executed"
    hook.chmod(0o755)
    assert healthy.doctor().returncode == 0, "a deploy hook does as well"


def test_a_lineage_that_was_never_installed_is_said(healthy: Healthy) -> None:
    """It names our installer, and nothing of it is on the panel."""
    add_site(healthy.sandbox, "blog", "blog.example.com")
    write_lineage(healthy.sandbox.config_dir, "blog", "blog.example.com")
    wrong = healthy.wrong()
    assert wrong["https website"] == (
        "blog.example.com: no https website serves it, although it has a certificate",
        "`certbot install --cert-name blog -i webfaction` installs it.",
    )
    assert list(wrong) == ["https website"], "once, for one line mends it"


def test_damaged_documents_are_said_and_left_for_certbot_to_rebuild(healthy: Healthy) -> None:
    """The doctor neither renames nor rebuilds them."""
    wanted = next((healthy.sandbox.config_dir / "webfaction").glob("*/wanted.json"))
    wanted.write_text("{")
    text, remedy = healthy.wrong()["documents"]
    assert text.startswith(f"{wanted} is damaged")
    assert remedy.startswith("The next `certbot renew` keeps it aside, and rebuilds it")
    assert wanted.read_text() == "{"
    assert [path.name for path in wanted.parent.iterdir() if "damaged" in path.name] == []


def test_without_anything_that_renews_the_cron_check_fails(healthy: Healthy) -> None:
    """A crontab with other jobs, or with a comment, is no help."""
    healthy.env = command.add_crontab(healthy.sandbox, "# certbot renew -q", "1 1 * * * backup")
    assert healthy.wrong()["cron"] == (
        "nothing here runs `certbot renew` by itself, so certificates will expire",
        "`certbot-webfaction init --host webfaction` offers the line for the crontab.",
    )


def test_named_domains_alone_are_checked(healthy: Healthy) -> None:
    """With `-d`, other domains' faults don't count; several may stand in one `-d`."""
    write_lineage(healthy.sandbox.config_dir, "gone", "gone.example.com")
    assert healthy.doctor("-q").returncode == 1
    assert healthy.doctor("-d", SHOP).returncode == 0
    done = healthy.doctor("-q", "-d", f"{SHOP},gone.example.com")
    assert done.returncode == 1
    assert f"{SHOP}:" not in done.stdout
    assert "gone.example.com: " in done.stdout


def test_a_wildcard_lineage_is_checked_where_it_is_used(healthy: Healthy) -> None:
    """It is not validated over http, so only its websites and certificate count."""
    write_lineage(
        healthy.sandbox.config_dir, "wild", "*.example.com", authenticator="dns-webfaction"
    )
    install(healthy.sandbox, "wild", "--no-redirect")
    add_site(healthy.sandbox, "blog", "blog.example.com")
    text, _ = healthy.wrong("-d", "*.example.com")["renewal"]
    assert "renewals of its lineage wild will fail: These domains can't be validated" in text
    healthy.sandbox.host.add_domain("example.com")
    done = healthy.doctor("-d", "*.example.com")
    assert done.returncode == 0, done.stdout
    assert f"ok     certificate     wild, of the lineage wild ({SHOP})\n" in done.stdout
    assert f"ok     served          serves the certificate of the panel ({SHOP})\n" in done.stdout
    assert (
        "-      https website   blog.example.com: no https website serves it, and only a wildcard"
        " of the lineage wild covers it\n"
        "         do this       `certbot install --cert-name wild -i webfaction` installs it."
    ) in done.stdout
    assert "challenge path" not in done.stdout
    install(healthy.sandbox, "wild", "--no-redirect")
    done = healthy.doctor("-d", "*.example.com")
    assert (
        f"ok     certificate     wild, of the lineage wild ({SHOP}, blog.example.com)\n"
        in done.stdout
    )


def test_doctors_at_the_same_time_do_not_disturb_each_other(healthy: Healthy) -> None:
    """Each places files of its own names."""
    outcomes: list[int] = []

    def run() -> None:
        outcomes.append(command.run(healthy.sandbox, "doctor", env=healthy.env).returncode)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [0, 0]
    # An empty directory may stay, where one made it and the other's file was in it at the end.
    left = (healthy.sandbox.host.webapps / "shop" / ".well-known").rglob("*")
    assert [path for path in left if not path.is_dir()] == []
