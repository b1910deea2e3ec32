"""The user's crontab: which of its lines renew certificates, and the line that does."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.command.crontab import (
    USUAL_WINDOW,
    Job,
    Needs,
    has_plugin,
    needs_of,
    renewing_jobs,
    renewing_line,
    write_crontab,
)
from certbot_webfaction.lineages import Lineages
from tests.lineages.writing import write_lineage

HOME = Path.home()


def counting(
    crontab: str, config_dir: str = "/etc/ours", usual_dir: str = "/etc/ours"
) -> list[Job]:
    """The jobs of a crontab in which nothing is found that keeps them from renewing."""
    return [job for job in renewing_jobs(crontab, config_dir, usual_dir) if not job.flaw]


def flaw(line: str, needs: Needs | None = None) -> str:
    """What is wrong with the one job of a crontab."""
    (job,) = renewing_jobs(f"MAILTO=me\n{line}\n", "/etc/ours", "/etc/ours", needs)
    return job.flaw


@pytest.mark.parametrize(
    ("line", "program"),
    [
        ("5 3 * * * certbot renew -q", "certbot"),
        ("5 3 * * * /home/alice/.venv/bin/certbot renew", "/home/alice/.venv/bin/certbot"),
        ("@daily sleep 5; nice certbot -q renew >/dev/null", "certbot"),
        ("  5 3 * * * '/home/a b/certbot' --config x renew", "/home/a b/certbot"),
        ("5 3 * * * certbot --config-dir=/etc/ours/ renew", "certbot"),
        (
            "5 3 * * * ~no-such-user/certbot renew",
            f"{HOME}/~no-such-user/certbot",  # as a shell takes it that knows no such user
        ),
        ("5 3 * * * /bin/bash -lc 'le/certbot renew -q'", f"{HOME}/le/certbot"),
        ("5 3 * * * bash -lc 'cd ~/le && ./certbot renew'", f"{HOME}/le/certbot"),
        ('5 3 * * * sh -c "certbot renew -q" >>~/le.log 2>&1', "certbot"),
        ("5 3 * * * cd /home/alice/le && ./certbot renew", "/home/alice/le/certbot"),
        ("5 3 * * * cd le; bin/certbot renew -q; echo done", f"{HOME}/le/bin/certbot"),
        ("5 3 * * * certbot renew -q # don't touch", "certbot"),
        ("5 3 * * * certbot renew -q && touch ~/renewed", "certbot"),
        ("5 3 * * * sleep 5; certbot renew -q; doctor", "certbot"),
        ("5 3 * * * if test -d /x; then certbot renew; fi", "certbot"),
        ("0 */12 * * mon-sat certbot renew -q", "certbot"),
        ("0 4 * * 1,4 certbot renew -q", "certbot"),
        ("5 3 * * * certbot renew --deploy-hook 'echo 100\\%'", "certbot"),
        (r"5 3 * * * test -x certbot -a \! -d /run && certbot renew", "certbot"),
    ],
)
def test_that_renews_is_known(line: str, program: str) -> None:
    """Wherever certbot lies and whatever else stands there."""
    crontab = f"MAILTO=me\nPATH=/nowhere\n{line}\n"
    assert counting(crontab) == [Job(line, Path(program))]


@pytest.mark.parametrize(
    "line",
    [
        "# 5 3 * * * certbot renew -q",
        "5 3 * * * certbot certificates",
        "5 3 * * * letsencrypt_webfaction run",
        "5 3 * * * certbot-webfaction doctor -q",
        "5 3 * * * certbot certificates && echo renew",
        "5 3 * * * echo certbot renew",
        "5 3 * * * 'certbot renew -q",
        "5 3 * * * certbot renew; echo 'oops",
        "5 3 * * * backup # certbot renew",
        r"5 3 * * * sleep $(( RANDOM % 60 )); certbot renew",
        "",
    ],
)
def test_that_runs_no_renewal_is_no_such_line(line: str) -> None:
    """Nor is one that is commented out, or that no shell would run as a whole."""
    assert renewing_jobs(f"MAILTO=me\n{line}\n", "/etc/ours", "/etc/ours") == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("5 3 * * * certbot -q renew --dry-run", "only tries"),
        ("5 3 * * * certbot --config-dir /home/bob/le renew -q", "in /home/bob/le"),
        ("5 3 * * * certbot --config-dir=/home/bob/le renew -q", "in /home/bob/le"),
        ("5 3 * * * root certbot renew -q", "has root before certbot"),
        ("5 3 * * * root nice -n 19 certbot renew -q", "has root before certbot"),
        ("5 3 * * * certbot renew --cert-name blog.example.com", "blog.example.com alone"),
        ("5 3 * * * certbot renew --cert-name=blog.example.com", "blog.example.com alone"),
        ("5 3 * * * certbot renew -d blog.example.com", "which it refuses"),
        ("5 3 * * * certbot renew --domains=blog.example.com", "which it refuses"),
        ("@reboot certbot renew -q", "when the machine starts"),
        ("0 4 1 */2 * certbot renew -q", "up to 62 days apart"),
        ("0 4 1 * * certbot renew -q", "up to 31 days apart"),
        ("@monthly certbot renew -q", "within 30 days here"),
        ("@yearly certbot renew -q", "up to 366 days apart"),
        ("0 0 31 2 * certbot renew -q", "days apart"),
        ("61 3 * * * certbot renew -q", "a time that cron does not know"),
        ("@always certbot renew -q", "a time that cron does not know"),
    ],
)
def test_that_renews_something_else_or_too_rarely_says_so(line: str, words: str) -> None:
    """It is told with its reason, for somebody meant it to renew."""
    needs = Needs(frozenset(["shop.example.com", "blog.example.com"]))
    assert words in flaw(line, needs)


@pytest.mark.parametrize("line", ["@weekly certbot renew", "0 4 * * 0 certbot renew"])
def test_how_rarely_it_may_run_is_for_the_shortest_certificate_to_say(line: str) -> None:
    """Once a week is enough for certificates of 90 days, and not for those of 6."""
    assert flaw(line) == ""
    half = Needs(window=datetime.timedelta(days=3, hours=8))
    assert flaw(line, half) == (
        "runs it up to 7 days apart, but a certificate has to be renewed within 3.3 days here"
    )
    assert flaw("0 */6 * * * certbot renew", half) == ""
    assert "0.5 days apart" in flaw(
        "0 */12 * * * certbot renew", Needs(window=datetime.timedelta(hours=9))
    )


def test_jobs_for_one_certificate_each_count_together() -> None:
    """Where there is one for each; and one is enough where there is no other."""
    lines = [f"5 3 * * * certbot renew --cert-name {name}" for name in ("a", "b")]
    both = Needs(frozenset("ab"))
    for crontab, needs, flaws in (
        ("\n".join(lines), both, {""}),
        (lines[0], Needs(frozenset("a")), {""}),
        (lines[0], both, {"renews the certificate a alone"}),
        (lines[0], Needs(), {"renews the certificate a alone"}),
    ):
        jobs = renewing_jobs(crontab, "/etc/ours", "/etc/ours", needs)
        assert {job.flaw for job in jobs} == flaws


def test_what_is_needed_is_what_certbot_would_renew(tmp_path: Path) -> None:
    """All lineages but those that never are, within the time that the shortest one has left."""
    lineages = Lineages(*(tmp_path / name for name in ("live", "archive", "renewal", "hooks")))
    assert needs_of(lineages) == Needs(frozenset(), USUAL_WINDOW)
    write_lineage(tmp_path, "long", "a.example", age=10, left=80)
    write_lineage(tmp_path, "never", "a.example", age=1, left=1, autorenew="False")
    assert needs_of(lineages).lineages == {"long"}
    write_lineage(tmp_path, "short", "a.example", age=0, left=60, before_expiry="3 days")
    window = needs_of(lineages).window
    assert abs(window - datetime.timedelta(days=3)) < datetime.timedelta(minutes=1)
    (tmp_path / "live" / "short" / "cert.pem").unlink()
    assert needs_of(lineages).lineages == {"long"}, "certbot itself reports the other"


def test_that_names_no_directory_renews_the_usual_one() -> None:
    """Unless it names a file, which may name any."""
    for line, count in (
        ("5 3 * * * certbot renew", 0),
        ("5 3 * * * certbot renew --config-dir=/etc/ours", 1),
        ("5 3 * * * certbot renew --config /home/alice/cli.ini", 1),
        ("5 3 * * * certbot renew -c /home/alice/cli.ini --config-dir=/etc/usual", 0),
    ):
        assert len(counting(line, "/etc/ours", "/etc/usual")) == count, line


def test_a_certbot_is_found_where_cron_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is not where a login shell would."""
    program = tmp_path / "certbot"
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    line = "5 3 * * * certbot renew"
    (job,) = renewing_jobs(line, "/etc/ours", "/etc/ours")
    assert job.program != program
    for told in (
        f'PATH="{tmp_path}"\n{line}',
        "5 3 * * * ~/certbot renew",
        "5 3 * * * ./certbot renew",
        f"5 3 * * * PATH={tmp_path}:$PATH certbot renew",
        f"5 3 * * * export PATH={tmp_path}:/bin; certbot renew",
        f"5 3 * * * PATH={tmp_path}; certbot renew",
        f"5 3 * * * env PATH={tmp_path} certbot renew",
        f"5 3 * * * . {tmp_path}/activate && certbot renew",
        "5 3 * * * source ./activate && certbot renew",
        "5 3 * * * bash -lc 'certbot renew'",
    ):
        (job,) = renewing_jobs(told, "/etc/ours", "/etc/ours")
        assert job.program == program, told


def test_only_a_certbot_with_the_plugin_counts(tmp_path: Path) -> None:
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


def test_a_job_says_why_it_does_not_count(tmp_path: Path) -> None:
    """Its own flaw, else that its certbot does not have the plugin."""
    own = Path(sys.executable).with_name("certbot")
    assert Job("line", own).why_not == ""
    assert Job("line", own, "only tries").why_not == "only tries"
    other = tmp_path / "certbot"
    assert Job("line", other).why_not == f"runs {other}, which does not have this plugin"


def test_that_can_not_be_added_is_shown_for_the_user_to_add(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_is_at_a_random_time_and_names_the_certbot_beside_this_python() -> None:
    """Every minute and hour is one that cron knows."""
    times = set()
    for _ in range(200):
        minute, hour, *rest = renewing_line([]).split()
        times.add((int(minute), int(hour)))
        certbot = Path(sys.executable).with_name("certbot")
        assert rest == ["*", "*", "*", str(certbot), "renew", "-q"]
    assert all(0 <= minute < 60 and 0 <= hour < 24 for minute, hour in times)
    assert len(times) > 100


def test_keeps_odd_paths_whole() -> None:
    """cron takes an unescaped % for the end of the command."""
    line = renewing_line(["--config", "/home/a b/100%.ini"])
    assert line.endswith(r" renew -q --config '/home/a b/100\%.ini'")
    (job,) = renewing_jobs(line, "/etc/ours", "/etc/ours")
    assert job == Job(line, Path(sys.executable).with_name("certbot"))
