"""Odd and hostile input, where the tests of each module leave a gap; made up by hypothesis."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from certbot import errors
from hypothesis import given, settings
from hypothesis import strategies as st

from certbot_webfaction.account import read_credentials
from certbot_webfaction.books import document
from certbot_webfaction.books.document import DamagedError
from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Source, Wanted, WantedSite
from certbot_webfaction.challenges.http01 import find_places
from certbot_webfaction.hosts.cpanel import answers as cpanel_answers
from certbot_webfaction.hosts.cpanel import fileman
from certbot_webfaction.hosts.cpanel import model as cpanel
from certbot_webfaction.hosts.cpanel import records as cpanel_records
from certbot_webfaction.hosts.hiding import Secrets
from certbot_webfaction.hosts.host import Host, Options
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.hosts.opalstack import answers
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.hosts.webfaction.model import App, Mount, Website
from certbot_webfaction.hosts.webfaction.shell_files import PanelFiles
from certbot_webfaction.hosts.wire import NoAnswerError, RefusalError
from certbot_webfaction.panel.files import File, check_path
from certbot_webfaction.panel.model import Change
from certbot_webfaction.web.route import Route
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.installation.scene import Scene, presented, stored

PARTS = st.text(st.sampled_from("a-.~$`'\"\\*?;&| \n\0é"), max_size=6) | st.just("..")
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


def _tree(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


@settings(max_examples=60)
@given(path=PATHS, content=st.text(st.characters(codec="utf-8", exclude_characters="\0\r")))
def test_a_file_is_below_the_app_or_nowhere(
    tmp_path_factory: pytest.TempPathFactory, path: str, content: str
) -> None:
    """Whatever a path is made of, over both ways of writing, and nothing is left afterwards."""
    for files in (LocalFiles(), PanelFiles(ShellPanel())):
        root = tmp_path_factory.mktemp("hostile")
        app = root / "it's; an $app"
        app.mkdir()
        try:
            placed = files.place([File(str(app), path, content)])
        except errors.PluginError:
            assert _tree(root) == {}
            continue
        assert _tree(app) == {path: content}
        assert files.read(str(app), path) == content
        assert files.remove(placed) == []
        assert list(root.rglob("*")) == [app]


@given(directory=PATHS.map("/{}".format), path=PATHS)
def test_a_path_that_is_accepted_stays_in_its_directory(directory: str, path: str) -> None:
    """Also for programs that take it apart by lines."""
    with contextlib.suppress(errors.PluginError):
        check_path(directory, path)
        whole = os.path.normpath(f"{directory}/{path}")
        assert os.path.commonpath([os.path.normpath(directory), whole]) != whole
        assert len(f"{directory}/{path}".splitlines()) == 1


NAMES = st.text(max_size=12) | st.sampled_from(["example.com", "*.example.com", "münchen.de"])


@given(
    domains=st.lists(NAMES, max_size=3),
    sites=st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=3), PATHS), max_size=3),
)
def test_any_domain_has_a_place_or_is_told_to_have_none(
    tmp_path_factory: pytest.TempPathFactory,
    domains: list[str],
    sites: list[tuple[str, list[str], str]],
) -> None:
    """Whatever domains, names and mounts the panel's websites have."""
    websites = [
        Website(name, "192.0.2.1", False, tuple(own), (Mount("app", f"/{path}"),))
        for name, own, path in sites
    ]
    scene = Scene(tmp_path_factory.mktemp("places"))
    scene.panel.sites = {(website.name, False): website for website in websites}
    scene.panel.programs["app"] = App("app", "static_only", "/home/alice/webapps/app")
    with contextlib.suppress(errors.PluginError):
        places = find_places(scene.account, domains)
        assert {place.domain for place in places} == set(domains)
        assert {place.site.id for place in places} <= {website.name for website in websites}


@settings(max_examples=150)
@given(
    host=st.sampled_from([*HOSTS.values()]),
    lines=st.lists(
        st.sampled_from([f"{host.name}_{key.name}" for host in HOSTS.values() for key in host.keys])
        .flatmap(lambda key: st.text(max_size=12).map(lambda value: f"{key} = {value}"))
        .filter(bool)
        | st.text(max_size=12),
        max_size=5,
    ),
)
def test_any_credentials_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, host: Host, lines: list[str]
) -> None:
    """Files written by hand: nothing but certbot's own kind of error."""
    path = tmp_path_factory.getbasetemp() / "credentials.ini"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    path.chmod(0o600)
    options = Options(path, path, None, "auto", 0, Route())
    with contextlib.suppress(errors.PluginError):
        credentials = read_credentials(host, options)
        assert host.at_hand or all(credentials[key.name] for key in host.keys if not key.optional)


ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    10**20,
    float("inf"),
    "",
    "odd",
    "2026-13-45",
    [],
    [7],
    [[]],
    {},
    {"a": 7},
)

_DOMAIN = {"domain": "a.test", "servername": "a.test", "serveralias": "b.test", "documentroot": "/"}
_LEAF = {"id": "i", "domains": ["a.test"], "not_after": 1, "is_autossl": 0}
_SOA = {"type": "record", "record_type": "SOA", "dname_b64": "YQ==", "line_index": 1}
_USER = {"id": "u", "name": "alice", "server": {"id": "s", "hostname": "opal1"}}
_APP = {"id": "a", "name": "blog", "type": "STA", "osuser": "u"}
_SITE = {
    "id": "s",
    "name": "blog",
    "server": "s",
    "ip4": {"id": "i", "ip": "192.0.2.1"},
    "domains": [{"id": "d", "name": "a.test"}],
    "routes": [{"app": _APP, "uri": "/"}],
    "cert": "c",
}
_CERT = {
    "id": "c",
    "name": "blog",
    "listed_domains": ["a.test"],
    "exp_date": "2026-11-28T00:00",
    "cert": "PEM",
}
_RECORD = {"id": "r", "domain": "d", "type": "TXT", "content": "value"}

READINGS: Mapping[str, tuple[Callable[[Any], object], Any]] = {
    "domains": (cpanel.read_domains, {"main_domain": _DOMAIN, "sub_domains": [_DOMAIN]}),
    "installed": (
        cpanel.read_installed,
        [{"servername": "a.test", "certificate_text": "PEM", "certificate": _LEAF, "fqdns": ["b"]}],
    ),
    "capable": (cpanel.read_capable, [{"domain": "a.test", "vhost_name": "a.test"}]),
    "files": (fileman._entries, [{"file": "token", "type": "file"}]),
    "content": (fileman._content, {"content": "token"}),
    "zones": (cpanel_records._zones, {"main_domain": "a.test", "addon_domains": ["b.test"]}),
    "zone": (
        lambda told: cpanel_records._parsed("a.test", told),
        [{**_SOA, "data_b64": ["YQ==", "YQ==", "MQ=="]}, {**_SOA, "record_type": "TXT"}],
    ),
    "UAPI": (
        lambda told: cpanel_answers.uapi_data(told, Secrets()),
        {"result": {"status": 0, "errors": ["No."], "data": [{}]}},
    ),
    "API 2": (
        lambda told: cpanel_answers.api2_items(told, Secrets()),
        {"cpanelresult": {"event": {"result": 1}, "data": [{"result": 0, "reason": "No."}]}},
    ),
    "users": (lambda told: answers.each(told, "users", answers.osuser), [_USER]),
    "apps": (lambda told: answers.each(told, "apps", answers.app), [_APP]),
    "sites": (lambda told: answers.each(told, "sites", answers.site), [_SITE]),
    "certificates": (lambda told: answers.each(told, "certificates", answers.cert), [_CERT]),
    "records": (lambda told: answers.each(told, "records", answers.record), [_RECORD]),
}
"""What reads an answer of cPanel or Opalstack, and one that it reads."""


@pytest.mark.parametrize("read", READINGS)
def test_an_answer_with_one_odd_value_is_understood_or_none(read: str) -> None:
    """Anywhere in it: nothing but the error that says so, or a refusal."""
    reader, answer = READINGS[read]
    for position in range(len(list(_nodes([answer])))):
        for odd in ODD:
            changed = copy.deepcopy([answer])
            container, key = list(_nodes(changed))[position]
            container[key] = odd
            with contextlib.suppress(NoAnswerError, RefusalError):
                reader(changed[0])


JOURNAL = Journal(
    [
        stored("shop", "shop"),
        presented("shop", "shop", "a.test", before=None, made_from="shop"),
        Change(Change.REDIRECT, "shop", [["a", "/", 0]], {"label": "http website shop"}),
        Change("mount", "shop /", purpose=Change.CHALLENGE, names=["a.test"]),
    ]
)
WANTED = Wanted({"shop": WantedSite(Source(lineage="shop"), ["a.test"], "shop")}, {"shop": "shop"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def _nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container below a value, with the key or index of each thing in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _nodes(inner)


@settings(max_examples=150)
@given(original=st.sampled_from([JOURNAL, WANTED]), odd=JSON, where=st.randoms())
def test_a_document_with_one_odd_value_is_read_or_damaged(
    tmp_path_factory: pytest.TempPathFactory, original: Journal | Wanted, odd: Any, where: Any
) -> None:
    """Anywhere in it: what was read can be written again, and what was not is kept aside."""
    path = tmp_path_factory.mktemp("document") / "journal.json"
    content = json.loads(json.dumps({"version": 2, **dataclasses.asdict(original)}))
    container, key = where.choice(list(_nodes(content)))
    container[key] = odd
    before = copy.deepcopy(content)
    path.write_text(json.dumps(content))
    try:
        document.write(path, document.read(path, type(original)))
    except DamagedError as damage:
        document.set_aside(path, damage)
        (aside,) = path.parent.glob("journal.json.damaged-*")
        assert json.dumps(json.loads(aside.read_text())) == json.dumps(before)
        assert not path.exists()
    except errors.PluginError:
        assert key == "version", "it says that a newer certbot-webfaction wrote it"
        assert path.exists()
    else:
        assert type(document.read(path, type(original))) is type(original)


@given(st.binary(max_size=60))
def test_bytes_that_are_no_document_are_kept_aside(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Text in no encoding, a part of a document, nothing at all."""
    path = tmp_path_factory.mktemp("bytes") / "wanted.json"
    path.write_bytes(content)
    with pytest.raises(DamagedError) as damage:
        document.read(path, Wanted)
    document.set_aside(path, damage.value)
    (aside,) = path.parent.glob("wanted.json.damaged-*")
    assert aside.read_bytes() == content
