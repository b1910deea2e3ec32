"""Reads the plugin's documents, brings the panel to them, and writes what that cost.

``python -m tests.bench.reconciling RESULT [OPTION…]``; the options are certbot-webfaction's. Where
there are no documents they are rebuilt from the panel, as the plugin does it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from certbot_webfaction.account import open_account, read_options
from certbot_webfaction.books.documents import read_documents
from certbot_webfaction.command import command_parser
from certbot_webfaction.command.configuration import read_configuration
from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.installation.differences import differences
from certbot_webfaction.installation.reconcile import reconcile
from certbot_webfaction.installation.watch import ServedWatch


def main() -> None:
    """Reconcile once."""
    result, *options = sys.argv[1:]
    config = read_configuration(command_parser().parse_args(["status", "--quiet", *options]))
    set_up_output(config)
    account = open_account(read_options(config), config.config_dir)
    wall, cpu = time.perf_counter(), time.process_time()
    wanted, journal = read_documents(account, config, "webfaction")
    if found := differences(wanted, journal, config):
        watch = ServedWatch(account.options, config)
        reconcile(account, found, wanted, journal, config, watch)
    cost = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "ended": time.time(),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    Path(result).write_text(json.dumps(cost))


if __name__ == "__main__":
    main()
