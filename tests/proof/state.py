"""What there is after a run, in words that are the same however often a certificate was renewed."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.proof.stage import DOMAINS, Stage
from tests.sandbox.host import Certificate, Snapshot, Website
from tests.sandbox.sandbox import Sandbox

CHALLENGES = "/.well-known/acme-challenge"


Site = tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...], str]
"""A website: name, protocol, domains, mounts, certificate."""


@dataclass(frozen=True)
class State:
    """What panel, home directory and documents hold; certificates by whose they are, not by PEM.

    ``files`` are the paths below the home directory, those of files with their content.
    """

    apps: frozenset[tuple[str, str]]
    websites: frozenset[Site]
    certificates: frozenset[tuple[str, str]]
    names: frozenset[str]
    records: frozenset[tuple[str, str]]
    files: frozenset[tuple[str, str]]
    documents: str
    lineages: frozenset[str]

    def differences(self, other: State) -> str:
        """Where the other one differs, ``""`` if nowhere."""
        lines = []
        for field, mine in vars(self).items():
            theirs = vars(other)[field]
            if mine != theirs and isinstance(mine, frozenset):
                lines.append(f"{field}: {sorted(mine - theirs)} became {sorted(theirs - mine)}")
            elif mine != theirs:
                lines.append(f"{field}: {mine} became {theirs}")
        return "; ".join(lines)

    @property
    def contents(self) -> frozenset[object]:
        """The websites without what answers challenges."""
        return frozenset(
            (name, protocol, domains, certificate, tuple(m for m in mounts if m[1] != CHALLENGES))
            for name, protocol, domains, mounts, certificate in self.websites
        )

    @property
    def challenge_mounts(self) -> frozenset[object]:
        """What answers challenges, on which website."""
        return frozenset(
            (name, protocol, mount)
            for name, protocol, _domains, mounts, _certificate in self.websites
            for mount in mounts
            if mount[1] == CHALLENGES
        )

    @property
    def leftovers(self) -> set[str]:
        """Challenge files and records that are still there."""
        files = {entry[0] for entry in self.files if is_for_a_challenge(entry)}
        return files | {name for name, _ in self.records if name.startswith("_acme-challenge")}


def is_for_a_challenge(entry: tuple[str, str]) -> bool:
    """Whether a file, or a directory, is there for a challenge: ``TOKEN`` holds ``TOKEN.…``."""
    path, content = entry
    return ".well-known" in path or content.startswith(f"{Path(path).name}.")


def look_at_state(stage: Stage) -> State:
    """Read everything."""
    sandbox = stage.sandbox
    snapshot = sandbox.host.snapshot()
    live = dict(_live(sandbox.config_dir))
    return State(
        apps=frozenset((app.name, app.type) for app in snapshot.apps),
        websites=frozenset(map(_website, snapshot.websites)),
        certificates=frozenset(
            (known.name, _whose(known, live)) for known in snapshot.certificates
        ),
        names=frozenset(
            f"{label}.{domain.domain}" for domain in snapshot.domains for label in domain.subdomains
        ),
        records=frozenset((each.domain, each.spf_record) for each in snapshot.dns_overrides),
        files=frozenset(_files(sandbox.host.home_directory)),
        documents=_documents(sandbox.config_dir),
        lineages=frozenset(live.values()),
    )


def _website(website: Website) -> Site:
    return (
        website.name,
        "https" if website.https else "http",
        tuple(sorted(website.subdomains)),
        tuple(sorted(website.website_apps)),
        website.certificate,
    )


def _live(config_dir: Path) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Leaf, key and chain of each lineage as they are now, with its name."""
    for directory in (config_dir / "live").glob("*/"):
        files = (directory / f"{part}.pem" for part in ("cert", "privkey", "chain"))
        leaf, key, chain = (path.read_text() for path in files)
        yield (leaf, key, chain), directory.name


def _whose(certificate: Certificate, live: dict[tuple[str, str, str], str]) -> str:
    held = (certificate.certificate, certificate.private_key, certificate.intermediates)
    return live.get(held) or f"not a lineage's: {certificate.certificate[40:80]}"


def _files(home: Path) -> Iterator[tuple[str, str]]:
    for path in home.rglob("*"):
        content = path.read_text() if path.is_file() else "/"
        yield str(path.relative_to(home)), content


def _documents(config_dir: Path) -> str:
    texts = []
    for name in ("wanted.json", "journal.json"):
        for path in config_dir.glob(f"webfaction/*/{name}"):
            document: dict[str, Any] = json.loads(path.read_text())
            for change in document.get("changes", []):
                if change["what"] in ("app", "mount"):
                    del change["names"]  # not those that the CA remembers from an earlier order
            texts.append(json.dumps(_sorted(document), sort_keys=True))
    return re.sub(r'"fingerprint": "\w+"', '"fingerprint"', " ".join(texts))


def _sorted(value: Any) -> Any:
    """A value with its lists of names in one order: that of a CA's challenges changes."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=json.dumps)
    return value


@dataclass(frozen=True)
class Sight:
    """What visitors of a domain get; ``verified`` is the page that a browser shows over https."""

    http: tuple[int, str, str]
    fingerprint: str
    verified: str


def look_from_outside(stage: Stage) -> dict[str, Sight]:
    """Visit every domain over http and https."""
    stage.sandbox.front_end.wait_applied()
    return {domain: _visit(stage.sandbox, domain) for domain in DOMAINS}


def _visit(sandbox: Sandbox, domain: str) -> Sight:
    http = sandbox.http(domain)
    try:
        page = sandbox.fetch_verified(domain)
        verified = f"{page.status} {page.text}"
    except ssl.SSLCertVerificationError:
        verified = ""
    fingerprint = sandbox.served(domain).fingerprint
    return Sight((http.status, http.text, http.location), fingerprint, verified)


def harm(before: Sight, after: Sight, now: Sight) -> str:
    """What is wrong with what a domain's visitors get now, ``""`` if nothing is.

    They get what they got before, or what they are to get after the verb has done its job.
    """
    if now.http not in (before.http, after.http):
        return f"shows {now.http} over http"
    if now.verified not in (before.verified, after.verified):
        return f"shows {now.verified!r} over https"
    if not now.verified and now.fingerprint != before.fingerprint and after.verified:
        return "serves another certificate over https, which browsers don't accept"
    if now.http[0] == 301 and not now.verified:
        return "redirects to https, where browsers warn"
    return ""


def harm_on_panel(snapshot: Snapshot) -> str:
    """What is wrong with the panel at a moment between two calls, ``""`` if nothing is."""
    held = {certificate.name: certificate for certificate in snapshot.certificates}
    secured = {
        domain
        for website in snapshot.websites
        if website.https and website.certificate
        for domain in website.subdomains
        if domain in held[website.certificate].domains
    }
    for website in snapshot.websites:
        redirects = any(app == "redirect_to_https" for app, _path in website.website_apps)
        if redirects and not secured.issuperset(website.subdomains):
            return f"{website.name} redirects to https that does not cover {website.subdomains}"
        if website.https and not (website.website_apps and website.certificate):
            return f"the https website {website.name} has no content or no certificate"
    return ""
