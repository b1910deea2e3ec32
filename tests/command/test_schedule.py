"""What runs `certbot renew` by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certbot_webfaction.command import schedule
from certbot_webfaction.command.crontab import Job
from certbot_webfaction.command.schedule import find_schedule
from tests.command.diagnosis.scene import Account

CERTBOT = Path(sys.executable).with_name("certbot")


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


def test_a_line_of_the_crontab_is_shown(account: Account) -> None:
    """The first whose certbot has the plugin."""
    jobs = [Job("first", Path("/nowhere/certbot")), Job("second", CERTBOT), Job("third", CERTBOT)]
    assert find_schedule(account.config, jobs) == "the crontab has “second”"


def test_without_such_a_line_and_systemd_nothing_renews(account: Account, programs: Path) -> None:
    """Nor where the crontab's certbot does not have the plugin."""
    assert find_schedule(account.config, []) is None
    assert find_schedule(account.config, [Job("first", Path("/nowhere/certbot"))]) is None


def test_the_systems_jobs_count_for_the_systems_configuration_alone(
    account: Account, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's cron file or a timer of systemd, if the certbot that they run has the plugin."""
    cron = tmp_path / "cron.d" / "certbot"
    cron.parent.mkdir()
    cron.touch()
    monkeypatch.setattr(schedule, "SYSTEM_CRON", cron)
    monkeypatch.setattr(schedule, "SYSTEM_CERTBOT", CERTBOT)
    _add(programs, "systemctl", '[ "$1 $2 $3" = "is-active --quiet certbot.timer" ]')
    assert find_schedule(account.config, []) is None, "the user's own configuration"
    monkeypatch.setattr(schedule, "SYSTEM_CONFIG", account.directory)
    assert find_schedule(account.config, []) == f"{cron} runs it"
    monkeypatch.setattr(schedule, "SYSTEM_CERTBOT", programs / "certbot")
    assert find_schedule(account.config, []) is None
    monkeypatch.setattr(schedule, "SYSTEM_CERTBOT", CERTBOT)
    cron.unlink()
    assert find_schedule(account.config, []) == "systemd's timer certbot.timer runs it"
    _add(programs, "systemctl", "exit 3")
    assert find_schedule(account.config, []) is None
