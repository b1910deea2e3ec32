"""``python -m tests.e2e.ten_websites``: the screen of ``certbot-webfaction status`` in the docs.

An account with ten websites in a sandbox, three of them out of step. But for dates of expiry, the
output does not depend on the day or the machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.e2e import command
from tests.e2e.scenes import add_certificate, change_by_hand, install, website
from tests.lineages.writing import write_lineage
from tests.sandbox.host import Host
from tests.sandbox.sandbox import Sandbox


def status_screen(sandbox: Sandbox, **env: str) -> str:
    """What a terminal of 80 columns shows; without ``NO_COLOR`` in ``env`` with colours."""
    return command.run_in_terminal(sandbox, "status", env=env)


def undated(screen: str) -> str:
    """The screen with its dates made alike, to compare it with another day's."""
    return re.sub(r"\b\d{4}-\d\d-\d\d\b", "2027-01-01", screen)


def set_scene(sandbox: Sandbox) -> None:
    """Reset the sandbox, and put ten websites on its account."""
    sandbox.reset(_web500)
    host = sandbox.host
    host.add_app("letsencrypt", "static_php70")
    for name, kind, domains in _SITES:
        app = host.add_app(name, kind)
        mounts = [(app.name, "/")]
        if kind in _RUN_CODE:
            mounts.append(("letsencrypt", "/.well-known/acme-challenge"))
        host.add_website(name, domains, tuple(mounts))
    for age, (_, _, names) in zip((3, 12, 25, 31, 44, 58, 9, 17), _SITES, strict=False):
        write_lineage(sandbox.config_dir, names[0], *names, age=age, left=90 - age)
        install(sandbox, names[0], "--no-redirect")
    _break(sandbox)


def _break(sandbox: Sandbox) -> None:
    host = sandbox.host
    # A domain added in the panel.
    for https in (False, True):
        domains = ("news.example.org", "press.example.org")
        change_by_hand(sandbox, website(sandbox, "news", https=https), subdomains=domains)
    # A certificate bought elsewhere.
    add_certificate(sandbox, "bought_2026", "club.example.net")
    host.add_website("club", ("club.example.net",), (("club", "/"),), True, "bought_2026")
    # Installed just now, and not yet taken over by the web server.
    sandbox.front_end.wait_applied()
    sandbox.front_end.delay = 3600
    write_lineage(sandbox.config_dir, "shop.example.com", "shop.example.com", number=2, left=89)
    sandbox.certbot(
        *("install", "-i", "webfaction", "--cert-name", "shop.example.com", "--no-redirect"),
        *("--webfaction-wait", "0"),
    )
    # Renewed while the panel was down.
    write_lineage(sandbox.config_dir, "wiki.example.com", "wiki.example.com", number=2, left=89)


_SITES: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("mysite", "django41_mw45_36", ("example.com", "www.example.com")),
    ("blog", "wordpress_613", ("blog.example.com",)),
    ("shop", "static_php70", ("shop.example.com",)),
    ("wiki", "static_php70", ("wiki.example.com",)),
    ("api", "custom_app_with_port", ("api.example.com",)),
    ("photos", "static_only", ("photos.example.com",)),
    ("news", "static_php70", ("news.example.org",)),
    ("forum", "node14", ("forum.example.org",)),
    ("club", "static_php70", ("club.example.net",)),
    ("draft", "static_only", ("draft.example.net",)),
)
_RUN_CODE = ("django41_mw45_36", "custom_app_with_port", "node14")


def _web500(homes: Path) -> Host:
    return Host(homes, machines=("Web500",), web_server="web500")


if __name__ == "__main__":
    with Sandbox() as _sandbox:
        set_scene(_sandbox)
        print(status_screen(_sandbox, NO_COLOR="1"), end="")
