"""What runs `certbot renew` by itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from certbot_webfaction.command import schedule
from certbot_webfaction.command.crontab import Job
from certbot_webfaction.command.schedule import find_schedule

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


def test_a_line_of_the_crontab_is_shown(tmp_path: Path) -> None:
    """The first that renews, and whose certbot has the plugin."""
    jobs = [Job("first", Path("/nowhere/certbot")), Job("rare", CERTBOT, "runs it rarely")]
    jobs += [Job("second", CERTBOT), Job("third", CERTBOT)]
    assert find_schedule(tmp_path, jobs) == "the crontab has “second”"


def test_without_such_a_line_and_systemd_nothing_renews(tmp_path: Path, programs: Path) -> None:
    """Nor where the crontab's certbot does not have the plugin."""
    assert find_schedule(tmp_path, []) is None
    assert find_schedule(tmp_path, [Job("first", Path("/nowhere/certbot"))]) is None


def test_the_systems_jobs_count_for_the_systems_configuration_alone(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's cron file or a timer of systemd, if the certbot that they run has the plugin."""
    cron = tmp_path / "cron.d" / "certbot"
    cron.parent.mkdir()
    cron.touch()
    monkeypatch.setattr(schedule, "SYSTEM_CRON", cron)
    monkeypatch.setattr(schedule, "SYSTEM_CERTBOT", CERTBOT)
    _add(programs, "systemctl", '[ "$1 $2 $3" = "is-active --quiet certbot.timer" ]')
    assert find_schedule(tmp_path, []) is None, "the user's own configuration"
    monkeypatch.setattr(schedule, "SYSTEM_CONFIG", tmp_path)
    assert find_schedule(tmp_path, []) == f"{cron} runs it"
    monkeypatch.setattr(schedule, "SYSTEM_CERTBOT", programs / "certbot")
    assert find_schedule(tmp_path, []) is None
    monkeypatch.setattr(schedule, "SYSTEM_CERTBOT", CERTBOT)
    cron.unlink()
    assert find_schedule(tmp_path, []) == "systemd's timer certbot.timer runs it"
    _add(programs, "systemctl", "exit 3")
    assert find_schedule(tmp_path, []) is None
