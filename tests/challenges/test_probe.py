"""Trying the challenge path without a challenge."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.account import Account
from certbot_webfaction.challenges.probe import look, probe
from certbot_webfaction.hosts.local_files import LocalFiles
from certbot_webfaction.panel.files import PlacedFile, PlacingError
from certbot_webfaction.panel.model import CHALLENGE_PATH, HttpSite, Place
from certbot_webfaction.web.route import Route
from tests.accounts import make_account
from tests.panel.one_site import ONE_SITE, OneSiteHost, OneSitePanel
from tests.web.web import Web, nobody_listens


class Directories:
    """An account whose sites are directories here; what is fetched comes from ``http_port``."""

    def __init__(self, directory: Path, http_port: int, wait: int = 1) -> None:
        self.sites = directory / "sites"
        self.sites.mkdir(exist_ok=True)
        self.host = OneSiteHost(directory)
        self.panel = OneSitePanel(self.host)
        route = Route("127.0.0.1", http_port, 1)
        self.account: Account = make_account(
            directory, self.panel, ONE_SITE, wait=wait, route=route
        )

    def place(self, name: str, domain: str) -> Place:
        """The place for a domain in a site of files, whose directory is made."""
        directory = self.sites / name
        directory.mkdir(exist_ok=True)
        site = HttpSite(name, f"site {name}", (domain,), False)
        return Place(domain, site, str(directory), CHALLENGE_PATH[1:], f"of {name}", "/")


def test_nothing_is_left_and_no_document_is_touched(tmp_path: Path) -> None:
    """Whatever came back, here from a server that does not have the file."""
    with Web() as web:
        scene = Directories(tmp_path, web.port, wait=0)
        books = {path: path.read_bytes() for path in scene.account.books.folder.iterdir()}
        places = [scene.place("a", "a.test"), scene.place("a", "www.a.test")]
        assert probe(scene.account, places) == {}, "not looked at"
        assert web.asked == []
        scene = Directories(tmp_path, web.port)
        wrong = probe(scene.account, places)
    assert {domain: answer.walk.status for domain, answer in wrong.items()} == {
        "a.test": 404,
        "www.a.test": 404,
    }
    assert list(scene.sites.rglob("*")) == [scene.sites / "a"]
    assert {path: path.read_bytes() for path in scene.account.books.folder.iterdir()} == books
    assert scene.host.calls == []


def test_a_file_that_can_not_be_placed_takes_the_others_away_with_it(tmp_path: Path) -> None:
    """The error names the directory."""
    scene = Directories(tmp_path, nobody_listens())
    places = [scene.place("a", "a.test"), scene.place("b", "b.test")]
    (scene.sites / "b").rmdir()
    with pytest.raises(PlacingError) as raised:
        probe(scene.account, places)
    assert raised.value.file.directory == str(scene.sites / "b")
    assert list(scene.sites.rglob("*")) == [scene.sites / "a"], "directories that were made go, too"


class Unreachable(LocalFiles):
    """Files of a host that does not answer any more when they are to be removed."""

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        raise errors.PluginError("The panel gave no usable answer.")


class Kept(LocalFiles):
    """Files that the host does not let go."""

    def remove(self, placed: Sequence[PlacedFile]) -> list[tuple[PlacedFile, str]]:
        return [(file, "kept") for file in placed]


@pytest.mark.parametrize("files", [Unreachable(), Kept()])
def test_a_file_that_can_not_be_removed_is_told(
    files: LocalFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By its name; what was found is told all the same."""
    scene = Directories(tmp_path, nobody_listens())
    scene.panel.files = files
    with caplog.at_level(logging.WARNING):
        assert list(probe(scene.account, [scene.place("a", "a.test")])) == ["a.test"]
    (left,) = (path for path in scene.sites.rglob("*") if path.is_file())
    assert f"{left.name} was left behind: " in caplog.text


def test_a_domain_that_leads_to_another_server_is_told_before_a_mount_is_made(
    tmp_path: Path,
) -> None:
    """One that leads here has no such file, which is as it should be; nothing is placed."""
    with Web() as web:
        scene = Directories(tmp_path, web.port)
        place = replace(scene.place("a", "a.test"), ready=False)
        assert look(scene.account, [place]) == {}
        assert len(web.asked) == 1
        route = Route(http_port=web.port, resolver=lambda _name: ("127.0.0.1",))
        panel, folder = scene.panel, tmp_path / "other"
        folder.mkdir()
        account = make_account(folder, panel, ONE_SITE, wait=1, route=route)
        site = replace(place.site, address="192.0.2.1")
        assert list(look(account, [replace(place, site=site)])) == ["a.test"]
        assert look(account, [replace(place, site=replace(site, address="127.0.0.1"))]) == {}
    assert list(look(scene.account, [place])) == ["a.test"], "nobody listens any more"
    assert list(scene.sites.rglob("*")) == [scene.sites / "a"]
