"""What there is after a run, in words that are the same however often a certificate was renewed."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.proof.stage import DOMAINS, Stage

CHALLENGES = "/.well-known/acme-challenge"


@dataclass(frozen=True)
class State:
    """What panel, home directory and documents hold; certificates by whose they are, not by PEM.

    ``things`` are what the panel holds, by what they are: ``apps``, ``contents`` (websites without
    what answers challenges), ``challenge mounts`` (that), ``presented`` (certificates by websites),
    ``certificates``, ``names`` (in the DNS); a host has some of them. ``records`` are names with
    texts. ``files`` are the paths below the home directory, those of files with their content.
    """

    things: Mapping[str, frozenset[Any]]
    records: frozenset[tuple[str, str]]
    files: frozenset[tuple[str, str]]
    documents: str
    lineages: frozenset[str]

    def differences(self, other: State) -> str:
        """Where the other one differs, ``""`` if nowhere."""
        lines = []
        for name, mine in self.parts.items():
            theirs = other.parts[name]
            if mine != theirs:
                gone, new = (sorted(each, key=str) for each in (mine - theirs, theirs - mine))
                lines.append(f"{name}: {gone} became {new}")
        if self.documents != other.documents:
            lines.append(f"documents: {self.documents} became {other.documents}")
        return "; ".join(lines)

    @property
    def parts(self) -> Mapping[str, frozenset[Any]]:
        """All of it but for the documents."""
        own = {"records": self.records, "files": self.files, "lineages": self.lineages}
        return {**self.things, **own}

    @property
    def leftovers(self) -> set[str]:
        """Challenge files and records that are still there."""
        files = {entry[0] for entry in self.files if is_for_a_challenge(entry)}
        return files | {name for name, _ in self.records if name.startswith("_acme-challenge")}


def is_for_a_challenge(entry: tuple[str, str]) -> bool:
    """Whether a file, or a directory, is there for a challenge: ``TOKEN`` holds ``TOKEN.…``."""
    path, content = entry
    return ".well-known" in path or content.startswith(f"{Path(path).name}.")


def look_at_state(stage: Stage[Any]) -> State:
    """Read everything."""
    sandbox = stage.sandbox
    known = dict(_known(sandbox.config_dir))
    things = dict(stage.things(lambda leaf: known.get(_bare(leaf)) or f"not ours: {leaf[40:80]}"))
    return State(
        records=things.pop("records"),
        things=things,
        files=frozenset(_files(stage.home)),
        documents=_documents(sandbox.config_dir / stage.host),
        lineages=frozenset(path.name for path in (sandbox.config_dir / "live").glob("*/")),
    )


def _bare(pem: str) -> str:
    return "".join(pem.split())


def _known(config_dir: Path) -> Iterator[tuple[str, str]]:
    """The leaves of each lineage with its name, after that which it holds now its former ones."""
    for path in (config_dir / "archive").glob("*/cert*.pem"):
        now = (config_dir / "live" / path.parent.name / "cert.pem").resolve()
        name = path.parent.name
        yield _bare(path.read_text()), name if path.resolve() == now else f"former {name}"


def _files(home: Path) -> Iterator[tuple[str, str]]:
    for path in home.rglob("*"):
        content = path.read_text() if path.is_file() else "/"
        yield str(path.relative_to(home)), content


_ONCE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # an object of the panel
    r"|[0-9a-f]{5}_[0-9a-f]{5}_(\d+_)?[0-9a-f]{32}"  # a certificate or a key in its store
    r"|[0-9a-f]{16,}"  # a fingerprint
)
"""What is another each time."""


def _documents(directory: Path) -> str:
    texts = []
    for name in ("wanted.json", "journal.json"):
        for path in directory.glob(f"*/{name}"):
            document: dict[str, Any] = json.loads(_ONCE.sub("…", path.read_text()))
            for change in document.get("changes", []):
                if change["what"] in ("app", "mount", "route"):
                    del change["names"]  # not those that the CA remembers from an earlier order
            texts.append(json.dumps(_sorted(document), sort_keys=True, ensure_ascii=False))
    return " ".join(texts)


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


def look_from_outside(stage: Stage[Any]) -> dict[str, Sight]:
    """Visit every domain over http and https."""
    stage.sandbox.wait_applied()
    return {domain: _visit(stage.sandbox, domain) for domain in DOMAINS}


def _visit(sandbox: Any, domain: str) -> Sight:
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
