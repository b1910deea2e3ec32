"""A sandbox in which a scene is prepared once and played many times."""

from __future__ import annotations

import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from tests.proof.spawner import Spawner
from tests.sandbox.calls import Calls
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.faults import Faults
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox

OURS = ("shop.example.com", "www.shop.example.com")
"""The domains that the verbs are about; a program of the user serves them over http."""

INSTALLED = "wiki.example.com"
"""A domain that was installed before, so that an idle ``certbot renew`` reaches the plugin."""

FOREIGN = "blog.example.com"
"""A domain whose websites and certificate have nothing to do with us."""

DOMAINS = (*OURS, INSTALLED, FOREIGN)

PAGE = "page of shop"

AnySandbox = TypeVar("AnySandbox", Sandbox, OpalstackSandbox, CpanelSandbox)


class Api(Protocol):
    """What every stand-in's panel has."""

    calls: Calls
    faults: Faults
    before_call: Callable[[int, str], None]
    after_call: Callable[[int, str], None]


@dataclass(frozen=True)
class Beginning:
    """A state to begin from: what the panel holds, and copies of the home and certbot's files."""

    snapshot: Any
    home: Path
    certbot: Path


@dataclass(frozen=True)
class Ended:
    """How a run of certbot ended: exit status (minus the signal that killed it) and output."""

    status: int
    output: str


class Stage(ABC, Generic[AnySandbox]):
    """The sandbox and the scenes of the matrix; ``directory`` is certbot's.

    A host's subclass has the host's own ways: ``name`` is what ``make proof`` calls it, ``host``
    its plugin's name, ``label`` the host's own.
    """

    name: ClassVar[str]
    host: ClassVar[str]
    label: ClassVar[str]
    sandbox: AnySandbox

    def __init__(self, sandbox: AnySandbox) -> None:
        self.sandbox = sandbox
        self.spawner = Spawner(self.environ())
        self._saved = sandbox.directory / "scenes"
        self.directory = sandbox.directory / "certbot"
        self.scenes: dict[str, Beginning] = {}

    @classmethod
    @abstractmethod
    def sandboxed(cls) -> AnySandbox:
        """A sandbox of the kind, not started yet."""

    @property
    @abstractmethod
    def api(self) -> Api:
        """The panel's API."""

    @property
    @abstractmethod
    def home(self) -> Path:
        """The home directory."""

    @property
    @abstractmethod
    def account(self) -> Any:
        """The account's state, with ``listeners``, ``snapshot`` and ``restore``."""

    @abstractmethod
    def open_sites(self, shop_port: Callable[[int], None]) -> None:
        """Make the websites: those of `OURS`, which have to show `PAGE`, and the others.

        ``shop_port`` has a program listen that shows that.
        """

    @abstractmethod
    def listen(self) -> None:
        """Let the API do its work again."""

    @abstractmethod
    def things(self, whose: Callable[..., str]) -> Mapping[str, frozenset[Any]]:
        """What the panel holds, by what it is, see `State.things`.

        ``whose`` names the certificate with this leaf, chain and perhaps key.
        """

    @abstractmethod
    def harm_on_panel(self) -> str:
        """What is wrong with the panel between two calls, ``""`` if nothing is."""

    def options(self) -> tuple[str, ...]:
        """Options of every run."""
        return ()

    def environ(self) -> dict[str, str]:
        """The environment for certbot."""
        return self.sandbox.environ()

    @property
    def run(self) -> tuple[str, ...]:
        """The arguments of every ``certbot run``."""
        return ("run", "-a", self.host, "-i", self.host)

    @staticmethod
    def checkpoints(directory: Path) -> int:
        """How many checkpoints there are in certbot's files or a copy of them."""
        return len(list((directory / "work" / "backups").iterdir()))

    def certbot(self, *argv: str, api_timeout: float = 60.0) -> Ended:
        """Run certbot in a process of its own, which finds an API silent after ``api_timeout``."""
        output = self.directory / "output"
        own = [*argv, "-n", f"--{self.host}-wait", "60", *self.options()]
        status = self.spawner.run(own, output, api_timeout)
        return Ended(status, output.read_text(errors="replace"))

    def restore(self, scene: Beginning) -> None:
        """Begin from this scene again, with an API that does its work."""
        self.calm()
        _replace(self.home, scene.home)
        _replace(self.directory, scene.certbot)
        self.account.restore(scene.snapshot)
        self.sandbox.wait_applied()
        self.api.calls.clear()

    def calm(self) -> None:
        """Let nothing go wrong at the API any more."""
        self.api.faults.clear()
        self.api.before_call = self.api.after_call = _nothing
        self.listen()

    def save(self, name: str) -> None:
        """Keep the present state as a scene."""
        home, certbot = self._saved / name / "home", self._saved / name / "certbot"
        shutil.copytree(self.home, home, symlinks=True)
        shutil.copytree(self.directory, certbot, symlinks=True)
        self.scenes[name] = Beginning(self.account.snapshot(), home, certbot)

    def prepare(self) -> None:
        """Set the scenes: ``before`` our domains have https, ``installed``, and ``redirected``."""
        self._play(*self.run, "--no-redirect", "-d", INSTALLED)
        self.save("before")
        names = [option for domain in OURS for option in ("-d", domain)]
        self._play(*self.run, "--no-redirect", *names)
        self.save("installed")
        self.restore(self.scenes["before"])
        self._play(*self.run, "--redirect", *names)
        self.save("redirected")

    def _play(self, *argv: str) -> None:
        ended = self.certbot(*argv)
        assert ended.status == 0, ended.output
        self.sandbox.wait_applied()


@contextmanager
def open_stage(kind: type[Stage[Any]]) -> Iterator[Stage[Any]]:
    """Prepare the scenes in a sandbox of their own."""
    programs: list[ThreadingHTTPServer] = []

    def show_page(port: int) -> None:
        programs.append(ThreadingHTTPServer(("127.0.0.1", port), _Program))
        threading.Thread(target=programs[-1].serve_forever, daemon=True).start()

    with kind.sandboxed() as sandbox:
        stage = kind(sandbox)
        try:
            stage.open_sites(show_page)
            sandbox.wait_applied()
            stage.prepare()
            yield stage
        finally:
            stage.spawner.close()
            for program in programs:
                program.shutdown()
                program.server_close()


class _Program(BaseHTTPRequestHandler):
    """What a user runs as a website: one page for every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def _replace(directory: Path, copy: Path) -> None:
    shutil.rmtree(directory)
    shutil.copytree(copy, directory, symlinks=True)


def _nothing(_number: int, _method: str) -> None:
    """No hook."""
