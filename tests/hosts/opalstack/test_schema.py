"""The script for whoever has the net, at a schema of the stand-in's own objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from certbot_webfaction.hosts.opalstack.client import Opalstack
from tests.hosts.opalstack.schema import READS, SENDS, main
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.api import ApiServer
from tests.sandbox.opalstack.client import Client


def schema() -> dict[str, Any]:
    """A schema that has just what is read and sent, as the host's generator writes it."""
    paths: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    for kind, fields in READS.items():
        kinds[kind] = {"type": "object", "properties": {field: {} for field in fields}}
        items = {"type": "array", "items": {"$ref": f"#/components/schemas/{kind}"}}
        answer = {"200": {"content": {"application/json": {"schema": items}}}}
        paths[f"/api/v1/{kind}/list/"] = {"get": {"responses": answer}}
    for path, fields in SENDS.items():
        shape = {"type": "object", "properties": {field: {} for field in fields}}
        body = {"content": {"application/json": {"schema": shape}}}
        paths[f"/api/v1{path}"] = {"post": {"requestBody": body}}
    return {"paths": paths, "components": {"schemas": kinds}}


def test_a_schema_that_has_all_of_it_is_fine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 0."""
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(schema()))
    assert main([str(file)]) == 0
    assert "has all" in capsys.readouterr().out


def test_what_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A field of an answer, a field of a request, a call; exit 1."""
    known = schema()
    del known["components"]["schemas"]["site"]["properties"]["cert"]
    body = known["paths"]["/api/v1/cert/update/"]["post"]["requestBody"]
    del body["content"]["application/json"]["schema"]["properties"]["key"]
    del known["paths"]["/api/v1/domain/create/"]
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(known))
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "GET /site/list/ has no cert",
        "POST /cert/update/ has no key",
        "POST /domain/create/ is not there",
    ]


def test_the_stand_in_shows_what_is_read(
    client: Opalstack, account: Account, api: ApiServer
) -> None:
    """So that the script looks for what there is."""
    app, cert = account.add_app("blog"), account.add_cert("old", "example.com")
    site = account.add_site("blog", ["example.com"], {"/": app}, cert=cert.id)
    account.create("dnsrecord", [{"domain": site.domains[0], "type": "TXT", "content": "value"}])
    asker = Client(api.port, account.token.key)
    for kind, fields in READS.items():
        shown = asker.get(f"/{kind}/list/")
        assert fields <= set(shown[0]), kind
    asker.close()
