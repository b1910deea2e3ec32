"""What runs `certbot renew` on this machine by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from certbot import configuration

from certbot_webfaction.command.crontab import read_crontab, renewing_lines

SYSTEM_CRON = Path("/etc/cron.d/certbot")
SYSTEM_TIMERS = ("certbot.timer", "snap.certbot.renew.timer")
"""What packages of certbot install: Debian's, and the snap."""

SYSTEM_CONFIG = Path("/etc/letsencrypt")
"""The configuration that they renew: certbot's default, as root has it."""


def find_schedule(
    config: configuration.NamespaceConfig, system_cron: Path = SYSTEM_CRON
) -> str | None:
    """Say what runs `certbot renew` for this configuration by itself; `None`: nothing is known to.

    The system's own jobs count only where they renew this configuration.
    """
    lines = renewing_lines(read_crontab() or "")
    if lines:
        return f"the crontab has “{lines[0]}”"
    if Path(config.config_dir).resolve() != SYSTEM_CONFIG.resolve():
        return None
    if system_cron.exists():
        return f"{system_cron} runs it"
    systemctl = shutil.which("systemctl")
    for timer in SYSTEM_TIMERS if systemctl else ():
        asked = [str(systemctl), "is-active", "--quiet", timer]
        # S603: the program is the system's, and its arguments are constants
        if subprocess.run(asked, check=False, capture_output=True).returncode == 0:  # noqa: S603
            return f"systemd's timer {timer} runs it"
    return None
