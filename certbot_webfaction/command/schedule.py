"""What runs `certbot renew` on this machine by itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from certbot_webfaction.command.crontab import Job, has_plugin

SYSTEM_CRON = Path("/etc/cron.d/certbot")
SYSTEM_TIMER = "certbot.timer"
SYSTEM_CERTBOT = Path("/usr/bin/certbot")
"""What Debian's package of certbot installs. The snap's certbot can't have the plugin."""

SYSTEM_CONFIG = Path("/etc/letsencrypt")
"""The configuration that they renew: certbot's default, as root has it."""


def find_schedule(config_dir: str | Path, jobs: Iterable[Job]) -> str | None:
    """Say what renews the lineages below this directory by itself; `None`: nothing is known to.

    Only a certbot that has the plugin counts, and the system's own only where it renews this
    configuration.

    :param jobs: those of the user's crontab; each tells in ``why_not`` why it does not count
    """
    for job in jobs:
        if not job.why_not:
            return f"the crontab has “{job.line}”"
    if Path(config_dir).resolve() != SYSTEM_CONFIG.resolve():
        return None
    if not has_plugin(SYSTEM_CERTBOT):
        return None
    if SYSTEM_CRON.exists():
        return f"{SYSTEM_CRON} runs it"
    systemctl = shutil.which("systemctl")
    if systemctl:
        asked = [systemctl, "is-active", "--quiet", SYSTEM_TIMER]
        # S603: the program is the system's, and its arguments are constants
        if subprocess.run(asked, check=False, capture_output=True).returncode == 0:  # noqa: S603
            return f"systemd's timer {SYSTEM_TIMER} runs it"
    return None
