"""Trying the challenge path without a challenge."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from certbot_webfaction.account import HostAccount, Options
from certbot_webfaction.challenges.placement import Place
from certbot_webfaction.challenges.probe import probe
from certbot_webfaction.hosts.webfaction.choosing import PlacingError
from certbot_webfaction.hosts.webfaction.model import App, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.hosts.webfaction.seen import SharedPanel
from certbot_webfaction.web.route import Route
from tests.hosts.webfaction.fake import IP
from tests.hosts.webfaction.shell_panel import ShellPanel
from tests.web.web import Web, nobody_listens


class Host:
    """An account whose apps are directories here; what is fetched comes from ``web``."""

    def __init__(self, home: Path, files: str, http_port: int, wait: int = 1) -> None:
        self.home = home
        options = Options(
            home / "ini", None, None, "static_php70", files, wait, Route("127.0.0.1", http_port, 1)
        )
        self.panel = ShellPanel()
        self.account = HostAccount(options, SharedPanel(lambda: self.panel), home / "documents")

    def place(self, app: str, domain: str) -> Place:
        """A static app at the root of a domain's website, its directory made."""
        directory = self.home / app
        directory.mkdir(exist_ok=True)
        mount = Mount(app, "/")
        website = Website(app, IP, False, (domain,), (mount,))
        return Place(domain, website, mount, App(app, "static_only", str(directory)))

    def left(self) -> list[Path]:
        """The files in all of it."""
        return [path for path in self.home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("files", ["local", "api"])
def test_nothing_is_left_and_no_document_is_touched(tmp_path: Path, files: str) -> None:
    """Whatever came back, here a server that does not have the file."""
    with Web() as web:
        host = Host(tmp_path, files, web.port, wait=0)
        places = [host.place("a", "a.test"), host.place("a", "www.a.test")]
        assert probe(host.account, places) == {}, "not looked at"
        assert web.asked == []
        host = Host(tmp_path, files, web.port)
        wrong = probe(host.account, places)
    assert {domain: answer.walk.status for domain, answer in wrong.items()} == {
        "a.test": 404,
        "www.a.test": 404,
    }
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]
    if files == "api":
        assert host.panel.verbs() == ["run", "run"], "one call places all, one removes them"


@pytest.mark.parametrize("files", ["local", "api"])
def test_a_file_that_can_not_be_placed_takes_the_others_away_with_it(
    tmp_path: Path, files: str
) -> None:
    """The error names the app's directory."""
    host = Host(tmp_path, files, nobody_listens())
    places = [host.place("a", "a.test"), host.place("b", "b.test")]
    (tmp_path / "b").rmdir()
    with pytest.raises(PlacingError) as raised:
        probe(host.account, places)
    assert raised.value.file.directory == str(tmp_path / "b")
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"], "directories that were made go, too"


def test_a_file_that_can_not_be_removed_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By its name; what was found is told all the same."""
    host = Host(tmp_path, "api", nobody_listens())
    place = host.place("a", "a.test")
    host.panel.fail(2, "run")
    with caplog.at_level(logging.WARNING):
        assert list(probe(host.account, [place])) == ["a.test"]
    (left,) = host.left()
    assert f"The file {left.name} was left behind" in caplog.text
