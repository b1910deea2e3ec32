"""The configuration of letsencrypt_webfaction 3 and 4, for moving on from it.

Its format: templates/letsencrypt_webfaction.toml and lib/letsencrypt_webfaction/options.rb in the
repository will-in-wi/letsencrypt-webfaction. Version 2 had the same in YAML.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certbot import errors

from certbot_webfaction.hosts.apps import CHALLENGE_APP

if sys.version_info >= (3, 11):
    import tomllib

DEFAULT = Path("~/letsencrypt_webfaction.toml")
"""Where letsencrypt_webfaction has it."""

_KEYS = {
    "username": "username",
    "password": "password",
    "servername": "machine",
    "api_url": "api_url",
}
"""Its keys for what our credentials file has, and ours."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that it kept; ``name`` is its name on the panel where one was chosen."""

    domains: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Predecessor:
    """What is of use from its configuration; ``credentials`` has what it says by our keys."""

    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    email: str = ""
    certificates: tuple[Certificate, ...] = ()

    def certbot_lines(self, command: str) -> list[str]:
        """For each certificate the command that has certbot take it over.

        The lineage gets the name from which the installer makes the panel's name, so that the
        certificate that is there is replaced. Challenge files get an app of their own, for the http
        websites mostly show one that redirects all, and it had its files served over https.

        :param command: what gets and installs certificates
        """
        email = ["-m", self.email] if self.email else []
        own_app = ["--webfaction-app", CHALLENGE_APP]
        lines = []
        for certificate in self.certificates:
            name = ["--cert-name", certificate.name] if certificate.name else []
            domains = [word for domain in certificate.domains for word in ("-d", domain)]
            lines.append(shlex.join([*command.split(), *own_app, *email, *name, *domains]))
        return lines


def read_predecessor(path: Path) -> Predecessor:
    """Read its configuration.

    :raises certbot.errors.Error: if it can't be read; in Python 3.10 always, which knows no TOML
    """
    if sys.version_info < (3, 11):
        raise errors.Error(
            f"{path} can't be read: that takes Python 3.11 or newer. Give --username and"
            " --password-stdin instead of --from."
        )
    try:
        text = path.expanduser().read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise errors.Error(f"{path} can't be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        if re.search(r"(?m)^(---|[\w-]+:(\s|$))", text):
            raise errors.Error(
                f"{path} is a YAML file, as letsencrypt_webfaction had before version 3, and --from"
                " reads only the TOML files since. Give --username and --password-stdin instead."
            ) from error
        raise errors.Error(f"{path} is no TOML file: {error}.") from error
    credentials = {ours: _text(content, theirs) for theirs, ours in _KEYS.items()}
    return Predecessor(
        credentials={key: value for key, value in credentials.items() if value},
        email=_text(content, "letsencrypt_account_email"),
        certificates=tuple(_certificates(content.get("certificate"))),
    )


def _certificates(entries: Any) -> list[Certificate]:
    found = []
    for entry in entries if isinstance(entries, list) else []:
        domains = entry.get("domains") if isinstance(entry, dict) else None
        listed = domains if isinstance(domains, list) else [domains]
        names = tuple(domain for domain in listed if isinstance(domain, str) and domain)
        if names:
            found.append(Certificate(names, _text(entry, "name")))
    return found


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""
