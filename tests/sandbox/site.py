"""The case of the host's own guide: a Django project for a bare domain and its ``www``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.sandbox.host import Host
from tests.sandbox.processes import Process, Processes, listens

DOMAINS = ("example.com", "www.example.com")


def start_django_site(host: Host, processes: Processes) -> Process:
    """Make app and http website ``mysite``, and start the project on the app's port."""
    app = host.add_app("mysite", "django41_mw45_36")
    directory = host.webapps / app.name
    process = start_project(directory, app.port, processes)
    host.add_website("mysite", DOMAINS, ((app.name, "/"),))
    process.wait_until(lambda: listens(app.port), "start")
    return process


def start_project(directory: Path, port: int, processes: Processes) -> Process:
    """Put the project into an app's directory, and start it on the app's port."""
    project = Path(__file__).with_name("django_site")
    shutil.copytree(project, directory, dirs_exist_ok=True)
    return processes.start(
        "django",
        [
            *(sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}"),
            # Without a list of proxies that it trusts, waitress would hide the front end's headers.
            *("--no-clear-untrusted-proxy-headers", "mysite.wsgi:application"),
        ],
        cwd=directory,
    )
