"""certbot's user configuration: what it is to say, and what cron has to be told besides."""

from __future__ import annotations

from pathlib import Path

import pytest
from certbot._internal import constants

from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.command.setup.user_configuration import (
    missing_directories,
    options_for_cron,
    plan_user_configuration,
)

USUAL = {name: constants.CLI_DEFAULTS[name] for name in ("config_dir", "work_dir", "logs_dir")}
HOME = Path.home() / "letsencrypt"


def test_cron_is_told_what_the_user_configuration_does_not(tmp_path: Path) -> None:
    """The directories that were given: the file keeps those that it had."""
    elsewhere = tmp_path / "cli.ini"
    told, given = ["--config-dir", str(tmp_path)], {"config_dir": str(tmp_path)}
    usual = Path("~/.config/letsencrypt/cli.ini").expanduser()
    assert options_for_cron(usual, given, there=True) == told
    assert options_for_cron(elsewhere, given, there=False) == told
    assert options_for_cron(elsewhere, given, there=True) == ["--config", str(elsewhere), *told]


def test_directories_that_are_not_yet_named_are_missing(tmp_path: Path) -> None:
    """Those given, and those that are certbot's own; not those that another file names."""
    file = tmp_path / "cli.ini"
    now = {**USUAL, "work_dir": "/of-another-file", "logs_dir": "/given"}
    given = {"logs_dir": "/given"}
    missing = {"config_dir": str(HOME / "config"), "logs_dir": "/given"}
    assert missing_directories(file, now, given) == missing
    file.write_text("logs-dir = /mine\n  --config-dir=/mine\n")
    assert missing_directories(file, now, given) == {}


def test_a_file_that_is_agreed_to_is_completed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lines stay, its mode too; with nothing missing there is nothing to ask or write."""
    set_up_output(quiet=False)
    file = tmp_path / "cli.ini"
    file.write_text("key-type = rsa")
    file.chmod(0o640)
    yes = Questions(terminal=False, yes=True)
    assert plan_user_configuration(file, {}, yes) is None
    assert capsys.readouterr().out == ""
    write = plan_user_configuration(file, {"work_dir": "/w"}, yes)
    assert write is not None
    assert "+work-dir = /w" in capsys.readouterr().out
    assert file.read_text() == "key-type = rsa"
    write()
    assert file.read_text() == "key-type = rsa\nwork-dir = /w\n"
    assert file.stat().st_mode & 0o777 == 0o640
