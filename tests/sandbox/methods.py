"""The methods of the API, by the names and parameters of the API document."""

from __future__ import annotations

import subprocess
from dataclasses import asdict
from typing import Any

from tests.sandbox.dispatch import CallError, Session, Sessions
from tests.sandbox.host import (
    Certificate,
    DataError,
    DnsOverride,
    Host,
    LoginError,
    Mounts,
    Website,
)

_COMMAND_SECONDS = 60  # [assume] and so that no command outlives a sandbox for long
_MODES = ("w", "wb", "a", "ab")


class Methods:
    """Each public method is one of the API; results are what goes over the wire.

    A parameter annotated `Session` is a session id on the wire; the other annotations are the types
    that the API takes.
    """

    def __init__(self, host: Host, sessions: Sessions) -> None:
        self._host = host
        self._sessions = sessions

    def login(self, username: str, password: str, machine: str = "", version: int = 1) -> Any:
        host = self._host
        if (username, password) != (host.username, host.password):
            raise LoginError
        if version not in (1, 2):
            raise DataError("Version must be 1 or 2.")  # [assume]
        if not machine and len(host.machines) == 1:
            machine = host.machine
        if machine not in host.machines:
            raise LoginError(f'Not allowed to login to machine "{machine}"')
        account = {
            "id": 1,
            "username": host.username,
            "home": str(host.home),
            "web_server": host.web_server,
            "mail_server": "Mailbox1",
            "version": version,
        }
        return [self._sessions.open(version, machine), account]

    # Certificates

    def list_certificates(self, session: Session) -> Any:
        _require_version_2(session)
        return [_certificate(each) for each in self._host.snapshot().certificates]

    def create_certificate(
        self,
        session: Session,
        name: str,
        certificate: str,
        private_key: str,
        intermediates: str = "",
    ) -> Any:
        _require_version_2(session)
        new = self._host.add_certificate(name, certificate, private_key, intermediates)
        return _certificate(new)

    def update_certificate(
        self,
        session: Session,
        name: str,
        certificate: str,
        private_key: str,
        intermediates: str = "",
    ) -> Any:
        _require_version_2(session)
        new = self._host.update_certificate(name, certificate, private_key, intermediates)
        return _certificate(new)

    def delete_certificate(self, session: Session, name: str) -> Any:
        _require_version_2(session)
        self._host.delete_certificate(name)
        return ""

    # Websites

    def list_websites(self, session: Session) -> Any:
        return [_website(each, session) for each in self._host.snapshot().websites]

    def create_website(
        self,
        session: Session,
        name: str,
        ip: str,
        https: bool,
        subdomains: list[str],
        *certificate_and_apps: Any,
    ) -> Any:
        certificate, apps = _certificate_and_apps(session, certificate_and_apps)
        website = self._host.add_website(
            name, tuple(subdomains), apps, https, certificate or "", ip
        )
        return _website(website, session)

    def update_website(
        self,
        session: Session,
        name: str,
        ip: str,
        https: bool,
        subdomains: list[str],
        *certificate_and_apps: Any,
    ) -> Any:
        certificate, apps = _certificate_and_apps(session, certificate_and_apps)
        website = self._host.update_website(name, ip, https, tuple(subdomains), apps, certificate)
        return _website(website, session)

    def delete_website(self, session: Session, name: str, ip: str, https: bool) -> Any:
        self._host.delete_website(name, ip, https)
        return ""

    # Applications

    def list_apps(self, session: Session) -> Any:
        return [asdict(each) for each in self._host.snapshot().apps]

    def create_app(
        self,
        session: Session,
        name: str,
        type: str,
        autostart: bool = False,
        extra_info: str = "",
        open_port: bool = False,
    ) -> Any:
        app = self._host.add_app(name, type, autostart, extra_info, open_port, session.machine)
        return asdict(app)

    def delete_app(self, session: Session, name: str) -> Any:
        self._host.delete_app(name)
        return ""

    # DNS and domains

    def list_domains(self, session: Session) -> Any:
        return [asdict(each) for each in self._host.snapshot().domains]

    def create_domain(self, session: Session, domain: str, *subdomains: str) -> Any:
        return asdict(self._host.add_domain(domain, *subdomains))

    def delete_domain(self, session: Session, domain: str, *subdomains: str) -> Any:
        self._host.delete_domain(domain, *subdomains)
        return ""

    def list_dns_overrides(self, session: Session) -> Any:
        return [asdict(each) for each in self._host.snapshot().dns_overrides]

    def create_dns_override(self, session: Session, domain: str, *values: str) -> Any:
        record = _dns_override(domain, values)
        self._host.add_dns_override(record)
        return asdict(record)

    def delete_dns_override(self, session: Session, domain: str, *values: str) -> Any:
        self._host.delete_dns_override(_dns_override(domain, values))
        return ""

    # Files and commands

    def write_file(self, session: Session, filename: str, text: str, mode: str = "wb") -> Any:
        if mode not in _MODES:
            raise DataError("Mode is not valid.")
        path = self._host.home_directory / filename
        is_new = not path.exists()
        try:
            with path.open("ab" if mode.startswith("a") else "wb") as file:
                file.write(text.encode())
        except OSError as error:
            raise DataError(f"{error.strerror}: {filename}") from error
        if is_new:
            # Set afterwards: open obeys this process's umask, not the account's.
            path.chmod(0o666 & ~self._host.umask)
        return ""

    def replace_in_file(self, session: Session, filename: str, *changes: Any) -> Any:
        if not all(_is_pair(change) for change in changes):
            raise CallError("each change has to be a parameter of its own: [old, new]")
        path = self._host.home_directory / filename
        try:
            text = path.read_text()
            for old, new in changes:
                text = text.replace(old, new)
            path.write_text(text)
        except OSError as error:
            raise DataError(f"{error.strerror}: {filename}") from error
        return ""

    def system(self, session: Session, command: str) -> Any:
        home = self._host.home_directory
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=home,
                env={"HOME": str(home), "USER": self._host.username, "PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_COMMAND_SECONDS,
                umask=self._host.umask,
            )
        except subprocess.TimeoutExpired as error:
            raise DataError("The command took too long.") from error
        if done.returncode != 0:
            said = done.stderr or done.stdout
            raise DataError(f"The command failed with status {done.returncode}: {said}")
        return done.stdout

    def create_cronjob(self, session: Session, line: str) -> Any:
        self._host.add_cronjob(line)
        return ""

    def delete_cronjob(self, session: Session, line: str) -> Any:
        self._host.delete_cronjob(line)
        return ""

    # Machines

    def list_ips(self, session: Session) -> Any:
        return [asdict(each) for each in self._host.ips]

    def list_machines(self, session: Session) -> Any:
        # The keys are [assume]: the API document names none.
        return [{"name": machine} for machine in self._host.machines]


def _require_version_2(session: Session) -> None:
    if session.version < 2:
        raise CallError("certificates need a session of version 2")


def _certificate_and_apps(session: Session, rest: tuple[Any, ...]) -> tuple[str | None, Mounts]:
    """Part the trailing parameters; a version 1 session has no certificate among them."""
    certificate: str | None = None
    if session.version >= 2:
        if not rest or not isinstance(rest[0], str):
            raise CallError("the certificate's name has to follow the subdomains")
        certificate, rest = rest[0], rest[1:]
    if not all(_is_pair(each) for each in rest):
        raise CallError("each app has to be a parameter of its own: [app_name, path]")
    return certificate, tuple((app, path) for app, path in rest)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and [type(each) for each in value] == [str, str]


def _dns_override(domain: str, values: tuple[str, ...]) -> DnsOverride:
    try:
        return DnsOverride(domain, *values)
    except TypeError as error:
        raise CallError("a DNS override has a domain and up to seven values") from error


def _website(website: Website, session: Session) -> dict[str, Any]:
    struct = asdict(website)
    if session.version < 2:
        del struct["certificate"]
    return struct


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return asdict(certificate) | {"domains": ",".join(certificate.domains)}
