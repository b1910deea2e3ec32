"""nginx, the only server that the world sees: it ends TLS and hands each request to its app."""

from __future__ import annotations

import hashlib
import pwd
import shutil
import signal
from pathlib import Path

import requests

from tests.sandbox.apache import Ports, is_apaches, names, quoted
from tests.sandbox.certificates import write_secret, write_self_signed
from tests.sandbox.host import App, Certificate, Snapshot, Website
from tests.sandbox.processes import Process, Processes

SHARED_NAME = "*.webfaction.example"
"""What the host's shared certificate, which no client accepts for a user's domain, is made for."""

_STATUS_HOST = "front-end.invalid"
"""The name under which nginx tells which configuration it has, and which worker answers."""


class Nginx:
    """nginx on ``ports``, with the state that it was last told to `serve`."""

    def __init__(
        self,
        processes: Processes,
        user: pwd.struct_passwd | None,
        shared_name: str = SHARED_NAME,
    ) -> None:
        self._processes = processes
        self._shared_name = shared_name
        self._user = f"user {user.pw_name} nogroup;" if user else ""
        self._directory = processes.directory / "nginx"
        self._version = ""
        self._process: Process | None = None
        self.ports = Ports(processes.port(), processes.port())

    def serve(self, snapshot: Snapshot, webapps: Path, apache: Ports) -> None:
        """Serve this state; return when every new connection gets it, and only it."""
        websites = [
            _server(website, snapshot.apps, self._directory, webapps, self.ports, apache)
            for website in snapshot.websites
            if names(website)
        ]
        self.show(websites, snapshot.certificates)

    def show(self, websites: list[str], certificates: tuple[Certificate, ...]) -> None:
        """The same for websites in nginx's own words, which may use these certificates."""
        # A changed certificate changes only the file that is named, so its text counts as well.
        contents = "".join([*websites, *map(_pem, certificates)])
        version = hashlib.sha256(contents.encode()).hexdigest()
        if version == self._version:
            return
        self._directory.mkdir(exist_ok=True)
        self._write_certificates(certificates)
        head = _HEAD.format(
            directory=self._directory,
            user=self._user,
            ports=self.ports,
            status=_STATUS_HOST,
            version=version,
        )
        path = self._directory / "nginx.conf"
        path.write_text(f"{head}{''.join(websites)}}}\n")
        if self._process:
            self._reload(self._process, version)
        else:
            self._process = self._processes.start("nginx", ["nginx", "-c", path])
            self._process.wait_until(lambda: self._status()[0] == version, "start")
        self._version = version

    def _write_certificates(self, certificates: tuple[Certificate, ...]) -> None:
        directory = self._directory / "certificates"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for certificate in certificates:
            (directory / f"{certificate.name}.pem").write_text(_pem(certificate))
            write_secret(directory / f"{certificate.name}-key.pem", certificate.private_key)
        shared = self._directory / "shared.pem"
        if not shared.exists():
            write_self_signed(shared, self._directory / "shared-key.pem", self._shared_name)

    def _reload(self, process: Process, version: str) -> None:
        old_worker = self._status()[1]
        process.signal(signal.SIGHUP)
        process.wait_until(
            lambda: self._status()[0] == version and _has_retired(old_worker), "reload"
        )

    def _status(self) -> tuple[str, int]:
        """The version that is served, and the process id of the worker that says so."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between us
            try:
                url = f"http://127.0.0.1:{self.ports.http}/"
                response = session.get(url, headers={"Host": _STATUS_HOST}, timeout=60)
            except requests.ConnectionError:
                return "", 0  # not up yet
        version, worker = response.text.split()
        return version, int(worker)

    def certificate_lines(self, name: str) -> list[str]:
        """What makes a server send the certificate of this name."""
        return _certificate_lines(self._directory, name)


def _has_retired(worker: int) -> bool:
    """Whether a worker has closed its listening sockets; it may still serve old connections.

    Both generations of workers overlap for a moment during a reload, so that the new version
    answering once does not mean that the old one won't. The title changes when the sockets are
    closed (nginx's ngx_worker_process_cycle).
    """
    try:
        title = Path(f"/proc/{worker}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return not title or b"is shutting down" in title


def _pem(certificate: Certificate) -> str:
    parts = (certificate.certificate, certificate.intermediates)
    return "".join(part.strip() + "\n" for part in parts if part.strip())


_HEAD = """\
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
include /etc/nginx/mime.types;
access_log {directory}/access.log;
client_body_temp_path {directory}/client_body;
proxy_temp_path {directory}/proxy;
fastcgi_temp_path {directory}/fastcgi;
uwsgi_temp_path {directory}/uwsgi;
scgi_temp_path {directory}/scgi;
server_names_hash_max_size 65536;
server_names_hash_bucket_size 512;
port_in_redirect off;
ssl_session_cache off;
ssl_session_tickets off;
ssl_certificate {directory}/shared.pem;
ssl_certificate_key {directory}/shared-key.pem;
proxy_http_version 1.1;
proxy_redirect off;
server {{
listen 127.0.0.1:{ports.http} default_server;
listen 127.0.0.1:{ports.https} ssl default_server;
default_type text/plain;
return 404 "Site not configured\\n";
}}
server {{
listen 127.0.0.1:{ports.http};
server_name {status};
return 200 "{version} $pid";
}}
"""


def _server(
    website: Website,
    apps: tuple[App, ...],
    directory: Path,
    webapps: Path,
    ports: Ports,
    apache: Ports,
) -> str:
    listen = f"listen 127.0.0.1:{ports.of(website)}"
    lines = [
        "server {",
        f"server_name {' '.join(names(website))};",
        f"{listen} ssl;" if website.https else f"{listen};",
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-Host $http_host;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        # An empty value takes away what the visitor sent: on http nobody can claim to use TLS.
        f'proxy_set_header X-Forwarded-SSL "{"on" if website.https else ""}";',
    ]
    if website.https and website.certificate:
        lines += _certificate_lines(directory, website.certificate)
    known = {app.name: app for app in apps}
    for name, path in website.website_apps:
        lines += _locations(known[name], path.rstrip("/"), webapps, apache.of(website))
    return "\n".join([*lines, "}", ""])


def _certificate_lines(directory: Path, name: str) -> list[str]:
    certificate = directory / "certificates" / name
    return [f"ssl_certificate {certificate}.pem;", f"ssl_certificate_key {certificate}-key.pem;"]


def _locations(app: App, mount: str, webapps: Path, apache_port: int) -> list[str]:
    """What answers at a mount (``""`` is the root) and below; nginx takes the longest that fits."""
    if app.type in ("static_only", "symlink_static_only"):
        below, itself = f"alias {webapps / app.name}/;", "rewrite ^ $uri/ permanent;"
    else:
        port = apache_port if is_apaches(app) else app.port
        below = itself = f"proxy_pass http://127.0.0.1:{port};"
    locations = [f"location {quoted(mount + '/')} {{ {below} }}"]
    if mount:
        locations.append(f"location = {quoted(mount)} {{ {itself} }}")
    return locations
