"""An account's sites in the words of the servers: nginx before Apache, as `tests.sandbox` has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox import host
from tests.sandbox.apache import Ports, quoted
from tests.sandbox.opalstack.account import Served
from tests.sandbox.opalstack.objects import App, Site
from tests.sandbox.opalstack.rules import can_be_used
from tests.sandbox.opalstack.switches import Switches

CHALLENGES = "/.well-known/acme-challenge"

_PLAIN = ("STA", "SLS")
_APACHES = ("APA", "NPF", "SLP", "SLN")
"""The types whose own ``.htaccess`` may answer; that stands for PHP code as well."""


@dataclass(frozen=True)
class _Mount:
    """An app at a path, ``""`` for the root."""

    path: str
    app: App


class Websites:
    """What is served, for ``switches``; the apps' directories are below ``home``."""

    def __init__(self, served: Served, switches: Switches, home: Path) -> None:
        self._served = served
        self._switches = switches
        self._home = home
        used = {site.cert for site in served.sites}
        self._usable = {
            key: cert for key, cert in served.certs.items() if key in used and can_be_used(cert)
        }

    def certificates(self) -> tuple[host.Certificate, ...]:
        """The certificates of the sites, by their uuids."""
        return tuple(
            host.Certificate(0, each.id, (), "", each.cert, each.key, each.intermediates or "")
            for each in self._usable.values()
        )

    def for_apache(self) -> host.Snapshot:
        """Those apps that Apache serves, on their sites."""
        apps = {
            mount.app.id: host.App(0, _name(mount.app), "static_php70", False, 0, False, "", "")
            for site in self._served.sites
            for mount in self._mounts(site)
            if self._is_apaches(mount.app)
        }
        websites = tuple(
            host.Website(
                0,
                site.name,
                "",
                https,
                tuple(self._names(site)),
                tuple(
                    (_name(m.app), m.path or "/") for m in self._mounts(site) if m.app.id in apps
                ),
                "",
            )
            for site in self._served.sites
            for https in (False, True)
        )
        return host.Snapshot(tuple(apps.values()), websites, (), (), (), ())

    def for_nginx(
        self, ports: Ports, apache: Ports, certificate_lines: Callable[[str], list[str]]
    ) -> list[str]:
        """A server for each site and protocol."""
        servers = []
        for site in self._served.sites:
            if not self._names(site):
                continue
            has_https = site.cert in self._usable
            redirect = self._redirect(ports.https) if has_https and site.redirect else []
            plain = [f"listen 127.0.0.1:{ports.http};", *redirect]
            servers.append(self._server(site, plain, apache.http))
            listen = f"listen 127.0.0.1:{ports.https} ssl;"
            if has_https:
                secure = [listen, *certificate_lines(site.cert or "")]
                servers.append(self._server(site, secure, apache.https))
            elif not self._switches.https_without_cert:
                servers.append(
                    self._server(site, [listen, "ssl_reject_handshake on;"], apache.https)
                )
        return servers

    def _server(self, site: Site, head: list[str], apache_port: int) -> str:
        lines = [
            "server {",
            f"server_name {' '.join(self._names(site))};",
            *head,
            "proxy_set_header Host $http_host;",
            "proxy_set_header X-Forwarded-Host $http_host;",
            "proxy_set_header X-Forwarded-For $remote_addr;",
            "proxy_set_header X-Forwarded-Proto $scheme;",
            "proxy_set_header X-Forwarded-SSL $https;",
        ]
        if self._has_own_challenges(site):
            lines.append(f"location {CHALLENGES}/ {{ return 404; }}")
        for mount in self._mounts(site):
            lines += self._locations(mount, apache_port)
        return "\n".join([*lines, "}", ""])

    def _locations(self, mount: _Mount, apache_port: int) -> list[str]:
        """What answers at a mount and below; nginx takes the longest that fits."""
        app, path = mount.app, quoted(mount.path)
        if self._is_apaches(app):
            answer = at_itself = f"proxy_pass http://127.0.0.1:{apache_port};"
        elif app.type in _PLAIN:
            answer = f"alias {self._home / _name(app)}/;"
            at_itself = "rewrite ^ $uri/ permanent;"
        elif app.type == "CUS":
            end = "/" if app.json.get("proxy_pass_trailing_slash") else ""
            answer = at_itself = f"proxy_pass http://127.0.0.1:{app.port}{end};"
        else:
            answer = at_itself = "return 404;"  # SVN, DAV
        locations = [f"location {quoted(mount.path + '/')} {{ {answer} }}"]
        if mount.path:
            locations.append(f"location = {path} {{ {at_itself} }}")
        return locations

    def _mounts(self, site: Site) -> list[_Mount]:
        """The routes that can ever be taken, one for each path."""
        mounts: list[_Mount] = []
        for route in site.routes:
            path = "/" + route.uri.strip("/") if route.uri.strip("/") else ""
            app = self._served.apps.get(route.app)
            is_hosts = self._has_own_challenges(site) and f"{path}/".startswith(f"{CHALLENGES}/")
            if app and not is_hosts and not any(self._hides(mount, path) for mount in mounts):
                mounts.append(_Mount(path, app))
        return mounts

    def _hides(self, mount: _Mount, path: str) -> bool:
        """Whether a mount that comes before it takes all requests for this one."""
        if self._switches.longest_route_wins:
            return mount.path == path
        return f"{path}/".startswith(f"{mount.path}/")

    def _redirect(self, https_port: int) -> list[str]:
        """Send visitors on to https; a CA, which comes to our port and no other, to our port."""
        challenge = rf"^{re.escape(CHALLENGES)}/"
        onwards = "return 301 https://$host$request_uri;"
        if not self._switches.redirects_challenges:
            return [f'if ($uri !~ "{challenge}") {{ {onwards} }}']
        to_port = f"return 301 https://$host:{https_port}$request_uri;"
        return [f'if ($uri ~ "{challenge}") {{ {to_port} }}', onwards]

    def _has_own_challenges(self, site: Site) -> bool:
        return self._switches.own_challenges_first and site.generate_le

    def _is_apaches(self, app: App) -> bool:
        return app.type in _APACHES or (self._switches.static_obeys_htaccess and app.type in _PLAIN)

    def _names(self, site: Site) -> list[str]:
        """The names that servers can be asked for."""
        known = (self._served.domains.get(domain) for domain in site.domains)
        return [domain.name for domain in known if domain and domain.is_valid_hostname]


def _name(app: App) -> str:
    """An app's directory below the home directories."""
    return f"{app.osuser_name}/apps/{app.name}"
