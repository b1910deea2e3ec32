"""The real certbot, configured for the Opalstack sandbox."""

from __future__ import annotations

from importlib.metadata import entry_points

from tests.sandbox import certbot
from tests.sandbox.certificates import write_secret
from tests.sandbox.opalstack.account import Account


class Certbot(certbot.Certbot):
    """`tests.sandbox.certbot.Certbot` with an Opalstack account's credentials file."""

    def configure_for(self, account: Account, api_url: str) -> None:
        """Write certbot's user configuration and the account's ``opalstack.ini``.

        Options of our plugin are written once it is there: certbot refuses unknown ones.
        """
        self.credentials = self.config_dir / "opalstack.ini"
        options = ""
        if _has_plugin():
            options = (
                f"opalstack-connect-to = {self._connect_to}\n"
                f"opalstack-nameserver = {self._nameserver}\n"
            )
        self.write_configuration(options)
        write_secret(
            self.credentials,
            f"opalstack_token = {account.token.key}\nopalstack_api_url = {api_url}\n",
        )


def _has_plugin() -> bool:
    return "opalstack" in {each.name for each in entry_points(group="certbot.plugins")}
