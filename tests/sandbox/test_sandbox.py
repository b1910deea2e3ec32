"""The sandbox as a whole: quick, many at once, and gone without a trace."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.sandbox import demo, guardian
from tests.sandbox.processes import Processes, SandboxError
from tests.sandbox.sandbox import Sandbox
from tests.waiting import until

_ROOT = Path(__file__).parents[2]
_STARTER = """\
import subprocess, time
from tests.sandbox.sandbox import Sandbox

with Sandbox() as sandbox:
    sandbox.add_django_site()
    # As certbot does it: a command of the account's user with a session of its own.
    command = ["sleep", "1000"]
    subprocess.Popen(command, env=sandbox.environ(), start_new_session=True)
    # As the API's system() does it.
    subprocess.Popen(command, env={{"HOME": str(sandbox.host.home_directory), "PATH": "/bin"}})
    print(sandbox.directory, flush=True)
    {then}
"""


def test_it_is_up_in_five_seconds_and_two_go_side_by_side() -> None:
    """Each serves its own account on its own ports; nothing of them is left afterwards."""
    started = time.monotonic()
    with Sandbox() as one:
        assert time.monotonic() - started < 5
        with Sandbox() as two:
            for number, sandbox in enumerate((one, two)):
                sandbox.host.add_app("blog", "static_only")
                (sandbox.host.webapps / "blog/index.html").write_text(str(number))
                sandbox.host.add_website("blog", ("example.com",), (("blog", "/"),))
                sandbox.front_end.wait_applied()
            assert (one.http("example.com").text, two.http("example.com").text) == ("0", "1")
            assert _processes_of(one.directory)
    for sandbox in (one, two):
        assert not sandbox.directory.exists()
        assert not _processes_of(sandbox.directory)


@pytest.mark.parametrize(
    ("then", "number"),
    [
        ("time.sleep(1000)", signal.SIGKILL),
        ("time.sleep(1000)", signal.SIGTERM),
        ("time.sleep(1000)", signal.SIGINT),
        ("raise SystemExit(1)", None),
        ("import os; os._exit(1)", None),
    ],
)
def test_nothing_is_left_however_it_ends(then: str, number: signal.Signals | None) -> None:
    """Servers, commands and directory are gone soon after the process that started them."""
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER.format(then=then)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as starter:
        assert starter.stdout
        directory = Path(starter.stdout.readline().strip())
        if number:
            assert len(_processes_of(directory)) >= 7, "nginx, Apache, Pebble, DNS, Django, 2 sleep"
            starter.send_signal(number)
        starter.wait(60)
    until(lambda: not directory.exists())
    until(lambda: not _processes_of(directory))


def test_a_server_that_does_not_start_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the server and shows its log, and nothing is left either."""
    monkeypatch.setenv("PATH", "")
    sandbox = Sandbox()
    with pytest.raises(SandboxError, match=r"(?s)dns: start failed.*No such file or directory"):
        sandbox.start()
    assert not sandbox.directory.exists()


def test_processes_can_be_started_by_several_threads_at_once() -> None:
    """Each gets its own: the front end starts Apache while a test starts a site."""

    def start(number: int) -> None:
        process = processes.start(f"shell{number}", ["sh", "-c", "echo $$"])
        process.wait_until_ended()
        assert int(process.log.read_text()) == process.pid

    with closing(Processes()) as processes, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(start, range(100))) == [None] * 100


def test_reset_empties_the_account(sandbox: Sandbox) -> None:
    """Websites, files, the Django site and what certbot wrote are gone; the servers still run."""
    sandbox.add_django_site()
    sandbox.front_end.wait_applied()
    host = sandbox.host  # which keeps the port from others
    port = host.snapshot().apps[0].port
    assert sandbox.http("example.com").status == 200
    (sandbox.config_dir / "live").mkdir()
    sandbox.reset()
    sandbox.front_end.wait_applied()
    assert sandbox.http("example.com").status == 404
    assert list(sandbox.host.webapps.iterdir()) == []
    assert list(sandbox.config_dir.iterdir()) == [sandbox.credentials]
    assert port not in _listening_ports()


def test_the_guides_case_is_http_only(sandbox: Sandbox) -> None:
    """Django answers at both names over http, knowing that it is not secure; https fails."""
    sandbox.add_django_site()
    sandbox.front_end.wait_applied()
    for domain in ("example.com", "www.example.com"):
        assert "in plain text" in sandbox.http(domain).text
        with pytest.raises(ssl.SSLCertVerificationError):
            sandbox.fetch_verified(domain)


def test_django_knows_of_https_from_the_front_end(sandbox: Sandbox) -> None:
    """On an https website with a certificate from the CA it answers a strict client, securely."""
    sandbox.add_django_site()
    sandbox.host.add_app("challenges", "static_only")
    mounts = (("mysite", "/"), ("challenges", "/.well-known"))
    domains = ("example.com", "www.example.com")
    sandbox.host.update_website("mysite", "127.0.0.1", False, domains, mounts, None)
    sandbox.front_end.wait_applied()
    # --webroot appends .well-known itself
    webroot = sandbox.host.home_directory / "webroot"
    webroot.mkdir()
    (webroot / ".well-known").symlink_to(sandbox.host.webapps / "challenges")
    sandbox.certbot("certonly", "--webroot", "-w", str(webroot), "-d", "example.com")
    live = sandbox.config_dir / "live/example.com"
    parts = [(live / f"{part}.pem").read_text() for part in ("cert", "privkey", "chain")]
    sandbox.host.add_certificate("example_com", *parts)
    sandbox.host.add_website("mysite", domains, mounts, https=True, certificate="example_com")
    sandbox.front_end.wait_applied()
    assert "securely, at https://example.com/" in sandbox.fetch_verified("example.com").text
    assert "".join(sandbox.served("example.com").chain) == (live / "fullchain.pem").read_text()
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        sandbox.fetch_verified("www.example.com")


def test_nothing_follows_the_panel_any_more_after_closing() -> None:
    """A change that is being served then is let finish, lest it write into what is removed."""
    before = set(threading.enumerate())
    with Sandbox() as sandbox:
        for number in range(50):
            sandbox.host.add_app(f"app{number}", "static_php70")
            sandbox.host.add_website(f"site{number}", (f"s{number}.example.com",), ())
    until(lambda: set(threading.enumerate()) <= before)
    assert not sandbox.directory.exists()


def test_the_starter_says_how_to_use_certbot_and_ends_on_ctrl_c() -> None:
    """In a shell that sourced its settings, certbot finds the sandbox's directories and CA."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox", "--delay", "0"],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout
        said = ""
        while "Ctrl-C" not in said:
            said += starter.stdout.readline()
        [settings] = [line.split()[1] for line in said.splitlines() if line.startswith("    . ")]
        shown = subprocess.run(
            f". {settings} && certbot certificates", shell=True, capture_output=True, text=True
        )
        starter.send_signal(signal.SIGINT)
        assert starter.wait(60) == 0
    assert "No certificates found" in shown.stdout
    assert str(Path(settings).parent) in shown.stderr
    assert not Path(settings).exists()


def test_the_demo_runs_the_readmes_own_line() -> None:
    """It takes the first ``certbot run`` for the host, and fails where there is none."""
    readme = (
        "Use `certbot run -a`:\n| `certbot run -a cpanel -d a` |\n```sh\n"
        "certbot run -a webfaction -d a\ncertbot run -a webfaction -d b\n```\n"
    )
    assert demo.certbot_run_line(readme, "cpanel") == "certbot run -a cpanel -d a"
    assert demo.certbot_run_line(readme, "webfaction") == "certbot run -a webfaction -d a"
    with pytest.raises(demo.CheckFailedError):
        demo.certbot_run_line(readme, "opalstack")


def _processes_of(directory: Path) -> list[str]:
    """The command lines of all running processes that belong to the sandbox with this directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
            working_directory = str((entry / "cwd").readlink())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        signs = (f"{guardian.MARK}={directory}", f"HOME={directory}/")
        if str(directory) in command + working_directory or any(s in environment for s in signs):
            found.append(command)
    return found


def _listening_ports() -> set[int]:
    """All TCP ports of this machine that something listens on (proc(5), state 0A)."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(fields[1].rpartition(":")[2], 16) for fields in lines if fields[3] == "0A"}
