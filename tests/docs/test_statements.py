"""What the pages say of Django and of Debian's certbot is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from certbot_webfaction.command.diagnosis import status
from tests.docs.pages import DOCS, ROOT, blocks

_PYTHON = [body for kind, _, body in blocks(DOCS / "django.rst") if kind == "python"]
SETTINGS = "\n".join(_PYTHON[0])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new Django project for example.com with the settings of the page."""
    command = [sys.executable, "-m", "django", "startproject", "mysite", str(tmp_path)]
    subprocess.run(command, check=True)
    settings = tmp_path / "mysite" / "settings.py"
    own = (
        'DEBUG = False\nALLOWED_HOSTS = ["example.com"]\n'
        f'SECRET_KEY = "{"made up for a test " * 4}"\n'
    )
    settings.write_text(f"{settings.read_text()}\n{own}\n{SETTINGS}\n")
    return tmp_path


def manage(project: Path, *args: str) -> str:
    """What ``manage.py`` says."""
    command = [sys.executable, "manage.py", *args]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_the_settings_pass_djangos_check(project: Path) -> None:
    """Nothing of https is left but what the page names."""
    said = manage(project, "check", "--deploy")
    assert set(re.findall(r"security\.W\d+", said)) == {"security.W005", "security.W021"}


def ask(project: Path, settings: str, **headers: str) -> str:
    """The status and location that the project answers with, these settings added."""
    path = project / "mysite" / "settings.py"
    path.write_text(f"{path.read_text()}\n{settings}\n")
    code = (
        "from django.test import Client\n"
        f"answer = Client().get('/', headers={{'Host': 'example.com', **{headers!r}}})\n"
        "print(answer.status_code, answer.headers.get('Location'))"
    )
    return manage(project, "shell", "-c", code).splitlines()[-1]


def test_django_redirects_for_ever_only_without_the_header_setting(project: Path) -> None:
    """Behind the front end, which says how the visitor came."""
    came = {"X-Forwarded-Proto": "https"}
    assert ask(project, "SECURE_SSL_REDIRECT = True", **came) == "404 None"
    assert ask(project, "SECURE_PROXY_SSL_HEADER = None", **came) == "301 https://example.com/"


def test_the_columns_of_status_are_explained_alike_on_the_page_and_in_its_help() -> None:
    """Word for word; on the page what is shown stands in literals."""
    table = (DOCS / "status.rst").read_text(encoding="utf-8").partition("The columns:")[2]
    on_page = re.findall(r"^([A-Z]+)\n((?:    .+\n)+)", table, re.MULTILINE)
    in_help = re.findall(r"^  ([A-Z]+) +(.+\n(?: {15}.+\n)*)", status.DESCRIPTION, re.MULTILINE)
    assert [name for name, _ in in_help] == [head.strip() for head in status._HEADS[1:]]
    assert _words(on_page) == _words(in_help)


def _words(explained: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: text.replace("`", "").split() for name, text in explained}


def test_debians_certbot_gets_the_plugin_as_the_page_says(tmp_path: Path) -> None:
    """The lines of install.rst make a certbot of Debian's version that lists both plugins."""
    debians = Path("/usr/bin/certbot")
    [lines] = [
        body
        for _, _, body in blocks(DOCS / "install.rst")
        if any("--system-site-packages" in line for line in body)
    ]
    # No package index: the plugin is the one in this directory.
    script = "\n".join(line for line in lines if not re.match(r"sudo |.*/pip install", line))
    environ = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    directories = [f"--{name}-dir={tmp_path}" for name in ("config", "work", "logs")]
    plugins = f"set -e\n{script}\ncertbot --version\ncertbot plugins {' '.join(directories)}"
    done = subprocess.run(
        ["/bin/sh", "-c", plugins], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    version = subprocess.run([debians, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout in done.stdout
    assert {"* webfaction", "* dns-webfaction"} <= set(done.stdout.splitlines())
    assert (tmp_path / "certbot" / "bin" / "certbot").read_text().startswith(f"#!{tmp_path}")
