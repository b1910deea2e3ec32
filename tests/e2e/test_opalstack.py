"""The plugin ``opalstack`` with real certbot, Pebble and nginx, at the stand-in of the host."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.sandbox.opalstack.objects import Site
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.opalstack.switches import Switches

RUN = ("run", "-a", "opalstack", "-i", "opalstack", "--no-redirect")
RENEW = ("renew", "--no-random-sleep-on-renew")
FORCE = (*RENEW, "--force-renewal")
ELSEWHERE = {"USER": "visitor", "LOGNAME": "visitor"}
"""Somebody who is no user of the account."""

CHALLENGES = "/.well-known/acme-challenge"


def add_site(opalstack: OpalstackSandbox, name: str, *domains: str, **values: object) -> Site:
    """A site whose page tells its name."""
    account = opalstack.account
    app = account.add_app(name)
    (account.directory(app) / "index.html").write_text(f"page of {name}")
    site = account.add_site(name, domains, {"/": app}, **values)
    opalstack.front_end.wait_applied()
    return site


def site(opalstack: OpalstackSandbox, name: str) -> Site:
    """The site of this name as the panel holds it."""
    found: Site = next(each for each in opalstack.account.things("site") if each.name == name)
    return found


def serves(opalstack: OpalstackSandbox, domain: str, lineage: str) -> bool:
    """Whether a TLS client is served a lineage's leaf and chain for a domain."""
    opalstack.front_end.wait_applied()
    fullchain = (opalstack.config_dir / "live" / lineage / "fullchain.pem").read_text()
    return "".join(opalstack.served(domain).chain).split() == fullchain.split()


def names_of(opalstack: OpalstackSandbox, *domains: str) -> list[str]:
    """``-d`` before each."""
    return [word for domain in domains for word in ("-d", domain)]


def test_a_site_gets_https_by_one_command(opalstack: OpalstackSandbox) -> None:
    """Got, attached, served with its chain; the site's other routes stay as they are."""
    before = add_site(opalstack, "blog", "example.com", "www.example.com")
    result = opalstack.certbot(*RUN, *names_of(opalstack, "example.com", "www.example.com"))
    for domain in ("example.com", "www.example.com"):
        assert serves(opalstack, domain, "example.com")
        assert opalstack.fetch_verified(domain).text == "page of blog"
        assert opalstack.http(domain).text == "page of blog"
    after = site(opalstack, "blog")
    assert [route.uri for route in after.routes] == [CHALLENGES, "/"]
    assert after.routes[1].app == before.routes[0].app
    assert opalstack.account.token.key not in result.output + result.log


def test_it_redirects_renews_and_rolls_back(opalstack: OpalstackSandbox) -> None:
    """A redirect after https was seen; a renewal through it; a rollback of both."""
    add_site(opalstack, "blog", "example.com")
    opalstack.certbot(*RUN[:-1], "--redirect", "-d", "example.com")
    opalstack.front_end.wait_applied()
    answer = opalstack.http("example.com")
    assert answer.status == 301
    first = opalstack.served("example.com")

    opalstack.certbot(*FORCE)
    assert serves(opalstack, "example.com", "example.com")
    assert opalstack.served("example.com") != first

    for _ in range(2):
        opalstack.certbot("rollback", "-i", "opalstack")
    opalstack.front_end.wait_applied()
    after = site(opalstack, "blog")
    assert (after.cert, after.redirect) == (None, False)
    assert opalstack.http("example.com").text == "page of blog"


def run(opalstack: OpalstackSandbox, *domains: str) -> None:
    """Get and install one certificate."""
    opalstack.certbot(*RUN, *names_of(opalstack, *domains))
    opalstack.front_end.wait_applied()


def test_it_waits_for_what_is_not_ready_and_not_served(opalstack: OpalstackSandbox) -> None:
    """READY comes late, and the web servers later: it says what it waits for, and since when."""
    add_site(opalstack, "blog", "example.com")
    switches = opalstack.account.switches
    switches.ready_seconds_of = {"app": 6.0, "site": 1.0}
    switches.served_seconds = 2.0
    result = opalstack.certbot(*RUN, "-d", "example.com")
    assert "Waiting for the panel to finish (app letsencrypt), " in result.output
    assert "not yet served" not in result.output
    assert serves(opalstack, "example.com", "example.com")


def test_it_waits_silently_when_told(opalstack: OpalstackSandbox) -> None:
    """With -q nothing is said of what goes well."""
    add_site(opalstack, "blog", "example.com")
    opalstack.account.switches.ready_seconds_of = {"app": 6.0}
    result = opalstack.certbot(*RUN, "-q", "-d", "example.com")
    assert result.output.strip() == ""


def test_what_was_made_for_a_challenge_is_undone_after_a_failure(
    opalstack: OpalstackSandbox,
) -> None:
    """App and route go, the site's own routes stay; for a renewal they would have stayed."""
    before = add_site(opalstack, "blog", "example.com")
    opalstack.account.switches.own_challenges_first = True
    opalstack.account.update("site", [{"id": before.id, "generate_le": True}])
    result = opalstack.certbot(*RUN, "-d", "example.com", "--opalstack-wait", "3", check=False)
    assert result.returncode == 1
    assert "Let's Encrypt, which is switched on for this site" in " ".join(result.output.split())
    after = site(opalstack, "blog")
    assert [(route.app, route.uri) for route in after.routes] == [(before.routes[0].app, "/")]
    assert [app.name for app in opalstack.account.things("app")] == ["blog"]
    assert not (opalstack.account.home_of(opalstack.account.osuser) / "apps/letsencrypt").exists()


def test_away_from_the_host_no_file_can_be_put(opalstack: OpalstackSandbox) -> None:
    """The CA is not asked, nothing is changed, and the advice says where to run it."""
    before = add_site(opalstack, "blog", "example.com")
    result = opalstack.certbot(
        *RUN, "-d", "example.com", "--preferred-challenges", "http", check=False, env=ELSEWHERE
    )
    said = " ".join(result.output.split())
    assert result.returncode == 1
    assert "Opalstack's API writes no files. The CA was not asked." in said
    assert f"has to be written on {opalstack.account.server.hostname}" in said
    assert site(opalstack, "blog") == before


def test_the_hosts_own_certificate_is_taken_over_and_given_back(
    opalstack: OpalstackSandbox,
) -> None:
    """One update for both; a rollback puts back the certificate and who sees to it."""
    account = opalstack.account
    old = account.add_cert("blog", "example.com", by_host=True)
    add_site(opalstack, "blog", "example.com", cert=old.id, generate_le=True)
    opalstack.api.calls.clear()
    run(opalstack, "example.com")
    updates = opalstack.api.calls.methods().count("POST /site/update/")
    assert updates == 2, "one of the routes, one of what it presents and who sees to that"
    ours = site(opalstack, "blog")
    assert (ours.cert != old.id, ours.generate_le) == (True, False)
    assert serves(opalstack, "example.com", "example.com")
    account.issue_letsencrypt()
    assert site(opalstack, "blog").cert == ours.cert

    opalstack.certbot("rollback", "-i", "opalstack")
    after = site(opalstack, "blog")
    assert (after.cert, after.generate_le) == (old.id, True)


def test_a_deleted_lineage_gives_its_site_back_to_the_host(opalstack: OpalstackSandbox) -> None:
    """Else nobody would renew it any more."""
    account = opalstack.account
    old = account.add_cert("blog", "example.com", by_host=True)
    add_site(opalstack, "blog", "example.com", cert=old.id, generate_le=True)
    add_site(opalstack, "shop", "shop.example.com")
    for name in ("example.com", "shop.example.com"):
        run(opalstack, name)
    opalstack.certbot("delete", "--cert-name", "example.com")
    opalstack.certbot(*FORCE)
    after = site(opalstack, "blog")
    assert (after.cert, after.generate_le) == (old.id, True)
    assert serves(opalstack, "shop.example.com", "shop.example.com")


def test_certificates_of_the_same_name_are_never_touched(opalstack: OpalstackSandbox) -> None:
    """Ours is known by its identifier, whatever others are called."""
    others = [opalstack.account.add_cert("example_com", "example.com") for _ in range(2)]
    add_site(opalstack, "blog", "example.com")
    run(opalstack, "example.com")
    opalstack.certbot(*FORCE)
    held = {cert.id: cert for cert in opalstack.account.things("cert")}
    assert [held[other.id] for other in others] == others
    assert len([cert for cert in held.values() if cert.name == "example_com"]) == 3
    assert serves(opalstack, "example.com", "example.com")


def test_three_lineages_take_an_update_each_and_four_other_calls(
    opalstack: OpalstackSandbox,
) -> None:
    """Never the list that carries every private key; nothing due takes no call at all."""
    names = [f"site{number}.example.com" for number in range(3)]
    for name in names:
        add_site(opalstack, name.partition(".")[0], name, f"www.{name}")
        run(opalstack, name, f"www.{name}")
    calls = opalstack.api.calls
    calls.clear()
    opalstack.certbot(*RENEW)
    assert calls.methods() == []
    opalstack.certbot(*FORCE)
    methods = calls.methods()
    assert methods.count("POST /cert/update/") == 3
    assert len(methods) <= 3 + 4
    assert set(methods) == {"GET /osuser/list/", "GET /site/list/", "POST /cert/update/"}
    for name in names:
        assert serves(opalstack, name, name)
        assert serves(opalstack, f"www.{name}", name)


def test_a_wrong_and_a_limited_token_are_told_apart(opalstack: OpalstackSandbox) -> None:
    """Each with what to do, and the file; neither is shown."""
    add_site(opalstack, "blog", "example.com")
    account, api = opalstack.account, opalstack.api
    limited = account.add_token("limited", frozenset({"osuser", "site"}))
    for token, said in (
        ("x" * 40, "Opalstack does not know this API token. Make one in the panel"),
        (limited.key, "Opalstack does not permit this API token to list the apps."),
    ):
        opalstack.credentials.write_text(
            f"opalstack_token = {token}\nopalstack_api_url = {api.url}\n"
        )
        result = opalstack.certbot(*RUN, "-d", "example.com", check=False)
        assert result.returncode == 1
        assert said in " ".join(result.output.split())
        assert token not in result.output + result.log


def test_secrets_are_nowhere(opalstack: OpalstackSandbox) -> None:
    """Neither token nor private key in the output, the log, or our documents."""
    add_site(opalstack, "blog", "example.com")
    result = opalstack.certbot(*RUN, "-d", "example.com")
    renewed = opalstack.certbot(*FORCE)
    key = (opalstack.config_dir / "live/example.com/privkey.pem").read_text().splitlines()[1]
    books = "".join(
        path.read_text() for path in (opalstack.config_dir / "opalstack").rglob("*.json")
    )
    assert '"cert": null' in books
    for shown in (result.output, result.log, renewed.output, renewed.log, books):
        assert opalstack.account.token.key not in shown
        assert key not in shown


def test_a_wildcard_is_answered_by_dns_and_the_rest_by_files(opalstack: OpalstackSandbox) -> None:
    """Without being told: two values at once at a name that is made for them, and gone after."""
    account = opalstack.account
    add_site(opalstack, "blog", "example.com", "www.example.com")
    account.switches.propagation_seconds = 2.0
    before = account.things("domain")
    opalstack.certbot(*RUN, *names_of(opalstack, "example.com", "*.example.com"))
    for domain in ("example.com", "www.example.com"):
        assert serves(opalstack, domain, "example.com")
    assert account.things("dnsrecord") == []
    assert account.things("domain") == before
    assert "POST /app/create/" in opalstack.api.calls.methods()


def test_both_values_of_a_name_stand_at_once(opalstack: OpalstackSandbox) -> None:
    """Of the name and its wildcard; somebody's record there stays, and its domain with it."""
    account = opalstack.account
    add_site(opalstack, "blog", "example.com", "www.example.com")
    domain = account.add_domain("_acme-challenge.example.com")
    with account.settled():
        [theirs] = account.create(
            "dnsrecord", [{"domain": domain.id, "type": "TXT", "content": "theirs"}]
        )
    by_dns = ("--preferred-challenges", "dns")
    opalstack.certbot(*RUN, *by_dns, *names_of(opalstack, "example.com", "*.example.com"))
    methods = opalstack.api.calls.methods()
    assert methods.count("POST /dnsrecord/create/") == 2
    assert methods.count("POST /dnsrecord/delete/") == 2
    assert "POST /app/create/" not in methods
    assert account.things("dnsrecord") == [theirs]
    assert domain in account.things("domain")


def test_away_from_the_host_dns_answers(opalstack: OpalstackSandbox) -> None:
    """Without being told; the certificate is installed all the same, and renewed."""
    before = add_site(opalstack, "blog", "example.com")
    opalstack.certbot(*RUN, "-d", "example.com", env=ELSEWHERE)
    assert serves(opalstack, "example.com", "example.com")
    assert site(opalstack, "blog").routes == before.routes
    opalstack.certbot(*FORCE, env=ELSEWHERE)
    assert serves(opalstack, "example.com", "example.com")


def test_what_the_name_servers_do_not_show_is_not_asked_for(opalstack: OpalstackSandbox) -> None:
    """READY is not published: the CA is asked only when the record is seen."""
    add_site(opalstack, "blog", "example.com")
    opalstack.account.switches.propagation_seconds = 60.0
    asked = opalstack.ca.validations()
    result = opalstack.certbot(
        *(*RUN, "-d", "example.com", "--opalstack-propagation-seconds", "3"),
        check=False,
        env=ELSEWHERE,
    )
    assert result.returncode == 1
    assert "do not show the records that were published. The CA was not asked." in result.output
    assert opalstack.ca.validations() == asked
    assert opalstack.account.things("dnsrecord") == []


def test_a_name_in_no_domain_of_the_account_is_refused(opalstack: OpalstackSandbox) -> None:
    """Before an order is made."""
    add_site(opalstack, "blog", "example.com")
    result = opalstack.certbot(*RUN, "-d", "*.elsewhere.test", check=False)
    assert result.returncode == 1
    assert "can't be validated through the account's DNS. The CA was not asked" in result.output
    assert opalstack.ca.orders() == 0


@pytest.mark.parametrize("reloads", [True, False])
def test_a_renewed_certificate_is_served_whatever_the_host_needs(
    opalstack: OpalstackSandbox, reloads: bool
) -> None:
    """If replacing it does not show, its site is told once more; else that takes no call."""
    add_site(opalstack, "blog", "example.com")
    run(opalstack, "example.com")
    opalstack.account.switches.cert_update_reloads = reloads
    opalstack.api.calls.clear()
    result = opalstack.certbot(*FORCE, "--opalstack-wait", "5")
    assert opalstack.api.calls.methods().count("POST /site/update/") == (0 if reloads else 1)
    assert "not yet served" not in result.output
    assert serves(opalstack, "example.com", "example.com")


OTHERWISE = Switches(
    dependency_must_be_ready=False,
    checks_certificates=False,
    guarded=frozenset(),
    domain_takes_records=False,
    needs_ip=False,
    refuses_cert_with_le=True,
    https_without_cert=False,
    longest_route_wins=False,
    redirects_challenges=False,
    static_obeys_htaccess=True,
    merges_json=False,
    unique_domains=False,
    wildcard_domains=False,
    lists_own_records=True,
    quotes_txt=True,
    checks_in_order=False,
    delete_body=b"",
    extra_fields=True,
)
"""Each switch that has another position, but for those with a test of their own, in that."""


def test_a_host_that_is_otherwise_than_assumed(opalstack: OpalstackSandbox) -> None:
    """Nobody knows which route it takes, whether its redirect spares challenges, and so on."""
    vars(opalstack.account.switches).update(vars(OTHERWISE))
    add_site(opalstack, "blog", "example.com", "www.example.com")
    names = names_of(opalstack, "example.com", "*.example.com")
    opalstack.certbot(*RUN[:-1], "--redirect", *names)
    opalstack.certbot(*FORCE)
    for domain in ("example.com", "www.example.com"):
        assert serves(opalstack, domain, "example.com")
        assert opalstack.http(domain).status == 301
    assert {record.type for record in opalstack.account.things("dnsrecord")} <= {"A"}
    assert len(opalstack.account.things("domain")) == 2


def test_a_host_that_takes_no_elliptic_key_says_what_it_takes(opalstack: OpalstackSandbox) -> None:
    """Nothing is changed; the command that is told gets one that it takes."""
    add_site(opalstack, "blog", "example.com")
    opalstack.account.switches.accepts_ec_keys = False
    result = opalstack.certbot(*RUN, "-d", "example.com", check=False)
    said = " ".join(result.output.split())
    assert result.returncode == 1
    assert "key: Only RSA keys are supported." in said
    assert site(opalstack, "blog").cert is None
    told = re.search(r"with an RSA key: `certbot (.+?)`", said)
    assert told
    opalstack.certbot(*shlex.split(told[1]))
    assert serves(opalstack, "example.com", "example.com")


def test_a_new_token_is_the_same_account(opalstack: OpalstackSandbox) -> None:
    """What is wanted is found again by what the sites present; renewals go on."""
    add_site(opalstack, "blog", "example.com")
    run(opalstack, "example.com")
    before = [cert.id for cert in opalstack.account.things("cert")]
    token = opalstack.account.add_token("new").key
    opalstack.account.delete("token", [{"key": opalstack.account.token.key}])
    opalstack.credentials.write_text(
        f"opalstack_token = {token}\nopalstack_api_url = {opalstack.api.url}\n"
    )
    opalstack.certbot(*FORCE)
    assert serves(opalstack, "example.com", "example.com")
    assert [cert.id for cert in opalstack.account.things("cert")] == before
