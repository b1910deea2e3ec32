"""The pages build, their links lead somewhere, and what is made from the code is up to date."""

from __future__ import annotations

import argparse
import functools
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import certbot_webfaction
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.plugin.door import add_options
from tests.docs.pages import DOCS, PAGES, ROOT, blocks, name_of
from tests.e2e.ten_websites import set_scene, status_screen
from tests.sandbox.sandbox import Sandbox

LINK = re.compile(r"\]\((?P<md>[^)\s]+)\)|<(?P<rst>[^<>\s]+)>`_")


def build(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run Sphinx, warnings being errors."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going"]
    return subprocess.run(
        [*command, "-d", str(output / "doctrees"), str(source), str(output / "html")],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    """Every page is in the result, and reached from the first."""
    done = build(DOCS, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in DOCS.glob("*.rst"):
        assert (tmp_path / "html" / f"{page.stem}.html").exists()
    assert 'href="install.html"' in (tmp_path / "html" / "first-site.html").read_text()


def test_a_link_to_a_page_that_is_not_there_breaks_the_build(tmp_path: Path) -> None:
    """The build checks links that GitHub follows as files."""
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text((DOCS / "conf.py").read_text())
    (source / "index.rst").write_text("Title\n=====\n\n`gone <gone.rst>`__\n")
    done = build(source, tmp_path)
    assert done.returncode != 0
    assert "gone" in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_to_a_file(page: Path) -> None:
    """So that they work on GitHub, too."""
    text = page.read_text(encoding="utf-8")
    targets = [found["md"] or found["rst"] for found in LINK.finditer(text)]
    relative = [target for target in targets if not re.match(r"[a-z]+:", target)]
    missing = [target for target in relative if not (page.parent / target).is_file()]
    assert not missing


def test_every_page_is_linked_from_the_first_by_a_link_that_github_shows() -> None:
    """GitHub shows no toctree."""
    index = (DOCS / "index.rst").read_text()
    for page in DOCS.glob("*.rst"):
        assert page.name == "index.rst" or f"<{page.name}>`__" in index


def test_the_tables_of_options_are_those_of_the_parsers() -> None:
    """`python docs/options.py` (or `make docs`) would change nothing."""
    page = (DOCS / "options.rst").read_text(encoding="utf-8")
    with_tables = runpy.run_path(str(DOCS / "options.py"))["with_tables"]
    assert with_tables(page) == page
    assert with_tables(page.replace("--webfaction-wait SECONDS", "--webfaction-wait")) == page
    for option in ("--webfaction-connect-to", "--dns-webfaction-credentials", "--json", "--cron"):
        assert f"``{option}" in page


def test_the_manual_has_every_option_and_key_of_every_host() -> None:
    """``pydoc certbot_webfaction``; HOST stands for what all hosts have."""
    manual = certbot_webfaction.__doc__ or ""
    for host in HOSTS.values():
        parser = argparse.ArgumentParser(add_help=False)
        add_options(host, functools.partial(_declare, parser))
        for name in vars(parser.parse_args([])):
            own = name in host.options
            assert f"``{host.flag(name) if own else f'--HOST-{name}'} " in manual
        for plugin in host.plugins:
            assert f"``{plugin}``" in manual
        for key in host.keys:
            assert f"{host.name}_{key.name}" in manual


def _declare(parser: argparse.ArgumentParser, name: str, **settings: Any) -> None:
    parser.add_argument(f"--{name}", dest=name, **settings)


def test_the_table_of_hosts_is_that_of_the_code() -> None:
    """`python docs/hosts.py` (or `make docs`) would change nothing."""
    page = (DOCS / "hosts.rst").read_text(encoding="utf-8")
    with_table = runpy.run_path(str(DOCS / "hosts.py"))["with_table"]
    assert with_table(page) == page
    assert with_table(page.replace("installed on each", "uploaded once")) == page
    assert all(f"``{plugin}``" in page for host in HOSTS.values() for plugin in host.plugins)


def test_the_screen_of_status_is_what_the_command_shows(sandbox: Sandbox) -> None:
    """But for the dates: `python -m tests.e2e.ten_websites >docs/status-screen.txt` made it."""
    set_scene(sandbox)
    shown = status_screen(sandbox, NO_COLOR="1")
    kept = (DOCS / "status-screen.txt").read_text(encoding="utf-8")
    date = re.compile(r"\b\d{4}-\d\d-\d\d\b")
    assert date.sub("DATE", shown) == date.sub("DATE", kept)


def test_no_command_hides_where_it_is_not_run() -> None:
    """Blocks in other languages than sh hold no line that starts with a command of ours."""
    for page in PAGES:
        for language, line, body in blocks(page):
            if language != "sh":
                hidden = [text for text in body if re.match(r"\s*(\$ )?certbot\b", text)]
                assert not hidden, f"{name_of(page)}:{line}"


def test_nothing_of_one_machine_is_in_the_pages() -> None:
    """No path of whoever wrote them."""
    for page in (*PAGES, ROOT / "CHANGELOG.md"):
        assert not re.search(r"/root\b|/work/", page.read_text(encoding="utf-8")), page
