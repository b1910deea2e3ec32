"""The stand-in keeps the rules of the specification, and each switch has its two positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.client import Client
from tests.sandbox.opalstack.objects import App, Cert, Site
from tests.sandbox.opalstack.rules import self_signed
from tests.sandbox.opalstack.switches import Switches

NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def app(account: Account) -> App:
    """A static app."""
    return account.add_app("blog")


@pytest.fixture
def site(account: Account, app: App) -> Site:
    """A site for example.com without a certificate."""
    return account.add_site("blog", ["example.com"], {"/": app})


@pytest.fixture(scope="session")
def pem() -> Callable[[str], dict[str, str]]:
    """What to upload for a name."""

    def make(name: str) -> dict[str, str]:
        cert, key = self_signed(name)
        return {"cert": cert, "key": key}

    return make


def new_site(account: Account, app: App, *domains: str, **values: Any) -> dict[str, Any]:
    """What to send for a site."""
    return {
        "name": "shop",
        "ip4": account.ip.id,
        "domains": [account.add_domain(domain).id for domain in domains],
        "routes": [{"app": app.id, "uri": "/"}],
        **values,
    }


# Fields


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "This field is required."),
        ({"name": None}, "This field may not be null."),
        ({"name": " "}, "This field may not be blank."),
        ({"name": ["a"]}, "Not a valid string."),
        ({"name": "a" * 65}, "Ensure this field has no more than 64 characters."),
        (
            {"name": "a b"},
            'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.',
        ),
    ],
)
def test_names_are_checked(
    client: Client, account: Account, values: dict[str, Any], message: str
) -> None:
    """In the words of the framework; the longest slug is taken."""
    owner = {"osuser": account.osuser.id, "type": "STA"}
    assert client.refusal("/app/create/", {**owner, **values}) == [{"name": [message]}]
    client.one("/app/create/", **owner, name="a-_Z9" + "a" * 59)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("ttl", 299, "Ensure this value is greater than or equal to 300."),
        ("ttl", 2147483648, "Ensure this value is less than or equal to 2147483647."),
        ("ttl", True, "A valid integer is required."),
        ("priority", -1, "Ensure this value is greater than or equal to 0."),
        ("priority", 65536, "Ensure this value is less than or equal to 65535."),
        ("type", "LOC", '"LOC" is not a valid choice.'),
        ("content", "x" * 64001, "Ensure this field has no more than 64000 characters."),
        ("domain", "example.com", "Must be a valid UUID."),
        ("domain", 5, "Must be a valid UUID."),
        ("domain", NOWHERE, f'Invalid pk "{NOWHERE}" - object does not exist.'),
    ],
)
def test_records_are_checked(
    client: Client, account: Account, field: str, value: Any, message: str
) -> None:
    """Each field for itself; at its limits a record is taken."""
    domain = account.add_domain("_acme-challenge.example.com")
    record = {"domain": domain.id, "type": "TXT", "content": "x" * 64000, "ttl": 300}
    assert client.refusal("/dnsrecord/create/", {**record, field: value}) == [{field: [message]}]
    assert client.one("/dnsrecord/create/", **record)["priority"] == 10


def test_json_settings_are_checked(client: Client, account: Account) -> None:
    """Those that are known within their limits; others are kept."""
    new = {"name": "a", "osuser": account.osuser.id, "type": "APA"}
    wrong = {"fpm_max_children": 51, "gzip": "yes"}
    assert client.refusal("/app/create/", {**new, "json": wrong}) == [
        {
            "json": {
                "fpm_max_children": ["Ensure this value is less than or equal to 50."],
                "gzip": ["Must be a valid boolean."],
            }
        }
    ]
    settings = {"fpm_max_children": 50, "gzip": True, "of_mine": 1}
    assert client.one("/app/create/", **new, json=settings)["json"] == settings


@pytest.mark.parametrize("merges", [True, False])
def test_json_settings_may_be_merged(
    client: Client, account: Account, switches: Switches, merges: bool
) -> None:
    """Those that an update leaves out stay, or with the switch off go."""
    switches.merges_json = merges
    app = account.add_app("a", gzip=True)
    changed = client.one("/app/update/", id=app.id, json={"php_version": 82})["json"]
    assert changed == ({"gzip": True} if merges else {}) | {"php_version": 82}


# Users and apps


def test_users_are_unique_on_their_server(client: Client, account: Account) -> None:
    """A second of one name is refused; a new one gets a password that is shown once."""
    new = {"name": account.osuser.name, "server": account.server.id}
    assert "name" in client.refusal("/osuser/create/", new)[0]
    user = client.one("/osuser/create/", **{**new, "name": "bob"})
    assert len(user["default_password"]) >= 10
    read = client.get(f"/osuser/read/{user['id']}")
    assert not {"default_password", "password"} & set(read)
    chosen = client.one("/osuser/create/", **{**new, "name": "eve", "password": "p" * 10})
    assert "default_password" not in chosen


def test_apps_are_unique_for_their_user(client: Client, account: Account, app: App) -> None:
    """Another user can have one of the same name, in a directory of his own."""
    new = {"name": app.name, "osuser": account.osuser.id, "type": "STA"}
    assert "name" in client.refusal("/app/create/", new)[0]
    bob = account.add_osuser("bob")
    made = client.one("/app/create/", **{**new, "osuser": bob.id})
    assert made["osuser_name"] == "bob"
    assert (account.home / "bob/apps" / app.name).is_dir()
    assert account.add_app("shop", osuser=bob).osuser == bob.id


def test_an_app_keeps_its_name_and_user(client: Client, account: Account, app: App) -> None:
    """An update of them is passed over; its type can be changed."""
    bob = account.add_osuser("bob")
    changed = client.one("/app/update/", id=app.id, name="new", osuser=bob.id, type="APA")
    assert (changed["name"], changed["osuser"], changed["type"]) == ("blog", app.osuser, "APA")


def test_links_need_an_absolute_path(client: Client, account: Account) -> None:
    """And lead there, also to where an update says."""
    new = {"name": "link", "osuser": account.osuser.id, "type": "SLS"}
    for wrong in ({}, {"sym_link_path": "relative"}, {"sym_link_path": "/a"}):
        assert "sym_link_path" in client.refusal("/app/create/", {**new, "json": wrong})[0]["json"]
    home = account.home_of(account.osuser)
    app = client.one("/app/create/", **new, json={"sym_link_path": f"{home}/one/"})
    assert (home / "apps/link").readlink() == home / "one"
    client.one("/app/update/", id=app["id"], json={"sym_link_path": f"{home}/two/"})
    assert (home / "apps/link").readlink() == home / "two"
    client.post("/app/delete/", [{"id": app["id"]}])
    assert not (home / "apps/link").is_symlink()


def test_only_proxied_apps_have_a_port(account: Account) -> None:
    """One that no other app has."""
    ports = [account.add_app(name, "CUS").port for name in "ab"]
    assert ports[0] != ports[1]
    assert all(ports)
    assert account.add_app("c", "STA").port == 0


# Domains


@pytest.mark.parametrize("unique", [True, False])
def test_domains_may_be_unique(
    client: Client, account: Account, switches: Switches, unique: bool
) -> None:
    """A second of one name is refused unless the switch is off."""
    switches.unique_domains = unique
    account.add_domain("example.com")
    client.one("/domain/create/", name="www.example.com")
    if unique:
        assert "name" in client.refusal("/domain/create/", {"name": "example.com"})[0]
    else:
        client.one("/domain/create/", name="example.com")


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(
    ("name", "switch"),
    [("*.example.com", "wildcard_domains"), ("_acme-challenge.a.example", "underscore_domains")],
)
def test_odd_domains_may_be_made(
    client: Client, switches: Switches, name: str, switch: str, allowed: bool
) -> None:
    """They are no valid hostnames then; with the switch off they are refused."""
    setattr(switches, switch, allowed)
    if allowed:
        assert not client.one("/domain/create/", name=name)["is_valid_hostname"]
    else:
        assert "name" in client.refusal("/domain/create/", {"name": name})[0]
    assert client.one("/domain/create/", name="example.com")["is_valid_hostname"]


def test_a_domain_cannot_be_renamed(client: Client, account: Account) -> None:
    """There is no such page."""
    domain = account.add_domain("example.com")
    body = f'[{{"id": "{domain.id}", "name": "example.net"}}]'.encode()
    assert client.ask("POST", "/domain/update/", body).status == 404


def test_several_records_may_be_at_one_name(client: Client, account: Account) -> None:
    """Also equal ones; each is deleted for itself."""
    domain = account.add_domain("_acme-challenge.example.com")
    new = {"domain": domain.id, "type": "TXT", "content": "value"}
    one, two = client.post("/dnsrecord/create/", [new, new])
    assert (one["priority"], one["ttl"]) == (10, 3600)
    client.post("/dnsrecord/delete/", [{"id": one["id"]}])
    assert [each["id"] for each in client.get("/dnsrecord/list/")] == [two["id"]]


@pytest.mark.parametrize("takes", [True, False])
def test_a_domain_may_take_its_records_along(
    client: Client, account: Account, switches: Switches, takes: bool
) -> None:
    """Else it can't be deleted while there are any."""
    switches.domain_takes_records = takes
    domain = account.add_domain("_acme-challenge.example.com")
    record = client.one("/dnsrecord/create/", domain=domain.id, type="TXT", content="x")
    if not takes:
        assert client.refusal("/domain/delete/", {"id": domain.id})[0]
        client.post("/dnsrecord/delete/", [{"id": record["id"]}])
    client.post("/domain/delete/", [{"id": domain.id}])
    assert client.get("/dnsrecord/list/") == client.get("/domain/list/") == []


@pytest.mark.parametrize("quotes", [True, False])
def test_text_may_come_back_in_quotes(
    client: Client, account: Account, switches: Switches, quotes: bool
) -> None:
    """With the switch on, however it was sent, and only that of TXT records."""
    switches.quotes_txt = quotes
    domain = account.add_domain("_acme-challenge.example.com")
    for sent in ("value", '"value"'):
        record = client.one("/dnsrecord/create/", domain=domain.id, type="TXT", content=sent)
        assert record["content"] == ('"value"' if quotes else sent)
    other = client.one("/dnsrecord/create/", domain=domain.id, type="CAA", content="value")
    assert other["content"] == "value"


@pytest.mark.parametrize("lists", [False, True])
def test_the_hosts_own_records_may_be_listed(
    client: Client, account: Account, switches: Switches, site: Site, lists: bool
) -> None:
    """With the switch on, the address of each domain on a site, and of no other."""
    switches.lists_own_records = lists
    account.add_domain("other.example.com")
    listed = client.get("/dnsrecord/list/?embed=domain")
    assert [each["domain"]["name"] for each in listed] == (["example.com"] if lists else [])
    assert all(each["content"] == "127.0.0.1" and each["ready"] for each in listed)
    assert len(client.get("/domain/list/")) == 2


# Certificates


def test_a_certificate_comes_back_trimmed(client: Client, pem: Any) -> None:
    """With what its leaf says; what was not sent is null."""
    sent = pem("example.com")
    cert = client.one("/cert/create/", name="blog", **sent)
    assert (cert["cert"], cert["key"]) == (sent["cert"].strip(), sent["key"].strip())
    assert cert["intermediates"] is None
    assert cert["listed_domains"] == ["example.com"]
    assert cert["exp_date"].startswith("20")
    assert not cert["is_opalstack_letsencrypt"]
    assert client.one("/cert/create/", **sent, intermediates="")["intermediates"] == ""


def test_names_of_certificates_repeat(client: Client, account: Account, pem: Any) -> None:
    """The uuid is what tells them apart, also from the host's own."""
    own = account.add_cert("blog", "example.com", by_host=True)
    made = client.one("/cert/create/", name="blog", **pem("example.com"))
    listed = {each["id"]: each for each in client.get("/cert/list/")}
    assert set(listed) == {own.id, made["id"]}
    assert [each["name"] for each in listed.values()] == ["blog", "blog"]
    assert listed[own.id]["is_opalstack_letsencrypt"]
    assert listed[own.id]["key"] == own.key


def test_an_update_keeps_the_uuid(client: Client, account: Account, pem: Any) -> None:
    """Sites keep pointing at it; what the leaf says is read anew, and an uploader is no issuer."""
    cert = account.add_cert("blog", "example.com")
    changed = client.one(
        "/cert/update/", id=cert.id, **pem("example.net"), is_opalstack_letsencrypt=True
    )
    assert (changed["id"], changed["name"]) == (cert.id, "blog")
    assert changed["listed_domains"] == ["example.net"]
    assert not changed["is_opalstack_letsencrypt"]


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize(
    ("field", "value"),
    [("cert", "no PEM"), ("key", "no PEM"), ("key", None), ("intermediates", "x")],
)
def test_certificates_may_be_checked(
    client: Client, switches: Switches, pem: Any, checks: bool, field: str, value: str | None
) -> None:
    """What is no PEM, or a key that does not fit (`None` here), is refused or taken."""
    switches.checks_certificates = checks
    sent = pem("example.com") | {field: value or pem("example.com")["key"]}
    if checks:
        wrong = client.refusal("/cert/create/", sent)[0]
        assert set(wrong) <= {"cert", "key"}
        assert "BEGIN" not in str(wrong)
    else:
        client.one("/cert/create/", **sent)


@pytest.mark.parametrize("accepts", [True, False])
def test_elliptic_curves_may_be_accepted(
    client: Client, switches: Switches, pem: Any, accepts: bool
) -> None:
    """Or only RSA is."""
    switches.accepts_ec_keys = accepts
    if accepts:
        client.one("/cert/create/", **pem("example.com"))
    else:
        assert "key" in client.refusal("/cert/create/", pem("example.com"))[0]
    switches.checks_certificates = False
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    client.one("/cert/create/", **pem("example.com") | {"key": key.decode()})


def test_the_shared_certificate_is_the_hosts(client: Client, account: Account, site: Site) -> None:
    """It is shown without its key, is not listed, can be a site's, and not changed."""
    shared = client.get("/cert/shared/")
    assert shared["is_opalstack_shared_cert"]
    assert "key" not in shared
    assert client.get("/cert/list/") == []
    assert client.one("/site/update/", id=site.id, cert=shared["id"])["cert"] == shared["id"]
    body = f'[{{"id": "{shared["id"]}"}}]'.encode()
    assert client.ask("POST", "/cert/delete/", body).status == 404


# Sites


def test_a_domain_is_on_one_site_at_most(client: Client, account: Account, app: App) -> None:
    """A second site with it is refused, also in the same request; with another it is made."""
    first = account.add_site("blog", ["example.com"], {"/": app})
    wrong = client.refusal("/site/create/", new_site(account, app, "a.example", "example.com"))
    assert set(wrong[0]) == {"domains"}
    new = [new_site(account, app, "a.example", name=name) for name in ("one", "two")]
    assert client.refusal("/site/create/", *new)[0] == {}
    made = client.one("/site/create/", **new_site(account, app, "b.example"))
    domains = [*made["domains"], *first.domains]
    assert "domains" in client.refusal("/site/update/", {"id": made["id"], "domains": domains})[0]


def test_a_domain_has_to_be_a_valid_hostname(client: Client, account: Account, app: App) -> None:
    """One that only holds DNS records can't be on a site."""
    odd = new_site(account, app, "_acme-challenge.example.com")
    assert "domains" in client.refusal("/site/create/", odd)[0]
    client.one("/site/create/", **new_site(account, app, "example.com"))


def test_sites_are_unique_on_their_server(
    client: Client, account: Account, app: App, site: Site
) -> None:
    """A second of one name is refused; the server follows from the address."""
    new = new_site(account, app, "a.example")
    assert "name" in client.refusal("/site/create/", {**new, "name": site.name})[0]
    assert client.one("/site/create/", **new)["server"] == account.server.id


@pytest.mark.parametrize("needs", [True, False])
def test_a_site_may_need_an_address(
    client: Client, account: Account, switches: Switches, app: App, needs: bool
) -> None:
    """Without any it is refused, or gets the primary one."""
    switches.needs_ip = needs
    new = new_site(account, app, "a.example", ip4=None)
    if needs:
        assert "ip4" in client.refusal("/site/create/", new)[0]
    else:
        assert client.one("/site/create/", **new)["ip4"] == account.ip.id


@pytest.mark.parametrize(
    ("routes", "wrong"),
    [
        ([{"uri": "/"}], {"app": ["This field is required."]}),
        ([{"app": NOWHERE}], {"app": [f'Invalid pk "{NOWHERE}" - object does not exist.']}),
        ({}, ['Expected a list of items but got type "dict".']),
    ],
)
def test_routes_are_checked(client: Client, site: Site, routes: Any, wrong: Any) -> None:
    """The site keeps those that it has."""
    update = {"id": site.id, "routes": routes}
    assert client.refusal("/site/update/", update) == [{"routes": wrong}]
    assert len(client.get(f"/site/read/{site.id}")["routes"]) == 1


def test_routes_are_replaced_whole(client: Client, account: Account, site: Site) -> None:
    """Those sent are all that there are, with new uuids, and ``/`` where nothing is said."""
    acme = account.add_app("acme")
    routes = [{"app": acme.id, "uri": "/.well-known/acme-challenge"}, {"app": acme.id}]
    changed = client.one("/site/update/", id=site.id, routes=routes)
    assert [each["uri"] for each in changed["routes"]] == ["/.well-known/acme-challenge", "/"]
    assert len({each["id"] for each in changed["routes"]} | {site.routes[0].id}) == 3


def test_a_site_holds_so_many_challenge_tokens(client: Client, site: Site) -> None:
    """128, each as long; one more of either is refused."""
    field = "le_http_challenge_tokens"
    tokens = ["t" * 128] * 128
    assert client.one("/site/update/", id=site.id, **{field: tokens})[field] == tokens
    for wrong in ([*tokens, "t"], ["t" * 129]):
        assert set(client.refusal("/site/update/", {"id": site.id, field: wrong})[0]) == {field}


def test_an_update_is_partial(client: Client, account: Account, site: Site) -> None:
    """What is left out keeps its value, and what the API does not know is passed over."""
    cert = account.add_cert("blog", "example.com")
    before = client.get(f"/site/read/{site.id}")
    changed = client.one("/site/update/", id=site.id, cert=cert.id, server=NOWHERE, colour="red")
    assert changed == {**before, "cert": cert.id}


def test_the_host_issues_for_its_sites(account: Account, app: App, site: Site) -> None:
    """For those with ``generate_le``, all their names; again under the same uuid."""
    managed = account.add_site("shop", ["a.example", "b.example"], {"/": app}, generate_le=True)
    account.issue_letsencrypt()
    now = account.find("site", managed.id).thing
    issued: Cert = account.find("cert", now.cert).thing
    assert issued.is_opalstack_letsencrypt
    assert issued.listed_domains == ("a.example", "b.example")
    assert account.find("site", site.id).thing.cert is None
    account.switches.cert_update_reloads = False
    account.issue_letsencrypt()
    assert account.served().certs[issued.id] == account.find("cert", issued.id).thing
    assert account.find("site", managed.id).thing == now
    assert account.find("cert", issued.id).thing.cert != issued.cert


@pytest.mark.parametrize("refuses", [False, True])
def test_the_hosts_own_issuance_wins(
    client: Client, account: Account, switches: Switches, site: Site, refuses: bool
) -> None:
    """A certificate set while it is on is overwritten, or refused; with it turned off, it stays."""
    switches.refuses_cert_with_le = refuses
    client.one("/site/update/", id=site.id, generate_le=True)
    account.issue_letsencrypt()
    ours = account.add_cert("ours", "example.com")
    update = {"id": site.id, "cert": ours.id}
    if refuses:
        assert "cert" in client.refusal("/site/update/", update)[0]
    else:
        client.one("/site/update/", **update)
    account.issue_letsencrypt()
    assert account.find("site", site.id).thing.cert != ours.id
    client.one("/site/update/", **update, generate_le=False)
    account.issue_letsencrypt()
    assert account.find("site", site.id).thing.cert == ours.id


# Deleting


@pytest.mark.parametrize("guards", [True, False])
@pytest.mark.parametrize("kind", ["cert", "domain", "app", "osuser"])
def test_what_is_in_use_may_be_guarded(
    client: Client, account: Account, switches: Switches, site: Site, kind: str, guards: bool
) -> None:
    """It can't be deleted, or what refers to it loses it; what is not in use can be."""
    cert = account.add_cert("blog", "example.com")
    site = replace(site, cert=cert.id)
    client.one("/site/update/", id=site.id, cert=cert.id)
    used = {
        "cert": cert.id,
        "domain": site.domains[0],
        "app": site.routes[0].app,
        "osuser": account.osuser.id,
    }
    spare = {
        "cert": account.add_cert("blog", "example.com").id,
        "domain": account.add_domain("spare.example").id,
        "app": account.add_app("spare").id,
        "osuser": account.add_osuser("spare").id,
    }
    client.post(f"/{kind}/delete/", [{"id": spare[kind]}])
    if guards:
        wrong = client.refusal(f"/{kind}/delete/", {"id": used[kind]})
        assert set(wrong[0]) == {"non_field_errors"}
        return
    switches.guarded = frozenset()
    client.post(f"/{kind}/delete/", [{"id": used[kind]}])
    now = client.get(f"/site/read/{site.id}")
    lost = {"cert": "cert", "domain": "domains", "app": "routes", "osuser": "routes"}
    assert not now[lost[kind]]


# The host's own check


@pytest.mark.parametrize("in_order", [True, False])
def test_the_hosts_check_tells_of_sites(
    client: Client, account: Account, switches: Switches, site: Site, in_order: bool
) -> None:
    """Whether http on a name reaches a site; the order may not be that of the question."""
    switches.checks_in_order = in_order
    reached = [site.domains[0], *(account.add_domain(f"{n}.example").id for n in "abc")]
    expected = [domain == site.domains[0] for domain in reached]
    for asked in (reached, reached[::-1]):
        answer = client.post("/dnscheck/le_challenge_check/", {"domains": asked})
        by_uuid = [domain == site.domains[0] for domain in sorted(asked)]
        order = expected if asked is reached else expected[::-1]
        assert answer == {"challenges": order if in_order else by_uuid}


def test_the_hosts_check_knows_its_domains(client: Client, site: Site) -> None:
    """Another uuid is refused; a site at another address is not reached."""
    path = "/dnscheck/le_challenge_check/"
    reply = client.ask("POST", path, f'{{"domains": ["{NOWHERE}"]}}'.encode())
    assert (reply.status, set(reply.json)) == (400, {"domains"})
    asked = {"domains": list(site.domains), "ip4s": [NOWHERE]}
    assert client.post(path, asked) == {"challenges": [False]}


def test_notices_have_no_quotation_marks(client: Client) -> None:
    """Others are kept and can be changed and deleted."""
    assert "content" in client.refusal("/notice/create/", {"content": 'say "hello"'})[0]
    notice = client.one("/notice/create/", content="hello", type="M")
    assert client.one("/notice/update/", id=notice["id"], content="bye")["content"] == "bye"
    client.post("/notice/delete/", [{"id": notice["id"]}])
    assert client.get("/notice/list/") == []
