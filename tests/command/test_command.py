"""The frame of `certbot-webfaction`: its parser, certbot's configuration, and how it fails."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from certbot import configuration, errors

from certbot_webfaction.command import SUBCOMMANDS, command_parser, main
from certbot_webfaction.command.configuration import (
    HOST,
    read_configuration,
    refusal,
    usual_config_dir,
)
from certbot_webfaction.hosts.register import HOSTS
from certbot_webfaction.plugin.door import add_options, read_options
from certbot_webfaction.plugin.webfaction import Configurator
from tests.command.diagnosis.scene import Account
from tests.lineages.writing import write_lineage


@pytest.fixture
def directories(tmp_path: Path) -> list[str]:
    """certbot's directories, as options."""
    return [f"--{name}-dir={tmp_path / name}" for name in ("config", "work", "logs")]


def read(*args: str) -> configuration.NamespaceConfig:
    """The configuration that ``certbot-webfaction status`` gets."""
    return read_configuration(command_parser().parse_args(["status", *args]))


def test_the_plugins_options_have_the_plugins_defaults(directories: list[str]) -> None:
    """Without any given, a configuration holds what certbot's would."""
    config = read(*directories)
    assert config.webfaction_wait == 120
    assert config.webfaction_files == "auto"
    assert config.webfaction_app is None
    assert (config.quiet, config.dry_run, config.verb) == (False, False, "install")


def test_cli_ini_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    """Options of certbot, of this plugin and of others may stand in it, as for certbot."""
    file = tmp_path / "cli.ini"
    file.write_text(
        f"config-dir = {tmp_path / 'of-file'}\n"
        f"work-dir = {tmp_path / 'work'}\n"
        "domains = example.com, www.example.com\n"
        "webroot-path = /var/www\n"
        "dns-webfaction-propagation-seconds = 5\n"
        "webfaction-wait = 7\n"
        "webfaction-app = of_file\n"
    )
    config = read("-c", str(file), "--webfaction-app=-odd", f"--config-dir={tmp_path / 'given'}")
    assert config.config_dir == str(tmp_path / "given")
    assert config.work_dir == str(tmp_path / "work")
    assert read_options(config, HOST).wait == 7
    assert read_options(config, HOST).own["app"] == "-odd"


def test_what_a_certbot_takes_that_is_told_nothing(tmp_path: Path) -> None:
    """What a configuration file says, not what this command line does."""
    file = tmp_path / "cli.ini"
    file.write_text(f"config-dir = {tmp_path}\n")
    told = ["status", "-c", str(file)]
    for arguments, is_usual in ((told, True), ([*told, "--config-dir=/elsewhere"], False)):
        parsed = command_parser().parse_args(arguments)
        config = read_configuration(parsed)
        assert (usual_config_dir(config, parsed) == config.config_dir) == is_usual


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("webfaction-weight = 3", "--webfaction-weight=3$"),
        ("webfaction-wait = soon", "webfaction-wait: 'soon' is not a whole number of seconds$"),
        ("--webfaction-files=remote", "webfaction-files: invalid choice: 'remote'"),
    ],
)
def test_a_cli_ini_that_certbot_refuses_is_an_error_that_names_file_and_key(
    tmp_path: Path, line: str, reason: str
) -> None:
    """certbot would not run with it either, so it is better known."""
    file = tmp_path / "cli.ini"
    file.write_text(f"key-type = rsa\n{line}\n")
    with pytest.raises(errors.ConfigurationError, match=reason) as refused:
        read("-c", str(file))
    assert str(refused.value).startswith(f"certbot can't be configured as {file} says: ")


def test_a_file_that_is_not_at_fault_is_not_named(tmp_path: Path) -> None:
    """What the user configuration says is told as that, though another was given; else none."""
    usual, given = tmp_path / "usual.ini", tmp_path / "given.ini"
    usual.write_text("webfaction-weight = 3\n")
    given.write_text("key-type = rsa\nwebfaction-weight-2 = 3\n")
    files = [str(given), str(usual)]
    said = refusal("unrecognized arguments: --webfaction-weight=3", files)
    assert str(usual) in said
    said = refusal("unrecognized arguments: --webfaction-w=3", files)
    assert said == "certbot can't be configured so: unrecognized arguments: --webfaction-w=3"


def test_a_cli_ini_in_another_encoding_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the file, and what to do."""
    file = tmp_path / "cli.ini"
    file.write_bytes("# für alle\nkey-type = rsa\n".encode("latin-1"))
    assert main(["status", "-c", str(file)]) == 1
    assert capsys.readouterr().err == (
        f"certbot-webfaction status: {file} is not text in utf-8: save it in that encoding.\n"
    )


def test_the_configuration_is_good_enough_for_the_plugin(
    directories: list[str], tmp_path: Path
) -> None:
    """The plugin can be made from it, works below its directories, and fails as when named."""
    installer = Configurator(read(*directories, "-q"), "webfaction")
    assert (tmp_path / "work" / "backups").is_dir()
    with pytest.raises(errors.ConfigurationError, match="certbot-webfaction init"):
        installer.prepare()


@pytest.mark.parametrize("subcommand", ["status", "doctor"])
def test_an_error_is_one_message_and_exit_status_1(
    subcommand: str, directories: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a credentials file there is nothing to show, and no traceback."""
    assert main([subcommand, *directories]) == 1
    said = capsys.readouterr()
    assert "certbot-webfaction init" in said.out + said.err
    assert "Traceback" not in said.err


def test_a_file_that_can_not_be_written_is_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the system refuses is told with the path."""
    (tmp_path / "file").touch()
    lineage = tmp_path / "live" / "example.com"
    lineage.mkdir(parents=True)
    for name in ("cert.pem", "privkey.pem"):
        (lineage / name).touch()
    (tmp_path / "webfaction.ini").write_text("webfaction_username = a\nwebfaction_password = b\n")
    (tmp_path / "webfaction.ini").chmod(0o600)
    work_dir = tmp_path / "file" / "below"
    args = [f"--config-dir={tmp_path}", f"--work-dir={work_dir}", "--cert-name=example.com"]
    assert main(["deploy", *args]) == 1
    said = capsys.readouterr().err
    assert said.startswith("certbot-webfaction deploy: ")
    assert str(work_dir) in said


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_help_tells_what_it_does_and_has_every_option(
    subcommand: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each subcommand's own, certbot's directories, and all of the plugin's."""
    with pytest.raises(SystemExit) as ended:
        main([subcommand, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert SUBCOMMANDS[subcommand].DESCRIPTION.splitlines()[0] in shown
    names: list[str] = []
    add_options(HOST, lambda name, **_settings: names.append(f"--webfaction-{name}"))
    for option in ["--config-dir", "--work-dir", "--logs-dir", "--quiet", *names]:
        assert f"{option}" in shown


@pytest.mark.parametrize(
    "args", [[], ["mend"], ["status", "--config-d=x"], ["status", "--webfaction-wait=-1"]]
)
def test_a_wrong_command_line_is_refused(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """As by certbot: exit status 2 and the usage; nothing is abbreviated."""
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert ended.value.code == 2
    assert "usage: certbot-webfaction" in capsys.readouterr().err


def test_lineages_tell_the_host_whose_credentials_file_is_gone(
    tmp_path: Path, directories: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not another host's file is missed then."""
    plugins = {"authenticator": "opalstack", "installer": "opalstack"}
    names = "shop.example.com", "shop.example.com"
    write_lineage(tmp_path / "config", *names, **plugins)  # type: ignore[arg-type] # all are text
    assert main(["status", *directories]) == 1
    assert "init --host opalstack` to write it" in capsys.readouterr().err


def test_where_nothing_tells_the_host_none_is_assumed(
    directories: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who has just installed it may be on any."""
    assert main(["secure", *directories]) == 1
    assert "where NAME is webfaction or cpanel or opalstack." in capsys.readouterr().err


@pytest.mark.parametrize("subcommand", ["status", "doctor"])
def test_nothing_is_said_of_a_host_where_none_is_known(
    directories: list[str], capsys: pytest.CaptureFixture[str], subcommand: str
) -> None:
    """No file of another host's is missed: whoever has none is on any of them."""
    assert main([subcommand, *directories]) == 1
    said = capsys.readouterr()
    assert "No account is set up in" in said.err
    assert ".ini" not in said.out + said.err


def test_an_account_that_fails_does_not_keep_others_from_being_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What went wrong is told of each, and the exit status says so."""
    account = Account(tmp_path)
    for host in ("cpanel", "opalstack"):
        (tmp_path / f"{host}.ini").write_text("")
        (tmp_path / f"{host}.ini").chmod(0o600)
    options = [f"--{name}-dir={path}" for name, path in _directories(account)]
    assert main(["status", *options]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("alice on web500: 0 domains")
    assert said.err.count("certbot-webfaction status: ") == 2
    assert "opalstack_token" in said.err
    assert main(["status", "-q", *options]) == 1
    assert capsys.readouterr().out == ""
    assert main(["status", "--json", *options]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("[")
    (whole,) = json.loads(said.out)
    assert (whole["host"], whole["account"]["username"]) == ("webfaction", "alice")
    for host in ("cpanel", "opalstack"):
        (tmp_path / f"{host}.ini").unlink()
    assert main(["status", "--json", *options]) == 0
    assert json.loads(capsys.readouterr().out) == whole


def _directories(account: Account) -> list[tuple[str, str]]:
    config = account.config
    return [("config", config.config_dir), ("work", config.work_dir), ("logs", config.logs_dir)]


def test_an_option_of_a_host_names_it(
    directories: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """So that an option which an error names can be typed as it stands there."""
    assert main(["status", *directories, "--opalstack-credentials=/nowhere.ini"]) == 1
    assert "There is no credentials file /nowhere.ini" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["cpanel", "opalstack"])
def test_the_help_has_the_options_of_the_host(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And none of another's."""
    with pytest.raises(SystemExit):
        main(["init", "--host", host, "--help"])
    shown = capsys.readouterr().out
    assert f"--{host}-api-url" in shown
    assert "--webfaction-api-url" not in shown
    assert "--from [FILE]" not in shown
    assert f"asks for what {HOSTS[host].label}'s control panel lets you in with (" in shown
    assert f"init --host {host} --cron" in shown
    assert "--token-stdin <token" in shown
    assert not re.search("--password-stdin|letsencrypt_webfaction", shown)
