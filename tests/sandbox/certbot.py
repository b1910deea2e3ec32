"""The real certbot, in directories of its own and configured for the sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox import guardian
from tests.sandbox.certificates import write_secret

_OTHER_CERTBOT = os.environ.get("CERTBOT", "")
_NOT_COMPILED = "PYTHONDONTWRITEBYTECODE"  # the plugin would be, in every run anew


@dataclass(frozen=True)
class Result:
    """How a run of certbot ended; ``log`` is its debug log, ``""`` if it wrote none."""

    returncode: int
    stdout: str
    stderr: str
    log: str

    @property
    def output(self) -> str:
        """Both streams, for messages whose stream does not matter."""
        return self.stdout + self.stderr


class Certbot:
    """certbot with its files below ``directory``, an account's credentials and a CA.

    ``config_dir``, ``work_dir`` and ``logs_dir`` are certbot's; ``credentials`` is the
    plugin's file, once it is configured. certbot's user configuration (``cli.ini``) names them, so
    that command lines need not. ``http`` and ``https`` are the front end's ports, ``dns`` that of
    the name server.
    """

    def __init__(
        self,
        directory: Path,
        sandbox: Path,
        *,
        ca_url: str,
        ca_bundle: Path,
        http: int,
        https: int,
        dns: int,
    ) -> None:
        self.directory = directory
        self.config_dir = directory / "config"
        self.work_dir = directory / "work"
        self.logs_dir = directory / "logs"
        self._sandbox = sandbox
        self._ca_url = ca_url
        self._ca_bundle = ca_bundle
        self._connect_to = f"127.0.0.1:{http}:{https}"
        self._nameserver = f"127.0.0.1:{dns}"

    def configure(self, plugin: str, credentials: dict[str, str]) -> None:
        """Write certbot's user configuration, and a plugin's credentials file with these values."""
        user_configuration = self.directory / "xdg" / "letsencrypt" / "cli.ini"
        user_configuration.parent.mkdir(parents=True)
        self.config_dir.mkdir()
        user_configuration.write_text(
            f"server = {self._ca_url}\n"
            f"config-dir = {self.config_dir}\n"
            f"work-dir = {self.work_dir}\n"
            f"logs-dir = {self.logs_dir}\n"
            "agree-tos = true\n"
            "register-unsafely-without-email = true\n"
            "# Without a terminal certbot renew would sleep up to eight minutes first.\n"
            "no-random-sleep-on-renew = true\n"
            f"{plugin}-connect-to = {self._connect_to}\n"
            f"{plugin}-nameserver = {self._nameserver}\n"
        )
        self.credentials = self.config_dir / f"{plugin}.ini"
        lines = [f"{plugin}_{key} = {value}\n" for key, value in credentials.items()]
        write_secret(self.credentials, "".join(lines))

    def settings(self) -> dict[str, str]:
        """The environment variables that make any certbot use all this, and trust the CA."""
        return {
            "XDG_CONFIG_HOME": str(self.directory / "xdg"),
            "REQUESTS_CA_BUNDLE": str(self._ca_bundle),
            "NO_PROXY": "localhost,127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def environ(self, home: Path) -> dict[str, str]:
        """The environment for a command of the account's user whose home directory this is."""
        own = {guardian.MARK: str(self._sandbox), "HOME": str(home)}
        if _OTHER_CERTBOT:
            own["PYTHONPATH"] = str(Path(__file__).parents[2])  # it finds the plugin there
        here = {name: value for name, value in os.environ.items() if name != _NOT_COMPILED}
        return {**here, **self.settings(), **own}

    def run(
        self, *args: str, home: Path, input: str | None, timeout: float, env: dict[str, str]
    ) -> Result:
        """Run certbot with these arguments, and wait; ``timeout`` is in seconds.

        It is the certbot beside this Python, or what the environment variable CERTBOT names.
        """
        program = _OTHER_CERTBOT or str(Path(sys.executable).with_name("certbot"))
        log = self.logs_dir / "letsencrypt.log"
        before = _text(log)
        done = subprocess.run(
            [program, *args],
            env={**self.environ(home), **env},
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        # A run starts a new file, or with max-log-backups = 0 (as on Debian) goes on in the old.
        return Result(done.returncode, done.stdout, done.stderr, _text(log).removeprefix(before))


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
