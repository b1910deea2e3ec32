"""What the panel, the documents and the lineages say about an account, put together."""

from __future__ import annotations

import shutil

from certbot_webfaction.command.diagnosis.survey import Subject, read_lineages
from tests.command.diagnosis.scene import SHOP, Account


def test_looking_takes_one_reading_of_each_kind_and_changes_nothing(healthy: Account) -> None:
    """However many domains there are."""
    healthy.panel.calls.clear()
    before = sorted(healthy.directory.rglob("*"))
    survey = healthy.survey()
    for domain in survey.domains():
        Subject(survey, domain)
    assert healthy.panel.verbs() == ["websites", "certificates", "apps"]
    assert sorted(healthy.directory.rglob("*")) == before


def test_domains_stand_beside_their_relatives(account: Account) -> None:
    """Subdomains behind their domain, www behind the name that it belongs to."""
    account.add_website("b", "b.example.com", "www.b.example.com", "www.example.com")
    account.add_website("a", "a.example.org", "example.com")
    account.add_lineage("c", "c.example.com", "*.example.com")
    assert account.survey().domains() == [
        "example.com",
        "www.example.com",
        "b.example.com",
        "www.b.example.com",
        "c.example.com",
        "a.example.org",
    ]


def test_our_domains_are_those_of_our_lineages_and_of_websites_that_use_them(
    healthy: Account,
) -> None:
    """Neither other websites nor lineages of other plugins and accounts count."""
    healthy.add_website("blog", "blog.example.com")
    healthy.add_lineage("web", "web.example.com", authenticator="webroot", installer="")
    healthy.add_lineage("else", "else.example.com", webfaction_credentials="/other.ini")
    extra = "extra.example.com"
    site = healthy.panel.sites["shop", True]
    healthy.add_website("shop", *site.domains, extra, https=True, certificate=site.certificate)
    assert healthy.survey().our_domains() == [extra, SHOP]


def test_a_lineage_of_another_authenticator_counts_once_it_is_installed(account: Account) -> None:
    """As `certbot-webfaction deploy` does."""
    account.add_website("web", "web.example.com")
    account.add_lineage("web", "web.example.com", authenticator="webroot", installer="")
    assert account.survey().our_domains() == []
    account.install("web", "web")
    del account.panel.sites["web", True]
    assert account.survey().our_domains() == ["web.example.com"]
    account.panel.sites.clear()
    assert account.survey().domains() == ["web.example.com"]


def test_our_domains_are_found_without_documents(healthy: Account) -> None:
    """By what websites use: the leaf of one of our lineages."""
    healthy.books.journal_path.write_text("[]")
    extra = "extra.example.com"
    healthy.add_website("shop", SHOP, extra, https=True, certificate="shop_example_com")
    assert healthy.survey().our_domains() == [extra, SHOP]


def test_a_lineage_that_was_deleted_is_no_damage(healthy: Account) -> None:
    """After `certbot delete`; the documents still have it, and stay as they are."""
    shutil.rmtree(healthy.directory / "live")
    (healthy.directory / "renewal" / f"{SHOP}.conf").unlink()
    before = healthy.books.journal_path.read_text()
    survey = healthy.survey()
    assert survey.damage is None
    assert not survey.differences
    assert healthy.books.journal_path.read_text() == before


def test_wildcards_stand_for_the_websites_that_they_match(account: Account) -> None:
    """Where there are none, for themselves."""
    account.add_website("shop", SHOP, "deep.shop.example.com")
    survey = account.survey()
    assert survey.expand(["*.example.com", "*.example.org"]) == [SHOP, "*.example.org"]


def test_the_lineage_of_a_domain_is_the_one_that_its_website_uses(healthy: Account) -> None:
    """Else ours, else the one that names the domain rather than a wildcard."""
    healthy.add_lineage("newer", SHOP, left=400)
    assert _lineage(healthy, SHOP) == SHOP
    healthy.add_website("blog", "blog.example.com")
    healthy.add_lineage("wild", "*.example.com", left=500)
    assert _lineage(healthy, "blog.example.com") == "wild"
    healthy.add_lineage("blog", "blog.example.com", authenticator="webroot", installer="")
    assert _lineage(healthy, "blog.example.com") == "wild", "it is ours"
    healthy.add_lineage("blog", "blog.example.com")
    assert _lineage(healthy, "blog.example.com") == "blog"
    assert _lineage(healthy, "example.org") is None


def _lineage(account: Account, domain: str) -> str | None:
    lineage = account.subject(domain).lineage
    return lineage.name if lineage else None


def test_a_domain_in_another_script_is_one_domain(account: Account) -> None:
    """The panel may write it either way."""
    account.add_website("bücher", "bücher.example")
    account.add_website("bücher", "xn--bcher-kva.example", https=True)
    survey = account.survey()
    assert len(survey.domains()) == 1
    subject = Subject(survey, "bücher.example")
    assert subject.http is not None
    assert subject.https is not None


def test_a_damaged_document_leaves_the_rest_to_be_seen(healthy: Account) -> None:
    """What the panel and the lineages say is not lost; nothing is renamed."""
    healthy.books.journal_path.write_text("[]")
    survey = healthy.survey()
    assert str(survey.damage).startswith(f"{healthy.books.journal_path} is damaged")
    assert Subject(survey, SHOP).certificate is not None
    assert healthy.books.journal_path.read_text() == "[]"


def test_lineages_are_ours_by_plugin_and_credentials_file(account: Account) -> None:
    """The default file is the one in certbot's configuration directory."""
    account.add_lineage("a", installer="")
    account.add_lineage("b", authenticator="manual")
    account.add_lineage("c", authenticator="dns-webfaction", installer="")
    account.add_lineage("d", authenticator="manual", installer="nginx")
    account.add_lineage("e", webfaction_credentials=str(account.directory / "webfaction.ini"))
    account.add_lineage("f", webfaction_credentials="/other.ini")
    lineages, problems = read_lineages(account.account)
    assert [lineage.name for lineage in lineages if lineage.ours] == ["a", "b", "c", "e"]
    assert problems == []


def test_only_domains_on_https_websites_are_asked(account: Account) -> None:
    """None is where there is nothing to see, and a wildcard can't be asked."""
    account.config.namespace.webfaction_wait = 1
    account.config.namespace.webfaction_connect_to = "127.0.0.1:1:1"
    account.add_website("shop", SHOP)
    account.add_website("blog", "blog.example.com", "*.blog.example.com", https=True)
    survey = account.survey()
    subjects = [Subject(survey, domain) for domain in survey.domains()]
    survey.ask_served(subjects)
    assert [each.domain for each in subjects if each.served] == ["blog.example.com"]
