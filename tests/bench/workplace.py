"""A sandbox with the two installations of certbot, and certbot directories made for one command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from tests.bench.cost import Cost, measure, with_calls
from tests.bench.ground import Ground, Way
from tests.bench.installations import Installation
from tests.bench.scene import Site, write_lineages
from tests.sandbox.certificates import write_secret


@dataclass(frozen=True)
class Installations:
    """certbot with the plugin, and without."""

    plugin: Installation
    stock: Installation


_CLI_INI = """\
server = {server}
agree-tos = true
register-unsafely-without-email = true
no-random-sleep-on-renew = true
"""
"""What stock certbot knows, too."""


class Workplace:
    """Where commands are measured on one host; a context manager."""

    def __init__(self, installations: Installations, make_ground: type[Ground]) -> None:
        self._installations = installations
        self.ground = make_ground()
        self.sandbox = self.ground.sandbox
        self.plugin = self.ground.plugin

    def __enter__(self) -> Workplace:
        self.ground.start()
        self.directory = self.sandbox.directory / "bench"
        self.directory.mkdir()
        user_configuration = self.directory / "xdg" / "letsencrypt" / "cli.ini"
        user_configuration.parent.mkdir(parents=True)
        user_configuration.write_text(_CLI_INI.format(server=self.sandbox.ca.url))
        self._registered = self.directory / "registered"
        self.stock(self._registered, "register")
        (account,) = self._registered.glob("accounts/*/dir/*")
        self._account = account.name
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.ground.close()

    def stock_dir(self, sites: Sequence[Site]) -> Path:
        """Make a certbot configuration where these lineages are renewed and not installed."""
        return self._config_dir("stock", sites, [], is_ours=False)

    def plugin_dir(self, sites: Sequence[Site], way: Way) -> Path:
        """Make one where these lineages are renewed and installed by the plugin."""
        plugins = [f"authenticator = {self.plugin}", f"installer = {self.plugin}"]
        config_dir = self._config_dir("plugin", sites, plugins, is_ours=True)
        if text := self.ground.credentials(way):
            write_secret(config_dir / f"{self.plugin}.ini", text)
        self.reconcile(config_dir, way)  # without documents it rebuilds them
        return config_dir

    def _config_dir(
        self, name: str, sites: Sequence[Site], settings: Sequence[str], *, is_ours: bool
    ) -> Path:
        config_dir = self.directory / name
        shutil.rmtree(config_dir, ignore_errors=True)
        shutil.copytree(self._registered, config_dir, symlinks=True)
        common = [f"account = {self._account}", f"server = {self.sandbox.ca.url}"]
        lines = [*common, "key_type = ecdsa", *settings]
        write_lineages(config_dir, sites, lines, None if is_ours else self.ground.webroot)
        return config_dir

    def stock(self, config_dir: Path, *arguments: str) -> Cost:
        """Measure certbot without the plugin."""
        program = self._installations.stock.program("certbot")
        argv = [program, *arguments, "--non-interactive", *self._directories(config_dir)]
        return self._measure(argv, self.ground.ways[0])

    def certbot(self, config_dir: Path, way: Way, *arguments: str) -> Cost:
        """Measure certbot with the plugin."""
        program = self._installations.plugin.program("certbot")
        options = [*self._directories(config_dir), *self._connect_to(), *way.options]
        return self._measure([program, *arguments, "--non-interactive", *options], way)

    def command(self, config_dir: Path, way: Way, *arguments: str) -> Cost:
        """Measure ``certbot-webfaction``."""
        program = self._installations.plugin.program("certbot-webfaction")
        options = [*self._directories(config_dir), *self._connect_to(), *way.options]
        return self._measure([program, *arguments, "--host", self.plugin, *options], way)

    def reconcile(self, config_dir: Path, way: Way) -> Cost:
        """Measure one reconciling, without the start of the process, and without a look at what
        is served."""
        self.ground.calls.clear()
        result = self.directory / "reconciled.json"
        options = [*self._directories(config_dir), f"--{self.plugin}-wait", "0", *way.options]
        subprocess.run(
            [sys.executable, "-m", "tests.bench.reconciling", result, self.plugin, *options],
            env=self._environ(way),
            cwd=Path(__file__).parents[2],
            check=True,
        )
        return with_calls(json.loads(result.read_text()), self.ground.calls)

    def _measure(self, argv: Sequence[str], way: Way) -> Cost:
        self.ground.spent()
        cost = measure(argv, self._environ(way), self.ground.calls)
        cost = replace(cost, cpu=cost.cpu - self.ground.spent())
        return replace(cost, round_trip=self.ground.round_trip(way)) if cost.calls else cost

    def _environ(self, way: Way) -> dict[str, str]:
        return {**self.ground.environ(way), "XDG_CONFIG_HOME": str(self.directory / "xdg")}

    def _directories(self, config_dir: Path) -> list[str]:
        work, logs = self.directory / "work", self.directory / "logs"
        return [f"--config-dir={config_dir}", f"--work-dir={work}", f"--logs-dir={logs}"]

    def _connect_to(self) -> list[str]:
        ports = self.sandbox.ports
        return [f"--{self.plugin}-connect-to=127.0.0.1:{ports.http}:{ports.https}"]
