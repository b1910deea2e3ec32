"""No secret gets out: not to logs, documents, the process list or the terminal."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.e2e.cpanel import on_the_host
from tests.e2e.scenes import add_site
from tests.proof.spawner import Spawner
from tests.proof.stage import Api
from tests.sandbox.cpanel.faults import refusal
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.faults import RESET_AFTER, fault
from tests.sandbox.host import Host
from tests.sandbox.opalstack.faults import refused
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox

PASSWORD = "grün &<b>%41\"x\\y' #,=äß"
RUN = ("run", "-a", "webfaction", "-i", "webfaction", "-vvv", "-d", "shop.example.com")


class Watched:
    """A sandbox whose every secret, and every process that ran during a call, is noted.

    ``known`` tells secrets with what they are, whenever it is asked; the keys that certbot has are
    found. ``host`` is the plugin's name.
    """

    def __init__(
        self, sandbox: Any, host: str, api: Api, known: Callable[[], Iterable[tuple[str, str]]]
    ) -> None:
        self.sandbox = sandbox
        self._host = host
        self._known = known
        self._secrets: dict[str, str] = {}
        self._processes: set[str] = set()
        api.before_call = api.after_call = self._look

    def _look(self, _number: int, _method: str) -> None:
        self._secrets |= {secret: what for what, secret in self._known()}
        for process in Path("/proc").glob("[0-9]*"):
            for what in ("cmdline", "environ"):
                with suppress(OSError):
                    self._processes.add((process / what).read_bytes().decode(errors="replace"))

    def secrets(self) -> dict[str, str]:
        """What each of everything is that must not get out."""
        found = dict(self._secrets)
        config = self.sandbox.config_dir
        for path in (*config.glob("archive/*/privkey*.pem"), *config.glob("keys/*.pem")):
            found |= {line: f"{path.name}, line {n}" for n, line in _lines(path)}
        for path in config.glob("accounts/**/private_key.json"):
            key = json.loads(path.read_text())
            found |= {key[part]: f"{part} of the ACME account" for part in "dpq" if part in key}
        return found

    def leaks(self, *outputs: str) -> list[str]:
        """Where a secret is to be seen, in whatever spelling."""
        directory = self.sandbox.directory / "certbot"
        places = {f"output {number}": text for number, text in enumerate(outputs)}
        places |= {f"process {number}": text for number, text in enumerate(self._processes)}
        for path in (*directory.glob("logs/*"), *self.sandbox.config_dir.glob(f"{self._host}/*/*")):
            places[path.name] = path.read_text()
        spellings = [
            (what, spelled) for secret, what in self.secrets().items() for spelled in _spell(secret)
        ]
        return [
            f"{what} in {place} as {spelled}"
            for what, spelled in spellings
            for place, text in places.items()
            if spelled in text
        ]


def _lines(pem: Path) -> Iterator[tuple[int, str]]:
    """The lines of a private key that are secret: an ECDSA key ends with the public key."""
    lines = pem.read_text().splitlines()[1:-2]
    return ((number, line) for number, line in enumerate(lines, 1))


def _spell(secret: str) -> set[str]:
    return {
        secret,
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        json.dumps(secret)[1:-1],
        quote(secret),
        base64.b64encode(secret.encode()).decode().rstrip("=")[:-1],
        secret.encode().hex(),
    }


@pytest.fixture
def watched(sandbox: Sandbox) -> Iterator[Watched]:
    """A website, and an account with a password in which everything is odd."""
    sandbox.reset(make_host=lambda homes: Host(homes, password=PASSWORD))
    api = sandbox.api

    def known() -> Iterator[tuple[str, str]]:
        yield "the password", PASSWORD
        yield from (("a session", each) for each in api._sessions._open)  # nobody else needs them

    watched = Watched(sandbox, "webfaction", api, known)
    add_site(sandbox, "shop", "shop.example.com")
    yield watched
    sandbox.api.before_call = sandbox.api.after_call = lambda _number, _method: None


def test_a_run_at_the_highest_verbosity_tells_no_secret(watched: Watched) -> None:
    """Over the API, so that commands are started too."""
    done = watched.sandbox.certbot(*RUN, "--webfaction-files", "api")
    renewed = watched.sandbox.certbot("renew", "--force-renewal", "-vvv")
    assert watched.leaks(done.output, renewed.output) == []
    assert list(watched.secrets().values()).count("a session") == 2
    assert any("privkey2.pem" in what for what in watched.secrets().values())


def test_no_token_or_key_gets_out_at_opalstack(opalstack: OpalstackSandbox) -> None:
    """A run, a renewal, a refusal that repeats what was sent, a token that is refused."""
    account, api = opalstack.account, opalstack.api
    account.add_site("shop", ["shop.example.com"], {"/": account.add_app("shop")})
    token = account.token.key
    watched = Watched(opalstack, "opalstack", api, lambda: [("the token", token)])
    run = ("run", "-a", "opalstack", "-i", "opalstack", "-vvv", "-d", "shop.example.com")
    outputs = [opalstack.certbot(*run).output]
    outputs.append(opalstack.certbot("renew", "--force-renewal", "-vvv").output)
    key = (opalstack.config_dir / "live/shop.example.com/privkey.pem").read_text()
    repeated = refused(400, [{"key": [f"{key} is no key"], "token": [token]}])
    api.faults.on(1, repeated, "POST /cert/update/")
    outputs.append(opalstack.certbot("renew", "--force-renewal", "-vvv", check=False).output)
    api.faults.always(refused(401, {"detail": f"Invalid token {token}."}))
    outputs.append(opalstack.certbot(*run, "--force-renewal", check=False).output)
    assert "does not know this API token" in " ".join(outputs[-1].split())
    assert any("privkey2.pem" in what for what in watched.secrets().values())
    assert watched.leaks(*outputs) == []


@pytest.mark.parametrize("is_here", [False, True])
def test_no_token_or_key_gets_out_at_cpanel(cpanel: CpanelSandbox, is_here: bool) -> None:
    """Likewise, with a token or with the command ``uapi``, whose arguments others may see."""
    token = cpanel.credentials.read_text().split("cpanel_token = ")[1].strip()
    if is_here:
        on_the_host(cpanel)
    watched = Watched(cpanel, "cpanel", cpanel.panel, lambda: [("the token", token)])
    run = ("run", "-a", "cpanel", "-i", "cpanel", "-vvv", "-d", "example.com")
    outputs = [cpanel.certbot(*run).output]
    outputs.append(cpanel.certbot("renew", "--force-renewal", "-vvv").output)
    key = (cpanel.config_dir / "live/example.com/privkey.pem").read_text()
    repeated = key if is_here else f"{token} {key}"  # what was sent
    cpanel.panel.faults.on(1, refusal(repeated), "SSL::install_ssl")
    outputs.append(cpanel.certbot("renew", "--force-renewal", "-vvv", check=False).output)
    assert "cPanel refused to install" in " ".join(outputs[-1].split())
    assert any("privkey2.pem" in what for what in watched.secrets().values())
    outputs += [" ".join(arguments) for arguments in cpanel.command.runs]
    outputs.append((cpanel.directory / "access_log").read_text() if not is_here else "")
    assert watched.leaks(*outputs) == []


def test_a_secret_that_gets_out_would_be_found(watched: Watched) -> None:
    """The neighbour: each kind of place is looked at, and spellings are known."""
    sandbox = watched.sandbox
    done = sandbox.certbot(*RUN)
    key = (sandbox.config_dir / "archive/shop.example.com/privkey1.pem").read_text()
    log = sandbox.directory / "certbot" / "logs" / "letsencrypt.log"
    log.write_text(log.read_text() + repr(PASSWORD))
    (folder,) = (sandbox.config_dir / "webfaction").iterdir()
    (folder / "journal.json").write_text(key)
    leaks = "\n".join(watched.leaks(done.output, html.escape(PASSWORD)))
    assert "the password in letsencrypt.log" in leaks
    assert "privkey1.pem, line 2 in journal.json" in leaks
    assert "the password in output 1" in leaks


@contextmanager
def _echo(url: str, method: str, escaped: bool) -> Iterator[str]:
    """An address before the API's that answers calls of a method with themselves, as an error."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if f"<methodName>{method}</methodName>".encode() in body:
                body = body if escaped else html.unescape(body.decode()).encode()
                self._answer(500, b"<html><title>500</title><pre>" + body + b"</pre></html>")
            else:
                self._answer(200, requests.post(url, data=body, timeout=60).content)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("method", "escaped"), [("login", True), ("login", False), ("create_certificate", True)]
)
def test_a_server_that_repeats_the_request_in_its_error_page_gives_nothing_away(
    watched: Watched, method: str, escaped: bool
) -> None:
    """Neither password nor private key, though the start of such a page is shown.

    Unescaped, the password has a tag and an entity in it, which are taken off.
    """
    sandbox = watched.sandbox
    output = sandbox.directory / "certbot" / "output"
    spawner = Spawner(sandbox.environ())
    with _echo(sandbox.api.url, method, escaped) as url:
        status = spawner.run([*RUN, "--webfaction-api-url", url], output)
    spawner.close()
    assert status == 1
    assert re.search(r"HTTP status\s+500", output.read_text())
    assert watched.leaks(output.read_text()) == []
    assert method != "login" or "[hidden]" in output.read_text()


def test_errors_tell_no_secret(watched: Watched) -> None:
    """A lost answer, Faults that repeat the password, a password that is wrong."""
    sandbox = watched.sandbox
    sandbox.api.faults.on(2, RESET_AFTER)
    outputs = [sandbox.certbot("certonly", *RUN[1:], "--dry-run").output]
    said = f"no {PASSWORD} for alice"
    for spelled in (f"LoginError: {said}", f"<class 'a.LoginError'>:[u{said!a}]"):
        sandbox.api.faults.on(1, fault(spelled))
        outputs.append(sandbox.certbot(*RUN, check=False).output)
    sandbox.host.password = "another"
    outputs.append(sandbox.certbot(*RUN, check=False).output)
    assert all("refused the login" in " ".join(output.split()) for output in outputs[1:])
    assert all("no [hidden] for alice" in " ".join(output.split()) for output in outputs[1:3])
    assert watched.leaks(*outputs) == []
