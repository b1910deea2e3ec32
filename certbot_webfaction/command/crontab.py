"""The user's crontab: whether it renews certificates, and the line that makes it."""

from __future__ import annotations

import datetime
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from certbot import errors

from certbot_webfaction.command.cron_time import longest_gap
from certbot_webfaction.command.shell import Run, Shell, expanded
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.lineages.renewals import next_renewal


def read_crontab() -> str | None:
    """The crontab of the current user, ``""`` if there is none, `None` where it can't be told."""
    try:
        done = _crontab("-l")
    except FileNotFoundError:
        return None
    if done.returncode == 0:
        return done.stdout
    # crontab(1) fails where there is none yet, and says so (Vixie's and BusyBox's words).
    none_yet = "no crontab" in done.stderr or "No such file" in done.stderr
    return "" if none_yet else None


def write_crontab(text: str) -> None:
    """Replace the crontab of the current user.

    :raises certbot.errors.Error: with what crontab(1) says; the old one is in place then
    """
    done = _crontab("-", text)
    if done.returncode:
        said = done.stderr.strip().rstrip(".")
        raise errors.Error(
            f"The crontab could not be changed: {said}. Add this line to it with `crontab -e`:\n"
            f"{text.splitlines()[-1]}"
        )


def _crontab(argument: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - nothing in the arguments comes from elsewhere
        ["crontab", argument],  # noqa: S607 - the one that the user's PATH has
        input=text,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )


CRON_PATH = "/usr/bin:/bin"
"""Where cron looks for programs unless the crontab says otherwise (crontab(5))."""

USUAL_WINDOW = datetime.timedelta(days=30)
"""How long certificates of 90 days can be renewed before they expire (certbot's default)."""


@dataclass(frozen=True)
class Needs:
    """What jobs are to renew: these lineages, each within ``window`` after it is due."""

    lineages: frozenset[str] = frozenset()
    window: datetime.timedelta = USUAL_WINDOW


def needs_of(lineages: Lineages) -> Needs:
    """What jobs are to renew, as the lineages are now; those that never are need none."""
    windows = {}
    for renewal in lineages.renewals():
        files = lineages.files(renewal.lineage)
        try:
            due = next_renewal(renewal, files)
        except errors.Error:
            continue  # certbot itself reports it, at every renewal
        if due:
            windows[renewal.lineage] = files.expires() - due
    return Needs(frozenset(windows), min(windows.values(), default=USUAL_WINDOW))


@dataclass
class Job:
    """A line of a crontab that runs ``certbot renew``, and that certbot.

    ``flaw`` says why the line alone does not renew all that is to be renewed, ``lineage`` which one
    it renews where that is why.
    """

    line: str
    program: Path
    flaw: str = ""
    lineage: str = ""

    @property
    def why_not(self) -> str:
        """Why it does not count, to stand behind “the crontab”; ``""`` if it does."""
        if self.flaw or has_plugin(self.program):
            return self.flaw
        return f"runs {self.program}, which does not have this plugin"


def renewing_jobs(
    crontab: str, config_dir: str | Path, usual_dir: str | Path, needs: Needs | None = None
) -> list[Job]:
    """The jobs of a crontab that run ``certbot renew``, also those that renew something else.

    :param config_dir: the configuration directory whose lineages are to be renewed
    :param usual_dir: the directory that a certbot takes which is not told one
    :param needs: by default one renewal each `USUAL_WINDOW` will do
    """
    needs = needs or Needs()
    jobs = []
    for line, time, run in _renewals(crontab):
        flaw = _flaw_of_time(time, needs.window) or _flaw(run, Path(config_dir), Path(usual_dir))
        jobs.append(Job(line, run.program, flaw, run.value_of("--cert-name")))
    # Those for one lineage each count only if each lineage has one.
    alone = {job.lineage for job in jobs if job.lineage and not job.flaw}
    if not needs.lineages or not needs.lineages <= alone:
        for job in jobs:
            if job.lineage and not job.flaw:
                job.flaw = f"renews the certificate {job.lineage} alone"
    return jobs


def _renewals(crontab: str) -> Iterator[tuple[str, str, Run]]:
    """Each ``certbot renew`` of a crontab, after its line and the time of that."""
    path = CRON_PATH
    for line in crontab.splitlines():
        if assignment := re.fullmatch(r"""\s*PATH\s*=\s*["']?(.*?)["']?\s*""", line):
            path = assignment[1]
        elif timed := _TIMED.fullmatch(line):
            # A % ends the command (crontab(5)).
            command = re.split(r"(?<!\\)%", timed["command"])[0].replace(r"\%", "%")
            for run in Shell(path, Path.home()).runs_of_certbot(command):
                if "renew" in run.words:
                    yield line, timed["time"], run


_TIMED = re.compile(r"\s*(?P<time>@\w+|(?:[^\s#@=]+\s+){4}[^\s]+)\s+(?P<command>.+)")
"""A line of a crontab that is no comment and no assignment (crontab(5))."""


def _flaw_of_time(time: str, window: datetime.timedelta) -> str:
    if time == "@reboot":
        return "runs it when the machine starts (@reboot), and not again until the next start"
    gap = longest_gap(time)
    if gap is None:
        return f"runs it at a time that cron does not know ({time})"
    if gap <= window:
        return ""
    return (
        f"runs it up to {_days(gap)} apart, but a certificate has to be renewed within"
        f" {_days(window)} here"
    )


def _days(time: datetime.timedelta) -> str:
    days = round(time / datetime.timedelta(days=1), 1)
    return "1 day" if days == 1 else f"{days:g} days"


def _flaw(run: Run, config_dir: Path, usual_dir: Path) -> str:
    """Why a run does not renew the lineages of a configuration directory."""
    if run.user:
        return (
            f"has {run.user} before certbot, which is run as a program: only the system's crontab"
            " names users"
        )
    if "--dry-run" in run.words:
        return "only tries to renew (--dry-run)"
    if {"-d", "--domain", "--domains"}.intersection(run.words):
        return "gives `certbot renew` domains (-d), which it refuses: it takes --cert-name alone"
    has_file = "--config" in run.words or "-c" in run.words  # that it is right is taken for granted
    untold = config_dir if has_file else usual_dir
    given = expanded(run.value_of("--config-dir") or str(untold))
    return "" if given.resolve() == config_dir.resolve() else f"renews the certificates in {given}"


def has_plugin(certbot: Path) -> bool:
    """Whether a certbot has this plugin: the one beside this Python, or another's that has it."""
    if certbot.resolve() == certbot_program().resolve():
        return True
    try:
        with certbot.open("rb") as file:
            first = file.readline(1000).decode("utf-8", "replace")
    except OSError:
        return False
    interpreter = next((word for word in first.removeprefix("#!").split() if "python" in word), "")
    if not (first.startswith("#!") and interpreter):
        return False  # another program than a Python would not take the following for what it is
    asked = [shutil.which(interpreter, path=CRON_PATH) or interpreter, "-c", _IMPORT]
    environ = {"PATH": CRON_PATH, "HOME": str(Path.home())}
    try:
        # S603: it is the Python of a certbot that the user has cron run
        done = subprocess.run(asked, env=environ, cwd="/", capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


_IMPORT = "import certbot_webfaction"


def renewing_line(options: Sequence[str]) -> str:
    """A line that runs ``certbot renew -q`` once a day, at a random time so that CAs get rest.

    :param options: what certbot needs besides, to find its configuration
    """
    words = [str(certbot_program()), "renew", "-q", *options]
    # A % ends the command in crontabs (crontab(5)).
    command = shlex.join(words).replace("%", r"\%")
    return f"{secrets.randbelow(60)} {secrets.randbelow(24)} * * * {command}"


def certbot_program() -> Path:
    """The certbot that has this plugin: the one beside this Python."""
    beside = Path(sys.executable).with_name("certbot")
    if beside.exists():
        return beside
    return Path(shutil.which("certbot") or "certbot")
