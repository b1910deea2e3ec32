"""Write the table of hosts.rst from the hosts' records and panels: ``python docs/hosts.py``.

It is in the page, not made by Sphinx, so that who reads it on GitHub sees it. A test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from certbot_webfaction.hosts.cpanel.panel import Panel as CpanelPanel
from certbot_webfaction.hosts.host import Host
from certbot_webfaction.hosts.opalstack.panel import ABILITIES as OPALSTACKS
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.hosts.webfaction.panel import Panel as WebFactionPanel

PAGE = Path(__file__).with_name("hosts.rst")

_TABLE = re.compile(r"(?ms)^\.\. Table of hosts$.*?^\.\. End of table$")


def with_table(page: str) -> str:
    """The text of the page with its table as the code has it now."""
    columns = [list(_cells(host)) for host in HOSTS.values()]
    rows = zip(_HEADS, *columns, strict=True)
    lines = [
        f"   {'* -' if not n else '  -'} {cell}\n" for row in rows for n, cell in enumerate(row)
    ]
    head = f".. list-table::\n   :header-rows: 1\n   :widths: 25{' 25' * len(HOSTS)}\n\n"
    table = f".. Table of hosts\n\n{head}{''.join(lines)}\n.. End of table"
    return _TABLE.sub(lambda _: table, page)


_ABILITIES = {
    "webfaction": WebFactionPanel.abilities,
    "cpanel": CpanelPanel.abilities,
    "opalstack": OPALSTACKS,
}

_HEADS = (
    "Host",
    "Plugin",
    "Credentials",
    "Address of the API",
    "Challenge files (http-01)",
    "Wildcards (dns-01)",
    "Redirect to https",
    "A certificate for several sites",
    "Other options",
)


def _cells(host: Host) -> Iterator[str]:
    able = _ABILITIES[host.name]
    keys = ", ".join(f"``{host.name}_{key.name}``" for key in host.keys if not key.optional)
    yield host.label
    yield " and ".join(f"``{plugin}``" for plugin in host.plugins)
    yield f"``{host.name}.ini``: {keys}" + ("; on the host none" if host.at_hand else "")
    yield f"``{host.api_url}``"
    yield "on the host, and from elsewhere" if "api" in host.files else "on the host"
    yield _yes(able.dns)
    yield _yes(able.redirect)
    yield "uploaded once" if able.keeps_certificates else "installed on each"
    yield ", ".join(f"``{host.flag(name)}``" for name in host.options) or "none"


def _yes(able: bool) -> str:
    return "yes" if able else "no"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
