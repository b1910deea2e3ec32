"""Reads the plugin's documents, brings the panel to them, and writes what that cost.

``python -m tests.bench.reconciling RESULT HOST [OPTION…]``; the options are certbot-webfaction's.
Where there are no documents they are rebuilt from the panel, as the plugin does it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from certbot_webfaction.command import command_parser
from certbot_webfaction.command.configuration import read_configuration
from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.installation.installer import Installer, Run
from certbot_webfaction.plugin import door


def main() -> None:
    """Reconcile once."""
    result, host, *options = sys.argv[1:]
    arguments = command_parser(HOSTS[host]).parse_args(
        ["status", "--quiet", "--host", host, *options]
    )
    config = read_configuration(arguments)
    set_up_output(quiet=True)
    account = door.account_of(config, HOSTS[host])
    wall, cpu = time.perf_counter(), time.process_time()
    Installer(account, Run("install", quiet=True)).restart()
    cost = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "ended": time.time(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    Path(result).write_text(json.dumps(cost))


if __name__ == "__main__":
    main()
