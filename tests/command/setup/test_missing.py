"""What an account lacks for https, what is good, and what can't be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certbot_webfaction.command.setup.missing import Missing, Step, find_missing
from certbot_webfaction.hosts.webfaction.model import App, Certificate, Domain, Mount
from certbot_webfaction.lineages.files import leaf_names, leaf_validity
from tests.command.diagnosis.scene import SHOP, Account
from tests.sandbox.cpanel.authority import Authority, self_signed
from tests.web.web import Page, Web, nobody_listens

WWW = f"www.{SHOP}"
CA = "https://ca.example/directory"
STAGING = "https://staging.ca.example/directory"
NEW = Step(SHOP, (SHOP, WWW))

AUTHORITY = Authority("Bought")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with an http website for two names."""
    account = Account(tmp_path)
    account.add_website("shop", SHOP, WWW)
    return account


def found(account: Account, server: str = CA, *, by_dns: bool = False) -> Missing:
    survey = account.survey()
    return find_missing(survey, survey.http.all, server, by_dns=by_dns)


def present(account: Account, leaf: str, *names: str) -> None:
    """Have the https website present a certificate that certbot does not know."""
    covers, expires = leaf_names(leaf), leaf_validity(leaf)[1].date()
    account.panel.installed["bought"] = Certificate("bought", covers, expires, leaf)
    account.add_website("shop", *(names or (SHOP, WWW)), https=True, certificate="bought")


def test_a_site_without_https_gets_one_certificate_for_its_names(account: Account) -> None:
    """A lineage of its own, named after the first; upper case is none of it."""
    account.add_website("blog", "Blog.example.com")
    blog = Step("blog.example.com", ("blog.example.com",))
    assert found(account) == Missing([NEW, blog])


def test_who_prefers_dns_gets_what_dns_can_answer(account: Account) -> None:
    """Files, which could answer, are not asked for then."""
    missing = found(account, by_dns=True)
    assert missing.steps == []
    assert f"{SHOP}: it is in no domain of the account" in missing.left[SHOP]


def test_what_certbot_renews_is_good(account: Account) -> None:
    """There is nothing to do."""
    account.add_lineage(SHOP, SHOP, WWW, server=CA)
    account.install(SHOP, "shop")
    good = {"certbot renews it": [SHOP, WWW]}
    assert found(account) == Missing(good=good, unredirected={SHOP: [SHOP]})


@pytest.mark.parametrize(
    ("age", "left", "is_good"),
    [(1, 15, True), (77, 13, False), (4, 2, True), (6, 0, False), (400, -1, False)],
)
def test_what_was_bought_is_good_while_it_lasts(
    account: Account, age: int, left: int, *, is_good: bool
) -> None:
    """Two weeks, or a sixth of its time."""
    present(account, AUTHORITY.issue(SHOP, WWW, age=age, left=left).certificate)
    missing = found(account)
    assert (missing.steps == [], bool(missing.good)) == (is_good, is_good)
    assert is_good or missing.steps == [NEW]


def test_what_nobody_vouches_for_is_not_good(account: Account) -> None:
    """Browsers warn of it."""
    for names in ((SHOP, WWW), (SHOP,)):
        present(account, self_signed(*names).certificate)
        assert found(account) == Missing([NEW])


def test_what_is_good_for_another_name_of_the_website_stays(account: Account) -> None:
    """The one that it lacks is told, with the command for both."""
    present(account, AUTHORITY.issue(SHOP).certificate)
    missing = found(account)
    assert missing.steps == []
    assert list(missing.good.values()) == [[SHOP]]
    assert list(missing.left) == [WWW]
    assert "the certificate bought (your own until 20" in missing.left[WWW]
    assert f"-d {SHOP} -d {WWW}` gets one for all" in missing.left[WWW]


def test_a_name_on_another_https_website_gets_its_own(account: Account) -> None:
    """What the other name has is not touched by that."""
    present(account, AUTHORITY.issue(SHOP).certificate, SHOP)
    assert found(account).steps == [Step(WWW, (WWW,))]


def test_a_lineage_that_is_only_not_installed_is_installed(account: Account) -> None:
    """Also one with more names; who installs its renewals is seen to."""
    account.add_lineage("all", SHOP, WWW, "more.example.com", server=CA)
    assert found(account).steps == [Step("all", (SHOP, WWW), installs=True)]
    account.add_lineage("all", SHOP, WWW, server=CA, installer="")
    assert found(account).steps == [Step("all", (SHOP, WWW), installs=True, reconfigures=True)]


def test_a_lineage_that_expired_is_not_installed_but_got_anew(account: Account) -> None:
    """Under its name, so that there are no two."""
    account.add_lineage(SHOP, SHOP, WWW, server=CA, age=90, left=3)
    account.install(SHOP, "shop")
    assert found(account).steps == [NEW]


def test_the_lineage_of_another_account_stays_there(account: Account) -> None:
    """And keeps its name."""
    bob = account.directory / "bob.ini"
    bob.write_text("webfaction_username = bob\nwebfaction_password = secret\n")
    account.add_lineage(SHOP, SHOP, WWW, server=CA, webfaction_credentials=str(bob))
    assert found(account).steps == [Step(f"{SHOP}-0001", (SHOP, WWW))]


def test_a_lineage_grows_with_its_website(account: Account) -> None:
    """It loses none of its names; another website's are none of its."""
    account.add_lineage(SHOP, SHOP, server=CA)
    account.files(SHOP).leaf.resolve().write_text(AUTHORITY.issue(SHOP).certificate)
    account.install(SHOP, "shop")
    account.add_website("shop", SHOP, WWW, https=True, certificate="shop_example_com")
    account.add_lineage("elsewhere", WWW, "other.example.com", server=CA, age=90, left=1)
    options = ("--renew-with-new-domains",)
    names = (WWW, SHOP)
    assert found(account).steps == [Step(SHOP, names, options=options)]


def test_a_lineage_of_two_websites_is_renewed_for_both(account: Account) -> None:
    """At once."""
    account.add_website("blog", "blog.example.com")
    both = (SHOP, WWW, "blog.example.com")
    account.add_lineage(SHOP, *both, server=CA, age=90, left=1)
    account.install(SHOP, "shop")
    account.add_website("blog", "blog.example.com", https=True, certificate="shop_example_com")
    assert found(account).steps == [Step(SHOP, both)]


def test_a_test_certificate_is_replaced_unless_tests_go_on(account: Account) -> None:
    """By force, for it is not due."""
    account.add_lineage(SHOP, SHOP, WWW, server=STAGING)
    account.install(SHOP, "shop")
    assert found(account, STAGING).steps == []
    assert found(account).steps == [Step(SHOP, (SHOP, WWW), options=("--force-renewal",))]


def test_names_that_no_ca_certifies_are_left(account: Account) -> None:
    """The others get theirs; a wildcard where the account has the DNS."""
    names = ("*.example.org", "my_shop.example.com", "a.example.net", "*.example.net")
    account.add_website("odd", *names)
    account.panel.zones["example.net"] = Domain("example.net", ())
    missing = found(account)
    otherwise = ("a.example.net",)
    odd = Step("example.net", ("*.example.net",), otherwise=otherwise)
    assert missing.steps == [NEW, odd]
    assert missing.left["my_shop.example.com"] == "no CA certifies a name with an underscore"
    assert "*.example.org" in missing.left
    assert len(missing.left) == 2


def test_a_wildcard_alone_has_no_other_way(account: Account) -> None:
    """What is left without it is good already."""
    account.panel.zones["example.com"] = Domain("example.com", ())
    account.add_website("shop", SHOP, WWW, "*.example.com")
    account.add_lineage(SHOP, SHOP, WWW, server=CA)
    account.install(SHOP, "shop")
    assert found(account).steps == [Step("example.com", ("*.example.com",))]


def test_a_website_without_a_place_for_files_is_left(account: Account) -> None:
    """With what there is to do."""
    account.panel.programs["code"] = App("code", "django41", None)
    account.add_website("gone", "gone.example.com", app="code")
    site = account.panel.sites["gone", False]
    mounts = (*site.mounts, Mount("code", "/.well-known/acme-challenge"))
    account.panel.sites["gone", False] = replace(site, mounts=mounts)
    missing = found(account)
    assert missing.steps == [NEW]
    assert "code" in missing.left["gone.example.com"]


def test_names_that_lead_elsewhere_are_left(account: Account) -> None:
    """Whether or not something has to be made for their files yet."""
    site = account.directory / "home" / "webapps" / "site"
    account.panel.programs["code"] = App("code", "django41", None)
    account.add_website("code", "code.example.com", app="code")
    with Web() as web:
        account.config.namespace.webfaction_wait = 1
        account.config.namespace.webfaction_connect_to = f"127.0.0.1:{web.port}:{nobody_listens()}"
        missing = found(account)
    assert missing.steps == [Step("code.example.com", ("code.example.com",))]
    assert missing.left[SHOP].startswith("a file placed there does not come back: the file is in")
    assert not list(site.iterdir())
    account.config.namespace.webfaction_connect_to = f"127.0.0.1:{nobody_listens()}"
    missing = found(account)
    assert missing.steps == []
    for name in (SHOP, "code.example.com"):
        assert "nothing listens there" in missing.left[name]


def test_what_visitors_do_not_get_is_told(account: Account) -> None:
    """Another certificate would not help."""
    present(account, AUTHORITY.issue(SHOP, WWW).certificate)
    account.config.namespace.webfaction_wait = 1
    refused = nobody_listens()
    account.config.namespace.webfaction_connect_to = f"127.0.0.1:{refused}:{refused}"
    missing = found(account)
    assert missing.steps == []
    assert missing.left[SHOP].startswith("the panel has a good certificate, but visitors get no")


@pytest.mark.parametrize("how", ["redirects", "taken off by hand", "webroot", "one name is left"])
def test_what_redirects_or_is_not_to_is_not_told(account: Account, how: str) -> None:
    """What the books want was seen to, and somebody chose otherwise since."""
    account.add_lineage(SHOP, SHOP, WWW, server=CA)
    account.install(SHOP, "shop")
    assert found(account).unredirected == {SHOP: [SHOP]}
    site = account.panel.sites["shop", False]
    if how == "redirects":
        account.panel.programs["redirect_to_https"] = App("redirect_to_https", "static_php70", "/r")
        mounts = (Mount("redirect_to_https", "/"),)
        account.panel.sites["shop", False] = replace(site, mounts=mounts)
    elif how == "taken off by hand":
        account.books.wanted.redirects["shop"] = "http website shop"
        account.save()
    elif how == "webroot":
        account.add_lineage(SHOP, SHOP, WWW, server=CA, authenticator="webroot")
        account.install(SHOP, "shop")
    else:
        account.add_website("shop", SHOP, WWW, "other.example.com")
    assert found(account).unredirected == {}


def test_what_an_app_redirects_or_https_would_lose_is_not_told(account: Account) -> None:
    """As the one has it, and the other is not redirected by default."""
    account.add_lineage(SHOP, SHOP, WWW, server=CA)
    account.install(SHOP, "shop")
    account.config.namespace.webfaction_wait = 1
    own = self_signed(SHOP)
    paths = account.directory / "own.pem", account.directory / "own.key"
    for path, text in zip(paths, (own.certificate, own.private_key), strict=True):
        path.write_text(text)
    with Web() as plain, Web(certificate=paths) as secure:
        to = f"127.0.0.1:{plain.port}:{secure.port}"
        account.config.namespace.webfaction_connect_to = to
        plain.pages = {f"{SHOP}/": Page("shop")}
        assert found(account).unredirected == {}, "https shows nothing"
        secure.pages = plain.pages
        assert found(account).unredirected == {SHOP: [SHOP]}
        plain.pages = {f"{SHOP}/": Page(status=301, location=f"https://{SHOP}/")}
        assert found(account).unredirected == {}
