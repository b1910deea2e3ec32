"""The methods of the API, by the names and parameters of the API document."""

from __future__ import annotations

import inspect
import subprocess
import threading
import types
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from tests.sandbox.host import (
    Certificate,
    DataError,
    DnsOverride,
    Host,
    HostError,
    LoginError,
    Website,
)

SESSION_SECONDS = 3600
_COMMAND_SECONDS = 60  # [assume] and so that no command outlives a sandbox for long
_MODES = ("w", "wb", "a", "ab")


class CallError(HostError):
    """No such method, or not with such parameters."""


@dataclass(frozen=True)
class Session:
    """What a login opened. Its version decides what the API can do."""

    version: int
    machine: str
    expires: float


class Sessions:
    """The open sessions; ``now`` is the time in seconds, from any start."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._open: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, version: int, machine: str) -> str:
        """Open a session and return its id."""
        session_id = uuid.uuid4().hex
        with self._lock:
            self._open[session_id] = Session(version, machine, self._now() + SESSION_SECONDS)
        return session_id

    def find(self, session_id: str) -> Session:
        """The session with this id; `LoginError` if it never was or has expired."""
        with self._lock:
            session = self._open.get(session_id)
        if session is None or self._now() >= session.expires:
            raise LoginError("Session does not exist or has expired.")  # never recorded: [assume]
        return session

    def expire(self) -> None:
        """Let every session expire now."""
        with self._lock:
            self._open.clear()


class Methods:
    """Each public method is one of the API; results are what goes over the wire.

    A parameter annotated `Session` is a session id on the wire; the other annotations are the types
    that the API takes.
    """

    def __init__(self, host: Host, sessions: Sessions) -> None:
        self._host = host
        self._sessions = sessions

    def login(
        self, username: str, password: str, machine: str | None = None, version: int = 1
    ) -> Any:
        host = self._host
        if (username, password) != (host.username, host.password):
            raise LoginError
        if version not in (1, 2):
            raise DataError("Version must be 1 or 2.")  # [assume]
        if not machine and len(host.machines) == 1:
            machine = host.machine
        if machine not in host.machines:
            raise LoginError(f'Not allowed to login to machine "{machine or ""}"')
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
        new = self._host.add_domain(domain, *subdomains)
        return asdict(new)

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

    def replace_in_file(self, session: Session, filename: str, *changes: list[str]) -> Any:
        path = self._host.home_directory / filename
        try:
            text = path.read_text()
            for old, new in changes:
                text = text.replace(old, new)
            path.write_text(text)
        except OSError as error:
            raise DataError(f"{error.strerror}: {filename}") from error
        except ValueError as error:
            raise CallError("replace_in_file() takes pairs of old and new text") from error
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


class Dispatcher:
    """Finds the method of a call and checks its parameters, as the host's server did."""

    def __init__(self, methods: Methods, sessions: Sessions) -> None:
        self._sessions = sessions
        self._methods: dict[str, Callable[..., Any]] = {
            name: method
            for name, method in inspect.getmembers(methods, inspect.ismethod)
            if not name.startswith("_")
        }

    def subject(self, name: str, parameters: tuple[Any, ...]) -> str:
        """What a call is about, for the log: the name of an app, website, certificate or domain."""
        try:
            given = inspect.signature(self._methods[name]).bind(*parameters).arguments
        except (KeyError, TypeError):
            return ""
        subject = given.get("name", given.get("domain", ""))
        return subject if isinstance(subject, str) else ""

    def call(self, name: str, parameters: tuple[Any, ...]) -> Any:
        """Carry out a call and return its result; `HostError` if it breaks a rule."""
        method = self._methods.get(name)
        if method is None:
            raise CallError(f'method "{name}" is not supported')
        signature = inspect.signature(method)
        try:
            given = signature.bind(*parameters)
        except TypeError as error:
            raise CallError(f"{name}() was given {len(parameters)} parameters: {error}") from error
        wanted = get_type_hints(method)
        for parameter, value in given.arguments.items():
            many = signature.parameters[parameter].kind is inspect.Parameter.VAR_POSITIONAL
            for each in value if many else (value,):
                if not _fits(each, str if wanted[parameter] is Session else wanted[parameter]):
                    raise CallError(f"{name}() got the wrong type for {parameter}")
        if "session" in given.arguments:
            given.arguments["session"] = self._sessions.find(given.arguments["session"])
        return method(*given.args)


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a value from the wire is of the annotated type, such as ``list[str]``."""
    if wanted is Any:
        return True
    if get_origin(wanted) in (Union, types.UnionType):
        return any(_fits(value, each) for each in get_args(wanted))
    if get_origin(wanted) is list:
        (item,) = get_args(wanted)
        return isinstance(value, list) and all(_fits(each, item) for each in value)
    return type(value) is wanted  # not isinstance: a bool is no int here


def _require_version_2(session: Session) -> None:
    if session.version < 2:
        raise CallError("certificates need a session of version 2")


def _certificate_and_apps(
    session: Session, rest: tuple[Any, ...]
) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """Part the trailing parameters; a version 1 session has no certificate among them."""
    certificate: str | None = None
    if session.version >= 2:
        if not rest or not isinstance(rest[0], str):
            raise CallError("the certificate's name has to follow the subdomains")
        certificate, rest = rest[0], rest[1:]
    if not all(_fits(each, list[str]) and len(each) == 2 for each in rest):
        raise CallError("each app has to be a parameter of its own: [app_name, path]")
    return certificate, tuple((app, path) for app, path in rest)


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
