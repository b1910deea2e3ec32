"""The panel on the host: a ``uapi`` command in a directory for the PATH."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import unquote_plus

from tests.sandbox.cpanel.panel import Panel, Request

_SCRIPT = """\
#!{python} -IS
import json, os, socket, sys, time

reads = any(argument.startswith("--input") for argument in sys.argv)
order = {{"arguments": sys.argv[1:], "input": sys.stdin.read() if reads else ""}}
try:
    with socket.create_connection(("127.0.0.1", {port})) as panel:
        panel.sendall(json.dumps(order).encode())
        panel.shutdown(socket.SHUT_WR)
        answer = json.loads(b"".join(iter(lambda: panel.recv(65536), b"")) or b"null")
except OSError:
    answer = None
if answer is None:
    sys.exit(255)
sys.stderr.write(answer["stderr"])
sys.stdout.write(answer["stdout"])
sys.stderr.flush()
sys.stdout.flush()
with open({spent!r}, "a") as log:
    print(time.process_time(), file=log)
os._exit(answer["status"])
"""

_USAGE = "Usage: uapi [--output=TYPE] [--input=TYPE] [--user=NAME] MODULE FUNCTION [KEY=VALUE …]\n"
_NOISE = (
    "info [uapi] STDERR output from hook: /usr/local/cpanel/3rdparty/bin/ssl_hook.pl\n"
    "No domains passed in to CCSHooks::admin_certcopy!\nEnd STDERR from hook\n"
)
_DISABLED = "Sorry, the feature you are using is disabled for this account.\n"
_ROOT = "This program must be passed the --user flag when run by root!\n"


@dataclass(frozen=True)
class Outcome:
    """How a run of the command ended."""

    stdout: str = ""
    stderr: str = ""
    status: int = 0


class Command:
    """The command ``uapi`` in ``directory``; ``runs`` are the arguments of each run.

    What the command is told and what it prints is decided here, in the process of the stand-in.
    """

    def __init__(self, panel: Panel, directory: Path) -> None:
        self._panel = panel
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.directory = directory
        self.runs: list[list[str]] = []
        directory.mkdir(exist_ok=True)
        port = self._listener.getsockname()[1]
        self.path = directory / "uapi"
        self._spent = directory.with_name("uapi.spent")
        self.path.write_text(
            _SCRIPT.format(python=sys.executable, port=port, spent=str(self._spent))
        )
        self.path.chmod(0o755)
        threading.Thread(target=self._accept, daemon=True).start()

    def spent(self) -> float:
        """Seconds of processor time that runs took to answer, since this was asked last."""
        if not self._spent.exists():
            return 0.0
        seconds = sum(map(float, self._spent.read_text().split()))
        self._spent.unlink()
        return seconds

    def close(self) -> None:
        """End runs that hang, and let later ones fail; the script stays."""
        self._panel.close()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in set(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return  # closed
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            order = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
            self.runs.append(order["arguments"])
            outcome = self._run(order["arguments"], order["input"])
            if outcome:
                connection.sendall(json.dumps(asdict(outcome)).encode())
        self._open.discard(connection)

    def _run(self, arguments: list[str], text: str) -> Outcome | None:
        """What a run gives; ``None`` where it dies without a word."""
        switches = self._panel.account.switches
        options = dict(_option(each) for each in arguments if each.startswith("--"))
        words = [each for each in arguments if not each.startswith("--")]
        if "input" in options and not switches.json_input:
            return Outcome(stderr=f"Unknown option: input\n{_USAGE}", status=1)
        user = options.get("user", "" if switches.caller_is_root else self._panel.account.username)
        if user != self._panel.account.username:
            return Outcome(stderr=_ROOT if not user else f"Unknown user: {user}\n", status=1)
        if len(words) < 2:
            return Outcome(stderr=_USAGE, status=1)
        pairs = _from_arguments(words[2:])
        if options.get("input") == "json":
            try:
                pairs += _from_json(text, decode=switches.json_input_decoded)
            except ValueError:
                return Outcome(stderr="The input is not valid JSON.\n", status=1)
        size = sum(map(len, arguments)) + len(text)
        request = Request("command", 3, words[0], words[1], pairs, bytes_in=size)
        return self._answer(request, options.get("output", "yaml"))

    def _answer(self, request: Request, output: str) -> Outcome | None:
        fault, body = self._panel.answer(request)
        if fault and fault.end != "answer":
            if fault.end == "hang":
                self._panel.wait_until_closed()
            return None
        switches = self._panel.account.switches
        stdout = _printed(body.decode(errors="replace"), output)
        if switches.leading_noise:
            stdout = f"Can't determine the Home of LiteSpeed Web Server, exit!\n{stdout}"
        stderr, status = _NOISE if switches.hook_noise else "", 0
        if switches.exit_status and _failed(body):
            stderr, status = stderr + _DISABLED, 1
        return Outcome(stdout, stderr, status)


def _option(argument: str) -> tuple[str, str]:
    name, _, value = argument.removeprefix("--").partition("=")
    return name, value


def _from_arguments(words: list[str]) -> list[tuple[str, str]]:
    """``KEY=VALUE``, where the value is form-decoded: a plus becomes a space."""
    pairs = (word.partition("=") for word in words)
    return [(key, unquote_plus(value)) for key, _, value in pairs]


def _from_json(text: str, *, decode: bool) -> list[tuple[str, str]]:
    """The pairs of an object; a list gives its key several times."""
    pairs = []
    for key, value in json.loads(text or "{}").items():
        for each in value if isinstance(value, list) else [value]:
            written = each if isinstance(each, str) else json.dumps(each)
            pairs.append((key, unquote_plus(written) if decode else written))
    return pairs


def _failed(body: bytes) -> bool:
    try:
        return not json.loads(body)["result"]["status"]
    except (ValueError, KeyError, TypeError):
        return False


def _printed(text: str, output: str) -> str:
    """An answer in the format asked for; what a fault made of it stays as it is."""
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    if output == "json":
        return f"{text}\n"
    if output == "jsonpretty":
        return json.dumps(answer, indent=3, ensure_ascii=False) + "\n"
    return f"---\n{_yaml(answer)}"


def _yaml(value: object, indent: str = "") -> str:
    """Block YAML; texts that could be anything else are quoted, such as ``"*.example.com"``."""
    if isinstance(value, dict) and value:
        return "".join(f"{indent}{key}:{_nested(each, indent)}" for key, each in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{indent}-{_nested(each, indent)}" for each in value)
    return f"{indent}{_scalar(value)}\n"


def _nested(value: object, indent: str) -> str:
    if isinstance(value, (dict, list)) and value:
        return f"\n{_yaml(value, indent + '  ')}"
    return f" {_scalar(value)}\n"


def _scalar(value: object) -> str:
    if value is None:
        return "~"
    if isinstance(value, str) and value.replace(".", "").replace("-", "").isalpha():
        return value
    return json.dumps(value, ensure_ascii=False)
