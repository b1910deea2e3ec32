"""A sandbox in which a scene is prepared once and played many times."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.proof.spawner import Spawner
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.host import Snapshot
from tests.sandbox.sandbox import Sandbox

OURS = ("shop.example.com", "www.shop.example.com")
"""The domains that the verbs are about; a program of the user serves them over http."""

INSTALLED = "wiki.example.com"
"""A domain that was installed before, so that an idle ``certbot renew`` reaches the plugin."""

FOREIGN = "blog.example.com"
"""A domain whose websites and certificate have nothing to do with us."""

DOMAINS = (*OURS, INSTALLED, FOREIGN)

RUN = (*("run", "-a", "webfaction", "-i", "webfaction"), *("--webfaction-files", "api"))

_PAGE = b"page of shop"


@dataclass(frozen=True)
class Scene:
    """A state to begin from: what the panel holds, and copies of the home and certbot's files."""

    snapshot: Snapshot
    home: Path
    certbot: Path


@dataclass(frozen=True)
class Ended:
    """How a run of certbot ended: exit status (minus the signal that killed it) and output."""

    status: int
    output: str


class Stage:
    """The sandbox and the scenes of the matrix, see `open_stage`; ``directory`` is certbot's."""

    def __init__(self, sandbox: Sandbox, spawner: Spawner) -> None:
        self.sandbox = sandbox
        self.spawner = spawner
        self._saved = sandbox.directory / "scenes"
        self.directory = sandbox.directory / "certbot"
        self.scenes: dict[str, Scene] = {}

    @staticmethod
    def checkpoints(directory: Path) -> int:
        """How many checkpoints there are in certbot's files or a copy of them."""
        return len(list((directory / "work" / "backups").iterdir()))

    def certbot(self, *argv: str, api_timeout: float = 60.0) -> Ended:
        """Run certbot in a process of its own, which finds an API silent after ``api_timeout``."""
        output = self.directory / "output"
        options = ("-n", "--webfaction-wait", "60")
        status = self.spawner.run([*argv, *options], output, api_timeout)
        return Ended(status, output.read_text(errors="replace"))

    def restore(self, scene: Scene) -> None:
        """Begin from this scene again, with an API that does its work."""
        api, host = self.sandbox.api, self.sandbox.host
        self.calm()
        _replace(host.home_directory, scene.home)
        _replace(self.directory, scene.certbot)
        host.restore(scene.snapshot)
        self.sandbox.front_end.wait_applied()
        api.calls.clear()

    def calm(self) -> None:
        """Let nothing go wrong at the API any more."""
        api = self.sandbox.api
        api.faults.clear()
        api.before_call = api.after_call = _nothing
        api.start_listening()

    def save(self, name: str) -> None:
        """Keep the present state as a scene."""
        home, certbot = self._saved / name / "home", self._saved / name / "certbot"
        shutil.copytree(self.sandbox.host.home_directory, home, symlinks=True)
        shutil.copytree(self.directory, certbot, symlinks=True)
        self.scenes[name] = Scene(self.sandbox.host.snapshot(), home, certbot)

    def prepare(self) -> None:
        """Set the scenes: ``before`` our domains have https, ``installed``, and ``redirected``."""
        host, directory = self.sandbox.host, self.sandbox.directory
        for name, kind in (("wiki", "static_php70"), ("blog", "static_only")):
            host.add_app(name, kind)
            (host.webapps / name / "index.html").write_text(f"page of {name}")
        host.add_website("wiki", (INSTALLED,), (("wiki", "/"),))
        host.add_website("shop", OURS, (("shop", "/"),))
        write_self_signed(directory / "bought.pem", directory / "bought.key", FOREIGN)
        bought, key = (directory / f"bought.{end}" for end in ("pem", "key"))
        host.add_certificate("bought", bought.read_text(), key.read_text())
        host.add_website("blog", (FOREIGN,), (("blog", "/"),))
        host.add_website("blog", (FOREIGN,), (("blog", "/"),), https=True, certificate="bought")
        host.add_domain("example.com", "www")
        self._play(*RUN, "--no-redirect", "-d", INSTALLED)
        self.save("before")
        names = [option for domain in OURS for option in ("-d", domain)]
        self._play(*RUN, "--no-redirect", *names)
        self.save("installed")
        self.restore(self.scenes["before"])
        self._play(*RUN, "--redirect", *names)
        self.save("redirected")

    def _play(self, *argv: str) -> None:
        ended = self.certbot(*argv)
        assert ended.status == 0, ended.output
        self.sandbox.front_end.wait_applied()


@contextmanager
def open_stage(sandbox: Sandbox) -> Iterator[Stage]:
    """Prepare the scenes in a sandbox whose account is empty."""
    shop = sandbox.host.add_app("shop", "custom_app_with_port")
    program = ThreadingHTTPServer(("127.0.0.1", shop.port), _Program)
    threading.Thread(target=program.serve_forever, daemon=True).start()
    spawner = Spawner(sandbox.environ())
    try:
        stage = Stage(sandbox, spawner)
        stage.prepare()
        yield stage
    finally:
        spawner.close()
        program.shutdown()
        program.server_close()


class _Program(BaseHTTPRequestHandler):
    """What a user runs as a website: one page for every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(_PAGE)))
        self.end_headers()
        self.wfile.write(_PAGE)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def _replace(directory: Path, copy: Path) -> None:
    shutil.rmtree(directory)
    shutil.copytree(copy, directory, symlinks=True)


def _nothing(_number: int, _method: str) -> None:
    """No hook."""
