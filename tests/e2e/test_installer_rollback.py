"""``certbot rollback -i webfaction``: the last checkpoint is taken back on the panel."""

from __future__ import annotations

from tests.e2e.scenes import (
    add_certificate,
    add_site,
    change_by_hand,
    install,
    issue,
    website,
    website_names,
)
from tests.sandbox.faults import fault
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction")


def rollback(sandbox: Sandbox, *options: str) -> str:
    result = sandbox.certbot("rollback", "-i", "webfaction", *options)
    sandbox.front_end.wait_applied()
    return result.output


def test_rollback_takes_back_the_redirect_first_and_then_the_installation(
    sandbox: Sandbox,
) -> None:
    """Two checkpoints of one run: websites and apps are as before, the certificate stays."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "old", "old.example.com")
    before = sandbox.host.snapshot()
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    assert "shows its own content again" in rollback(sandbox)
    assert sandbox.http("shop.example.com").text == "page of shop"
    assert sandbox.fetch_verified("shop.example.com").text == "page of shop"
    output = rollback(sandbox)
    assert "certificate shop.example.com stays on the panel" in output
    after = sandbox.host.snapshot()
    assert (after.websites, after.apps) == (before.websites, before.apps)
    assert len(after.certificates) == 1


def test_rollback_of_two_checkpoints_at_once(sandbox: Sandbox) -> None:
    """`--checkpoints 2` takes back redirect and installation together."""
    add_site(sandbox, "shop", "shop.example.com")
    before = sandbox.host.snapshot()
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    rollback(sandbox, "--checkpoints", "2")
    after = sandbox.host.snapshot()
    assert (after.websites, after.apps) == (before.websites, before.apps)


def test_rollback_gives_a_website_the_certificate_back_that_it_had(sandbox: Sandbox) -> None:
    """Somebody else's certificate, which the lineage's replaced."""
    add_certificate(sandbox, "bought", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True, certificate="bought")
    issue(sandbox, "shop.example.com")
    before = sandbox.served("shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    assert sandbox.served("shop.example.com") != before
    assert "uses bought again" in rollback(sandbox)
    assert sandbox.served("shop.example.com") == before


def test_what_was_changed_by_hand_stays_and_is_said(sandbox: Sandbox) -> None:
    """A certificate and content chosen by hand; a domain added to the website we made."""
    add_certificate(sandbox, "bought", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True)
    add_site(sandbox, "blog", "blog.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com", "-d", "blog.example.com")
    sandbox.host.add_app("other", "static_only")
    change_by_hand(sandbox, website(sandbox, "shop", https=True), certificate="bought")
    change_by_hand(sandbox, website(sandbox, "shop", https=False), website_apps=(("other", "/"),))
    change_by_hand(
        sandbox,
        website(sandbox, "blog", https=True),
        subdomains=("blog.example.com", "new.example.com"),
    )
    output = " ".join(rollback(sandbox, "--checkpoints", "2").split())
    assert "The http website shop keeps its content: it was changed by hand" in output
    assert (
        "The https website shop stays on the panel with the certificate bought: it was chosen by"
        in output
    )
    assert (
        "The https website blog stays on the panel with the certificate shop_example_com: it was"
        in output
    )
    assert website(sandbox, "shop", https=True).certificate == "bought"
    assert website(sandbox, "shop", https=False).website_apps == (("other", "/"),)
    assert website(sandbox, "blog", https=False).website_apps == (("blog", "/"),)
    assert "redirect_to_https" not in {app.name for app in sandbox.host.snapshot().apps}


def test_an_install_after_a_change_by_hand_goes_back_to_that_change(sandbox: Sandbox) -> None:
    """What the website held when `certbot install` was run again is what rollback brings back."""
    add_certificate(sandbox, "bought", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True)
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    change_by_hand(sandbox, website(sandbox, "shop", https=True), certificate="bought")
    install(sandbox, "shop.example.com", "--no-redirect")
    assert website(sandbox, "shop", https=True).certificate == "shop_example_com"
    rollback(sandbox)
    assert website(sandbox, "shop", https=True).certificate == "bought"


def test_files_that_somebody_put_into_the_redirect_app_are_kept(sandbox: Sandbox) -> None:
    """The app stays on the panel with a warning; deleting it would delete them."""
    add_site(sandbox, "shop", "shop.example.com")
    sandbox.certbot(*RUN, "-d", "shop.example.com")
    mine = sandbox.host.webapps / "redirect_to_https" / "mine.txt"
    mine.write_text("mine")
    assert "somebody put mine.txt into it" in rollback(sandbox)
    assert mine.read_text() == "mine"


def test_rollback_without_a_checkpoint_does_nothing(sandbox: Sandbox) -> None:
    """certbot says that there is none; the panel is not changed."""
    add_site(sandbox, "shop", "shop.example.com")
    before = sandbox.host.snapshot()
    rollback(sandbox)
    assert sandbox.host.snapshot() == before


def test_a_failed_run_is_rolled_back_and_says_how_to_try_again(sandbox: Sandbox) -> None:
    """The panel refuses the new website: exit status 1, nothing left, `certbot install` helps."""
    add_site(sandbox, "shop", "shop.example.com")
    before = sandbox.host.snapshot().websites
    sandbox.api.faults.always(fault("Too many websites."), method="create_website")
    result = sandbox.certbot(*RUN, "-d", "shop.example.com", check=False)
    assert result.returncode == 1
    assert "install --cert-name shop.example.com" in result.output
    assert sandbox.host.snapshot().websites == before
    assert website_names(sandbox, https=True) == []
    sandbox.api.faults.clear()
    install(sandbox, "shop.example.com")
    assert sandbox.fetch_verified("shop.example.com").text == "page of shop"
