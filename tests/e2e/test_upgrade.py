"""From version 0.1.0: its documents are carried over, and its checkpoints can be rolled back to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.scenes import add_site, website_names
from tests.sandbox.sandbox import Sandbox

RUN = ("run", "-a", "webfaction", "-i", "webfaction")
SHOP = "shop.example.com"


def as_version_1(wanted: dict[str, Any]) -> dict[str, Any]:
    """What 0.1.0 would have written for the same."""
    names = {site["source"]["lineage"]: key for key, site in wanted["sites"].items()}
    named = {lineage: lineage.replace(".", "_") for lineage in names}
    return {
        "version": 1,
        "certificates": {
            name: {"lineage": lineage, "leaf": "", "key": "", "chain": ""}
            for lineage, name in named.items()
        },
        "websites": {
            key: {
                "certificate": named[site["source"]["lineage"]],
                "domains": site["names"],
                "made_from": site["made_from"],
            }
            for key, site in wanted["sites"].items()
        },
        "redirects": list(wanted["redirects"]),
    }


def downgrade(path: Path) -> None:
    """Let 0.1.0 have written a document *wanted*."""
    path.write_text(json.dumps(as_version_1(json.loads(path.read_text()))))


def kept(sandbox: Sandbox) -> list[Path]:
    """What certbot's checkpoints keep of *wanted*, the oldest first."""
    return sorted((sandbox.config_dir.parent / "work" / "backups").glob("*/wanted.json_*"))


def test_a_rollback_over_the_upgrade_brings_back_what_a_checkpoint_of_0_1_0_kept(
    sandbox: Sandbox,
) -> None:
    """First the redirect, then the installation: certbot restores documents of version 1."""
    add_site(sandbox, "shop", SHOP)
    before = sandbox.host.snapshot()
    sandbox.certbot(*RUN, "-d", SHOP)
    assert len(kept(sandbox)) == 2
    for path in kept(sandbox):
        downgrade(path)
    sandbox.certbot("rollback", "-i", "webfaction")
    sandbox.front_end.wait_applied()
    assert sandbox.http(SHOP).text == "page of shop"
    assert sandbox.fetch_verified(SHOP).text == "page of shop"
    sandbox.certbot("rollback", "-i", "webfaction")
    after = sandbox.host.snapshot()
    assert (after.websites, after.apps) == (before.websites, before.apps)


def test_an_idle_renewal_after_the_upgrade_changes_nothing(sandbox: Sandbox) -> None:
    """*Wanted* of version 1 is what it was; the neighbour: one that lacks the website is undone."""
    add_site(sandbox, "shop", SHOP)
    sandbox.certbot(*RUN, "--no-redirect", "-d", SHOP)
    (wanted,) = sandbox.config_dir.glob("webfaction/*/wanted.json")
    downgrade(wanted)
    before = sandbox.host.snapshot()
    sandbox.certbot("renew")
    assert sandbox.host.snapshot() == before
    wanted.write_text(json.dumps({**as_version_1({"sites": {}, "redirects": []})}))
    sandbox.certbot("renew")
    assert website_names(sandbox, https=True) == []
