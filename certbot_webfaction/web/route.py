"""Where to look for a domain: where DNS points, or where ``--…-connect-to`` says."""

from __future__ import annotations

import re
from typing import NamedTuple

from certbot_webfaction.errors import ExplainedError


class Route(NamedTuple):
    """An address to connect to (``None``: what DNS says) and the ports of http and https."""

    address: str | None = None
    http_port: int = 80
    https_port: int = 443

    @classmethod
    def parse(cls, text: str | None, option: str) -> Route:
        """Read ``ADDRESS[:HTTP_PORT[:HTTPS_PORT]]``; an IPv6 address stands in brackets.

        :param option: the option that gave it
        :raises certbot.errors.PluginError: if it can't be read
        """
        if not text:
            return cls()
        match = re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+)(?::(\d{1,5}))?(?::(\d{1,5}))?", text)
        if match:
            http_port, https_port = int(match[2] or 80), int(match[3] or 443)
            if 0 < http_port < 65536 and 0 < https_port < 65536:
                return cls(match[1].strip("[]"), http_port, https_port)
        raise ExplainedError(
            f"{option} {text} can't be read.",
            "It is ADDRESS, ADDRESS:HTTP_PORT or ADDRESS:HTTP_PORT:HTTPS_PORT, for example"
            " 127.0.0.1:8080:8443.",
        )
