"""What `certbot-webfaction init` writes: read back as meant, and nobody's lines lost."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from certbot import errors
from hypothesis import given
from hypothesis import strategies as st

from certbot_webfaction.account import API_URL, Options, read_credentials
from certbot_webfaction.command import command_parser
from certbot_webfaction.command.configuration import read_configuration
from certbot_webfaction.command.crontab import (
    Job,
    has_plugin,
    renewing_jobs,
    renewing_line,
    write_crontab,
)
from certbot_webfaction.command.output import set_up_output
from certbot_webfaction.command.setup.credentials_file import (
    plan_credentials,
    values_in,
    with_values,
)
from certbot_webfaction.command.setup.predecessor import Certificate, Predecessor, read_predecessor
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.command.setup.user_configuration import options_for_cron
from certbot_webfaction.hosts.webfaction.credentials import Credentials
from certbot_webfaction.replacing import replacing
from certbot_webfaction.web.route import Route

ALICE = Credentials("alice", "secret", None, API_URL)
YES = Questions(terminal=False, yes=True)


@pytest.fixture(autouse=True)
def set_up() -> None:
    """What `main` does before a subcommand runs."""
    set_up_output(read_configuration(command_parser().parse_args(["init"])))


def options_for(path: Path) -> Options:
    """The plugin's options with this credentials file."""
    return Options(path, None, None, "", "auto", 0, Route())


def read(path: Path) -> Credentials:
    """What the plugin reads from a credentials file."""
    return read_credentials(options_for(path))


class TestCredentials:
    """The credentials file."""

    # Quotes, the comment sign and outer spaces are what a draw from all characters hardly hits.
    TROUBLE = st.text(st.sampled_from(" '\"#,%=[]\\$aä"), min_size=1, max_size=12)
    PRINTABLE = st.text(st.characters().filter(str.isprintable), min_size=1)

    @given(password=TROUBLE | PRINTABLE)
    def test_every_printable_password_is_read_back(
        self, password: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Only one that holds three quotes of each kind in a row may be refused."""
        path = tmp_path_factory.mktemp("credentials") / "webfaction.ini"
        try:
            text = with_values("", {"username": "alice", "password": password})
        except errors.PluginError:
            assert "'''" in password
            assert '"""' in password
            return
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        assert read(path).password == password

    @given(password=st.text(min_size=1))
    def test_no_password_at_all_is_read_back_as_another(
        self, password: str, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Line breaks and what is no text included: either as it was, or an error without it."""
        path = tmp_path_factory.mktemp("credentials") / "webfaction.ini"
        meant = Credentials("alice", password, None, API_URL)
        try:
            write = plan_credentials(options_for(path), meant, YES)
        except errors.PluginError:
            assert not path.exists()
            return
        assert write is not None
        write()
        assert read(path).password == password

    @pytest.mark.parametrize("password", ["two\nlines", "'''#\"\"\"#", "\ud800"])
    def test_what_the_format_can_not_hold_is_an_error_without_the_password(
        self, password: str
    ) -> None:
        """It says what is wrong with it instead."""
        with pytest.raises(errors.PluginError, match="can't hold the password") as refused:
            with_values("", {"password": password})
        assert password not in str(refused.value)

    def test_a_new_file_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        """Mode 0600 whatever the umask, directories made on the way."""
        path = tmp_path / "new" / "webfaction.ini"
        before = os.umask(0)
        try:
            write = plan_credentials(options_for(path), ALICE, YES)
            assert write is not None
            write()
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o077 == 0
        assert list(path.parent.iterdir()) == [path]
        assert read(path) == ALICE

    def test_a_file_that_others_can_read_is_closed_to_them(self, tmp_path: Path) -> None:
        """Even where its text stays as it is."""
        path = tmp_path / "webfaction.ini"
        path.write_text(with_values("", {"username": "alice", "password": "secret"}))
        path.chmod(0o644)
        write = plan_credentials(options_for(path), ALICE, YES)
        assert write is not None
        write()
        assert path.stat().st_mode & 0o777 == 0o600
        assert plan_credentials(options_for(path), ALICE, YES) is None

    def test_only_what_differs_changes(self, tmp_path: Path) -> None:
        """Comments, order, other keys and the quoting of what stays are kept."""
        path = tmp_path / "webfaction.ini"
        path.write_text(
            "# mine\n  webfaction_password='old'  # remark\nother = 1, 2\n"
            "webfaction_username = '''alice'''"
        )
        write = plan_credentials(
            options_for(path), Credentials("alice", "new", "Web500", API_URL), YES
        )
        assert write is not None
        write()
        assert path.read_text() == (
            "# mine\nwebfaction_password = new  # remark\nother = 1, 2\n"
            "webfaction_username = '''alice'''\nwebfaction_machine = Web500\n"
        )

    def test_a_value_that_is_no_longer_needed_is_taken_out(self, tmp_path: Path) -> None:
        """An account on one machine has none to name."""
        path = tmp_path / "webfaction.ini"
        text = with_values("", {"username": "bob", "password": "secret"})
        path.write_text(f"webfaction_machine = Web2\n{text}")
        write = plan_credentials(options_for(path), ALICE, YES)
        assert write is not None
        write()
        assert read(path) == ALICE
        assert "machine" not in path.read_text()

    def test_line_ends_of_another_system_and_remarks_are_kept(self, tmp_path: Path) -> None:
        """The file is somebody's, who did not agree to lose them."""
        path = tmp_path / "webfaction.ini"
        path.write_bytes(
            b"# mine\r\nwebfaction_username = alice\r\nwebfaction_password = old # vault 17"
        )
        write = plan_credentials(options_for(path), ALICE, YES)
        assert write is not None
        write()
        assert path.read_bytes() == (
            b"# mine\r\nwebfaction_username = alice\r\nwebfaction_password = secret  # vault 17\r\n"
        )
        assert read(path) == ALICE

    def test_the_change_is_shown_without_secrets(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Neither password, and no line that stays."""
        set_up_output(read_configuration(command_parser().parse_args(["init"])))
        path = tmp_path / "webfaction.ini"
        path.write_text(
            "other_token = token\nwebfaction_password = old-one\nwebfaction_username = bob\n"
        )
        plan_credentials(options_for(path), Credentials("alice", "new-one", None, API_URL), YES)
        shown = capsys.readouterr().out
        assert "-webfaction_password = (the old one)\n-webfaction_username = bob\n" in shown
        assert "+webfaction_password = (the new one)\n+webfaction_username = alice\n" in shown
        assert not any(secret in shown for secret in ("old-one", "new-one", "token"))

    def test_a_file_that_hides_new_values_is_left_as_it_is(self, tmp_path: Path) -> None:
        """What would be added after a section belongs to that section."""
        path = tmp_path / "webfaction.ini"
        text = "webfaction_username = alice\n[section]\nkey = value\n"
        path.write_text(text)
        write = plan_credentials(options_for(path), ALICE, YES)
        assert write is not None
        with pytest.raises(errors.PluginError):
            write()
        assert path.read_text() == text
        assert list(tmp_path.iterdir()) == [path]

    def test_a_place_that_can_not_be_written_to_is_an_error(self) -> None:
        """It says how to choose another."""
        path = Path("/proc/no-such-place/webfaction.ini")  # not even root can make that
        write = plan_credentials(options_for(path), ALICE, YES)
        assert write is not None
        with pytest.raises(errors.PluginError, match="--config-dir"):
            write()

    def test_a_file_that_can_not_be_read_is_an_error(self, tmp_path: Path) -> None:
        """It is not overwritten as if there were none."""
        path = tmp_path / "webfaction.ini"
        path.write_text("webfaction_username\n")
        with pytest.raises(errors.PluginError, match="mend it or move it away"):
            values_in(path)

    def test_values_are_found_by_their_keys(self, tmp_path: Path) -> None:
        """A list, which an unquoted comma makes, is none."""
        path = tmp_path / "webfaction.ini"
        path.write_text("webfaction_username = alice\nwebfaction_password = a,b\n")
        assert values_in(path) == {"username": "alice"}
        assert values_in(tmp_path / "none.ini") == {}


class TestCrontab:
    """The line for cron."""

    @pytest.mark.parametrize(
        ("line", "program"),
        [
            ("5 3 * * * certbot renew -q", "certbot"),
            ("5 3 * * * /home/alice/.venv/bin/certbot renew", "/home/alice/.venv/bin/certbot"),
            ("@daily sleep 5; nice certbot -q renew >/dev/null", "certbot"),
            ("  5 3 * * * '/home/a b/certbot' --config x renew", "/home/a b/certbot"),
            ("5 3 * * * certbot --config-dir=/etc/ours/ renew", "certbot"),
            ("5 3 * * * ~no-such-user/certbot renew", "~no-such-user/certbot"),
            (r"5 3 * * * test -x certbot -a \! -d /run && certbot renew", "certbot"),
        ],
    )
    def test_that_renews_is_known(self, line: str, program: str) -> None:
        """Wherever certbot lies and whatever else stands there."""
        crontab = f"MAILTO=me\nPATH=/nowhere\n{line}\n"
        assert renewing_jobs(crontab, "/etc/ours", "/etc/ours") == [Job(line, Path(program))]

    @pytest.mark.parametrize(
        "line",
        [
            "# 5 3 * * * certbot renew -q",
            "5 3 * * * certbot certificates",
            "5 3 * * * letsencrypt_webfaction run",
            "5 3 * * * certbot-webfaction doctor -q",
            "5 3 * * * certbot certificates && echo renew",
            "5 3 * * * certbot -q renew --dry-run",
            "5 3 * * * certbot --config-dir /home/bob/le renew -q",
            "5 3 * * * certbot --config-dir=/home/bob/le renew -q",
            "5 3 * * * 'certbot renew -q",
            "",
        ],
    )
    def test_that_does_not_renew_is_no_such_line(self, line: str) -> None:
        """Nor is one that is commented out, one that only tries, or one for other lineages."""
        assert renewing_jobs(f"MAILTO=me\n{line}\n", "/etc/ours", "/etc/ours") == []

    def test_that_names_no_directory_renews_the_usual_one(self) -> None:
        """Unless it names a file, which may name any."""
        for line, count in (
            ("5 3 * * * certbot renew", 0),
            ("5 3 * * * certbot renew --config-dir=/etc/ours", 1),
            ("5 3 * * * certbot renew --config /home/alice/cli.ini", 1),
            ("5 3 * * * certbot renew -c /home/alice/cli.ini --config-dir=/etc/usual", 0),
        ):
            assert len(renewing_jobs(line, "/etc/ours", "/etc/usual")) == count, line

    def test_a_certbot_is_found_where_cron_looks_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That is not where a login shell would."""
        program = tmp_path / "certbot"
        program.touch(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("HOME", str(tmp_path))
        line = "5 3 * * * certbot renew"
        (job,) = renewing_jobs(line, "/etc/ours", "/etc/ours")
        assert job.program != program
        for told in (f'PATH="{tmp_path}"\n{line}', "5 3 * * * ~/certbot renew"):
            (job,) = renewing_jobs(told, "/etc/ours", "/etc/ours")
            assert job.program == program

    def test_only_a_certbot_with_the_plugin_counts(self, tmp_path: Path) -> None:
        """The one beside this Python, or one that another Python runs which has it."""
        own = Path(sys.executable).with_name("certbot")
        link, other = tmp_path / "link", tmp_path / "certbot"
        link.symlink_to(own)
        assert has_plugin(own)
        assert has_plugin(link)
        assert not has_plugin(other), "it is not there"
        python, python_without = tmp_path / "python3", tmp_path / "python3.9"
        python.write_text('#!/bin/sh\n[ "$2" = "import certbot_webfaction" ]\n')
        python_without.write_text("#!/bin/sh\nexit 1\n")
        for interpreter, has in (
            (f"{python}", True),
            (f"/usr/bin/env {python} -s", True),
            (f"{python_without}", False),
            (f"{tmp_path}/python-gone", False),
            ("/bin/true", False),
        ):
            for script in (python, python_without):
                script.chmod(0o755)
            other.write_text(f"#!{interpreter}\n")
            assert has_plugin(other) == has, interpreter

    def test_that_can_not_be_added_is_shown_for_the_user_to_add(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Below what the system says, whose period ours takes the place of."""
        program = tmp_path / "crontab"
        program.write_text("#!/bin/sh\necho 'crontab: disk full.' >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        with pytest.raises(errors.Error) as refused:
            write_crontab("MAILTO=me\n1 2 * * * certbot renew\n")
        assert str(refused.value) == (
            "The crontab could not be changed: crontab: disk full. Add this line to it with"
            " `crontab -e`:\n1 2 * * * certbot renew"
        )

    def test_names_what_the_user_configuration_does_not(self, tmp_path: Path) -> None:
        """The directories that were given: the file keeps those that it had."""
        arguments = command_parser().parse_args(["init", f"--config-dir={tmp_path}"])
        config = read_configuration(arguments)
        elsewhere = tmp_path / "cli.ini"
        given = ["--config-dir", str(tmp_path)]
        usual = Path("~/.config/letsencrypt/cli.ini").expanduser()
        assert options_for_cron(usual, config, arguments, there=True) == given
        assert options_for_cron(elsewhere, config, arguments, there=False) == given
        assert options_for_cron(elsewhere, config, arguments, there=True) == [
            *("--config", str(elsewhere), *given)
        ]

    def test_is_at_a_random_time_and_names_the_certbot_beside_this_python(self) -> None:
        """Every minute and hour is one that cron knows."""
        times = set()
        for _ in range(200):
            minute, hour, *rest = renewing_line([]).split()
            times.add((int(minute), int(hour)))
            certbot = Path(sys.executable).with_name("certbot")
            assert rest == ["*", "*", "*", str(certbot), "renew", "-q"]
        assert all(0 <= minute < 60 and 0 <= hour < 24 for minute, hour in times)
        assert len(times) > 100

    def test_keeps_odd_paths_whole(self) -> None:
        """cron takes an unescaped % for the end of the command."""
        line = renewing_line(["--config", "/home/a b/100%.ini"])
        assert line.endswith(r" renew -q --config '/home/a b/100\%.ini'")
        (job,) = renewing_jobs(line, "/etc/ours", "/etc/ours")
        assert job == Job(line, Path(sys.executable).with_name("certbot"))


class TestPredecessor:
    """The configuration of letsencrypt_webfaction."""

    pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no TOML")

    def test_is_read(self, tmp_path: Path) -> None:
        """With the texts and lists that it allows; what is of no use here is passed over."""
        file = tmp_path / "letsencrypt_webfaction.toml"
        file.write_text(
            'username = "alice"\npassword = "s\'3 # x"\nletsencrypt_account_email = "a@b.example"\n'
            'directory = "https://acme-v02.api.letsencrypt.org/directory"\n'
            'api_url = "https://api.webfaction.com/"\nservername = "Web500"\n'
            '[[certificate]]\ndomains = ["a.example", "b.example"]\npublic = ["~/webapps/a"]\n'
            'method = "http01"\nkey_size = 4096\n'
            '[[certificate]]\ndomains = "c.example"\nname = "c_c"\npublic = "~/webapps/c"\n'
            "[[certificate]]\ndomains = []\n"
        )
        assert read_predecessor(file) == Predecessor(
            username="alice",
            password="s'3 # x",
            machine="Web500",
            api_url="https://api.webfaction.com/",
            email="a@b.example",
            certificates=(
                Certificate(("a.example", "b.example"), ""),
                Certificate(("c.example",), "c_c"),
            ),
        )

    @pytest.mark.parametrize("text", ["", 'certificate = "x"', "certificate = [1]", "username = 1"])
    def test_with_little_of_use_is_empty(self, tmp_path: Path, text: str) -> None:
        """Wrong types are as good as nothing."""
        file = tmp_path / "x.toml"
        file.write_text(text)
        assert read_predecessor(file) == Predecessor()

    def test_that_is_missing_or_no_toml_is_an_error(self, tmp_path: Path) -> None:
        """It names the file."""
        with pytest.raises(errors.Error, match=r"none\.toml can't be read"):
            read_predecessor(tmp_path / "none.toml")
        file = tmp_path / "x.toml"
        file.write_text("password = secret\n")
        with pytest.raises(errors.Error, match="no TOML file") as refused:
            read_predecessor(file)
        assert "secret" not in str(refused.value)

    def test_gives_a_command_that_a_shell_takes_apart_again(self) -> None:
        """Whatever the names hold."""
        old = Predecessor(certificates=(Certificate(("*.a.example", "x; rm"), "n"),))
        assert old.certbot_lines() == [
            "certbot run -a webfaction -i webfaction --cert-name n -d '*.a.example' -d 'x; rm'"
        ]


class TestReplacing:
    """Files are replaced as a whole."""

    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        """The new one is gone."""
        path = tmp_path / "file"
        path.write_text("old")

        def fail() -> None:
            with replacing(path) as new:
                new.write_text("half")
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            fail()
        assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file", "old")]

    def test_a_symlink_stays_one(self, tmp_path: Path) -> None:
        """Files that are kept elsewhere and linked are replaced there."""
        there = tmp_path / "dotfiles" / "cli.ini"
        there.parent.mkdir()
        there.write_text("old")
        link = tmp_path / "cli.ini"
        link.symlink_to(there)
        with replacing(link, 0o640) as new:
            new.write_text("new")
        assert link.is_symlink()
        assert there.read_text() == "new"
        assert there.stat().st_mode & 0o777 == 0o640
