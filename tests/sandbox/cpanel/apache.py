"""Apache as on a cPanel host: the only server, with TLS by name and ``.htaccess`` files."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.apache import Ports, quoted
from tests.sandbox.certificates import write_secret, write_self_signed
from tests.sandbox.cpanel.gate import Gate
from tests.sandbox.cpanel.redirects import EXEMPTIONS
from tests.sandbox.cpanel.switches import Switches
from tests.sandbox.cpanel.vhosts import VirtualHost
from tests.sandbox.processes import Process, Processes, listens


@dataclass(frozen=True)
class Scene:
    """What is to be served: the virtual hosts below a home directory, and how."""

    hosts: tuple[VirtualHost, ...]
    home: Path
    switches: Switches


@dataclass(frozen=True)
class _Server:
    process: Process
    ports: Ports
    directory: Path


class Apache:
    """The Apache that serves the newest scene to new connections on ``ports``.

    Each scene has a process of its own, which goes when its last connection has ended.
    """

    def __init__(self, processes: Processes, user: pwd.struct_passwd | None) -> None:
        self._processes = processes
        self._user = user
        self._count = 0
        self._text = ""
        self._servers: list[_Server] = []
        self.ports = Ports(processes.port(), processes.port())
        self._gates = (Gate(self.ports.http), Gate(self.ports.https))
        self._default = processes.directory / "default"
        self._default.mkdir(mode=0o700)
        key = self._default / "default-key.pem"
        write_self_signed(self._default / "default.pem", key, "server.invalid")

    def serve(self, scene: Scene) -> None:
        """Serve this scene; return when every new connection gets it."""
        text = "".join(map(str, scene.hosts)) + str(scene.switches)
        if text == self._text:
            return
        server = self._start(scene)
        http, https = self._gates
        http.turn_to(server.ports.http)
        https.turn_to(server.ports.https)
        self._text = text
        self._servers.append(server)
        for former in self._servers[:-1]:
            if not (http.is_used_by(former.ports.http) or https.is_used_by(former.ports.https)):
                self._end(former)

    def close(self) -> None:
        """Accept nothing more."""
        for gate in self._gates:
            gate.close()

    def _start(self, scene: Scene) -> _Server:
        self._count += 1
        ports = Ports(self._processes.port(), self._processes.port())
        directory = self._processes.directory / f"apache{self._count}"
        directory.mkdir(mode=0o700)
        path = directory / "apache.conf"
        shutil.copytree(self._default, directory, dirs_exist_ok=True)
        path.write_text(_configuration(scene, directory, ports))
        if self._user:
            for each in (directory, *directory.iterdir()):
                os.chown(each, self._user.pw_uid, self._user.pw_gid)
        process = self._processes.start(
            f"apache{self._count}",
            ["apache2", "-d", directory, "-f", path, "-DFOREGROUND"],
            user=self._user,
        )
        process.wait_until(lambda: listens(ports.http), "start")
        return _Server(process, ports, directory)

    def _end(self, server: _Server) -> None:
        self._servers.remove(server)
        with suppress(ProcessLookupError):  # it may have died of itself
            server.process.signal(signal.SIGTERM)
        server.process.wait_until_ended()
        shutil.rmtree(server.directory)


_MODULES = (
    *("mpm_event", "authz_core", "authz_user", "authn_core", "authn_file", "auth_basic", "alias"),
    *("dir", "headers", "mime", "rewrite", "setenvif", "ssl"),
)

_HEAD = """\
ServerName default.invalid
ServerLimit 1
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 25
KeepAliveTimeout 60
PidFile {directory}/pid
DefaultRuntimeDir {directory}
Mutex file:{directory}
ErrorLog {directory}/error.log
TypesConfig /dev/null
AddType text/html .html .php
AddType text/plain .txt
Listen 127.0.0.1:{http}
Listen 127.0.0.1:{https}
<Directory />
    Require all denied
</Directory>
<Directory {home}>
    Require all granted
    AllowOverride All
    Options FollowSymLinks
    DirectoryIndex index.html index.php
</Directory>
<VirtualHost 127.0.0.1:{http}>
    Redirect 404 /
</VirtualHost>
<VirtualHost 127.0.0.1:{https}>
    Redirect 404 /
    SSLEngine on
    SSLCertificateFile {directory}/default.pem
    SSLCertificateKeyFile {directory}/default-key.pem
</VirtualHost>
"""

_REDIRECT = "RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"
_ONLY_CHALLENGES = r"RewriteRule !^/\.well-known/ - [R=404,L]" + "\n"
_APP = (
    "RewriteCond {root}%{{REQUEST_URI}} !-f\n"
    "RewriteRule ^ {app}/passenger.html [L]\n"
    "<Directory {app}>\nRequire all granted\n</Directory>\n"
)


def _configuration(scene: Scene, directory: Path, ports: Ports) -> str:
    """The configuration, whose certificates are written beside it."""
    modules = [
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in _MODULES
    ]
    head = _HEAD.format(
        directory=directory, home=quoted(str(scene.home)), http=ports.http, https=ports.https
    )
    # Apache takes the first host that fits: exact names have to come before wildcards.
    hosts = sorted(scene.hosts, key=lambda host: any("*" in name for name in host.names))
    return "".join([*modules, head, *(_host(host, scene, directory, ports) for host in hosts)])


def _host(host: VirtualHost, scene: Scene, directory: Path, ports: Ports) -> str:
    """The virtual hosts for http and https, and those of the service names."""
    root, app = host.document_root, ""
    if host.app:
        if not scene.switches.passenger_serves_files:
            root = host.app / "public"
        app = _APP.format(root=root, app=host.app)
    redirect = ""
    if host.redirects and not scene.switches.redirect_in_htaccess:
        redirect = (EXEMPTIONS if scene.switches.redirect_exempts else "") + _REDIRECT
    services = _ONLY_CHALLENGES if scene.switches.services_answer else "Redirect 404 /\n"
    names = (*host.names, *host.mails)
    sections = [
        _section(ports.http, names, root, redirect + app),
        _section(ports.http, host.services, host.document_root, services),
    ]
    if host.installed:
        tls = _write_certificate(host, directory)
        sections += [
            _section(ports.https, names, root, app + tls),
            _section(ports.https, host.services, host.document_root, services + tls),
        ]
    return "".join(sections)


def _section(port: int, names: tuple[str, ...], root: Path, rest: str) -> str:
    if not names:
        return ""
    lines = [
        f"<VirtualHost 127.0.0.1:{port}>",
        f"ServerName {names[0].replace('*', '_star_')}",
        *(f"ServerAlias {name}" for name in names),
        f"DocumentRoot {quoted(str(root))}",
        "RewriteEngine on",
        rest,
    ]
    return "\n".join([*lines, "</VirtualHost>", ""])


def _write_certificate(host: VirtualHost, directory: Path) -> str:
    """Write a host's certificate with its chain, and its key; return the lines that name them."""
    assert host.installed
    stored = host.installed.certificate
    path, key = directory / f"{host.domain}.pem", directory / f"{host.domain}-key.pem"
    path.write_text(f"{stored.pem.strip()}\n{stored.cabundle}")
    write_secret(key, host.installed.private_key)
    files = f"SSLCertificateFile {quoted(str(path))}\nSSLCertificateKeyFile {quoted(str(key))}\n"
    return f"SSLEngine on\n{files}"
