"""``python -I flows.py URL TOKEN FLOW``: what users of the host's official client do with it.

It runs in a virtual environment of its own which has that client: see `judge`. The flows are those
that the client's own tests go through. Any deviation ends it with a traceback.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import opalstack
import opalstack.api

Item = dict[str, Any]


@contextmanager
def made(manager: Any, item: Item) -> Iterator[Item]:
    """Something that is there for a while, and gone afterwards."""
    created = manager.create_one(item)
    yield created
    manager.delete_one(created)
    key = manager.primary_key
    assert created[key] not in [each[key] for each in manager.list_all()]


def same(answer: Item, **wanted: Any) -> None:
    """Hold an answer against what it has to say."""
    assert answer == {**answer, **wanted}, (sorted(answer), wanted)


def read_again(manager: Any, item: Item) -> None:
    """It is listed once, and read by its identifier."""
    key = manager.primary_key
    assert [each[key] for each in manager.list_all()].count(item[key]) == 1
    assert manager.read(item[key])[key] == item[key]


def osuser(api: Any) -> Item:
    """A user on the first web server."""
    return {"server": api.servers.list_all()["web_servers"][0]["id"], "name": "judge"}


def servers(api: Any) -> None:
    """The servers of each kind are listed and can be read."""
    listed = api.servers.list_all()
    for kind in ("web", "imap", "smtp"):
        for server in listed[f"{kind}_servers"]:
            assert server["hostname"]
            same(api.servers.read(server["id"]), **server)


def here(api: Any) -> None:
    """The client finds the machine and user that it runs as, and the machine's address."""
    server = api.get_current_server()
    assert api.get_current_primary_ip()["server"] == server
    assert api.get_current_osuser()["server"] == server


def tokens(api: Any) -> None:
    """A token is made, renamed and deleted, by its key."""
    with made(api.tokens, {"name": "one_name"}) as token:
        same(token, name="one_name")
        read_again(api.tokens, token)
        key = token["key"]
        same(api.tokens.update_one({"key": key, "name": "another"}), key=key, name="another")


def osusers(api: Any) -> None:
    """A user is made, with its server embedded where wanted, and gets another password."""
    wanted = osuser(api)
    with made(api.osusers, wanted) as user:
        same(user, **wanted)
        assert user["default_password"]
        read_again(api.osusers, user)
        for each in api.osusers.list_all(embed=["server"]):
            assert each["server"]["hostname"]
        same(api.osusers.update_one({"id": user["id"], "password": "p" * 32}), id=user["id"])


def apps(api: Any) -> None:
    """An app is made, with its user embedded where wanted, and gets other settings."""
    with made(api.osusers, osuser(api)) as user:
        wanted = {"name": "judged", "osuser": user["id"], "type": "STA"}
        with made(api.apps, wanted) as app:
            same(app, **wanted)
            read_again(api.apps, app)
            for each in api.apps.list_all(embed=["osuser"]):
                assert each["osuser"]["name"]
            changed = api.apps.update_one({"id": app["id"], "json": {"php_version": 74}})
            same(changed, id=app["id"])
            same(changed["json"], php_version=74)


def domains(api: Any) -> None:
    """A domain is made and deleted."""
    with made(api.domains, {"name": "judged.example"}) as domain:
        same(domain, name="judged.example")
        read_again(api.domains, domain)


def dnsrecords(api: Any) -> None:
    """A record is made with the defaults of what is left out, and gets another content."""
    with made(api.domains, {"name": "judged.example"}) as domain:
        wanted = {"domain": domain["id"], "type": "A", "content": "192.0.2.1"}
        with made(api.dnsrecords, wanted) as record:
            same(record, **wanted)
            read_again(api.dnsrecords, record)
            for each in api.dnsrecords.list_all(embed=["domain"]):
                assert each["domain"]["name"]
                assert each["priority"] >= 0
                assert each["ttl"] >= 300
            changed = api.dnsrecords.update_one({"id": record["id"], "content": "192.0.2.2"})
            same(changed, id=record["id"], content="192.0.2.2")


def certs(api: Any) -> None:
    """A certificate comes back as it was sent, is renamed, and another of its name is no bar."""
    pem = {name: Path(f"{name}.pem").read_text().strip() for name in ("cert", "chain", "key")}
    wanted = {
        "name": "judged",
        "cert": pem["cert"],
        "intermediates": pem["chain"],
        "key": pem["key"],
    }
    with made(api.certs, wanted) as cert, made(api.certs, wanted) as other:
        same(cert, **wanted)
        assert cert["id"] != other["id"]
        read_again(api.certs, cert)
        changed = api.certs.update_one({"id": cert["id"], "name": "renamed"})
        same(changed, **{**cert, "name": "renamed"})
        toretain, todelete, tocreate = api.certs.check_ensure([wanted])
        assert other["id"] in [each["id"] for each in toretain]
        assert (todelete, tocreate) == ([], [])


def sites(api: Any) -> None:
    """A site is made with all that it needs, with its apps embedded where wanted, and renamed."""
    with made(api.osusers, osuser(api)) as user, made(api.domains, {"name": "a.example"}) as domain:
        [ip] = [
            each
            for each in api.ips.list_all()
            if each["server"] == user["server"] and each["primary"]
        ]
        app = {"name": "judged", "osuser": user["id"], "type": "STA"}
        with made(api.apps, app) as app:
            wanted = {"name": "judged", "ip4": ip["id"], "domains": [domain["id"]]}
            route = {"app": app["id"], "uri": "/"}
            with made(api.sites, {**wanted, "routes": [route]}) as site:
                same(site, **wanted)
                same(site["routes"][0], **route)
                read_again(api.sites, site)
                for each in api.sites.list_all(embed=["app"]):
                    assert each["routes"][0]["app"]["name"]
                changed = api.sites.update_one({"id": site["id"], "name": "renamed"})
                same(changed, **wanted | {"name": "renamed"})


FLOWS: dict[str, Callable[[Any], None]] = {
    flow.__name__: flow
    for flow in (servers, here, tokens, osusers, apps, domains, dnsrecords, certs, sites)
}


def main() -> None:
    """Go through one flow."""
    url, token, flow = sys.argv[1:]
    opalstack.api.API_URL = url
    wait = time.sleep
    # The client waits five seconds before each look.
    time.sleep = lambda seconds: wait(float(seconds) / 50)
    FLOWS[flow](opalstack.Api(token))


if __name__ == "__main__":
    main()
