"""Situations of real users that made a run fail, mislead, or use up a certificate for nothing."""

from __future__ import annotations

import functools
import itertools
import re
import shlex
from pathlib import Path

import pytest

from tests.e2e.scenes import (
    add_certificate,
    add_site,
    change_by_hand,
    install,
    issue,
    leaf,
    serves,
    website,
    website_names,
)
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.faults import fault
from tests.sandbox.host import Host
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction", "--no-redirect")
FORCE = ("renew", "--force-renewal")
AT_ONCE = ("--dns-webfaction-propagation-seconds", "0")
SHORT = ("--webfaction-wait", "2")
SHOP, WWW = "shop.example.com", "www.shop.example.com"
BOTH = ("-d", SHOP, "-d", WWW)


def words(text: str) -> str:
    return " ".join(text.split())


def advised(text: str, beginning: str) -> list[str]:
    """The arguments of the one command in a message that begins so."""
    found = re.findall(rf"`certbot ({beginning}[^`]*)`", words(text))
    assert len(set(found)) == 1, text
    return shlex.split(found[0])


def not_asked(sandbox: Sandbox) -> bool:
    return (sandbox.ca.orders(), sandbox.ca.validations()) == (0, 0)


# What an https website that is made has


def test_an_app_at_well_known_is_on_the_https_website_that_is_made(sandbox: Sandbox) -> None:
    """assetlinks.json is served over https too, made from a website that redirects as well."""
    add_site(sandbox, "shop", SHOP, WWW)
    sandbox.host.add_app("links", "static_only")
    (sandbox.host.webapps / "links" / "assetlinks.json").write_text("[]")
    mounts = (("shop", "/"), ("links", "/.well-known"))
    change_by_hand(sandbox, website(sandbox, "shop", https=False), website_apps=mounts)
    run = ("run", "-a", "webfaction", "-i", "webfaction")
    sandbox.certbot(*run, *BOTH)
    assert website(sandbox, "shop", https=True).website_apps == mounts
    sandbox.front_end.wait_applied()
    assert sandbox.http(SHOP).status == 301
    for scheme in (sandbox.http, sandbox.https):
        assert scheme(SHOP, "/.well-known/assetlinks.json").text == "[]"
    sandbox.host.delete_website("shop", "127.0.0.1", True)
    install(sandbox, SHOP)
    made = website(sandbox, "shop", https=True)
    assert sorted(made.website_apps) == sorted(mounts)


def test_our_own_challenge_mount_is_left_out(sandbox: Sandbox) -> None:
    """An app that runs code gets a challenge mount on http alone."""
    sandbox.host.add_app("shop", "custom_app_with_port")
    sandbox.host.add_app("links", "static_only")
    mounts = (("shop", "/"), ("links", "/.well-known/links"))
    sandbox.host.add_website("shop", (SHOP,), mounts)
    sandbox.front_end.wait_applied()
    sandbox.certbot(*RUN, "-d", SHOP)
    assert website(sandbox, "shop", https=True).website_apps == mounts
    assert len(website(sandbox, "shop", https=False).website_apps) == 3


# --allow-subset-of-names


def names_of(sandbox: Sandbox, lineage: str) -> set[str]:
    shown = sandbox.certbot("certificates", "--cert-name", lineage).stdout
    (line,) = [line for line in shown.splitlines() if "Domains:" in line or "Identifiers:" in line]
    return set(line.partition(":")[2].split())


def lapsed(sandbox: Sandbox) -> str:
    """One of four names whose file does not come back: another app answers for it."""
    sandbox.host.add_app("parked", "static_php70")
    parked = sandbox.host.webapps / "parked" / ".htaccess"
    parked.write_text("RewriteEngine On\nRewriteRule ^ - [R=404,L]\n")
    sandbox.host.add_website("parked", ("lapsed.example.com",), (("parked", "/"),))
    return "its challenge file does not come back"


def on_no_website(sandbox: Sandbox) -> str:
    """One of four names that is on no website."""
    return "nearest is a.example.com"


@pytest.mark.parametrize("scene", [lapsed, on_no_website])
def test_a_subset_is_issued_installed_and_renewed(sandbox: Sandbox, scene: object) -> None:
    """The name that can't be answered is named and left out; without the option all is refused."""
    told = scene(sandbox)  # type: ignore[operator]
    good = ["a.example.com", "b.example.com", "c.example.com"]
    for name in good:
        add_site(sandbox, name[0], name)
    named = [part for name in [*good, "lapsed.example.com"] for part in ("-d", name)]
    refused = sandbox.certbot(*RUN, *named, *SHORT, check=False)
    assert refused.returncode == 1
    assert sandbox.ca.validations() == 0
    output = words(sandbox.certbot(*RUN, *named, *SHORT, "--allow-subset-of-names").output)
    assert "is left out of the certificate" in output
    assert told in output
    assert "came back right" not in output
    assert names_of(sandbox, "a.example.com") == set(good)
    sandbox.front_end.wait_applied()
    assert all(serves(sandbox, name, "a.example.com") for name in good)
    before = leaf(sandbox, "a.example.com")
    sandbox.certbot(*FORCE)
    assert leaf(sandbox, "a.example.com") != before


def test_a_name_that_lapses_later_fails_no_renewal(sandbox: Sandbox) -> None:
    """The others are renewed and served, without a wait for the one that is gone."""
    add_site(sandbox, "shop", SHOP, WWW)
    sandbox.certbot(*RUN, *BOTH, "--allow-subset-of-names")
    change_by_hand(sandbox, website(sandbox, "shop", https=False), subdomains=(SHOP,))
    output = sandbox.certbot(*FORCE, "--webfaction-wait", "30").output
    assert "is left out of the certificate" in output
    assert "not yet served" not in output
    sandbox.front_end.wait_applied()
    assert names_of(sandbox, SHOP) == {SHOP}
    assert serves(sandbox, SHOP, SHOP)


def test_where_none_can_be_answered_the_ca_is_not_asked(sandbox: Sandbox) -> None:
    """With the option as without."""
    add_site(sandbox, "shop", SHOP)
    result = sandbox.certbot(
        *RUN, "-d", "x.example.net", "-d", "y.example.net", "--allow-subset-of-names", check=False
    )
    assert result.returncode == 1
    assert "These domains are on no http website" in result.output
    assert not_asked(sandbox)


def test_a_subset_by_dns(sandbox: Sandbox) -> None:
    """A domain that is not in the account fails alone; without the option nothing is published."""
    sandbox.host.add_domain("example.com")
    arguments = ("certonly", "-a", "dns-webfaction", *AT_ONCE)
    named = ("-d", "example.com", "-d", "example.net")
    assert sandbox.certbot(*arguments, *named, check=False).returncode == 1
    assert sandbox.ca.validations() == 0
    output = sandbox.certbot(*arguments, *named, "--allow-subset-of-names").output
    assert "is left out of the certificate" in output
    assert names_of(sandbox, "example.com") == {"example.com"}
    sandbox.certbot(*FORCE)
    assert sandbox.host.snapshot().dns_overrides == ()


# Refused before the CA is asked


def bought(sandbox: Sandbox) -> None:
    """An https website serves two names under a good certificate of somebody else's."""
    add_certificate(sandbox, "bought", SHOP, WWW)
    add_site(sandbox, "shop", SHOP, WWW)
    add_site(sandbox, "shop", SHOP, WWW, https=True, certificate="bought")


def test_what_would_take_a_good_certificate_is_refused_before_an_order(sandbox: Sandbox) -> None:
    """Nothing is used up, and the command that is advised works; so with any authenticator."""
    bought(sandbox)
    webroot = ("-a", "webroot", "-w", str(sandbox.host.webapps / "shop"))
    for how in (("-a", "webfaction"), webroot):
        result = sandbox.certbot("run", *how, "-i", "webfaction", "-d", SHOP, check=False)
        assert result.returncode == 1
        assert f"also serves {WWW}, which the certificate bought covers" in words(result.output)
        assert not_asked(sandbox)
    sandbox.certbot(*advised(result.output, "run"), "--no-redirect")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, WWW, SHOP)


def test_an_own_lineage_may_shrink_and_grow(sandbox: Sandbox) -> None:
    """`--cert-name` with fewer names, and `--expand` with more, are not refused."""
    add_site(sandbox, "shop", SHOP, WWW)
    add_site(sandbox, "shop", SHOP, WWW, https=True)
    sandbox.certbot(*RUN, *BOTH)
    output = sandbox.certbot(
        *RUN, "--cert-name", SHOP, "-d", SHOP, "--renew-with-new-domains"
    ).output
    assert f"no longer covers {WWW}" in words(output)
    assert names_of(sandbox, SHOP) == {SHOP}
    sandbox.certbot(*RUN, "--expand", *BOTH)
    assert names_of(sandbox, SHOP) == {SHOP, WWW}
    sandbox.front_end.wait_applied()
    assert serves(sandbox, WWW, SHOP)


@pytest.mark.parametrize("authenticator", ["dns-webfaction", "manual"])
def test_a_wildcard_for_no_website_is_refused_before_an_order(
    sandbox: Sandbox, authenticator: str
) -> None:
    """Wherever we are the installer; one that is for a website is issued and installed."""
    sandbox.host.add_domain("example.com")
    add_site(sandbox, "shop", SHOP)
    options = {
        "dns-webfaction": AT_ONCE,
        "manual": ("--preferred-challenges", "dns", "--manual-auth-hook", "true"),
    }[authenticator]
    run = ("run", "-a", authenticator, *options, "-i", "webfaction", "--no-redirect")
    result = sandbox.certbot(*run, "-d", "*.blog.example.com", check=False)
    assert result.returncode == 1
    assert "no website of the account serves it" in result.output
    assert not_asked(sandbox)
    if authenticator == "dns-webfaction":
        sandbox.certbot(*run, "-d", "*.example.com", "--cert-name", "wild")
        sandbox.front_end.wait_applied()
        assert serves(sandbox, SHOP, "wild")


# Certificates that did not come from this certbot


def all_in_one(sandbox: Sandbox, name: str) -> Path:
    """Key, chain and leaf of a lineage in one file, with what Windows' tools put around them."""
    live = sandbox.config_dir / "live" / name
    parts = [(live / f"{part}.pem").read_text() for part in ("privkey", "chain", "cert")]
    file = sandbox.directory / "certbot" / "all.pem"
    file.write_text("\ufeffBag Attributes\n    localKeyID: 01\n" + "\n".join(parts))
    file.chmod(0o600)
    return file


def test_everything_in_one_file_is_taken_apart(sandbox: Sandbox) -> None:
    """The panel gets leaf, key and chain each by itself, and nothing else; nothing is warned of."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    file = all_in_one(sandbox, SHOP)
    output = sandbox.certbot(
        *("install", "-i", "webfaction", "-d", SHOP, "--no-redirect"),
        *("--cert-path", str(file), "--key-path", str(file)),
    ).output
    assert "without the chain" not in output
    assert "expired" not in output
    (held,) = sandbox.host.snapshot().certificates
    live = sandbox.config_dir / "live" / SHOP
    assert held.certificate == (live / "cert.pem").read_text()
    assert held.private_key == (live / "privkey.pem").read_text()
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)


def test_an_expired_leaf_and_a_missing_chain_are_warned_of(sandbox: Sandbox) -> None:
    """Each by the file's name; what is advised works."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    live, folder = sandbox.config_dir / "live" / SHOP, sandbox.directory / "certbot"
    alone, key = folder / "alone.pem", folder / "key.pem"
    alone.write_text((live / "cert.pem").read_text())
    key.write_text((live / "privkey.pem").read_text())
    arguments = ("install", "-i", "webfaction", "-d", SHOP, "--no-redirect", *SHORT)
    paths = ("--cert-path", str(alone), "--key-path", str(key))
    output = words(sandbox.certbot(*arguments, *paths).output)
    assert f"The certificate in {alone} comes without the chain from its CA" in output
    chain = ("--chain-path", str(live / "chain.pem"))
    assert "without the chain" not in sandbox.certbot(*arguments, *paths, *chain).output
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)
    write_self_signed(alone, key, SHOP, age=90, left=-1)
    output = words(sandbox.certbot(*arguments, *paths).output)
    assert f"The certificate in {alone} expired on " in output
    assert "without the chain" not in output, "it signed itself"


def test_no_advice_takes_a_path_for_a_lineage(sandbox: Sandbox) -> None:
    """A certificate of files that goes nowhere: the command that is named takes paths."""
    add_site(sandbox, "shop", SHOP)
    folder = sandbox.directory / "certbot"
    leaf_file, key = folder / "leaf.pem", folder / "key.pem"
    write_self_signed(leaf_file, key, "gone.example.com")
    arguments = ("install", "-i", "webfaction", "-d", "gone.example.com")
    paths = ("--cert-path", str(leaf_file), "--key-path", str(key))
    result = sandbox.certbot(*arguments, *paths, check=False)
    assert "--cert-name /" not in result.output
    theirs = {"FILE": str(key), "DOMAIN": "gone.example.com"}
    command = [theirs.get(word, word) for word in advised(result.output, "install")]
    add_site(sandbox, "gone", "gone.example.com")
    sandbox.certbot(*command, "--no-redirect", *SHORT)
    assert website_names(sandbox, https=True) == ["gone"]


# A panel with its own ways


def test_a_panel_that_takes_no_ecdsa_key(sandbox: Sandbox) -> None:
    """Its refusal is shown with the way to an RSA key, which works; nothing is said to stay."""
    sandbox.reset(functools.partial(Host, takes_ecdsa=False))
    add_site(sandbox, "shop", SHOP)
    result = sandbox.certbot(*RUN, "-d", SHOP, check=False)
    assert result.returncode == 1
    assert "Private key is not a valid RSA key." in result.output
    assert "stays on the panel" not in result.output
    assert sandbox.host.snapshot().certificates == ()
    command = advised(result.output, "run")
    assert command[command.index("--key-type") + 1] == "rsa"
    sandbox.certbot(*command, "--no-redirect")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)
    before = leaf(sandbox, SHOP)
    sandbox.certbot(*FORCE)
    assert leaf(sandbox, SHOP) != before


def test_an_rsa_key_that_is_refused_gets_no_such_advice(sandbox: Sandbox) -> None:
    """The panel's own words stand alone."""
    add_site(sandbox, "shop", SHOP)
    sandbox.api.faults.always(fault("No room."), method="create_certificate")
    result = sandbox.certbot(*RUN, "-d", SHOP, "--key-type", "rsa", check=False)
    assert "No room." in result.output
    assert "--key-type rsa" not in result.output


def test_a_page_that_the_panel_puts_into_new_apps_is_the_panels(sandbox: Sandbox) -> None:
    """A dry run, and a rollback, leave neither app behind; what a user put there does stay."""
    sandbox.reset(functools.partial(Host, fresh_page="index.html"))
    sandbox.host.add_app("shop", "custom_app_with_port")
    sandbox.host.add_website("shop", (SHOP,), (("shop", "/"),))
    sandbox.front_end.wait_applied()
    before = sandbox.host.snapshot()
    output = sandbox.certbot("certonly", "-a", "webfaction", "-d", SHOP, "--dry-run").output
    assert "somebody put" not in output
    assert sandbox.host.snapshot() == before
    add_site(sandbox, "blog", "blog.example.com")
    before = sandbox.host.snapshot()
    sandbox.certbot("run", "-a", "webfaction", "-i", "webfaction", "-d", "blog.example.com")
    assert "redirect_to_https" in {app.name for app in sandbox.host.snapshot().apps}
    back = sandbox.certbot("rollback", "-i", "webfaction", "--checkpoints", "2").output
    assert "somebody put" not in back
    after = sandbox.host.snapshot()
    assert (after.apps, after.websites) == (before.apps, before.websites)


def test_what_was_read_comes_back_to_the_letter(sandbox: Sandbox) -> None:
    """Upper case, a slash at the end and the order of mounts, through redirect and rollback."""
    sandbox.host.add_app("shop", "static_php70")
    (sandbox.host.webapps / "shop" / "index.html").write_text("page of shop")
    for app in ("static", "blog"):
        sandbox.host.add_app(app, "static_only")
    mounts = (("static", "/static/"), ("shop", "/"), ("blog", "/blog"))
    sandbox.host.add_website("shop", ("Shop.Example.COM", "WWW.shop.example.com"), mounts)
    sandbox.host.add_website("blog", ("Blog.example.com",), mounts)
    sandbox.host.add_website("blog", ("Blog.example.com",), mounts, https=True)
    sandbox.front_end.wait_applied()
    before = sandbox.host.snapshot()
    run = ("run", "-a", "webfaction", "-i", "webfaction")
    sandbox.certbot(*run, *BOTH, "-d", "blog.example.com")
    there = website(sandbox, "blog", https=True)
    assert (there.subdomains, there.website_apps) == (("Blog.example.com",), mounts)
    assert website(sandbox, "shop", https=True).website_apps == mounts
    assert website(sandbox, "shop", https=False).subdomains == before.websites[0].subdomains
    sandbox.front_end.wait_applied()
    assert sandbox.http(SHOP).status == 301
    sandbox.certbot(*FORCE)
    sandbox.certbot("rollback", "-i", "webfaction", "--checkpoints", "2")
    after = sandbox.host.snapshot()
    assert (after.apps, after.websites) == (before.apps, before.websites)


# Advice that works


def test_a_domain_that_was_taken_off_on_purpose_has_a_way_on(sandbox: Sandbox) -> None:
    """A failed renewal names the command that goes on without it, and renewals work again."""
    add_site(sandbox, "shop", SHOP, WWW)
    sandbox.certbot(*RUN, *BOTH)
    change_by_hand(sandbox, website(sandbox, "shop", https=False), subdomains=(SHOP,))
    result = sandbox.certbot(*FORCE, check=False)
    assert result.returncode == 1
    assert "If the others are gone for good" in words(result.output)
    sandbox.certbot(*advised(result.output, "run"), "--no-redirect")
    assert names_of(sandbox, SHOP) == {SHOP}
    sandbox.certbot(*FORCE)
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)


def test_an_install_that_lacks_a_website_names_both_ways(sandbox: Sandbox) -> None:
    """Create it and install, or go on without it; each command works in its place."""
    add_site(sandbox, "shop", SHOP)
    add_site(sandbox, "gone", "gone.example.com")
    issue(sandbox, SHOP, "gone.example.com")
    sandbox.host.delete_website("gone", "127.0.0.1", False)
    output = install(sandbox, SHOP, check=False)
    assert "gone.example.com: no website of the account serves it" in output
    sandbox.certbot(*advised(output, "run"), "--no-redirect")
    assert names_of(sandbox, SHOP) == {SHOP}
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)


def test_a_new_certificate_for_a_typing_error_has_no_way_on(sandbox: Sandbox) -> None:
    """There is no lineage to go on with."""
    add_site(sandbox, "shop", SHOP)
    result = sandbox.certbot(*RUN, "-d", SHOP, "-d", "ww.shop.example.com", check=False)
    assert result.returncode == 1
    assert "gone for good" not in result.output


def test_an_advised_wildcard_stands_without_what_it_covers(sandbox: Sandbox) -> None:
    """Nor is a name with an underscore in it; the CA takes the command as it is."""
    sandbox.host.add_domain("example.com")
    names = ("*.example.com", "a.example.com", "old_shop.example.com", "example.com")
    add_certificate(sandbox, "bought", *names)
    sandbox.host.add_app("all", "static_php70")
    for https in (False, True):
        held = "bought" if https else ""
        sandbox.host.add_website("all", names, (("all", "/"),), https=https, certificate=held)
    sandbox.front_end.wait_applied()
    result = sandbox.certbot(*RUN, "-d", "a.example.com", check=False)
    assert result.returncode == 1
    command = advised(result.output, "run")
    named = [after for word, after in itertools.pairwise(command) if word == "-d"]
    assert named == ["*.example.com", "example.com"]
    sandbox.certbot(*command, *AT_ONCE, "--no-redirect")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "a.example.com", "example.com")


def test_a_name_with_an_underscore_is_said_to_be_nobodys(sandbox: Sandbox) -> None:
    """The redirect is refused for it, and no command is told that would change nothing."""
    add_site(sandbox, "shop", SHOP, "old_shop.example.com")
    output = words(sandbox.certbot("run", *RUN[1:5], "-d", SHOP).output)
    assert "it also serves old_shop.example.com" in output
    assert "no CA certifies a name with an underscore" in output
    assert "One certificate for all of it" not in output


def test_a_lineage_that_covers_all_is_advised_to_be_installed(sandbox: Sandbox) -> None:
    """By a refusal and by `enhance --redirect`; no other certificate is issued for it."""
    bought(sandbox)
    issue(sandbox, SHOP, WWW, name="both")
    orders = sandbox.ca.orders()
    refused = sandbox.certbot(*RUN, "-d", SHOP, check=False)
    assert refused.returncode == 1
    sandbox.certbot(*advised(refused.output, "install"), "--no-redirect")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, WWW, "both")
    assert sandbox.ca.orders() == orders


def test_enhance_advises_the_lineage_that_is_there(sandbox: Sandbox) -> None:
    """The http website has a name that only a lineage not yet installed covers."""
    add_site(sandbox, "shop", SHOP, WWW)
    sandbox.certbot(*RUN, "-d", SHOP)
    issue(sandbox, SHOP, WWW, name="both")
    orders = sandbox.ca.orders()
    enhance = ("enhance", "-n", "-i", "webfaction", "--cert-name", SHOP, "--redirect")
    refused = sandbox.certbot(*enhance, check=False)
    assert refused.returncode == 1
    sandbox.certbot(*advised(refused.output, "install"), "--no-redirect")
    sandbox.certbot(*enhance)
    sandbox.front_end.wait_applied()
    assert serves(sandbox, WWW, "both")
    assert sandbox.http(WWW).status == 301
    assert sandbox.ca.orders() == orders


def test_a_renewal_into_a_certificate_that_no_website_uses_says_so(sandbox: Sandbox) -> None:
    """Website and certificate were renamed in the panel; the advised install mends it for good."""
    add_site(sandbox, "shop", SHOP)
    sandbox.certbot(*RUN, "-d", SHOP)
    (held,) = sandbox.host.snapshot().certificates
    secure = website(sandbox, "shop", https=True)
    new = sandbox.host.add_certificate(
        "my_cert", held.certificate, held.private_key, held.intermediates
    )
    sandbox.host.delete_website("shop", secure.ip, True)
    sandbox.host.add_website("store", (SHOP,), (("shop", "/"),), True, new.name)
    sandbox.host.delete_certificate(held.name)
    sandbox.front_end.wait_applied()
    output = sandbox.certbot(*FORCE).output
    assert "is gone from the panel, or has another name there" in words(output)
    assert "not yet served" not in output
    sandbox.certbot(*advised(output, "install"), "--no-redirect")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)
    assert sandbox.certbot(*FORCE, "-q").output.strip() == ""
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)
