"""The host's web server, kept in step with the state of the panel."""

from __future__ import annotations

from dataclasses import replace

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.apache import Apache, Scene
from tests.sandbox.cpanel.vhosts import VirtualHost
from tests.sandbox.following import Follower
from tests.sandbox.frontend import worker
from tests.sandbox.processes import Processes


class FrontEnd(Follower[Scene]):
    """Serves an account's virtual hosts on ``ports``, each change ``delay`` seconds after it.

    A virtual host whose servername is in ``stuck`` keeps serving the certificate it has.
    """

    def __init__(self, processes: Processes, delay: float) -> None:
        self._apache = Apache(processes, worker(processes.directory))
        self._served: dict[str, VirtualHost] = {}
        self.stuck: set[str] = set()
        self.ports = self._apache.ports
        super().__init__(self._serve, delay)

    def changed(self, account: Account) -> None:
        """Serve the account's present state after the delay."""
        self.tell(Scene(account.hosts, account.home, replace(account.switches)))

    def close(self) -> None:
        """Apply no further change."""
        super().close()
        self._apache.close()

    def _serve(self, scene: Scene) -> None:
        hosts = tuple(map(self._with_certificate, scene.hosts))
        self._apache.serve(replace(scene, hosts=hosts))
        self._served = {host.servername: host for host in hosts}

    def _with_certificate(self, host: VirtualHost) -> VirtualHost:
        """The host with the certificate that it is to be served with."""
        before = self._served.get(host.servername)
        if before and host.servername in self.stuck:
            return replace(host, installed=before.installed)
        return host
