"""Compare the host's public schema with what the client sends and reads.

``python -m tests.hosts.opalstack.schema [FILE]`` is for whoever has the net: without a file it gets
the schema from the host, which asks for no login. It tells what is missing, and exits 1 then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from certbot_webfaction.hosts.opalstack import API_URL

READS: Mapping[str, frozenset[str]] = {
    "osuser": frozenset({"id", "name", "server"}),
    "site": frozenset(
        {"id", "name", "server", "ip4", "domains", "routes", "cert", "redirect", "generate_le"}
        | {"disabled", "ready"}
    ),
    "app": frozenset({"id", "name", "type", "osuser", "ready"}),
    "domain": frozenset({"id", "name", "ready"}),
    "dnsrecord": frozenset({"id", "domain", "type", "content", "ready"}),
    "cert": frozenset(
        {"id", "name", "cert", "intermediates", "exp_date", "listed_domains"}
        | {"is_opalstack_letsencrypt"}
    ),
}
"""The fields of answers that the client looks at."""

SENDS: Mapping[str, frozenset[str]] = {
    "/site/update/": frozenset({"id", "cert", "generate_le", "redirect", "routes"}),
    "/app/create/": frozenset({"name", "osuser", "type"}),
    "/app/delete/": frozenset({"id"}),
    "/cert/create/": frozenset({"name", "cert", "intermediates", "key"}),
    "/cert/update/": frozenset({"id", "cert", "intermediates", "key"}),
    "/domain/create/": frozenset({"name"}),
    "/domain/delete/": frozenset({"id"}),
    "/dnsrecord/create/": frozenset({"domain", "type", "content", "ttl"}),
    "/dnsrecord/delete/": frozenset({"id"}),
    "/dnscheck/le_challenge_check/": frozenset({"domains", "ip4s"}),
}
"""The fields of requests that it sends."""


def differences(schema: Mapping[str, Any]) -> Iterator[str]:
    """What the schema lacks, a line each."""
    paths = {path.removeprefix("/api/v1"): verbs for path, verbs in schema["paths"].items()}
    for kind, fields in READS.items():
        answer = paths.get(f"/{kind}/list/", {}).get("get", {}).get("responses", {}).get("200")
        yield from _missing(f"GET /{kind}/list/", fields, answer, schema)
    for path, fields in SENDS.items():
        yield from _missing(
            f"POST {path}", fields, paths.get(path, {}).get("post", {}).get("requestBody"), schema
        )


def _missing(call: str, fields: frozenset[str], part: Any, schema: Mapping[str, Any]) -> list[str]:
    if part is None:
        return [f"{call} is not there"]
    there = _properties(part["content"]["application/json"]["schema"], schema)
    return [f"{call} has no {field}" for field in sorted(fields - there)]


def _properties(shape: Any, schema: Mapping[str, Any]) -> set[str]:
    """The fields of an object, or of each one of a list."""
    while "$ref" in shape or "items" in shape:
        if "items" in shape:
            shape = shape["items"]
        else:
            shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    return set(shape.get("properties", ()))


def main(arguments: list[str]) -> int:
    """Print the differences, and tell whether there are any."""
    if arguments:
        text = Path(arguments[0]).read_text(encoding="utf-8")
    else:
        answer = requests.get(f"{API_URL}/schema/", params={"format": "json"}, timeout=60)
        answer.raise_for_status()
        text = answer.text
    found = list(differences(json.loads(text)))
    print("\n".join(found) or "The schema has all that the client sends and reads.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
