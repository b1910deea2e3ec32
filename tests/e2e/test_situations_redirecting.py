"""Websites that a redirect to https would take from their visitors, and such as it would not."""

from __future__ import annotations

import pytest

from tests.e2e.scenes import add_site, install, issue, serves, website
from tests.sandbox.cdn import Cdn
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction")
RENEW = ("renew", "--force-renewal", "-q", "--webfaction-wait", "60")
DOMAIN = "shop.example.com"
SHORT = ("--webfaction-wait", "4")
"""What stays wrong is waited for no longer."""

BACK_TO_HTTP = """\
RewriteEngine On
RewriteCond %{HTTP:X-Forwarded-SSL} on
RewriteRule ^(.*)$ http://%{HTTP_HOST}/$1 [R=301,L]
"""
UNAVAILABLE = """\
RewriteEngine On
RewriteCond %{HTTP:X-Forwarded-SSL} on
RewriteRule ^ - [R=503,L]
"""
ONWARD = """\
RewriteEngine On
RewriteCond %{HTTP:X-Forwarded-SSL} on
RewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [R=302,L]
"""
TO_HTTPS = """\
RewriteEngine On
RewriteCond %{HTTP:X-Forwarded-SSL} !on
RewriteCond %{REQUEST_URI} !^/\\.well-known/
RewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [R=302,L]
"""

HARMFUL = [
    pytest.param(BACK_TO_HTTP, f"back to http, to http://{DOMAIN}/", id="back to http"),
    pytest.param(
        UNAVAILABLE,
        f"https answers with status 503 at https://{DOMAIN}/, where http answers with 200",
        id="unavailable",
    ),
    pytest.param(
        ONWARD, f"https redirects without end, at last to https://{DOMAIN}/", id="endless"
    ),
]


def write_htaccess(sandbox: Sandbox, app: str, text: str) -> None:
    (sandbox.host.webapps / app / ".htaccess").write_text(text)


def words(text: str) -> str:
    return " ".join(text.split())


def shows_its_page(sandbox: Sandbox, name: str = "shop") -> bool:
    """Whether http shows what it did, without a redirect."""
    sandbox.front_end.wait_applied()
    return sandbox.http(f"{name}.example.com").text == f"page of {name}"


@pytest.mark.parametrize(("rules", "told"), HARMFUL)
def test_by_default_a_website_that_https_would_break_is_left_as_it_is(
    sandbox: Sandbox, rules: str, told: str
) -> None:
    """A warning says what https answered, at each run; the certificate is served all the same."""
    add_site(sandbox, "shop", DOMAIN)
    write_htaccess(sandbox, "shop", rules)
    first = words(sandbox.certbot(*RUN, *SHORT, "-d", DOMAIN).output)
    assert "The http website shop was not redirected to https:" in first
    assert told in first
    assert shows_its_page(sandbox)
    assert serves(sandbox, DOMAIN, DOMAIN)
    before = sandbox.host.snapshot().websites
    undone = words(sandbox.certbot("rollback", "-i", "webfaction").output)
    assert "What was rolled back had changed nothing on the panel" in undone
    assert told in words(sandbox.certbot(*RUN, *SHORT, "-d", DOMAIN, "--reinstall").output)
    assert told in words(install(sandbox, DOMAIN, *SHORT))
    assert sandbox.certbot(*RENEW).output.strip() == ""
    assert sandbox.certbot("renew", "-q").output.strip() == ""
    assert sandbox.host.snapshot().websites == before


@pytest.mark.parametrize(("rules", "told"), HARMFUL)
def test_asked_for_it_is_an_error_with_the_same_words(
    sandbox: Sandbox, rules: str, told: str
) -> None:
    """Nothing is switched; once it is put right, the command that the message names redirects."""
    add_site(sandbox, "shop", DOMAIN)
    write_htaccess(sandbox, "shop", rules)
    for _ in range(2):
        asked = (*RUN, *SHORT, "-d", DOMAIN, "--redirect", "--reinstall")
        result = sandbox.certbot(*asked, check=False)
        assert result.returncode == 1
        assert told in words(result.output)
        assert shows_its_page(sandbox)
        assert "redirect_to_https" not in {app.name for app in sandbox.host.snapshot().apps}
    assert sandbox.certbot(*RENEW).output.strip() == ""
    command = f"certbot enhance -n --redirect --cert-name {DOMAIN} -i webfaction"
    assert f"`{command}`" in words(result.output)
    write_htaccess(sandbox, "shop", "")
    sandbox.certbot(*command.split()[1:])
    sandbox.front_end.wait_applied()
    assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"


def test_an_https_website_that_only_sends_back_is_a_way_back(sandbox: Sandbox) -> None:
    """Its own app knows nothing but the way to http; another https website stays a reason to go."""
    add_site(sandbox, "shop", DOMAIN)
    sandbox.host.add_app("back", "static_php70")
    write_htaccess(sandbox, "back", BACK_TO_HTTP)
    sandbox.host.add_website("shop", (DOMAIN,), (("back", "/"),), https=True)
    add_site(sandbox, "blog", "blog.example.com")
    names = ("-d", DOMAIN, "-d", "blog.example.com")
    output = words(sandbox.certbot(*RUN, *SHORT, *names).output)
    assert "The http website shop was not redirected to https:" in output
    assert f"back to http, to http://{DOMAIN}/" in output
    assert shows_its_page(sandbox)
    assert sandbox.http("blog.example.com").location == "https://blog.example.com/"


def test_an_answer_that_https_shares_with_http_is_no_harm(sandbox: Sandbox) -> None:
    """A website that answers 503, or asks for a password, over http and https is redirected."""
    add_site(sandbox, "shop", DOMAIN)
    write_htaccess(sandbox, "shop", "RewriteEngine On\nRewriteRule !^\\.well-known/ - [R=503,L]\n")
    output = sandbox.certbot(*RUN, "-d", DOMAIN).output
    assert "was not redirected" not in output
    sandbox.front_end.wait_applied()
    assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"


def test_an_app_that_redirects_by_itself_needs_none(sandbox: Sandbox) -> None:
    """Nothing is switched and nothing is wrong, by default and asked for, at every run."""
    add_site(sandbox, "shop", DOMAIN)
    write_htaccess(sandbox, "shop", TO_HTTPS)
    sandbox.host.add_app("redirect_to_https", "custom_app_with_port")
    for option in ((), ("--redirect",), ()):
        output = words(sandbox.certbot(*RUN, "-d", DOMAIN, "--reinstall", *option).output)
        assert "The http website shop sends its visitors to https already." in output
        assert "not redirected" not in output
        sandbox.front_end.wait_applied()
        assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"
        assert ("shop", "/") in website(sandbox, "shop", https=False).website_apps
    assert sandbox.certbot(*RENEW).output.strip() == ""


def test_behind_a_cdn_with_another_certificate_nothing_is_redirected(sandbox: Sandbox) -> None:
    """It would loop for ever. The way to look past the CDN is named, and works."""
    add_site(sandbox, "shop", DOMAIN)
    issue(sandbox, DOMAIN)
    with Cdn(sandbox.ports.http, DOMAIN) as cdn:
        through = ("--webfaction-connect-to", cdn.route, "--webfaction-wait", "1")
        for _ in range(2):
            output = words(install(sandbox, DOMAIN, *through))
            assert (
                "The http website shop was not redirected to https: its visitors do not" in output
            )
            assert "--webfaction-connect-to ADDRESS" in output
            assert shows_its_page(sandbox)
        asked = sandbox.certbot(
            *("install", "-i", "webfaction", "--cert-name", DOMAIN, "--redirect", *through),
            check=False,
        )
        assert asked.returncode == 1
        assert "its visitors do not get our certificate" in words(asked.output)
        assert shows_its_page(sandbox)
    assert serves(sandbox, DOMAIN, DOMAIN)
    install(sandbox, DOMAIN)
    assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"


def other_content(sandbox: Sandbox) -> str:
    """The https website of the shop's domain shows a database tool."""
    add_site(sandbox, "shop", DOMAIN)
    sandbox.host.add_app("tool", "static_php70")
    (sandbox.host.webapps / "tool" / "index.html").write_text("database tool")
    sandbox.host.add_website("shop", (DOMAIN,), (("tool", "/"),), https=True)
    return "/ (the app shop; https shows tool there)"


def missing_mount(sandbox: Sandbox) -> str:
    """The http website has a blog that the https one lacks."""
    add_site(sandbox, "shop", DOMAIN, https=True)
    sandbox.host.add_app("blog", "static_php70")
    sandbox.host.add_website("shop", (DOMAIN,), (("shop", "/"), ("blog", "/blog")))
    return "/blog (the app blog; https shows nothing of its own there)"


@pytest.mark.parametrize("scene", [other_content, missing_mount])
def test_visitors_keep_what_https_does_not_show(sandbox: Sandbox, scene: object) -> None:
    """By default not redirected, and said what they would lose, each time; asked for, done."""
    lost = scene(sandbox)  # type: ignore[operator]
    sandbox.front_end.wait_applied()
    for _ in range(2):
        output = words(sandbox.certbot(*RUN, "-d", DOMAIN, "--reinstall").output)
        assert f"over https its visitors would not find {lost}" in output
        assert shows_its_page(sandbox)
    assert sandbox.certbot(*RENEW).output.strip() == ""
    asked = words(sandbox.certbot(*RUN, "-d", DOMAIN, "--reinstall", "--redirect").output)
    assert "is redirected as asked, but over https its visitors would not find" in asked
    sandbox.front_end.wait_applied()
    assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"


def test_an_app_that_https_has_besides_is_no_loss(sandbox: Sandbox) -> None:
    """Only what http shows counts, at the same path however it is written."""
    add_site(sandbox, "shop", DOMAIN)
    sandbox.host.add_app("blog", "static_php70")
    sandbox.host.add_website("shop", (DOMAIN,), (("shop", "/"), ("blog", "/blog/")), https=True)
    sandbox.front_end.wait_applied()
    assert "not redirected" not in sandbox.certbot(*RUN, "-d", DOMAIN).output
    sandbox.front_end.wait_applied()
    assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"


def test_somebody_elses_redirecting_app_is_a_warning_by_default(sandbox: Sandbox) -> None:
    """At every run, with the certificate installed and exit 0; with --redirect an error."""
    add_site(sandbox, "shop", DOMAIN)
    sandbox.host.add_app("redirect_to_https", "static_php70")
    theirs = sandbox.host.webapps / "redirect_to_https" / ".htaccess"
    theirs.write_text("Deny from all\n")
    for _ in range(2):
        output = words(sandbox.certbot(*RUN, "-d", DOMAIN, "--reinstall").output)
        assert "was not made by certbot-webfaction" in output
        assert theirs.read_text() == "Deny from all\n"
        assert shows_its_page(sandbox)
        assert serves(sandbox, DOMAIN, DOMAIN)
    assert sandbox.certbot(*RENEW).output.strip() == ""
    asked = sandbox.certbot(*RUN, "-d", DOMAIN, "--reinstall", "--redirect", check=False)
    assert asked.returncode == 1
    assert "was not made by certbot-webfaction" in words(asked.output)
    assert shows_its_page(sandbox)


def test_a_line_of_the_users_in_our_app_is_a_warning_for_other_websites(sandbox: Sandbox) -> None:
    """What redirects already goes on so; the next website is not redirected, and that is said."""
    add_site(sandbox, "shop", DOMAIN)
    add_site(sandbox, "blog", "blog.example.com")
    sandbox.certbot(*RUN, "-d", DOMAIN)
    ours = sandbox.host.webapps / "redirect_to_https" / ".htaccess"
    ours.write_text(f"# mine\n{ours.read_text()}")
    for _ in range(2):
        output = words(sandbox.certbot(*RUN, "-d", "blog.example.com", "--reinstall").output)
        assert "or its .htaccess was changed" in output
        assert shows_its_page(sandbox, "blog")
        assert serves(sandbox, "blog.example.com", "blog.example.com")
    assert ours.read_text().startswith("# mine\n")
    assert "not redirected" not in sandbox.certbot(*RUN, "-d", DOMAIN, "--reinstall").output
    assert sandbox.http(DOMAIN).location == f"https://{DOMAIN}/"
    assert sandbox.certbot(*RENEW).output.strip() == ""
