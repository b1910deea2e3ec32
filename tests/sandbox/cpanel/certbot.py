"""The real certbot, configured for the cPanel sandbox."""

from __future__ import annotations

from importlib.metadata import entry_points

from tests.sandbox import certbot
from tests.sandbox.certificates import write_secret
from tests.sandbox.cpanel.account import Account


class Certbot(certbot.Certbot):
    """`tests.sandbox.certbot.Certbot` with a cPanel account's credentials file."""

    def configure_for(self, account: Account, url: str) -> None:
        """Write certbot's user configuration and the account's ``cpanel.ini`` with a new token.

        Options of our plugin are written once it is there: certbot refuses unknown ones.
        """
        self.credentials = self.config_dir / "cpanel.ini"
        options = ""
        if _has_plugin():
            options = (
                f"cpanel-connect-to = {self._connect_to}\ncpanel-nameserver = {self._nameserver}\n"
            )
        self.write_configuration(options)
        write_secret(
            self.credentials,
            f"cpanel_url = {url}\n"
            f"cpanel_username = {account.username}\n"
            f"cpanel_token = {account.create_token('certbot').token}\n",
        )


def _has_plugin() -> bool:
    return "cpanel" in {each.name for each in entry_points(group="certbot.plugins")}
