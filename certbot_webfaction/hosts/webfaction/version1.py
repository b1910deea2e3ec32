"""Documents that version 0.1.0 wrote, when WebFaction was the only host."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from certbot_webfaction.names import a_label
from certbot_webfaction.panel.model import Change


def carry_over(name: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content of a document of version 1 as one of version 2.

    :param name: ``wanted`` or ``journal``
    :raises KeyError, TypeError, AttributeError: if it is none
    """
    return _wanted(content) if name == "wanted" else {"changes": _changes(content)}


def _wanted(content: dict[str, Any]) -> dict[str, Any]:
    certificates = content.get("certificates", {})
    return {
        "sites": {
            name: {
                "source": certificates[website["certificate"]],
                "names": website["domains"],
                "made_from": website.get("made_from", ""),
                "label": f"https website {name}",
            }
            for name, website in content.get("websites", {}).items()
        },
        "redirects": {name: f"http website {name}" for name in content.get("redirects", [])},
    }


def _changes(content: dict[str, Any]) -> list[dict[str, Any]]:
    """All of a journal, in an order whose reverse undoes it: an app before its mounts."""
    changes = [
        *_certificates(content),
        *_https_sites(content),
        *_redirects(content),
        *_apps(content),
        *_mounts(content),
        *_files(content),
        *_records(content),
    ]
    return [dataclasses.asdict(change) for change in changes]


def _certificates(content: dict[str, Any]) -> Iterator[Change]:
    for name, entry in content.get("uploads", {}).items():
        after = {"certificate": name, "fingerprint": entry["fingerprint"]}
        yield Change(Change.CERTIFICATE, entry["source"], after=after, done=entry["done"])


def _https_sites(content: dict[str, Any]) -> Iterator[Change]:
    made = content.get("websites", {})
    for name, entry in content.get("certificates", {}).items():
        if name not in made:
            before, ours = _attached(entry["before"]), _attached(entry["ours"])
            yield Change(Change.SITE, name, before, ours, entry["done"])
    for name, entry in made.items():
        state = {
            "certificate": entry["certificate"],
            "ip": entry["ip"],
            "domains": sorted(map(a_label, entry["domains"])),
            "content": sorted([mount["app"], mount["path"]] for mount in entry["content"]),
        }
        after = _site(entry["certificate"], entry["domains"], entry["made_from"], state)
        yield Change(Change.SITE, name, None, after, entry["done"])


def _attached(certificate: str) -> dict[str, Any]:
    return _site(certificate, [], "", {"certificate": certificate})


def _site(certificate: str, names: list[str], made_from: str, state: Any) -> dict[str, Any]:
    return {
        "certificate": certificate or None,
        "names": names,
        "made_from": made_from,
        "state": state,
    }


def _redirects(content: dict[str, Any]) -> Iterator[Change]:
    for name, entry in content.get("contents", {}).items():
        before = [
            [mount["app"], mount["path"], number] for number, mount in enumerate(entry["before"])
        ]
        label = {"label": f"http website {name}"}
        yield Change(Change.REDIRECT, name, before, label, entry["done"])


def _apps(content: dict[str, Any]) -> Iterator[Change]:
    for name, entry in content.get("apps", {}).items():
        mounts = [mount for mount in content.get("mounts", []) if mount["app"] == name]
        yield Change(
            "app",
            name,
            after={"type": entry["type"]},
            done=entry["done"],
            purpose="redirect" if name == "redirect_to_https" else Change.CHALLENGE,
            names=[domain for mount in mounts for domain in mount["domains"]],
        )


def _mounts(content: dict[str, Any]) -> Iterator[Change]:
    made: dict[str, Change] = {}
    for entry in content.get("mounts", []):
        after = {key: entry[key] for key in ("website", "app", "path")}
        on = f"{entry['website']} {entry['path']}"
        change = made.setdefault(on, _for_challenges("mount", on, after))
        change.names += entry["domains"]  # version 1 noted a mount once for each order
    return iter(made.values())


def _files(content: dict[str, Any]) -> Iterator[Change]:
    for entry in content.get("files", []):
        after = {
            "directory": entry["directory"],
            "path": entry["path"],
            "made": entry.get("made", []),
        }
        yield _for_challenges(Change.FILE, f"{entry['directory']}/{entry['path']}", after)


def _records(content: dict[str, Any]) -> Iterator[Change]:
    for entry in content.get("records", []):
        after = {key: entry[key] for key in ("name", "value", "domain")}
        after["subdomain"] = entry.get("subdomain", "")
        yield _for_challenges("record", entry["value"], after)


def _for_challenges(what: str, on: str, after: dict[str, Any]) -> Change:
    return Change(what, on, after=after, done=True, purpose=Change.CHALLENGE)
