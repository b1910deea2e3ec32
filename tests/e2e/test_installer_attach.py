"""Which https websites get a certificate, and under what name the panel keeps it."""

from __future__ import annotations

from cryptography import x509

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
from tests.sandbox.sandbox import Sandbox


def test_first_install_on_an_https_website_takes_six_calls(sandbox: Sandbox) -> None:
    """An http and an https website are there: login, three reads, one upload, one change."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True)
    sandbox.certbot(
        *("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com"),
        "--no-redirect",
    )
    assert sandbox.api.calls.methods() == [
        "login",
        "list_websites",
        "list_apps",
        "list_certificates",
        "create_certificate",
        "update_website",
    ]
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    assert sandbox.fetch_verified("shop.example.com").text == "page of shop"
    assert [known.name for known in sandbox.host.snapshot().certificates] == ["shop_example_com"]
    assert sandbox.http("shop.example.com").text == "page of shop", "the redirect was refused"


def test_leaf_key_and_chain_go_to_their_own_parameters_for_both_key_types(
    sandbox: Sandbox,
) -> None:
    """RSA and ECDSA: the panel holds the leaf alone, its key, and the chain without the leaf."""
    add_site(sandbox, "shop", "shop.example.com")
    for key_type, header in (("rsa", "RSA"), ("ecdsa", "")):
        sandbox.certbot(
            *("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com"),
            *("--key-type", key_type, "--force-renewal", "--no-redirect"),
            *("--cert-name", "shop.example.com"),
        )
        live = sandbox.config_dir / "live" / "shop.example.com"
        (held,) = sandbox.host.snapshot().certificates
        assert held.certificate == (live / "cert.pem").read_text()
        assert held.private_key == (live / "privkey.pem").read_text()
        assert held.intermediates == (live / "chain.pem").read_text()
        sandbox.front_end.wait_applied()
        assert serves(sandbox, "shop.example.com", "shop.example.com"), header


def test_preferred_chain_is_the_chain_that_is_served(sandbox: Sandbox) -> None:
    """`--preferred-chain` chooses the CA's alternate chain, and that is what visitors get."""
    add_site(sandbox, "shop", "shop.example.com")
    arguments = ("run", "-a", "webfaction", "-i", "webfaction", "-d", "shop.example.com")
    sandbox.certbot(*arguments, "--no-redirect")
    sandbox.front_end.wait_applied()
    default = sandbox.served("shop.example.com").chain[1:]
    _, alternate = x509.load_pem_x509_certificates(sandbox.ca.roots().encode())
    name = alternate.subject.rfc4514_string().removeprefix("CN=")
    sandbox.certbot(*arguments, "--no-redirect", "--force-renewal", "--preferred-chain", name)
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    assert sandbox.served("shop.example.com").chain[1:] != default


def test_domains_without_https_get_a_website_made_from_the_http_one(sandbox: Sandbox) -> None:
    """It has the http website's name, ip and apps without the challenge mount, and the domains."""
    sandbox.host.add_app("blog", "custom_app_with_port")
    sandbox.host.add_app("files", "static_only")
    apps = (("blog", "/"), ("files", "/files"))
    sandbox.host.add_website("blog", ("blog.example.com", "old.example.com"), apps)
    sandbox.front_end.wait_applied()
    sandbox.certbot(
        *("run", "-a", "webfaction", "-i", "webfaction", "-d", "blog.example.com"),
    )
    made, http = website(sandbox, "blog", https=True), website(sandbox, "blog", https=False)
    assert made.website_apps == apps
    assert made.subdomains == ("blog.example.com",)
    assert (made.ip, made.certificate) == (http.ip, "blog_example_com")
    assert http.website_apps == (*apps, ("letsencrypt", "/.well-known/acme-challenge"))


def test_a_taken_website_name_gives_way_to_a_free_one(sandbox: Sandbox) -> None:
    """An https website of the http one's name serves another domain: it stays as it is."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "other.example.com", https=True)
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    assert website_names(sandbox, https=True) == ["shop", "shop_2"]
    assert website(sandbox, "shop", https=True).certificate == ""
    assert serves(sandbox, "shop.example.com", "shop.example.com")
    assert not serves(sandbox, "other.example.com", "shop.example.com")


def test_expanding_adds_the_domain_to_the_website_that_was_made(sandbox: Sandbox) -> None:
    """`--expand` by a domain of the same http website makes no second https website."""
    add_site(sandbox, "shop", "shop.example.com", "www.shop.example.com")
    arguments = ("run", "-a", "webfaction", "-i", "webfaction", "--no-redirect")
    sandbox.certbot(*arguments, "-d", "shop.example.com")
    sandbox.certbot(*arguments, "--expand", "-d", "shop.example.com", "-d", "www.shop.example.com")
    sandbox.front_end.wait_applied()
    assert website_names(sandbox, https=True) == ["shop"]
    assert serves(sandbox, "www.shop.example.com", "shop.example.com")
    assert len(sandbox.host.snapshot().certificates) == 1


def test_a_website_whose_other_name_would_lose_its_certificate_is_left_alone(
    sandbox: Sandbox,
) -> None:
    """The message names that domain and the command that covers all; nothing is uploaded."""
    add_certificate(sandbox, "bought", "shop.example.com", "pay.example.com")
    add_site(sandbox, "shop", "shop.example.com", "pay.example.com")
    add_site(
        sandbox, "shop", "shop.example.com", "pay.example.com", https=True, certificate="bought"
    )
    issue(sandbox, "shop.example.com")
    before = sandbox.served("pay.example.com")
    result = sandbox.certbot(
        "install", "-i", "webfaction", "--cert-name", "shop.example.com", check=False
    )
    assert result.returncode == 1
    assert "also serves pay.example.com" in result.output
    assert "--expand -d shop.example.com -d pay.example.com" in result.output
    assert sandbox.served("pay.example.com") == before
    assert [known.name for known in sandbox.host.snapshot().certificates] == ["bought"]


def test_an_uncovered_name_without_a_certificate_does_not_stand_in_the_way(
    sandbox: Sandbox,
) -> None:
    """A name that the host's shared certificate does not cover anyway has nothing to lose."""
    add_site(sandbox, "shop", "shop.example.com", "pay.example.com")
    add_site(sandbox, "shop", "shop.example.com", "pay.example.com", https=True)
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    assert serves(sandbox, "shop.example.com", "shop.example.com")


def test_a_domain_on_no_website_is_an_error_however_many_others_work(sandbox: Sandbox) -> None:
    """The website of one domain was deleted after issuing: nothing is installed, and it is said."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "gone", "gone.example.com")
    issue(sandbox, "shop.example.com", "gone.example.com")
    sandbox.host.delete_website("gone", "127.0.0.1", False)
    result = sandbox.certbot(
        "install", "-i", "webfaction", "--cert-name", "shop.example.com", check=False
    )
    assert result.returncode == 1
    assert "gone.example.com: no website of the account serves it" in result.output
    assert sandbox.host.snapshot().certificates == ()
    assert website_names(sandbox, https=True) == []


def test_a_certificate_that_the_lineage_covers_is_taken_over(sandbox: Sandbox) -> None:
    """letsencrypt_webfaction's certificate of the same name is updated, and its websites follow."""
    add_certificate(sandbox, "shop_example_com", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True, certificate="shop_example_com")
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    (held,) = sandbox.host.snapshot().certificates
    assert held.certificate == leaf(sandbox, "shop.example.com")
    assert serves(sandbox, "shop.example.com", "shop.example.com")


def test_somebody_elses_certificate_of_that_name_keeps_it(sandbox: Sandbox) -> None:
    """One that covers another domain too is not touched; ours gets a number."""
    add_certificate(sandbox, "shop_example_com", "shop.example.com", "else.example.com")
    before = sandbox.host.snapshot().certificates[0]
    add_site(sandbox, "shop", "shop.example.com")
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    kept, ours = sandbox.host.snapshot().certificates
    assert kept == before
    assert ours.name == "shop_example_com_2"
    assert serves(sandbox, "shop.example.com", "shop.example.com")


def test_two_lineages_that_come_to_one_name_get_two(sandbox: Sandbox) -> None:
    """a-b.example.com and a.b.example.com: each website is served its own certificate."""
    add_site(sandbox, "dash", "a-b.example.com")
    add_site(sandbox, "dot", "a.b.example.com")
    for domain in ("a-b.example.com", "a.b.example.com"):
        issue(sandbox, domain)
        install(sandbox, domain, "--no-redirect")
    names = [known.name for known in sandbox.host.snapshot().certificates]
    assert names == ["a_b_example_com", "a_b_example_com_2"]
    for domain in ("a-b.example.com", "a.b.example.com"):
        assert serves(sandbox, domain, domain)


def test_a_certificate_deleted_in_the_panel_is_created_anew(sandbox: Sandbox) -> None:
    """At the next renewal, on the website that used it before it was deleted."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True)
    issue(sandbox, "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    change_by_hand(sandbox, website(sandbox, "shop", https=True), certificate="")
    sandbox.host.delete_certificate("shop_example_com")
    install(sandbox, "shop.example.com", "--no-redirect")
    assert serves(sandbox, "shop.example.com", "shop.example.com")


def test_get_all_names_offers_the_domains_of_the_websites(sandbox: Sandbox) -> None:
    """`certbot run` without -d lists them; without a terminal it fails and asks for -d."""
    add_site(sandbox, "shop", "shop.example.com")
    result = sandbox.certbot("run", "-a", "webfaction", "-i", "webfaction", check=False)
    assert result.returncode == 1
    assert sandbox.api.calls.methods()[:2] == ["login", "list_websites"]


def test_paths_given_to_install_are_installed_and_renewed_from_there(sandbox: Sandbox) -> None:
    """`certbot install --cert-path … --key-path …` needs no lineage."""
    add_site(sandbox, "shop", "shop.example.com")
    issue(sandbox, "shop.example.com")
    files = sandbox.directory / "certbot" / "elsewhere"
    files.mkdir()
    for name in ("cert", "privkey", "chain", "fullchain"):
        text = (sandbox.config_dir / "live" / "shop.example.com" / f"{name}.pem").read_text()
        (files / f"{name}.pem").write_text(text)
    sandbox.certbot(
        *("install", "-i", "webfaction", "-d", "shop.example.com", "--no-redirect"),
        *("--cert-path", str(files / "cert.pem"), "--key-path", str(files / "privkey.pem")),
        *("--chain-path", str(files / "chain.pem")),
        *("--fullchain-path", str(files / "fullchain.pem")),
    )
    sandbox.front_end.wait_applied()
    assert serves(sandbox, "shop.example.com", "shop.example.com")
