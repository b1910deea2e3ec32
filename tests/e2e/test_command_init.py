"""`certbot-webfaction init`: from an account and a home directory to a certbot that works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e import command
from tests.e2e.scenes import add_certificate, add_site
from tests.sandbox.host import Host
from tests.sandbox.sandbox import Sandbox
from tests.terminal import Terminal

CRONTAB = """\
#!/bin/sh
# crontab(1) with a file for the user's crontab.
case $1 in
-l) [ -e "$HOME/crontab" ] || { echo "no crontab for $USER" >&2; exit 1; }; cat "$HOME/crontab" ;;
-) cat >"$HOME/crontab" ;;
esac
"""


class Home:
    """The home directory of a user for whom nothing is set up yet, with a crontab(1) on PATH."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.path = sandbox.host.home_directory
        self.cli_ini = self.path / ".config" / "letsencrypt" / "cli.ini"
        self.credentials = self.path / "letsencrypt" / "config" / "webfaction.ini"
        self.crontab = self.path / "crontab"
        program = self.path / "bin" / "crontab"
        program.parent.mkdir()
        program.write_text(CRONTAB)
        program.chmod(0o755)
        self.environ = {
            **sandbox.environ(),
            "PATH": f"{program.parent}:{sandbox.environ()['PATH']}",
            "XDG_CONFIG_HOME": str(self.path / ".config"),
            "USER": sandbox.host.username,
        }

    def init(self, *args: str, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run `certbot-webfaction init` without a terminal."""
        url = self.sandbox.api.url
        return command.run(
            self.sandbox,
            "init",
            *(f"--webfaction-api-url={url}", "--cli-ini", *args),
            input=input,
            env=self.environ,
        )

    def at_terminal(self, *args: str) -> Terminal:
        """Run `certbot-webfaction init` at a terminal."""
        url = self.sandbox.api.url
        program = command.program(self.sandbox)
        return Terminal(
            [program, "init", f"--webfaction-api-url={url}", "--cli-ini", *args], self.environ
        )

    def write_credentials(self, **more: str) -> None:
        """Have the credentials file that `init` writes."""
        host, url = self.sandbox.host, self.sandbox.api.url
        values = {"username": host.username, "password": host.password, **more, "api_url": url}
        self.credentials.parent.mkdir(parents=True)
        self.credentials.write_text(
            "".join(f"webfaction_{key} = {value}\n" for key, value in values.items())
        )
        self.credentials.chmod(0o600)

    def files(self) -> dict[str, bytes]:
        """All files below the home directory, to see that nothing changed."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in self.path.rglob("*")
            if path.is_file() and not path.is_symlink()
        }


@pytest.fixture
def home(sandbox: Sandbox) -> Home:
    """A home directory without certbot's files."""
    return Home(sandbox)


def answers(host: Host) -> str:
    """What is given on standard input."""
    return f"{host.password}\n"


def test_a_person_is_asked_for_user_name_and_password_and_then_certbot_works(home: Home) -> None:
    """After three answers plain `certbot` logs in, from the home directory alone."""
    host = home.sandbox.host
    with home.at_terminal() as terminal:
        terminal.expect("User name on the control panel (Enter 'c' to cancel): ")
        terminal.type(host.username)
        terminal.expect("Password of alice on the control panel (not shown): ")
        terminal.type(host.password)
        terminal.expect("renew -q")
        terminal.expect("(Y)es/(N)o: ")
        terminal.type("y")
        assert terminal.wait() == 0
    assert host.password not in terminal.shown
    assert home.credentials.stat().st_mode & 0o777 == 0o600
    assert home.crontab.read_text().endswith("/certbot renew -q\n")
    assert "certbot run -a webfaction -i webfaction" in terminal.shown

    certbot = home.sandbox.certbot("plugins", "--prepare", "--text", env=home.environ)
    assert "* webfaction" in certbot.stdout
    assert (home.path / "letsencrypt" / "logs" / "letsencrypt.log").exists()


def test_a_password_of_every_kind_of_character_logs_in_later(home: Home) -> None:
    """What is typed is what certbot sends, whatever quotes and signs are in it."""
    home.sandbox.host.password = " it's #1, \"100 %\" of ''' ünd $HOME\\ "
    done = home.init(
        "--username=alice", "--password-stdin", "--no-cron", input=answers(home.sandbox.host)
    )
    assert done.returncode == 0, done.stderr
    certbot = home.sandbox.certbot("plugins", "--prepare", env=home.environ)
    assert "* webfaction" in certbot.stdout


@pytest.mark.parametrize(
    ("args", "flag"),
    [
        ([], "--username"),
        (["--username=alice"], "--password-stdin"),
        (["--username=alice", "--password-stdin"], "--cron or --no-cron"),
    ],
)
def test_without_a_terminal_a_missing_answer_names_its_flag_and_changes_nothing(
    home: Home, args: list[str], flag: str
) -> None:
    """Each question that nobody can be asked is an error that says how to answer it."""
    before = home.files()
    done = home.init(*args, input=answers(home.sandbox.host))
    assert done.returncode == 1
    assert f"Answer with {flag}." in done.stderr
    assert home.files() == before


def test_a_wrong_password_changes_nothing(home: Home) -> None:
    """Nothing is written before the login has worked, and the password is not shown."""
    before = home.files()
    done = home.init("--username=alice", "--password-stdin", "--cron", input="wrong pass\n")
    assert done.returncode == 1
    assert done.stderr == (
        'certbot-webfaction init: The panel refused user name or password of "alice". It says:'
        " LoginError. Nothing was changed; run the command again.\n"
    )
    assert "wrong pass" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert home.files() == before


def test_ctrl_c_ends_it_quietly_and_changes_nothing(home: Home) -> None:
    """Exit status 130, no traceback, nothing written."""
    before = home.files()
    with home.at_terminal() as terminal:
        terminal.expect("User name on the control panel (Enter 'c' to cancel): ")
        assert terminal.interrupt() == 130
    assert "Traceback" not in terminal.shown
    assert home.files() == before


def test_ctrl_d_is_no_answer(home: Home) -> None:
    """The message stands on a line of its own."""
    with home.at_terminal() as terminal:
        terminal.expect("User name on the control panel (Enter 'c' to cancel): ")
        terminal.type("\x04")
        assert terminal.wait() == 1
    assert "\ncertbot-webfaction init: The question was not answered." in terminal.shown


def test_a_password_for_standard_input_is_not_shown_where_it_is_typed(home: Home) -> None:
    """At a terminal it is asked for as without the option."""
    with home.at_terminal("--username=alice", "--password-stdin", "--no-cron") as terminal:
        terminal.expect("(not shown): ")
        terminal.type(home.sandbox.host.password)
        assert terminal.wait() == 0
    assert home.sandbox.host.password not in terminal.shown


def test_a_user_configuration_that_can_not_be_written_is_said(home: Home) -> None:
    """With its path, and what was written before it."""
    elsewhere = home.path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "letsencrypt").symlink_to("/proc/no-such-place")  # not even root can make that
    home.environ["XDG_CONFIG_HOME"] = str(elsewhere)
    done = home.init(
        "--username=alice", "--password-stdin", "--cron", input=answers(home.sandbox.host)
    )
    assert done.returncode == 1
    assert f"Wrote the credentials file {home.credentials}." in done.stdout
    file = elsewhere / "letsencrypt" / "cli.ini"
    assert (
        f"certbot's user configuration {file} could not be written: No such file or directory. What"
        " was said to be written before is written."
    ) in done.stderr


def test_a_job_of_a_certbot_without_the_plugin_does_not_count(home: Home) -> None:
    """It is named, and the line of the right one is added."""
    home.crontab.write_text("5 5 * * * /nowhere/certbot renew -q\n")
    args = ["--username=alice", "--password-stdin", "--cron"]
    done = home.init(*args, input=answers(home.sandbox.host))
    assert (
        "The crontab runs /nowhere/certbot, which does not have this plugin: 5 5 * * *"
        in done.stdout
    )
    assert len(home.crontab.read_text().splitlines()) == 2
    home.init(*args, input=answers(home.sandbox.host))
    assert len(home.crontab.read_text().splitlines()) == 2


def test_what_comes_next_is_about_the_account_that_was_set_up(home: Home) -> None:
    """Its credentials file is named where it is not the default one."""
    args = ["--username=alice", "--password-stdin", "--no-cron"]
    done = home.init(*args, input=answers(home.sandbox.host))
    assert done.stdout.endswith("  certbot run -a webfaction -i webfaction\n")
    file = home.path / "bob.ini"
    done = home.init(*args, f"--webfaction-credentials={file}", input=answers(home.sandbox.host))
    assert done.stdout.endswith(
        f"  certbot run -a webfaction -i webfaction --webfaction-credentials {file}\n"
    )


def test_a_second_run_leaves_everything_as_it_is(home: Home) -> None:
    """With nothing given and nothing missing it asks nothing and writes nothing."""
    args = ["--username=alice", "--password-stdin", "--cron"]
    assert home.init(*args, input=answers(home.sandbox.host)).returncode == 0
    before = home.files()
    with home.at_terminal() as terminal:
        assert terminal.wait() == 0
    assert f"The panel accepts the credentials in {home.credentials}." in terminal.shown
    assert "The crontab renews certificates already" in terminal.shown
    assert home.files() == before


def test_a_changed_password_is_asked_for_and_shown_as_a_change(home: Home) -> None:
    """The file's refused password is asked for anew; the rest of the file stays."""
    host = home.sandbox.host
    home.write_credentials()
    with home.credentials.open("a") as file:
        file.write("# mine\ndns_other_token = 'a, b#c'\n")
    old, host.password = host.password, "a new one"
    with home.at_terminal("--no-cron") as terminal:
        terminal.expect(f"This is about the password in {home.credentials}.")
        terminal.expect("(not shown): ")
        terminal.type("a new one")
        terminal.expect("+webfaction_password = (the new one)")
        terminal.expect("(Y)es/(N)o: ")
        terminal.type("y")
        assert terminal.wait() == 0
    text = home.credentials.read_text()
    assert "webfaction_password = a new one\n" in text
    assert text.endswith('# mine\ndns_other_token = "a, b#c"\n')
    assert old not in text
    for secret in (old, "a new one", "b#c"):
        assert secret not in terminal.shown.replace("(the new one)", "")


def test_a_change_that_is_not_agreed_to_is_not_made(home: Home) -> None:
    """On no, and without a terminal and --yes, the credentials file stays."""
    host = home.sandbox.host
    home.write_credentials()
    before = home.credentials.read_bytes()
    host.password = "a new one"
    done = home.init("--password-stdin", "--no-cron", input=answers(host))
    assert done.returncode == 1
    assert "Answer with --yes." in done.stderr
    assert home.credentials.read_bytes() == before
    with home.at_terminal("--no-cron") as terminal:
        terminal.expect("(not shown): ")
        terminal.type("a new one")
        terminal.expect("(Y)es/(N)o: ")
        terminal.type("n")
        assert terminal.wait() == 0
    assert home.credentials.read_bytes() == before


def test_own_lines_of_cli_ini_and_crontab_are_kept(home: Home) -> None:
    """Files of the user are completed, not overwritten, and the completion is shown."""
    home.cli_ini.parent.mkdir(parents=True)
    home.cli_ini.write_text("# mine\nkey-type = rsa\nlogs-dir = /var/tmp/own-logs")
    home.crontab.write_text("MAILTO=me\n5 5 * * * backup")
    args = ["--username=alice", "--password-stdin", "--cron", "--yes"]
    done = home.init(*args, input=answers(home.sandbox.host))
    assert done.returncode == 0, done.stderr
    letsencrypt = home.path / "letsencrypt"
    assert home.cli_ini.read_text() == (
        "# mine\nkey-type = rsa\nlogs-dir = /var/tmp/own-logs\n"
        f"config-dir = {letsencrypt / 'config'}\nwork-dir = {letsencrypt / 'work'}\n"
    )
    assert f"+config-dir = {letsencrypt / 'config'}" in done.stdout
    assert home.crontab.read_text().startswith("MAILTO=me\n5 5 * * * backup\n")
    assert len(home.crontab.read_text().splitlines()) == 3

    before = home.cli_ini.read_text()
    home.init(*args, f"--config-dir={home.path / 'other'}", input=answers(home.sandbox.host))
    assert home.cli_ini.read_text() == before


def test_the_line_for_cron_works_in_the_environment_of_cron(home: Home) -> None:
    """With HOME alone, and the user configuration elsewhere, it finds everything."""
    elsewhere = home.path / "elsewhere"
    home.environ["XDG_CONFIG_HOME"] = str(elsewhere)
    done = home.init(
        "--username=alice", "--password-stdin", "--cron", input=answers(home.sandbox.host)
    )
    assert done.returncode == 0, done.stderr
    command_line = home.crontab.read_text().split(maxsplit=5)[5]
    bare = {"HOME": str(home.path), "PATH": "/usr/bin:/bin"}
    renewal = subprocess.run(
        command_line, shell=True, env=bare, capture_output=True, text=True, check=False
    )
    assert (renewal.returncode, renewal.stdout + renewal.stderr) == (0, "")
    assert (home.path / "letsencrypt" / "logs" / "letsencrypt.log").exists()


class TestMachine:
    """Accounts on several machines have to name theirs; those on one need none."""

    def test_is_left_out_where_the_account_needs_none(self, home: Home) -> None:
        """An account on one machine gets a file without it."""
        home.init(
            "--username=alice", "--password-stdin", "--no-cron", input=answers(home.sandbox.host)
        )
        assert "machine" not in home.credentials.read_text()

    def test_is_found_on_the_host_itself(self, sandbox: Sandbox) -> None:
        """This machine's name with a capital is tried."""
        here = sandbox.host.machine
        sandbox.reset(lambda homes: Host(homes, machines=("Web1", here)))
        home = Home(sandbox)
        done = home.init(
            "--username=alice", "--password-stdin", "--no-cron", input=answers(sandbox.host)
        )
        assert done.returncode == 0, done.stderr
        assert f"webfaction_machine = {here}\n" in home.credentials.read_text()

    def test_is_asked_for_elsewhere(self, sandbox: Sandbox) -> None:
        """Where this machine's name is refused, the user has to know it."""
        sandbox.reset(lambda homes: Host(homes, machines=("Web1", "Web2")))
        home = Home(sandbox)
        with home.at_terminal("--username=alice", "--no-cron") as terminal:
            terminal.expect("(not shown): ")
            terminal.type(sandbox.host.password)
            terminal.expect("machine, as the panel spells it")
            terminal.type("Web2")
            assert terminal.wait() == 0
        assert "webfaction_machine = Web2\n" in home.credentials.read_text()
        done = home.init("--username=bob", "--password-stdin", input=answers(sandbox.host))
        assert "--machine" not in done.stderr  # a wrong user name is no question of the machine

    def test_is_looked_for_where_the_files_is_refused(self, sandbox: Sandbox) -> None:
        """The password is not asked for again, for it is right."""
        sandbox.reset(lambda homes: Host(homes, machines=("Web1", "Web2")))
        home = Home(sandbox)
        home.write_credentials(machine="Web1")
        text = home.credentials.read_text()
        home.credentials.write_text(text.replace("Web1", "web1"))
        with home.at_terminal("--no-cron", "--yes") as terminal:
            terminal.expect("machine, as the panel spells it (web1 was refused) Is it Web1?")
            terminal.type("Web1")
            assert terminal.wait() == 0
        assert "Password" not in terminal.shown
        assert home.credentials.read_text() == text

    def test_is_taken_out_where_the_account_needs_none(self, sandbox: Sandbox) -> None:
        """The host has moved it to the only machine that is left."""
        sandbox.reset(lambda homes: Host(homes, machines=("Web1", "Web2")))
        home = Home(sandbox)
        args = ("--username=alice", "--password-stdin", "--no-cron", "--yes")
        home.write_credentials(machine="Web2")
        sandbox.host.machines = ("Web9",)
        done = home.init(*args, input=answers(sandbox.host))
        assert done.returncode == 0, done.stderr
        assert "machine" not in home.credentials.read_text()

    @pytest.mark.parametrize("is_typed", [True, False])
    def test_that_is_mistyped_is_said(self, sandbox: Sandbox, is_typed: bool) -> None:
        """In the panel's words, and not as if it came from a file."""
        sandbox.reset(lambda homes: Host(homes, machines=("Web1", "Web500")))
        home = Home(sandbox)
        args = ("--username=alice", "--no-cron", *(() if is_typed else ("--machine=web500",)))
        with home.at_terminal(*args) as terminal:
            terminal.expect("(not shown): ")
            terminal.type(sandbox.host.password)
            if is_typed:
                terminal.expect("machine, as the panel spells it")
                terminal.type("web500")
            assert terminal.wait() == 1
        assert 'The panel refused the machine "web500" of "alice". It says: ' in terminal.shown
        assert "Is it Web500? Nothing was changed; run the command again." in terminal.shown
        assert not home.credentials.exists()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 knows no TOML")
def test_an_account_moves_on_from_letsencrypt_webfaction(home: Home) -> None:
    """Its credentials are taken, and the command for each of its certificates works.

    Its users' http websites redirect, and its files were found at the https ones.
    """
    sandbox = home.sandbox
    for name, domains in {
        "mysite": ("example.com", "www.example.com"),
        "s": ("shop.example.com",),
    }.items():
        add_certificate(sandbox, f"my_{name}", *domains)
        add_site(sandbox, name, *domains, https=True, certificate=f"my_{name}")
        add_site(sandbox, f"redirect_{name}", *domains)
        (sandbox.host.webapps / f"redirect_{name}" / ".htaccess").write_text(
            "RewriteEngine On\nRewriteRule ^(.*)$ https://%{HTTP_HOST}/$1 [R=301,L]\n"
        )
    (home.path / "letsencrypt_webfaction.toml").write_text(
        f'username = "alice"\npassword = "{home.sandbox.host.password}"\n'
        'letsencrypt_account_email = "alice@example.com"\n'
        '[[certificate]]\ndomains = ["example.com", "www.example.com"]\n'
        'public = "~/webapps/mysite"\n'
        '[[certificate]]\ndomains = "shop.example.com"\nname = "my_s"\npublic = "~/webapps/s"\n'
    )
    done = home.init("--from", "--no-cron")
    assert done.returncode == 0, done.stderr
    options = "-a webfaction -i webfaction --webfaction-app letsencrypt -m alice@example.com"
    lines = [
        f"certbot run {options} -d example.com -d www.example.com",
        f"certbot run {options} --cert-name my_s -d shop.example.com",
    ]
    for line in lines:
        assert f"  {line}\n" in done.stdout
        sandbox.certbot(*line.split()[1:])
    sandbox.front_end.wait_applied()
    for domain in ("www.example.com", "shop.example.com"):
        assert sandbox.http(domain).location == f"https://{domain}/"
        assert sandbox.fetch_verified(domain).text.startswith("page of ")
    assert home.credentials.exists()
    assert home.sandbox.host.password not in done.stdout + done.stderr


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 knows no TOML")
def test_files_of_letsencrypt_webfaction_as_windows_and_version_2_wrote_them(home: Home) -> None:
    """A mark at the start of a TOML file is read over; YAML is called what it is, in one line."""
    file = home.path / "old"
    host = home.sandbox.host
    file.write_text(f"---\nusername: {host.username}\npassword: {host.password}\n")
    before = home.files()
    done = home.init("--from", str(file), "--no-cron")
    assert done.returncode == 1
    assert f"{file} is a YAML file, as letsencrypt_webfaction had before version 3" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert host.password not in done.stdout + done.stderr
    assert home.files() == before

    toml = f'username = "{host.username}"\npassword = "{host.password}"\n'
    file.write_text(toml, encoding="utf-8-sig")
    done = home.init("--from", str(file), "--no-cron")
    assert done.returncode == 0, done.stderr
    assert "webfaction_username = alice\n" in home.credentials.read_text()


@pytest.mark.parametrize(("user_id", "is_written"), [(1000, True), (0, False)])
def test_the_user_configuration_is_for_those_without_root(
    home: Home, tmp_path: Path, user_id: int, is_written: bool
) -> None:
    """Root keeps certbot's own directories, unless it is told otherwise; others can't use them."""
    script = (
        f"import os, sys; os.geteuid = lambda: {user_id};"
        " from certbot_webfaction.command import main; sys.exit(main())"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-c", script, "init", "--username=alice", "--password-stdin"),
            *("--no-cron", f"--config-dir={tmp_path}"),
            f"--webfaction-api-url={home.sandbox.api.url}",
        ],
        env=home.environ,
        input=answers(home.sandbox.host),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert home.cli_ini.exists() == is_written
    assert (tmp_path / "webfaction.ini").exists()
    if is_written:
        assert f"config-dir = {tmp_path}\nwork-dir = {home.path}" in home.cli_ini.read_text()
