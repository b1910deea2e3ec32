"""The host's web servers and name servers, which follow the panel at some distance."""

from __future__ import annotations

from tests.sandbox.apache import Apache
from tests.sandbox.ca import Dns
from tests.sandbox.following import Follower
from tests.sandbox.frontend import worker
from tests.sandbox.nginx import Nginx
from tests.sandbox.opalstack.account import Account
from tests.sandbox.opalstack.rules import SHARED_NAME
from tests.sandbox.opalstack.websites import Websites
from tests.sandbox.processes import Processes


class FrontEnd(Follower[Account]):
    """Serves an account's sites on ``ports``, and publishes its DNS records, when each is due."""

    def __init__(self, processes: Processes) -> None:
        user = worker(processes.directory)
        self._apache = Apache(processes, user)
        self._nginx = Nginx(processes, user, SHARED_NAME)
        self._dns: Dns | None = None
        self.ports = self._nginx.ports
        super().__init__(self._look)

    def publish_at(self, dns: Dns) -> None:
        """Have the account's DNS records published there."""
        self._dns = dns

    def _look(self, account: Account) -> None:
        """Serve what is due, and look again when something else is."""
        now = account.now()
        account.settle()
        self._serve(account)
        due = account.next_due(since=now)
        if due is not None:
            self.tell(account, max(0.0, due - account.now()))

    def _serve(self, account: Account) -> None:
        assert self._dns
        served = account.served()
        self._dns.publish(served.texts, served.aliases)
        websites = Websites(served, account.switches, account.home)
        self._apache.retire_former()  # one is left where nginx could not follow the last change
        self._apache.serve(websites.for_apache(), account.home)
        servers = websites.for_nginx(self.ports, self._apache.ports, self._nginx.certificate_lines)
        self._nginx.show(servers, websites.certificates())
        self._apache.retire_former()
