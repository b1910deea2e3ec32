"""Objects are pending for a while after each change; files and servers follow."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.sandbox.opalstack.account import Account, InvalidError, NotFoundError
from tests.sandbox.opalstack.client import Client
from tests.sandbox.opalstack.conftest import Clock
from tests.sandbox.opalstack.switches import Switches


@pytest.fixture
def switches() -> Switches:
    """A host on which everything takes ten seconds."""
    return Switches(ready_seconds=10)


def states(client: Client, clock: Clock, kind: str, item: Any) -> list[str]:
    """The states that an object says it has right now and ten seconds later."""
    seen = []
    for seconds in (0, 9, 1):
        clock.seconds += seconds
        read = client.get(f"/{kind}/read/{item['id']}")
        assert read["ready"] == (read["state"] == "READY")
        seen.append(read["state"])
    return seen


def test_objects_are_pending_after_each_change(client: Client, clock: Clock) -> None:
    """From its answer until the seconds are over; a deleted one is found until then."""
    domain = client.one("/domain/create/", name="example.com")
    assert (domain["state"], domain["ready"]) == ("PENDING_CREATE", False)
    pending = ["PENDING_CREATE", "PENDING_CREATE", "READY"]
    assert states(client, clock, "domain", domain) == pending
    content = {"domain": domain["id"], "type": "TXT", "content": "x"}
    record = client.one("/dnsrecord/create/", **content)
    assert states(client, clock, "dnsrecord", record) == pending
    record = client.one("/dnsrecord/update/", id=record["id"], content="y")
    assert (record["state"], record["content"]) == ("PENDING_UPDATE", "y")
    assert states(client, clock, "dnsrecord", record)[1:] == ["PENDING_UPDATE", "READY"]
    client.post("/dnsrecord/delete/", [{"id": record["id"]}])
    assert client.get(f"/dnsrecord/read/{record['id']}")["state"] == "PENDING_DELETE"
    clock.seconds += 10
    assert client.ask("GET", f"/dnsrecord/read/{record['id']}").status == 404


def test_what_is_being_deleted_cannot_be_changed(client: Client, clock: Clock) -> None:
    """Nor deleted again; it goes when it is due."""
    domain = client.one("/domain/create/", name="example.com")
    clock.seconds += 10
    record = client.one("/dnsrecord/create/", domain=domain["id"], type="TXT", content="x")
    clock.seconds += 10
    client.one("/dnsrecord/update/", id=record["id"], content="y")
    client.post("/dnsrecord/delete/", [{"id": record["id"]}])
    for verb in ("update", "delete"):
        wrong = client.refusal(f"/dnsrecord/{verb}/", {"id": record["id"], "content": "z"})
        assert set(wrong[0]) == {"non_field_errors"}
    client.post("/domain/delete/", [{"id": domain["id"]}])
    clock.seconds += 10
    assert client.get("/dnsrecord/list/") == client.get("/domain/list/") == []


def test_what_is_being_deleted_still_uses_what_it_refers_to(
    client: Client, clock: Clock, account: Account, switches: Switches
) -> None:
    """Its certificate can't be deleted before it is gone; unguarded it can, and it goes as well."""
    cert = account.add_cert("blog", "example.com")
    routes = {"/": account.add_app("blog")}
    site = account.add_site("blog", ["example.com"], routes, cert=cert.id)
    client.post("/site/delete/", [{"id": site.id}])
    assert client.refusal("/cert/delete/", {"id": cert.id})
    switches.guarded = frozenset()
    client.post("/cert/delete/", [{"id": cert.id}])
    assert client.get(f"/site/read/{site.id}")["state"] == "PENDING_DELETE"
    clock.seconds += 10
    assert client.get("/site/list/") == []


@pytest.mark.parametrize("kind", ["cert", "token", "notice", "server", "ip"])
def test_some_kinds_have_no_state(client: Client, account: Account, kind: str) -> None:
    """Certificates and the like are there at once, and say nothing of being ready."""
    account.add_cert("blog", "example.com")
    account.create("notice", [{"content": "hello"}])
    listed = client.get(f"/{kind}/list/")
    for item in listed["web_servers"] if kind == "server" else listed:
        assert item
        assert not {"state", "ready"} & set(item)


def test_kinds_may_take_their_own_time(
    client: Client, clock: Clock, account: Account, switches: Switches
) -> None:
    """Where a kind is named, its seconds count and not those of all."""
    switches.ready_seconds_of = {"app": 0, "domain": math.inf}
    app = client.one("/app/create/", name="a", osuser=account.osuser.id, type="STA")
    domain = client.one("/domain/create/", name="example.com")
    assert app["ready"]
    clock.seconds += 10**9
    assert not client.get(f"/domain/read/{domain['id']}")["ready"]


@pytest.mark.parametrize("strict", [True, False])
def test_a_pending_object_cannot_be_referred_to(
    client: Client, clock: Clock, switches: Switches, strict: bool
) -> None:
    """Unless the switch is off; when it is ready it can."""
    switches.dependency_must_be_ready = strict
    domain = client.one("/domain/create/", name="example.com")
    record = {"domain": domain["id"], "type": "A", "content": "192.0.2.1"}
    if strict:
        assert "domain" in client.refusal("/dnsrecord/create/", record)[0]
    else:
        client.one("/dnsrecord/create/", **record)
    clock.seconds += 10
    client.one("/dnsrecord/create/", **record)


def test_directories_come_and_go_with_readiness(account: Account, clock: Clock) -> None:
    """An app's is there when it is ready, and until it is gone."""
    [app] = account.create("app", [{"name": "a", "osuser": account.osuser.id, "type": "STA"}])
    directory = account.home_of(account.osuser) / "apps/a"
    assert account.directory(app) == directory
    assert not directory.exists()
    clock.seconds += 10
    assert account.find("app", app.id)
    assert directory.is_dir()
    account.delete("app", [{"id": app.id}])
    assert directory.is_dir()
    clock.seconds += 10
    with pytest.raises(NotFoundError):
        account.find("app", app.id)
    assert not directory.exists()


def test_a_directory_that_its_user_removed_stays_away(account: Account) -> None:
    """Nothing that is done with the account brings it back, but an app of that name does."""
    app = account.add_app("a")
    account.directory(app).rmdir()
    account.add_domain("example.com")
    assert not account.directory(app).exists()
    with account.settled():
        account.delete("app", [{"id": app.id}])
    assert account.directory(account.add_app("a")).is_dir()


def test_an_app_with_an_installer_waits_for_it(client: Client, clock: Clock) -> None:
    """It is pending until its script says that it is installed, however long that takes."""
    [osuser] = client.get("/osuser/list/")
    url = "https://installer.example/setup.sh"
    new = {"osuser": osuser["id"], "type": "CUS", "installer_url": url}
    app, other = client.post("/app/create/", [{"name": name, **new} for name in "ab"])
    clock.seconds += 10**6
    client.post("/app/failed/", [{"id": other["id"]}])
    assert not client.get(f"/app/read/{app['id']}")["ready"]
    client.post("/app/installed/", [{"id": app["id"]}])
    assert client.get(f"/app/read/{app['id']}")["ready"]
    assert not client.get(f"/app/read/{other['id']}")["ready"]
    client.one("/app/update/", id=app["id"], json={"gzip": True})
    clock.seconds += 10
    assert client.get(f"/app/read/{app['id']}")["ready"]


def test_a_scene_is_ready_and_served_at_once(account: Account, switches: Switches) -> None:
    """What tests add is as if it had long been there, and only that."""
    switches.served_seconds = 5
    site = account.add_site("blog", ["example.com"], {"/": account.add_app("blog")})
    assert account.find("site", site.id).is_ready(account.now())
    assert account.served().sites == (site,)
    account.update("site", [{"id": site.id, "redirect": True}])
    assert not account.find("site", site.id).is_ready(account.now())


def test_the_host_issues_for_ready_sites(account: Account, clock: Clock) -> None:
    """One that is pending gets its certificate at the next issuance."""
    site = account.add_site("blog", ["example.com"], {"/": account.add_app("blog")})
    account.update("site", [{"id": site.id, "generate_le": True}])
    for seconds, count in ((0, 0), (10, 1)):
        clock.seconds += seconds
        account.issue_letsencrypt()
        certs = [cert for cert in account.things("cert") if cert.is_opalstack_letsencrypt]
        assert len(certs) == count


def test_the_servers_follow_after_ready(account: Account, clock: Clock, switches: Switches) -> None:
    """A change is served the seconds after it is ready, also a deletion; a refused one never."""
    switches.served_seconds = 5
    site = account.add_site("blog", ["example.com"], {"/": account.add_app("blog")})
    account.update("site", [{"id": site.id, "redirect": True}])
    with pytest.raises(InvalidError):
        account.update("site", [{"id": site.id, "disabled": "perhaps"}])
    assert account.next_due(clock()) == clock() + 10
    clock.seconds += 14
    assert not account.served().sites[0].redirect
    clock.seconds += 1
    assert account.served().sites[0].redirect
    account.delete("site", [{"id": site.id}])
    clock.seconds += 14
    assert account.served().sites
    clock.seconds += 1
    assert not account.served().sites
    assert account.next_due(clock()) is None


def test_a_change_on_top_of_another_keeps_the_old_one_served(
    account: Account, clock: Clock, switches: Switches
) -> None:
    """Two changes in a row are served when the second is due."""
    switches.served_seconds = 5
    site = account.add_site("blog", ["example.com"], {"/": account.add_app("blog")})
    account.update("site", [{"id": site.id, "name": "second"}])
    clock.seconds += 12
    account.update("site", [{"id": site.id, "name": "third"}])
    clock.seconds += 14
    assert account.served().sites[0].name == "blog"
    clock.seconds += 1
    assert account.served().sites[0].name == "third"


def test_a_state_can_be_held_again(account: Account) -> None:
    """`restore` brings back what `snapshot` had, whatever was done in between."""
    site = account.add_site("blog", ["example.com"], {"/": account.add_app("blog")})
    before = account.snapshot()
    with account.settled():
        account.delete("site", [{"id": site.id}])
        account.delete("app", [{"id": site.routes[0].app}])
    assert account.things("site") == account.things("app") == []
    account.restore(before)
    assert account.things("site") == [site]
    [app] = account.things("app")
    assert account.directory(app).is_dir()


def test_listeners_are_told_after_each_change(account: Account) -> None:
    """Once the change is there to be seen, and not of what was refused."""
    seen: list[int] = []
    account.listeners.append(lambda: seen.append(len(account.things("domain"))))
    account.add_domain("example.com")
    with pytest.raises(InvalidError):
        account.create("domain", [{"name": "example.net"}, {"name": "x"}])
    assert seen == [1]


def test_secrets_are_in_no_repr(account: Account) -> None:
    """Of keys, tokens and passwords; names are."""
    cert = account.add_cert("blog", "example.com")
    shown = repr(account.snapshot())
    assert cert.name in shown
    for secret in ("PRIVATE KEY", account.token.key[:20], account.osuser.password):
        assert secret not in shown.replace(f"'{account.token.key}': Entry", "")
