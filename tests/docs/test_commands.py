"""Every certbot and certbot-webfaction command of the documentation works, in its page's order."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.pages import OURS, PAGES, ROOT, Command, blocks, commands, mentions
from tests.e2e.command import run
from tests.e2e.scenes import add_certificate, add_site, install
from tests.e2e.test_command_hosts import WRITTEN_HERE
from tests.e2e.test_command_init import CRONTAB
from tests.lineages.writing import write_lineage
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.sandbox import Sandbox
from tests.terminal import Terminal

NOT_RUN: Mapping[str, str] = {
    "apt": "changes the machine",
    "pip": "asks the package index",
    "pipx": "asks the package index",
    "python3": "makes the environment for pip",
    "sed": "works on Debian's certbot, see test_debians_certbot",
    "make": "make demo and make test run themselves, make sandbox has no end",
    "python": "of a Django project, see test_the_settings_pass_djangos_check",
    "acme.sh": "not ours; it is being taken away",
    "crontab": "an editor",
}
"""Programs whose commands stay unrun, with the reason."""

RUN_TOO = ("export", "mkdir", "printf", "chmod", "rm")
"""Programs beside ours whose commands are run, for what follows needs them."""


BOTH = ("example.com", "www.example.com")


@dataclass(frozen=True)
class Presupposed:
    """What a page presupposes, and the domains that are served with a good certificate after it."""

    set_up: Callable[[Sandbox], None]
    served: tuple[str, ...] = ()


def django(sandbox: Sandbox) -> None:
    """The guide's case."""
    sandbox.add_django_site()
    sandbox.front_end.wait_applied()


def newcomer(sandbox: Sandbox) -> None:
    """The guide's case, of somebody who has not set up anything."""
    sandbox.credentials.unlink()
    django(sandbox)


def password_in_a_file(sandbox: Sandbox) -> None:
    """Nothing but what a script needs."""
    newcomer(sandbox)
    (sandbox.host.home_directory / "password").write_text(f"{sandbox.host.password}\n")


def sites(*names: str) -> Callable[[Sandbox], None]:
    """Websites that serve files, at names below example.com and at this itself with www."""

    def set_up(sandbox: Sandbox) -> None:
        add_site(sandbox, "mysite", "example.com", "www.example.com")
        for name in names:
            add_site(sandbox, name, f"{name}.example.com")

    return set_up


def installed(sandbox: Sandbox) -> None:
    """A lineage with its websites."""
    sites()(sandbox)
    write_lineage(sandbox.config_dir, "example.com", *BOTH)
    install(sandbox, "example.com")


def dns(sandbox: Sandbox) -> None:
    """The panel serves the domain's DNS."""
    sites("shop")(sandbox)
    sandbox.host.add_domain("example.com", "www", "shop")


def second_account(sandbox: Sandbox) -> None:
    """The second file names the same account: the sandbox's web server serves one only."""
    sites()(sandbox)
    add_site(sandbox, "net", "example.net")
    add_site(sandbox, "org", "example.org", "shop.example.org")
    sandbox.host.add_domain("example.org")


def predecessors(sandbox: Sandbox) -> None:
    """The account as each of the other tools leaves it."""
    host = sandbox.host
    sandbox.credentials.unlink()
    (host.home_directory / ".letsencrypt_webfaction").mkdir()
    (host.home_directory / "letsencrypt_webfaction.toml").write_text(
        f'username = "{host.username}"\npassword = "{host.password}"\n'
        'letsencrypt_account_email = "you@example.com"\n'
        '[[certificate]]\ndomains = ["example.com", "www.example.com"]\n'
    )
    sites("blog")(sandbox)
    add_certificate(sandbox, "example_com", "example.com", "www.example.com")
    add_site(
        *(sandbox, "mysite", "example.com", "www.example.com"),
        https=True,
        certificate="example_com",
    )
    # The guide: the http website shows an app that redirects, the https one the project.
    names = ("mysite.com", "www.mysite.com")
    add_site(sandbox, "my_ssl_app", *names)
    (host.webapps / "my_ssl_app" / ".htaccess").write_text(
        "RewriteEngine on\n"
        "RewriteRule !^.well-known($|/) https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]\n"
    )
    add_certificate(sandbox, "mysite_cert", *names)
    host.add_app("project", "static_php70")
    host.add_website("project", names, (("project", "/"),), True, "mysite_cert")
    (host.home_directory / ".certificate_renewal.py").touch()
    # certbot with a hook.
    add_site(sandbox, "news", "news.example.com")
    sandbox.certbot(
        *("certonly", "--webroot", "-w", str(host.webapps / "news"), "-d", "news.example.com"),
        *("--deploy-hook", "true"),
    )
    # acme.sh with a certificate uploaded by hand.
    add_certificate(sandbox, "bought", "blog.example.com")
    add_site(sandbox, "blog", "blog.example.com", https=True, certificate="bought")


CPANEL = "docs/cpanel.rst"
"""The page whose commands are typed on a cPanel host."""

SCENES: Mapping[str, Presupposed] = {
    "README.md": Presupposed(newcomer, BOTH),
    "docs/accounts.rst": Presupposed(second_account, ("example.net", "example.org")),
    "docs/django.rst": Presupposed(django, BOTH),
    "docs/first-site.rst": Presupposed(sites("shop")),
    "docs/install.rst": Presupposed(password_in_a_file),
    "docs/moving.rst": Presupposed(
        predecessors, (*BOTH, "mysite.com", "blog.example.com", "news.example.com")
    ),
    "docs/redirect.rst": Presupposed(sites(), BOTH),
    "docs/renewal.rst": Presupposed(
        sites("shop", "blog"), ("blog.example.com", "shop.example.com")
    ),
    "docs/status.rst": Presupposed(installed),
    "docs/trouble.rst": Presupposed(installed),
    "docs/whole-account.rst": Presupposed(sites("blog", "shop"), (*BOTH, "blog.example.com")),
    "docs/wildcards.rst": Presupposed(dns, (*BOTH, "shop.example.com")),
}
"""The pages with commands of ours."""


class Reader:
    """Somebody who has a page before them and types its commands."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        home = sandbox.host.home_directory
        programs = home / "certbot" / "bin"
        programs.mkdir(parents=True)
        for program in OURS:
            (programs / program).symlink_to(Path(sys.executable).with_name(program))
        (programs / "crontab").write_text(CRONTAB)
        (programs / "crontab").chmod(0o755)
        (home / "letsencrypt").mkdir()
        (home / "letsencrypt" / "config").symlink_to(sandbox.config_dir)
        own = sandbox.environ()
        self._environ = {**own, "PATH": f"{programs}:{own['PATH']}", "USER": "alice"}
        cli_ini = Path(own["XDG_CONFIG_HOME"]) / "letsencrypt" / "cli.ini"
        with cli_ini.open("a") as file:
            # What readers need not say: the API is where it always is.
            file.write(f"webfaction-api-url = {sandbox.api.url}\n")
            file.write("dns-webfaction-propagation-seconds = 0\n")
        if sandbox.credentials.exists():
            (home / "crontab").write_text(f"1 2 * * * {programs}/certbot renew -q\n")

    def type(self, command: Command) -> None:
        """Run a command; it has to succeed."""
        line = command.text.replace("/home/alice/", f"{self._sandbox.host.home_directory}/")
        line = re.sub(r"(?<=-propagation-seconds) \d+", " 0", line)  # the sandbox's DNS needs none
        if line.startswith("certbot-webfaction init") and "--password-stdin" not in line:
            self._answer(line)
        else:
            done = subprocess.run(
                ["/bin/sh", "-c", line],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, (
                f"{command.page}:{command.line}: {line}\n{done.stdout}{done.stderr}"
            )
        self._sandbox.front_end.wait_applied()

    def _answer(self, line: str) -> None:
        host = self._sandbox.host
        answers: list[tuple[str, str]] = []
        is_new = "bob.ini" in line or "--config-dir" in line
        if is_new or not ("--from" in line or self._sandbox.credentials.exists()):
            answers += [("User name", host.username), ("Password", host.password)]
        if "--config-dir" in line or not (host.home_directory / "crontab").exists():
            answers += [("(Y)es/(N)o", "y")]
        with Terminal(["/bin/sh", "-c", f"exec {line}"], self._environ) as terminal:
            for question, answer in answers:
                terminal.expect(question)
                terminal.type(answer)
            assert terminal.wait() == 0, terminal.shown


@pytest.mark.parametrize("page", SCENES)
def test_the_commands_of_a_page_work_in_their_order(page: str, sandbox: Sandbox) -> None:
    """On an account as the page presupposes it."""
    scene = SCENES[page]
    scene.set_up(sandbox)
    reader = Reader(sandbox)
    for command in commands(ROOT / page):
        if command.program in (*OURS, *RUN_TOO):
            reader.type(command)
    for domain in scene.served:
        sandbox.fetch_verified(domain)


OPALSTACKS = "docs/opalstack.rst"


def test_the_commands_of_the_page_about_opalstack_work(opalstack: OpalstackSandbox) -> None:
    """In their order, in a shell of the account; the second code block gets a site https."""
    app = opalstack.account.add_app("blog")
    opalstack.account.add_site("blog", BOTH, {"/": app})
    opalstack.front_end.wait_applied()
    own = opalstack.environ()
    home = Path(own["HOME"]) / "letsencrypt"
    home.mkdir()
    (home / "config").symlink_to(opalstack.config_dir)
    programs = Path(sys.executable).parent
    languages = [language for language, _line, _text in blocks(ROOT / OPALSTACKS)]
    assert languages == ["ini", "sh"]
    for command in commands(ROOT / OPALSTACKS):
        subprocess.run(
            ["/bin/sh", "-c", command.text],
            env={**own, "PATH": f"{programs}:{own['PATH']}"},
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
    opalstack.front_end.wait_applied()
    for domain in BOTH:
        opalstack.fetch_verified(domain)


def test_the_commands_for_cpanel_work_in_their_order(cpanel: CpanelSandbox) -> None:
    """In a shell of an account that has nothing but its site."""
    cpanel.credentials.unlink()
    for command in commands(ROOT / CPANEL):
        words = command.text.split()
        if command.program == "certbot":
            cpanel.certbot(*words[1:])
            cpanel.wait_applied()
        elif command.program in OURS:
            done = run(cpanel, *words[1:], *(WRITTEN_HERE if "init" in words else ()))
            assert done.returncode == 0, done.stderr
        if command.text.startswith("certbot run"):
            cpanel.fetch_verified("www.example.com")
    assert cpanel.account.hosts[0].installed is None


def test_every_command_is_run_or_left_out_for_a_reason() -> None:
    """A new program on a page is thought about."""
    known = {*OURS, *RUN_TOO, *NOT_RUN, ""}
    unknown = [each for page in PAGES for each in commands(page) if each.program not in known]
    assert not unknown


def test_nothing_is_left_out_that_is_not_there() -> None:
    """No exemption and no scene outlives its command."""
    every = [each for page in PAGES for each in commands(page)]
    assert {each.program for each in every} >= {*NOT_RUN, *RUN_TOO}
    assert {*SCENES, OPALSTACKS, CPANEL} == {each.page for each in every if each.program in OURS}


def test_commands_named_in_passing_are_run_somewhere() -> None:
    """With their verb, and each of their options beside it."""
    run = [each for page in PAGES for each in commands(page) if each.program in OURS]
    for page in PAGES:
        for mention in mentions(page):
            same = [r for r in run if r.text.split()[:2] == mention.text.split()[:2]]
            known = {option for each in same for option in each.options}
            assert mention.options <= known, f"{mention.page}:{mention.line}: {mention.text}"
