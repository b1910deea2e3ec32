"""What runs `certbot renew` by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from certbot_webfaction.command import schedule
from certbot_webfaction.command.schedule import find_schedule
from tests.command.scene import Account


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one directory where programs are found."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def _add(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_a_line_of_the_crontab_is_shown(account: Account, programs: Path) -> None:
    """It renews whatever configuration the user has."""
    _add(programs, "crontab", "echo '17 4 * * * /home/alice/bin/certbot renew -q'")
    assert find_schedule(account.config) == (
        "the crontab has “17 4 * * * /home/alice/bin/certbot renew -q”"
    )


def test_without_crontab_and_systemd_nothing_renews(account: Account, programs: Path) -> None:
    """Nor where the crontab has only comments and other jobs."""
    assert find_schedule(account.config) is None
    _add(programs, "crontab", "echo '# certbot renew'; echo '* * * * * certbot certificates'")
    assert find_schedule(account.config) is None


def test_the_systems_jobs_count_for_the_systems_configuration_alone(
    account: Account, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's cron file or a timer of systemd, if they renew the directory in question."""
    cron = tmp_path / "cron.d" / "certbot"
    cron.parent.mkdir()
    cron.touch()
    _add(programs, "systemctl", '[ "$1 $2 $3" = "is-active --quiet certbot.timer" ]')
    assert find_schedule(account.config, cron) is None, "the user's own configuration"
    monkeypatch.setattr(schedule, "SYSTEM_CONFIG", account.directory)
    assert find_schedule(account.config, cron) == f"{cron} runs it"
    cron.unlink()
    assert find_schedule(account.config, cron) == "systemd's timer certbot.timer runs it"
    _add(programs, "systemctl", "exit 3")
    assert find_schedule(account.config, cron) is None
