"""``-a webfaction``: challenge files that are seen to work before the CA is asked.

Each test runs the real certbot against the sandbox. Refusals are judged by the CA's log as well:
a challenge that the CA was asked to validate counts against the user.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from certbot_webfaction.books import document
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.panel.model import Change
from tests.e2e.scenes import change_by_hand, website
from tests.sandbox.certbot import Result
from tests.sandbox.faults import fault, wrong
from tests.sandbox.host import Host
from tests.sandbox.sandbox import Sandbox
from tests.waiting import until

CERTONLY = ("certonly", "-a", "webfaction")
CHALLENGES = "/.well-known/acme-challenge"
API = ("--webfaction-files", "api")


def add_website(sandbox: Sandbox, name: str, type: str, *domains: str, path: str = "/") -> Path:
    """Add an app and an http website for it; return the app's directory."""
    extra_info = str(sandbox.host.home_directory / "public") if "symlink" in type else ""
    if extra_info:
        Path(extra_info).mkdir()
    sandbox.host.add_app(name, type, extra_info=extra_info)
    sandbox.host.add_website(name, domains or (f"{name}.example.com",), ((name, path),))
    return sandbox.host.webapps / name


def certonly(sandbox: Sandbox, *args: str, check: bool = False) -> Result:
    """Ask for a certificate, once the front end knows all websites."""
    sandbox.front_end.wait_applied()
    return sandbox.certbot(*CERTONLY, *args, check=check)


def domains(*names: str) -> list[str]:
    return [option for name in names for option in ("-d", name)]


def challenge_files(sandbox: Sandbox) -> list[str]:
    """Whatever looks like a challenge file or a directory made for one, anywhere at home."""
    home = sandbox.host.home_directory
    token = re.compile(r"\.?[A-Za-z0-9_-]{43}(\.new)?")
    return [
        str(path)
        for path in home.rglob("*")
        if path.name in (".well-known", "acme-challenge") or token.fullmatch(path.name)
    ]


def journal(sandbox: Sandbox) -> Journal:
    (path,) = (sandbox.config_dir / "webfaction").glob("*/journal.json")
    return document.read(path, Journal)


def panel(sandbox: Sandbox) -> tuple[object, ...]:
    """What the authenticator could change on the panel."""
    state = sandbox.host.snapshot()
    return state.websites, state.apps


def refused(sandbox: Sandbox, *args: str) -> str:
    """A run that ends without the CA being asked, and leaves nothing; what it said."""
    before = panel(sandbox)
    result = certonly(sandbox, *args)
    assert result.returncode == 1, result.output
    assert sandbox.ca.validations() == 0
    assert panel(sandbox) == before
    assert journal(sandbox) == Journal()
    assert "Traceback" not in result.output
    return result.output


def test_every_kind_of_website_in_one_order(sandbox: Sandbox) -> None:
    """Files go where each app serves them; apps that run code get one mount each, which stays."""
    add_website(sandbox, "plain", "static_only", "plain.example.com", "www.plain.example.com")
    add_website(sandbox, "php", "static_php70", "php.example.com")
    add_website(sandbox, "link", "symlink70", "*.link.example.com")
    add_website(sandbox, "well", "static_only", "xn--bcher-kva.example", path="/.well-known")
    blog = add_website(sandbox, "blog", "wordpress_4", "blog.example.com")
    (blog / "index.php").write_text("<h1>Blog</h1>")
    (blog / ".htaccess").write_text(
        "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule . /index.php [L]\n"
    )
    add_website(sandbox, "port", "custom_app_with_port", "port.example.com")
    sandbox.add_django_site()
    names = ["plain.example.com", "WWW.plain.example.com", "php.example.com"]
    names += ["a.link.example.com", "xn--bcher-kva.example", "blog.example.com"]
    names += ["port.example.com", "example.com", "www.example.com"]

    certonly(sandbox, *domains(*names), check=True)
    assert sandbox.ca.validations() == len(names)
    assert sandbox.api.calls.methods() == [
        *("login", "list_websites", "list_apps"),
        *("create_app", "list_websites", "update_website", "update_website"),
    ]
    assert challenge_files(sandbox) == []
    mount = ("letsencrypt", CHALLENGES)
    for name in ("port", "mysite"):
        assert website(sandbox, name, https=False).website_apps == ((name, "/"), mount)
    sandbox.front_end.wait_applied()
    assert sandbox.http("example.com").status == 200

    sandbox.api.calls.clear()
    sandbox.certbot("renew", "--force-renewal")
    assert sandbox.api.calls.methods() == ["login", "list_websites", "list_apps"]
    assert challenge_files(sandbox) == []
    assert journal(sandbox) == Journal()


def test_a_hundred_names_take_two_calls_for_files(sandbox: Sandbox) -> None:
    """Over the API: one call places all files of an order, one removes them."""
    names = [f"n{number}.example.com" for number in range(100)]
    add_website(sandbox, "one", "static_only", *names[:50])
    add_website(sandbox, "two", "static_php70", *names[50:])

    certonly(sandbox, *API, *domains(*names), check=True)
    assert sandbox.ca.validations() == 100
    methods = sandbox.api.calls.methods()
    assert methods == ["login", "list_websites", "list_apps", "system", "system"]
    assert challenge_files(sandbox) == []


def test_the_app_that_is_named_is_used(sandbox: Sandbox) -> None:
    """As in the host's guide, an app at /.well-known; on another website it is mounted first."""
    sandbox.host.add_app("my_ssl_app", "static_only")
    add_website(sandbox, "guide", "django41")
    sandbox.host.update_website(
        *("guide", "127.0.0.1", False, ("guide.example.com",)),
        (("guide", "/"), ("my_ssl_app", "/.well-known")),
        "",
    )
    add_website(sandbox, "plain", "static_only")

    names = domains("guide.example.com", "plain.example.com")
    certonly(sandbox, "--webfaction-app", "my_ssl_app", *names, check=True)
    assert ("my_ssl_app", CHALLENGES) in website(sandbox, "plain", https=False).website_apps
    assert "letsencrypt" not in [app.name for app in sandbox.host.snapshot().apps]
    assert challenge_files(sandbox) == []


def test_a_front_end_that_is_late_is_waited_for(sandbox: Sandbox) -> None:
    """The CA is asked when the mount is served, and it is told once that this takes long."""
    add_website(sandbox, "late", "django41")
    sandbox.front_end.wait_applied()
    sandbox.front_end.delay = 6

    result = certonly(sandbox, "-d", "late.example.com", check=True)
    assert sandbox.ca.validations() == 1
    waiting = r"Waiting for the web server to serve challenge files \(late\.example\.com\), \d+ s"
    assert len(re.findall(rf"{waiting} \.\.\.\n", result.stdout)) == 1


def test_quiet_is_silent_and_a_dry_run_leaves_nothing(sandbox: Sandbox) -> None:
    """``--dry-run`` makes mount and app, and takes them away again."""
    add_website(sandbox, "dry", "django41")
    before = panel(sandbox)

    result = certonly(sandbox, "-q", "--dry-run", "-d", "dry.example.com", check=True)
    assert result.output == ""
    assert sandbox.ca.validations() == 1
    assert "create_app" in sandbox.api.calls.methods()
    assert panel(sandbox) == before
    assert challenge_files(sandbox) == []


def test_a_closed_umask_keeps_nothing_from_the_web_server(sandbox: Sandbox) -> None:
    """Neither certbot's, where files are local, nor the account's on the host."""
    sandbox.reset(lambda home: Host(home, umask=0o077))
    app = add_website(sandbox, "closed", "static_only")
    for directory in (sandbox.host.home_directory, sandbox.host.webapps, app):
        directory.chmod(0o755)
    sandbox.front_end.wait_applied()

    for files in ("local", "api"):
        options = ("--webfaction-files", files, "--webfaction-wait", "1", "--force-renewal")
        with started(sandbox, *options, "-d", "closed.example.com", umask=0o077) as process:
            assert process.wait(60) == 0
    assert sandbox.ca.validations() == 2
    assert challenge_files(sandbox) == []


def test_what_comes_back_wrong_is_explained(sandbox: Sandbox) -> None:
    """Each domain with what came back, the likely cause and its remedy; the CA is not asked."""
    htaccess = {
        "rewrites": "RewriteEngine On\nRewriteRule !^index.php /index.php\n",
        "forbids": "Require all denied\n",
        "away": "Redirect 302 / http://other.example.org/\n",
        "port": "Redirect 301 / https://port.example.com:8443/\n",
        "secure": "RewriteEngine On\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301]\n",
        "right": "",
    }
    for name, text in htaccess.items():
        directory = add_website(sandbox, name, "static_php70")
        (directory / ".htaccess").write_text(text)
        (directory / "index.php").write_text("<html><h1>Welcome\x1b[31m!</h1></html>")
    sandbox.host.add_app("shop", "static_only")
    sandbox.host.add_website("secure", ("secure.example.com",), (("shop", "/"),), https=True)

    names = domains(*(f"{name}.example.com" for name in htaccess))
    output = refused(sandbox, "--webfaction-wait", "1", *names)
    assert "5 of 6 challenge files did not come back" in output
    reports = _reports(output)
    assert set(reports) == set(htaccess) - {"right"}
    for report in reports.values():
        assert report.startswith("asked at 127.0.0.1 port ")
    htaccess_cause = f"a .htaccess in {sandbox.host.webapps}/%s or a code file there answers"
    assert "status 200, “Welcome [31m!”" in reports["rewrites"]
    assert htaccess_cause % "rewrites" in reports["rewrites"]
    assert "status 403" in reports["forbids"]
    assert f"Likely cause: the web server may not enter {sandbox.host.webapps}/forbids" in output
    assert htaccess_cause % "forbids" in reports["forbids"]
    assert f"redirected to http://other.example.org{CHALLENGES}/" in reports["away"]
    assert "Likely cause: it redirects to another host, other.example.org" in reports["away"]
    assert "CAs do not follow the redirect to https://port.example.com:8443/" in reports["port"]
    assert f"redirected to https://secure.example.com{CHALLENGES}/" in reports["secure"]
    assert "status 404" in reports["secure"]
    assert challenge_files(sandbox) == []


PASS = "RewriteEngine On\nRewriteRule ^PATH - [L]\n"
AUTH = "AuthType Basic\nAuthName x\nAuthUserFile /dev/null\nRequire valid-user\n"
IN_THE_WAY = {
    "forbids": ("RewriteEngine On\nRewriteRule ^ - [F]\n", 403, "a .htaccess in "),
    "rewrites": ("RewriteEngine On\nRewriteRule !^i.php /i.php\n", 200, "a .htaccess in "),
    "ip": (f"{PASS}Require ip 192.0.2.1\n", 403, "a .htaccess in "),
    "deny": (f"{PASS}Order deny,allow\nDeny from all\n", 403, "a .htaccess in "),
    "files": (f'{PASS}<FilesMatch "^[^.]+$">\nDeny from all\n</FilesMatch>\n', 403, "a .htaccess"),
    "password": (PASS + AUTH, 401, "cause: a password is asked for, and CAs have none"),
    "php": (f"{PASS}php_value memory_limit 64M\n", 500, "cause: what answers there fails;"),
    "typo": (f"{PASS}RewriteRul ^ -\n", 500, "cause: what answers there fails;"),
    "away": (
        f"{PASS}RedirectMatch 301 ^/ http://other.example.org/\n",
        0,
        "cause: it redirects to",
    ),
    "gone": (f"{PASS}RedirectMatch 410 ^/\n", 410, "a .htaccess in "),
    "robots": ("SetEnvIf User-Agent Firefox a\nRequire env a\n", 403, "cause: a browser gets the"),
}
"""Ways in which a .htaccess answers in place of a challenge file; what comes back, and is told."""


@pytest.mark.parametrize("path", ["/", "/.well-known", CHALLENGES])
def test_every_way_out_of_an_htaccess_works(sandbox: Sandbox, path: str) -> None:
    """A rule is advised where it may help, with the right path; an app of its own always helps."""
    inside = CHALLENGES.removeprefix(path.rstrip("/")).lstrip("/")
    files = {}
    for name, (text, _, _) in IN_THE_WAY.items():
        directory = add_website(sandbox, name, "static_php70", path=path)
        files[name] = directory / ".htaccess"
        files[name].write_text(text.replace("PATH", f"{inside}/" if inside else ""))
        (directory / "i.php").write_text("Welcome")
    order = ("--webfaction-wait", "1", *domains(*(f"{name}.example.com" for name in files)))

    reports = _reports(refused(sandbox, *order))
    assert set(reports) == set(files)
    for name, (_, status, told) in IN_THE_WAY.items():
        report = reports[name]
        assert told in report
        assert f"status {status}" in report or not status or path != "/"
        advised = re.search(r"“(RewriteRule .*?)”", report)
        assert bool(advised) is bool(inside and "a .htaccess in " in report)
        if advised:
            text = files[name].read_text()
            files[name].write_text(f"RewriteEngine On\n{advised[1]}\n{text}")
        if not inside:
            assert f"take the app {name} off {CHALLENGES} of the http website {name}" in report
        assert "--webfaction-app letsencrypt" in report
    if inside:
        assert set(files) - set(_reports(refused(sandbox, *order))) == {"forbids", "rewrites"}
    else:
        sandbox.host.add_app("page", "static_only")
        for name in files:
            site = website(sandbox, name, https=False)
            change_by_hand(sandbox, site, website_apps=(("page", "/"),))
    certonly(sandbox, *order, "--webfaction-app", "letsencrypt", check=True)


def _reports(output: str) -> dict[str, str]:
    """What is said of each domain of example.com, by its first label."""
    return dict(re.findall(r"\n  (\w+)\.example\.com: (.*(?:\n    .*)+)", output))


def test_the_way_out_of_an_htaccess_at_the_challenge_path_is_to_delete_it(sandbox: Sandbox) -> None:
    """Where somebody put it into the app for challenge files, no other app is needed."""
    directory = add_website(sandbox, "letsencrypt", "static_php70", path=CHALLENGES)
    (directory / ".htaccess").write_text("RewriteEngine On\nRewriteRule ^ - [R=404]\n")
    order = ("--webfaction-wait", "1", "-d", "letsencrypt.example.com")
    said = refused(sandbox, *order)
    assert f"a .htaccess in {directory} or a code file there answers" in said
    assert "Delete it. " in said
    assert "--webfaction-app" not in said
    (directory / ".htaccess").unlink()
    certonly(sandbox, *order, check=True)


def test_a_site_that_keeps_robots_out_is_issued_for(sandbox: Sandbox) -> None:
    """The CA gets in, and so does our look, which does not call itself one."""
    directory = add_website(sandbox, "shop", "static_php70")
    (directory / ".htaccess").write_text(
        "RewriteEngine On\nRewriteCond %{HTTP_USER_AGENT} bot|crawl|spider [NC]\n"
        "RewriteRule ^ - [F]\n"
    )
    sandbox.front_end.wait_applied()
    assert sandbox.http("shop.example.com", **{"User-Agent": "Googlebot/2.1"}).status == 403
    certonly(sandbox, "--webfaction-wait", "5", "-d", "shop.example.com", check=True)


def test_a_mount_that_is_not_served_in_time_is_explained(sandbox: Sandbox) -> None:
    """The app that was there before still answers; what the run made goes again."""
    sandbox.add_django_site()
    sandbox.front_end.wait_applied()
    sandbox.front_end.delay = 60

    output = refused(sandbox, "--webfaction-wait", "1", "-d", "example.com")
    assert "status 404" in output
    assert (
        "Likely cause: the web server does not know yet that letsencrypt was mounted at"
        f" {CHALLENGES} on the http website mysite."
    ) in output


def test_a_refused_connection_is_explained(sandbox: Sandbox) -> None:
    """Nothing listens where ``--webfaction-connect-to`` leads."""
    add_website(sandbox, "plain", "static_only")

    options = ("--webfaction-wait", "1", "--webfaction-connect-to", "127.0.0.1:1")
    output = refused(sandbox, *options, "-d", "plain.example.com")
    assert "plain.example.com: asked at 127.0.0.1 port 1 (--webfaction-connect-to)" in output
    assert "Likely cause: nothing listens there." in output


def test_domains_that_no_http_website_serves_are_refused_before_an_order(sandbox: Sandbox) -> None:
    """All of them at once, with the nearest there is."""
    add_website(sandbox, "shop", "static_only")
    sandbox.host.add_website("secure", ("secure.example.com",), (("shop", "/"),), https=True)

    names = domains("shop.example.com", "secure.example.com", "shpo.example.com")
    result = certonly(sandbox, *names)
    assert result.returncode == 1
    assert "secure.example.com: only the https website secure serves it" in result.output
    assert "shpo.example.com: nearest is shop.example.com (http website shop)" in result.output
    assert sandbox.ca.orders() == 0


@pytest.mark.parametrize("files", ["local", "api"])
def test_a_planted_symlink_is_not_followed(sandbox: Sandbox, files: str) -> None:
    """.well-known leads out of the app's directory: nothing is written there."""
    app = add_website(sandbox, "plain", "static_only")
    outside = sandbox.host.home_directory / "outside"
    outside.mkdir()
    (app / ".well-known").symlink_to(outside)

    output = refused(sandbox, "--webfaction-files", files, "-d", "plain.example.com")
    assert "The challenge file for plain.example.com could not be put into the app plain" in output
    assert "a symlink leads out of the app's directory there" in output
    assert list(outside.iterdir()) == []
    assert (app / ".well-known").is_symlink()


@pytest.mark.parametrize("name", ["../../../escaped", "/escaped", "$(touch escaped)", "x;id", "é"])
def test_hostile_app_names_do_no_harm(sandbox: Sandbox, name: str) -> None:
    """An answer of the panel that names an app so leads to no path and no command."""
    add_website(sandbox, "plain", "static_only")
    app: dict[str, Any] = {"id": 1, "name": name, "type": "static_only", "autostart": False}
    app |= {"port": 0, "open_port": False, "extra_info": "", "machine": "Web500"}
    site: dict[str, Any] = {"id": 2, "name": "plain", "ip": "127.0.0.1", "https": False}
    site |= {"subdomains": ["plain.example.com"], "website_apps": [[name, "/"]], "certificate": ""}
    sandbox.api.faults.always(wrong([app]), "list_apps")
    sandbox.api.faults.always(wrong([site]), "list_websites")
    before = sorted(sandbox.directory.rglob("*escaped*"))

    result = certonly(sandbox, *API, "--webfaction-wait", "1", "-d", "plain.example.com")
    assert result.returncode == 1
    assert "Traceback" not in result.output
    assert sandbox.ca.validations() == 0
    assert sorted(sandbox.directory.rglob("*escaped*")) == before == []
    assert not Path("/escaped").exists()


def test_the_hint_when_only_the_ca_fails(sandbox: Sandbox) -> None:
    """Not looked at from here, so the CA finds it out; what was made goes again."""
    add_website(sandbox, "port", "custom_app_with_port")
    sandbox.front_end.wait_applied()
    before = panel(sandbox)
    sandbox.front_end.delay = 60

    result = certonly(sandbox, "--webfaction-wait", "0", "-d", "port.example.com")
    assert result.returncode == 1
    assert sandbox.ca.validations() == 1
    assert (
        "Hint: The challenge files for port.example.com were placed, but not looked at from here,"
        " because of --webfaction-wait 0."
    ) in result.output
    assert panel(sandbox) == before
    assert challenge_files(sandbox) == []


def test_a_clean_up_that_fails_is_made_up_by_the_next_run(sandbox: Sandbox) -> None:
    """The certificate is there, a warning is given, and an idle renew removes the files."""
    add_website(sandbox, "plain", "static_only")
    sandbox.front_end.wait_applied()
    sandbox.api.faults.on(2, fault("Not today"), "system")
    result = sandbox.certbot(
        *("run", "-a", "webfaction", "-i", "webfaction", "--no-redirect"),
        *(*API, "-d", "plain.example.com"),
    )
    assert "Cleaning up after the challenges is not complete" in result.output
    assert "Not today" in result.output
    assert challenge_files(sandbox) != []

    sandbox.certbot("renew")
    assert challenge_files(sandbox) == []
    assert journal(sandbox).all(Change.FILE) == []


def started(sandbox: Sandbox, *args: str, umask: int = -1) -> subprocess.Popen[bytes]:
    """A certbot that asks for a certificate, running."""
    program = os.environ.get("CERTBOT") or str(Path(sys.executable).with_name("certbot"))
    return subprocess.Popen(
        [program, *CERTONLY, *args],
        env=sandbox.environ(),
        umask=umask,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def interrupted(sandbox: Sandbox, how: signal.Signals, *args: str) -> int:
    """Start certbot, and interrupt it when it looks at a challenge file; its exit status."""
    sandbox.front_end.wait_applied()
    with started(sandbox, *args) as process:
        until(lambda: bool(challenge_files(sandbox)) or process.poll() is not None)
        process.send_signal(how)
        return process.wait(60)


@pytest.mark.parametrize("files", ["local", "api"])
def test_a_killed_run_is_cleaned_up_by_the_next(sandbox: Sandbox, files: str) -> None:
    """SIGKILL between placing and cleaning: an idle renew with our installer takes all away."""
    add_website(sandbox, "installed", "static_only")
    add_website(sandbox, "plain", "static_only")
    add_website(sandbox, "port", "custom_app_with_port")
    sandbox.front_end.wait_applied()
    run = ("run", "-a", "webfaction", "-i", "webfaction", "--no-redirect")
    sandbox.certbot(*run, "-d", "installed.example.com")
    before = panel(sandbox)
    sandbox.front_end.wait_applied()
    sandbox.front_end.delay = 60

    names = domains("plain.example.com", "port.example.com")
    options = ("--webfaction-files", files, *names)
    assert interrupted(sandbox, signal.SIGKILL, *options) == -signal.SIGKILL
    assert challenge_files(sandbox) != []
    assert panel(sandbox) != before
    sandbox.certbot("renew")
    assert challenge_files(sandbox) == []
    assert panel(sandbox) == before
    assert journal(sandbox).made_for(Change.CHALLENGE) == []


def test_an_interrupted_run_cleans_up(sandbox: Sandbox) -> None:
    """Ctrl-C while the file is waited for."""
    add_website(sandbox, "plain", "static_only")
    add_website(sandbox, "port", "custom_app_with_port")
    sandbox.front_end.wait_applied()
    before = panel(sandbox)

    names = domains("plain.example.com", "port.example.com")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        there = f"127.0.0.1:{silent.getsockname()[1]}"
        with started(sandbox, "--webfaction-connect-to", there, *names) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                assert process.wait(60) != 0
    assert challenge_files(sandbox) == []
    assert panel(sandbox) == before
    assert journal(sandbox) == Journal()
    assert sandbox.ca.validations() == 0
