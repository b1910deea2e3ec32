"""``python -m tests.sandbox``: a sandbox to try certbot against from another shell."""

from __future__ import annotations

import argparse
import shlex
import signal

from tests.sandbox.sandbox import Sandbox
from tests.sandbox.site import DOMAINS


def main() -> None:
    """Start a sandbox with the Django site, say how to use it, and wait for Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    parser.add_argument(
        "--delay",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="how long the front end takes to notice a change of the panel (default: 1)",
    )
    delay: float = parser.parse_args().delay
    with Sandbox(delay=delay) as sandbox:
        sandbox.add_django_site()
        sandbox.front_end.wait_applied()
        settings = sandbox.directory / "environment"
        settings.write_text(
            "".join(f"export {n}={shlex.quote(v)}\n" for n, v in sandbox.settings().items())
        )
        names = " -d ".join(DOMAINS)
        print(
            f"The sandbox is up: an account with a Django site at {' and '.join(DOMAINS)}.\n"
            "\n"
            "In another shell:\n"
            "\n"
            f"    . {settings}\n"
            f"    certbot run -a webfaction -i webfaction -d {names}\n"
            f"    curl --connect-to ::127.0.0.1:{sandbox.ports.https} -k https://{DOMAINS[0]}/\n"
            f"    curl --connect-to ::127.0.0.1:{sandbox.ports.http} http://{DOMAINS[0]}/\n"
            "\n"
            f"Panel's API: {sandbox.api.url} (calls in {sandbox.directory / 'calls.jsonl'})\n"
            f"CA:          {sandbox.ca.url}\n"
            f"Everything:  {sandbox.directory}\n"
            "\n"
            "Ctrl-C ends it and removes everything.",
            flush=True,
        )
        try:
            signal.pause()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
