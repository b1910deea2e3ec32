"""A CDN before the account: it shows visitors a certificate of its own, and asks for them."""

from __future__ import annotations

import signal
from contextlib import suppress
from types import TracebackType

from tests.sandbox.apache import Ports
from tests.sandbox.certificates import write_self_signed
from tests.sandbox.processes import Process, Processes, listens

_CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
access_log off;
client_body_temp_path {directory}/client_body;
proxy_temp_path {directory}/proxy;
fastcgi_temp_path {directory}/fastcgi;
uwsgi_temp_path {directory}/uwsgi;
scgi_temp_path {directory}/scgi;
server {{
listen 127.0.0.1:{ports.http};
listen 127.0.0.1:{ports.https} ssl;
ssl_certificate {directory}/leaf.pem;
ssl_certificate_key {directory}/key.pem;
location / {{
proxy_pass http://127.0.0.1:{origin};
proxy_set_header Host $http_host;
}}
}}
}}
"""


class Cdn:
    """A context manager: a CDN that asks the account over plain http, whatever it is asked over.

    Cloudflare calls that "Flexible". ``origin`` is the port of the account's front end, and
    ``route`` what `--…-connect-to` takes to get to the CDN.
    """

    def __init__(self, origin: int, *names: str) -> None:
        self._origin = origin
        self._names = names

    def __enter__(self) -> Cdn:
        self._processes = Processes()
        directory = self._processes.directory
        self.ports = Ports(self._processes.port(), self._processes.port())
        self.route = f"127.0.0.1:{self.ports.http}:{self.ports.https}"
        write_self_signed(directory / "leaf.pem", directory / "key.pem", *self._names)
        path = directory / "nginx.conf"
        path.write_text(
            _CONFIGURATION.format(directory=directory, ports=self.ports, origin=self._origin)
        )
        self._process: Process = self._processes.start("nginx", ["nginx", "-c", path])
        self._process.wait_until(lambda: listens(self.ports.https), "start")
        return self

    def __exit__(
        self,
        type: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(ProcessLookupError):  # it may have died of itself
            self._process.signal(signal.SIGTERM)
        self._processes.close()
