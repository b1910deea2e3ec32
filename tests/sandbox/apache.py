"""Apache behind nginx: it serves the apps in which ``.htaccess`` files count."""

from __future__ import annotations

import os
import pwd
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.host import App, Snapshot, Website
from tests.sandbox.processes import Process, Processes, listens


@dataclass(frozen=True)
class Ports:
    """Two ports of 127.0.0.1, for http and for https websites."""

    http: int
    https: int

    def of(self, website: Website) -> int:
        """The port for this website."""
        return self.https if website.https else self.http


class Apache:
    """The Apache that serves the newest state; nginx reaches it on ``ports``.

    A new state gets a new process on other ports, which nginx turns to when it is up: Apache's own
    graceful restart leaves its sockets unanswered for up to a second.
    """

    def __init__(self, processes: Processes, user: pwd.struct_passwd | None) -> None:
        self._processes = processes
        self._user = user
        self._directory = processes.directory / "apache"
        self._text = ""
        self._process: Process | None = None
        self._former: Process | None = None
        self.ports = Ports(processes.port(), processes.port())
        self._other_ports = Ports(processes.port(), processes.port())

    def serve(self, snapshot: Snapshot, webapps: Path) -> None:
        """Have a process that serves this state, up and answering."""
        text = _configuration(snapshot, webapps, self._directory)
        if text == self._text:
            return
        self._directory.mkdir(exist_ok=True)
        if self._user:
            os.chown(self._directory, self._user.pw_uid, self._user.pw_gid)
        ports = self._other_ports
        path = self._directory / f"{ports.http}.conf"
        path.write_text(
            f"Define http {ports.http}\nDefine https {ports.https}\n"
            f"PidFile {self._directory}/{ports.http}.pid\n{text}"
        )
        process = self._processes.start(
            "apache",
            ["apache2", "-d", self._directory, "-f", path, "-DFOREGROUND"],
            user=self._user,
        )
        process.wait_until(lambda: listens(ports.http), "start")
        self._text = text
        self.ports, self._other_ports = ports, self.ports
        self._former, self._process = self._process, process

    def retire_former(self) -> None:
        """End the process that served the state before; nginx must not need it any more."""
        if self._former:
            with suppress(ProcessLookupError):  # it may have died of itself
                self._former.signal(signal.SIGTERM)
            self._former.wait_until_ended()
            self._former = None


def is_apaches(app: App) -> bool:
    """Whether Apache serves the app: Static/CGI/PHP, symbolic links to such, and WordPress."""
    return bool(re.fullmatch(r"static_php\d+|symlink\d+|wordpress_\w+", app.type))


def names(website: Website) -> list[str]:
    """The website's names that servers can be asked for; the panel checks none."""
    return [name for name in website.subdomains if re.fullmatch(r"(\*\.)?[\w.-]+", name, re.ASCII)]


def quoted(path: str) -> str:
    """A path as one word of a configuration, Apache's or nginx's."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_MODULES = (
    *("mpm_event", "access_compat", "alias", "auth_basic", "authn_core", "authn_file"),
    *("authz_core", "authz_host", "authz_user", "dir", "headers", "mime", "rewrite", "setenvif"),
)

_HEAD = """\
ServerName default.invalid
ServerLimit 1
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 25
KeepAlive Off
DefaultRuntimeDir {directory}
Mutex file:{directory}
ErrorLogFormat "%M"
LogFormat "%{{Host}}i %r %>s" plain
CustomLog {directory}/access.log plain
TypesConfig /dev/null
AddType text/html .html .php
AddType text/plain .txt
Listen 127.0.0.1:${{http}}
Listen 127.0.0.1:${{https}}
<Directory />
    Require all denied
</Directory>
<Directory {webapps}>
    Require all granted
    AllowOverride All
    Options FollowSymLinks
    DirectoryIndex index.html index.php
</Directory>
<VirtualHost 127.0.0.1:${{http}} 127.0.0.1:${{https}}>
    Redirect 404 /
</VirtualHost>
"""


def _configuration(snapshot: Snapshot, webapps: Path, directory: Path) -> str:
    """All but the ports, which are defined as ``http`` and ``https``."""
    modules = [
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in _MODULES
    ]
    # Standard error, which is the process's log, is no file that another user could open.
    log = f"ErrorLog {directory}/error.log\n"
    head = _HEAD.format(directory=directory, webapps=webapps)
    # Apache takes the first host that fits: exact names have to come before wildcards.
    named = [(name, website) for website in snapshot.websites for name in names(website)]
    named.sort(key=lambda pair: ("*" in pair[0], -len(pair[0])))
    apps = {app.name for app in snapshot.apps if is_apaches(app)}
    hosts = [_virtual_host(name, website, apps, webapps) for name, website in named]
    return "".join([*modules, log, head, *hosts])


def _virtual_host(name: str, website: Website, apps: set[str], webapps: Path) -> str:
    # Apache takes the first alias that fits: the longest has to come first.
    mounts = sorted(
        ((path.rstrip("/"), app) for app, path in website.website_apps if app in apps),
        key=lambda mount: -len(mount[0]),
    )
    if not mounts:
        return ""
    port = "${https}" if website.https else "${http}"
    server_name = f"ServerName wildcard.invalid\n    ServerAlias {name}"
    if "*" not in name:
        server_name = f"ServerName {name}"
    lines = [f"<VirtualHost 127.0.0.1:{port}>", f"    {server_name}"]
    for path, app in mounts:
        where = f"Alias {quoted(path)}" if path else "DocumentRoot"
        lines.append(f"    {where} {webapps / app}")
    return "\n".join([*lines, "</VirtualHost>", ""])
