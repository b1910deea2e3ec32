"""``certbot-webfaction status``: one table for the account, and an object for scripts."""

from __future__ import annotations

import json
import re
import resource
from pathlib import Path
from typing import Any

from tests.e2e import command
from tests.e2e.scenes import add_certificate, add_site, install
from tests.e2e.ten_websites import set_scene, status_screen
from tests.lineages.writing import write_lineage
from tests.sandbox.sandbox import Sandbox


def test_ten_websites_fit_a_terminal_and_those_out_of_step_stand_out(sandbox: Sandbox) -> None:
    """One line per domain within 80 columns; rows out of step are marked, and explained below."""
    set_scene(sandbox)
    before = len(sandbox.api.calls)
    lines = status_screen(sandbox, NO_COLOR="1").splitlines()
    assert sandbox.api.calls.methods()[before:] == [
        *("login", "list_websites", "list_certificates", "list_apps")
    ]
    assert lines[0] == "alice on web500: 12 domains, 3 out of step"
    table = lines[2:15]
    assert [line[:20].rstrip() for line in table] == [
        "  DOMAIN",
        "  example.com",
        "  www.example.com",
        "  api.example.com",
        "  blog.example.com",
        "  photos.example.com",
        "! shop.example.com",
        "! wiki.example.com",
        "  club.example.net",
        "  draft.example.net",
        "  forum.example.org",
        "  news.example.org",
        "! press.example.org",
    ]
    assert all(len(line) <= 80 for line in table)
    rows = {line[2:20].strip(): line[20:].split() for line in table}
    assert rows["www.example.com"] == [
        *("mysite", "letsencrypt", "example.com", "86", "d", "yes", "56", "d")
    ]
    assert rows["draft.example.net"] == ["draft,", "-", "draft", *("-",) * 4]
    assert re.fullmatch(  # a day less where midnight came after it was made
        "club club bought_2026 36[45] d yes -", " ".join(rows["club.example.net"])
    )
    assert rows["shop.example.com"][-3:] == ["other", "58", "d"]
    below = " ".join("\n".join(lines[15:]).split())
    assert "! shop.example.com: visitors get a certificate for shop.example.com that" in below
    assert "! wiki.example.com: the lineage wiki.example.com was renewed, but the panel" in below
    assert "`certbot renew` uploads it." in below
    assert "--expand -d news.example.org -d press.example.org`" in below

    coloured = status_screen(sandbox).splitlines()
    assert coloured[8].startswith("\x1b[31m! shop.example.com")
    assert coloured[8].endswith("\x1b[0m")
    assert coloured[7].startswith("  photos.example.com")


def test_nothing_is_cut_or_coloured_where_there_is_no_terminal(sandbox: Sandbox) -> None:
    """In a pipe the table is as wide as it has to be."""
    name = "a-rather-long-name-for-a-shop.example.com"
    add_site(sandbox, "shop", name, f"www.{name}")
    write_lineage(sandbox.config_dir, name, name, f"www.{name}")
    install(sandbox, name, "--no-redirect")
    output = command.run(sandbox, "status").stdout
    assert f"www.{name}  shop     shop  {name}  364 d  yes" in output
    assert "\x1b" not in output
    narrow = command.run_in_terminal(sandbox, "status", env={"NO_COLOR": "1"})
    assert f"  {name[:5]}…  " in narrow
    assert f"\n  www.{name[:20]}" in narrow, "a domain is cut last"
    assert max(map(len, narrow.splitlines())) <= 80


def test_json_has_the_documented_keys(sandbox: Sandbox) -> None:
    """Everything of the table, in keys that stay; what there is none of is null."""
    add_site(sandbox, "shop", "shop.example.com")
    add_site(sandbox, "blog", "blog.example.com")
    write_lineage(sandbox.config_dir, "shop.example.com", "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    blog, shop = _json(sandbox)["domains"]
    assert blog == {
        "domain": "blog.example.com",
        "http_website": "blog",
        "https_website": None,
        "challenge_app": "blog",
        "challenge_mount": "/",
        "certificate": None,
        "keeper": None,
        "served": None,
        "lineage": None,
        "in_step": True,
        "problems": [],
    }
    fingerprint = sandbox.served("shop.example.com").fingerprint
    expires = sandbox.host.snapshot().certificates[0].expiry_date
    assert shop["certificate"] == {
        "name": "shop_example_com",
        "expires": expires,
        "fingerprint": fingerprint,
    }
    assert shop["keeper"] == "certbot"
    assert shop["served"] == {
        "fingerprint": fingerprint,
        "description": f"a certificate for shop.example.com that expires on {expires}",
    }
    renews = shop["lineage"].pop("renews")
    assert renews < shop["lineage"].pop("expires")[: len(renews)]
    assert shop["lineage"] == {
        "name": "shop.example.com",
        "fingerprint": fingerprint,
        "authenticator": "webfaction",
        "installer": "webfaction",
    }
    assert (shop["in_step"], shop["problems"]) == (True, [])

    write_lineage(sandbox.config_dir, "shop.example.com", "shop.example.com", number=2)
    whole = _json(sandbox)
    assert (whole["version"], whole["problems"]) == (1, [])
    assert whole["account"] == {"username": "alice", "web_server": sandbox.host.web_server}
    shop = whole["domains"][1]
    assert shop["in_step"] is False
    assert [sorted(problem) for problem in shop["problems"]] == [["kind", "remedy", "text"]]
    assert shop["problems"][0]["kind"] == "not-uploaded"


def _json(sandbox: Sandbox) -> dict[str, Any]:
    done = command.run(sandbox, "status", "--json")
    assert done.returncode == 0, done.stderr
    whole: dict[str, Any] = json.loads(done.stdout)
    return whole


def test_nothing_is_changed_and_damaged_documents_are_said(sandbox: Sandbox) -> None:
    """Neither panel nor documents change, even where a document can't be read."""
    add_site(sandbox, "shop", "shop.example.com")
    write_lineage(sandbox.config_dir, "shop.example.com", "shop.example.com")
    install(sandbox, "shop.example.com", "--no-redirect")
    folder = next((sandbox.config_dir / "webfaction").iterdir())
    (folder / "journal.json").write_text("no journal")
    before = sandbox.host.snapshot(), _texts(folder)
    output = command.run(sandbox, "status").stdout
    assert (sandbox.host.snapshot(), _texts(folder)) == before
    assert f"! {folder / 'journal.json'} is damaged (JSONDecodeError: " in output
    assert "  The next `certbot renew` keeps it aside, and rebuilds it" in output
    quiet = command.run(sandbox, "status", "-q").stdout
    assert "DOMAIN" not in quiet
    assert "is damaged" in quiet


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_an_account_without_websites_and_documents_gets_none_from_looking(sandbox: Sandbox) -> None:
    """A first look at a new account leaves no folder behind."""
    done = command.run(sandbox, "status")
    assert done.returncode == 0
    assert done.stdout.startswith(f"alice on {sandbox.host.web_server}: 0 domains, all in step\n")
    assert not (sandbox.config_dir / "webfaction").exists()


def test_a_refused_login_is_one_message(sandbox: Sandbox) -> None:
    """As everywhere: what happened, what to do, exit status 1."""
    text = sandbox.credentials.read_text()
    sandbox.credentials.write_text(text.replace("battery", "battle"))
    done = command.run(sandbox, "status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        'certbot-webfaction status: WebFaction refused the login of "alice".'
    )


def test_domains_are_not_looked_at_where_the_wait_is_zero(sandbox: Sandbox) -> None:
    """`--webfaction-wait 0` says that from here nothing can be seen."""
    add_certificate(sandbox, "bought", "shop.example.com")
    add_site(sandbox, "shop", "shop.example.com", https=True, certificate="bought")
    # A day less where midnight came after it was made.
    unseen = command.run(sandbox, "status", "--webfaction-wait", "0").stdout
    assert re.search(r"bought       36[45] d  \?       -", unseen)
    assert re.search(r"bought       36[45] d  yes     -", command.run(sandbox, "status").stdout)


def _seconds_of_children() -> float:
    """Processor time of all programs that this process has waited for, such as the command."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_300_websites_take_less_than_five_seconds_and_four_calls(sandbox: Sandbox) -> None:
    """At 100 ms per call of the API, with each domain looked at.

    Its own time is the processor's: the clock would measure what else this machine does. That it
    does not idle beside, asking many domains at a time, is in `tests.web.test_served`.
    """
    host = sandbox.host
    listeners, host.listeners = host.listeners, []  # all changes at once
    host.add_app("site", "static_only")
    for number in range(300):
        domain = f"site{number}.example.com"
        write_lineage(sandbox.config_dir, domain, domain)
        live = sandbox.config_dir / "live" / domain
        leaf, key, chain = (
            (live / f"{kind}.pem").read_text() for kind in ("cert", "privkey", "chain")
        )
        host.add_certificate(f"site{number}", leaf, key, chain)
        mounts = (("site", "/"),)
        host.add_website(f"site{number}", (domain,), mounts)
        host.add_website(f"site{number}", (domain,), mounts, True, f"site{number}")
    host.listeners = listeners
    sandbox.front_end.changed(host)
    sandbox.front_end.wait_applied()
    sandbox.api.latency = 0.1
    before = _seconds_of_children()
    done = command.run(sandbox, "status")
    taken = _seconds_of_children() - before + 0.1 * len(sandbox.api.calls)
    assert done.returncode == 0
    assert sandbox.api.calls.methods() == [
        *("login", "list_websites", "list_certificates", "list_apps")
    ]
    assert done.stdout.count("  yes     ") == 300
    assert taken < 5
