"""A sandbox with the two installations of certbot, and certbot directories made for one command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.bench.cost import Cost, measure, with_calls
from tests.bench.installations import Installation
from tests.bench.scene import Site, write_lineages
from tests.sandbox.certificates import write_secret
from tests.sandbox.sandbox import Sandbox

LATENCY = 0.1
"""Seconds that each call of the API takes."""


@dataclass(frozen=True)
class Installations:
    """certbot with the plugin, and without."""

    plugin: Installation
    stock: Installation


class Workplace:
    """Where commands are measured; a context manager."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations
        self.sandbox = Sandbox()

    def __enter__(self) -> Workplace:
        self.sandbox.start()
        self.directory = self.sandbox.directory / "bench"
        self.directory.mkdir()
        self._register()
        self._connect()
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.sandbox.close()

    def empty_account(self) -> None:
        """Begin anew with an account without websites."""
        self.sandbox.reset()
        self._connect()

    def _connect(self) -> None:
        """Slow the API down; the credentials are those of the present account."""
        self.sandbox.api.latency = LATENCY
        host = self.sandbox.host
        write_secret(
            self.directory / "hook-secrets", f"{host.username}\n{host.password}\n{host.machine}\n"
        )

    def _register(self) -> None:
        """Make the one ACME account."""
        config_dir = self.directory / "registered"
        self._certbot("stock", config_dir, "register")
        (account,) = config_dir.glob("accounts/*/dir/*")
        self._account = account.name

    def config_dir(self, name: str, sites: Sequence[Site], plugins: str) -> Path:
        """Make a certbot configuration with these lineages; see `write_lineages`."""
        config_dir = self.directory / name
        shutil.rmtree(config_dir, ignore_errors=True)
        shutil.copytree(self.directory / "registered", config_dir, symlinks=True)
        write_lineages(config_dir, sites, self.sandbox, self._account, plugins)
        if plugins == "webfaction":
            shutil.copy(self.sandbox.credentials, config_dir / "webfaction.ini")
            self.reconcile(config_dir)  # without documents it rebuilds them
        return config_dir

    def certbot(self, kind: str, config_dir: Path, *arguments: str) -> Cost:
        """Measure certbot.

        :param kind: ``plugin`` or ``stock``: which installation
        """
        return self._certbot(kind, config_dir, *arguments)

    def _certbot(self, kind: str, config_dir: Path, *arguments: str) -> Cost:
        installation = getattr(self._installations, kind)
        options = [
            *("--server", self.sandbox.ca.url, "--agree-tos", "--non-interactive"),
            *("--register-unsafely-without-email", "--no-random-sleep-on-renew"),
            *self._directories(config_dir),
        ]
        if kind == "plugin":
            options += self._connect_to()
        program: Installation = installation
        return measure(
            [program.program("certbot"), *arguments, *options], self._environ(), self.sandbox.api
        )

    def status(self, config_dir: Path) -> Cost:
        """Measure ``certbot-webfaction status``."""
        program = self._installations.plugin.program("certbot-webfaction")
        options = [*self._directories(config_dir), *self._connect_to()]
        return measure([program, "status", *options], self._environ(), self.sandbox.api)

    def reconcile(self, config_dir: Path) -> Cost:
        """Measure one reconciling, without the start of the process, and without a look at what
        is served."""
        self.sandbox.api.calls.clear()
        result = self.directory / "reconciled.json"
        options = [*self._directories(config_dir), "--webfaction-wait", "0"]
        subprocess.run(
            [sys.executable, "-m", "tests.bench.reconciling", result, *options],
            env=self._environ(),
            cwd=Path(__file__).parents[2],
            check=True,
        )
        return with_calls(json.loads(result.read_text()), self.sandbox.api)

    def hook(self) -> str:
        """The guide's deploy hook as a command line; Python starts as fast as it can."""
        return " ".join(self._script("guide_hook.py"))

    def round_trip(self) -> float:
        """Seconds that a call of the API takes a bare client now."""
        argv = self._script("round_trip.py")
        return float(subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout)

    def _script(self, name: str) -> list[str]:
        """The command line of a script here that logs in to the API."""
        script, secrets = Path(__file__).with_name(name), self.directory / "hook-secrets"
        return [sys.executable, "-I", "-S", str(script), self.sandbox.api.url, str(secrets)]

    def _environ(self) -> dict[str, str]:
        # No cli.ini: stock certbot would stop at an option of the plugin's.
        return {**self.sandbox.environ(), "XDG_CONFIG_HOME": str(self.directory / "xdg")}

    def _directories(self, config_dir: Path) -> list[str]:
        work, logs = self.directory / "work", self.directory / "logs"
        return [f"--config-dir={config_dir}", f"--work-dir={work}", f"--logs-dir={logs}"]

    def _connect_to(self) -> list[str]:
        ports = self.sandbox.ports
        return [f"--webfaction-connect-to=127.0.0.1:{ports.http}:{ports.https}"]
