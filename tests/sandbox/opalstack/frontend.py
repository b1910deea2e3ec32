"""The host's web servers and name servers, which follow the panel at some distance."""

from __future__ import annotations

import math
import threading

from tests.sandbox.apache import Apache
from tests.sandbox.ca import Dns
from tests.sandbox.frontend import worker
from tests.sandbox.nginx import Nginx
from tests.sandbox.opalstack.account import Account, Served
from tests.sandbox.opalstack.rules import SHARED_NAME
from tests.sandbox.opalstack.websites import Websites
from tests.sandbox.processes import Processes, SandboxError


class FrontEnd:
    """Serves an account's sites on ``ports``, and publishes its DNS records, when each is due."""

    def __init__(self, processes: Processes) -> None:
        user = worker(processes.directory)
        self._apache = Apache(processes, user)
        self._nginx = Nginx(processes, user, SHARED_NAME)
        self._dns: Dns | None = None
        self._account: Account | None = None
        self._has_news = False
        self._looked_at = -math.inf
        self._is_applying = False
        self._is_closing = False
        self._error: Exception | None = None
        self._condition = threading.Condition()
        self.ports = self._nginx.ports

    def start(self, account: Account, dns: Dns) -> None:
        """Start the servers with the account's present state; ``dns`` is up already."""
        self._account, self._dns = account, dns
        self._looked_at = account.now()
        self._apply(account, account.served())
        threading.Thread(target=self._keep_up, daemon=True).start()

    def follow(self, account: Account) -> None:
        """Serve this account from now on."""
        with self._condition:
            self._account = account
            self._looked_at = -math.inf
        self.changed()

    def changed(self) -> None:
        """Look at the account again."""
        with self._condition:
            self._has_news = True
            self._condition.notify_all()

    def wait_applied(self, timeout: float = 50) -> None:
        """Return when everything that is ever due is served, and nothing older is.

        `SandboxError` if that fails, or takes longer than ``timeout`` seconds.
        """
        with self._condition:
            if not self._condition.wait_for(self._is_idle, timeout):
                raise SandboxError(f"The front end is not up to date after {timeout} seconds.")
            if self._error:
                raise SandboxError(f"The front end can't serve this: {self._error}")

    def close(self, timeout: float = 10) -> None:
        """Apply no further change; return when none is being applied, or after ``timeout`` seconds.

        One that is would write files while the directory is removed.
        """
        with self._condition:
            self._is_closing = True
            self._condition.notify_all()
            self._condition.wait_for(lambda: not self._is_applying, timeout)

    def _is_idle(self) -> bool:
        return not self._has_news and not self._is_applying and self._next_due() is None

    def _next_due(self) -> float | None:
        assert self._account
        return self._account.next_due(since=self._looked_at)

    def _keep_up(self) -> None:
        while account := self._next():
            error: Exception | None = None
            try:
                account.settle()
                self._apply(account, account.served())
            except Exception as failure:  # shown by `wait_applied`; the next change may do better
                error = failure
            with self._condition:
                self._error = error
                self._is_applying = False
                self._condition.notify_all()

    def _next(self) -> Account | None:
        """Wait until something is due or has changed; `None` after `close`."""
        with self._condition:
            while not self._is_closing:
                assert self._account
                now = self._account.now()
                due = self._next_due()
                if self._has_news or (due is not None and due <= now):
                    self._has_news = False
                    self._is_applying = True
                    self._looked_at = now
                    return self._account
                self._condition.wait(None if due is None else due - now)
        return None

    def _apply(self, account: Account, served: Served) -> None:
        assert self._dns
        self._dns.publish(served.texts, served.aliases)
        websites = Websites(served, account.switches, account.home)
        self._apache.retire_former()  # one is left where nginx could not follow the last change
        self._apache.serve(websites.for_apache(), account.home)
        servers = websites.for_nginx(self.ports, self._apache.ports, self._nginx.certificate_lines)
        self._nginx.show(servers, websites.certificates())
        self._apache.retire_former()
