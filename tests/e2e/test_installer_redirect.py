"""``--redirect``: http websites that send visitors to https, and still answer challenges."""

from __future__ import annotations

from tests.e2e.scenes import add_certificate, add_site, install, issue, website
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction")


def test_redirect_keeps_host_path_and_query(sandbox: Sandbox) -> None:
    """Permanently, with escapes as they were, whatever port the client named."""
    add_site(sandbox, "shop", "shop.example.com", "www.shop.example.com")
    domains = ("-d", "shop.example.com", "-d", "www.shop.example.com")
    sandbox.certbot(*RUN, *domains, "--redirect")
    sandbox.front_end.wait_applied()
    for path in ("/", "/a/b?x=1&y=%2F%20z", "/a%20b/%c3%bc", "/.well-known/other"):
        answer = sandbox.http("www.shop.example.com", path)
        assert (answer.status, answer.location) == (301, f"https://www.shop.example.com{path}")
    assert sandbox.fetch_verified("shop.example.com").text == "page of shop"
    challenge = sandbox.http("shop.example.com", "/.well-known/acme-challenge/none")
    assert challenge.status == 404


def test_renewals_through_the_redirect_need_no_change_of_the_panel(sandbox: Sandbox) -> None:
    """The redirect app holds the challenge files itself; uploads are the only writes."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    sandbox.front_end.wait_applied()
    sandbox.api.calls.clear()
    sandbox.certbot("renew", "--force-renewal", "--no-random-sleep-on-renew")
    assert sandbox.api.calls.methods() == [
        "login",
        "list_websites",
        "list_apps",
        "update_certificate",
    ]


def test_enhance_redirects_what_was_installed_before(sandbox: Sandbox) -> None:
    """Once; asked again it finds the redirect in place and calls nothing but the login."""
    add_site(sandbox, "shop", "shop.example.com")
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    assert sandbox.http("shop.example.com").text == "page of shop"
    enhance = ("enhance", "-n", "-i", "webfaction", "--cert-name", "shop.example.com", "--redirect")
    sandbox.certbot(*enhance)
    sandbox.front_end.wait_applied()
    assert sandbox.http("shop.example.com").location == "https://shop.example.com/"
    sandbox.api.calls.clear()
    sandbox.certbot(*enhance)
    assert "update_website" not in sandbox.api.calls.methods()


def test_a_redirect_that_would_hide_a_domain_is_refused_where_it_was_asked_for(
    sandbox: Sandbox,
) -> None:
    """The error names the domain that https does not serve; http goes on as it was."""
    add_site(sandbox, "shop", "shop.example.com", "old.example.com")
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    result = sandbox.certbot(
        *("enhance", "-n", "-i", "webfaction", "--cert-name", "shop.example.com", "--redirect"),
        check=False,
    )
    assert result.returncode == 1
    assert "it also serves old.example.com" in result.output
    assert sandbox.http("shop.example.com").text == "page of shop"


def test_by_default_such_a_redirect_is_skipped_with_a_warning(sandbox: Sandbox) -> None:
    """A plain `certbot run` installs the certificate all the same, and exits 0."""
    add_site(sandbox, "shop", "shop.example.com", "old.example.com")
    result = sandbox.certbot(*RUN, "-d", "shop.example.com")
    assert "it also serves old.example.com" in result.output
    sandbox.front_end.wait_applied()
    assert sandbox.fetch_verified("shop.example.com").text == "page of shop"
    assert sandbox.http("shop.example.com").text == "page of shop"


def test_another_website_with_its_own_certificate_makes_the_redirect_possible(
    sandbox: Sandbox,
) -> None:
    """The other domain is served over https by somebody else's unexpired certificate."""
    add_certificate(sandbox, "bought", "old.example.com")
    add_site(sandbox, "shop", "shop.example.com", "old.example.com")
    add_site(sandbox, "old", "old.example.com", https=True, certificate="bought")
    sandbox.certbot(*RUN, "-d", "shop.example.com", "--redirect")
    sandbox.front_end.wait_applied()
    assert sandbox.http("old.example.com").location == "https://old.example.com/"


def test_an_app_of_that_name_that_is_not_ours_is_never_overwritten(sandbox: Sandbox) -> None:
    """Its .htaccess stays, the error says what to do, and the website shows its page."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.host.add_app("redirect_to_https", "static_php70")
    theirs = sandbox.host.webapps / "redirect_to_https" / ".htaccess"
    theirs.write_text("Deny from all\n")
    result = sandbox.certbot(*RUN, "-d", "shop.example.com", "--redirect", check=False)
    assert result.returncode == 1
    assert "was not made by certbot-webfaction" in result.output
    assert theirs.read_text() == "Deny from all\n"
    sandbox.front_end.wait_applied()
    assert sandbox.http("shop.example.com").text == "page of shop"
    assert sandbox.fetch_verified("shop.example.com").text == "page of shop"


def test_the_redirect_waits_until_https_is_served(sandbox: Sandbox) -> None:
    """With a front end two seconds late, http is switched only after the certificate was seen."""
    sandbox.reset(delay=2)
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com", "--redirect")
    calls = {call.method: call for call in sandbox.api.calls}
    assert calls["update_website"].started - calls["create_website"].started > 1.5


def test_no_redirect_comes_where_the_wait_is_over(sandbox: Sandbox) -> None:
    """The front end is later than the wait: the error names the domain and what it serves."""
    add_site(sandbox, "shop", "shop.example.com")
    issue(sandbox, "shop.example.com")
    sandbox.front_end.delay = 60
    result = sandbox.certbot(
        *("install", "-i", "webfaction", "--cert-name", "shop.example.com", "--redirect"),
        *("--webfaction-wait", "1"),
        check=False,
    )
    assert result.returncode == 1
    assert "not yet served everywhere" in result.output
    assert "do not get our certificate (shop.example.com:" in " ".join(result.output.split())
    assert website(sandbox, "shop", https=False).website_apps == (("shop", "/"),)


def test_a_lineage_that_renews_by_webroot_is_not_redirected_by_default(sandbox: Sandbox) -> None:
    """A redirect would hide the directory that its renewals write to; asked for, it comes."""
    add_site(sandbox, "shop", "shop.example.com")
    webroot = ("-a", "webroot", "-w", str(sandbox.host.webapps / "shop"))
    result = sandbox.certbot("run", *webroot, "-i", "webfaction", "-d", "shop.example.com")
    assert "shop.example.com was not redirected to https" in result.output
    assert "was not redirected" in install(sandbox, "shop.example.com")
    assert sandbox.http("shop.example.com").text == "page of shop"
    sandbox.certbot("renew", "--dry-run")
    install(sandbox, "shop.example.com", "--redirect")
    assert sandbox.http("shop.example.com").status == 301
