"""What WebFaction's answers and faults mean in the words of the model.

A reader takes an answer as XML-RPC delivered it, demands what it needs, and lets pass what is
missing and optional, or unknown. Each raises `NoAnswerError` with the field that it can't read.
"""

from __future__ import annotations

import ast
import datetime
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from certbot_webfaction.hosts.webfaction.model import (
    Account,
    App,
    Certificate,
    DnsRecord,
    Domain,
    Mount,
    Website,
)
from certbot_webfaction.hosts.wire import NoAnswerError

# API page, section "Applications": types that serve files, and whether they obey .htaccess.
_SERVES_FILES = re.compile(r"static_only|static_php\d+|wordpress[\w.-]*")
_SERVES_LINKED_FILES = re.compile(r"symlink_static_only|symlink\d+")
_IGNORES_HTACCESS = ("static_only", "symlink_static_only")

_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?!\d)", re.ASCII)  # maybe with a time after it

_ONE_DIRECTORY = re.compile(r"(?!\.\.?\Z)[A-Za-z0-9_.-]+")

_OLD_FAULT = re.compile(
    r"<(?:class|type) '(?:\w+\.)*(?P<kind>\w+)'>:?\s*(?P<messages>.*)", re.DOTALL
)
_STRING = (
    r"""u?(?:'(?:[^'\\\n]|\\(?:['"\\abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}))*'"""
    r"""|"(?:[^"\\\n]|\\(?:['"\\abfnrtv]|x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}))*")"""
)
_LIST = re.compile(rf"\[(?:{_STRING}(?:, ?{_STRING})*)?\]")


@dataclass(frozen=True)
class Session:
    """What a login opened; ``id`` is as good as the password."""

    id: str = field(repr=False)
    account: Account


def session(answer: Any, username: str) -> Session:
    """Read the session and the account from the answer to ``login`` of ``username``."""
    if not isinstance(answer, list | tuple) or len(answer) < 2:
        raise _unreadable("login", "a pair")
    session_id, account = answer[0], _Struct.of(answer[1], "login[1]")
    if not isinstance(session_id, str) or not session_id:
        raise _unreadable("login[0]", "text")
    user = account.text("username", username)
    parent = account.text("home")
    if not parent.startswith("/") or not _ONE_DIRECTORY.fullmatch(user):
        raise _unreadable("login[1].home", "a directory")
    home = posixpath.join(parent, user)
    return Session(session_id, Account(user, home, account.text("web_server", "")))


def websites(answer: Any) -> tuple[Website, ...]:
    """Read the answer to ``list_websites``; domains and paths as they are spelled there."""
    return tuple(
        Website(
            name=website.text("name"),
            ip=website.text("ip"),
            https=website.truth("https"),
            domains=tuple(website.texts("subdomains")),
            mounts=tuple(website.mounts("website_apps")),
            certificate=website.text("certificate", ""),
        )
        for website in _structs(answer, "list_websites")
    )


def apps(answer: Any, home: str) -> tuple[App, ...]:
    """Read the answer to ``list_apps`` of the account with this home directory."""
    return tuple(
        app(item.text("name"), item.text("type"), item.text("extra_info", ""), home)
        for item in _structs(answer, "list_apps")
    )


def app(name: str, type: str, extra_info: str, home: str) -> App:
    """The app of this name and type, with the directory whose files it serves.

    A name is never trusted as a path: one that is not a plain directory's has no directory.
    """
    directory = None
    if not _ONE_DIRECTORY.fullmatch(name):
        pass
    elif _SERVES_FILES.fullmatch(type):
        directory = posixpath.join(home, "webapps", name)
    elif _SERVES_LINKED_FILES.fullmatch(type) and extra_info and extra_info.isprintable():
        directory = posixpath.join(home, extra_info)
    return App(name, type, directory, directory is not None and type not in _IGNORES_HTACCESS)


def certificates(answer: Any) -> tuple[Certificate, ...]:
    """Read the answer to ``list_certificates``. Keys are left behind."""
    return tuple(
        Certificate(
            name=certificate.text("name"),
            domains=tuple(certificate.names("domains")),
            expires=certificate.date("expiry_date"),
            leaf=certificate.text("certificate"),
            chain=certificate.text("intermediates", ""),
        )
        for certificate in _structs(answer, "list_certificates")
    )


def domains(answer: Any) -> tuple[Domain, ...]:
    """Read the answer to ``list_domains``; names in lower case."""
    return tuple(
        Domain(
            name=domain.text("domain").lower(),
            subdomains=tuple(label.lower() for label in domain.texts("subdomains")),
        )
        for domain in _structs(answer, "list_domains")
    )


def dns_records(answer: Any) -> tuple[DnsRecord, ...]:
    """Read the TXT and CNAME records from the answer to ``list_dns_overrides``.

    ``spf_record`` is published as TXT (API page, section "DNS").
    """
    return tuple(
        DnsRecord(override.text("domain").lower(), kind, override.text(key, ""))
        for override in _structs(answer, "list_dns_overrides")
        for key, kind in (("spf_record", "TXT"), ("cname", "CNAME"))
        if override.text(key, "")
    )


def output(answer: Any) -> str:
    """Read the answer to ``system``."""
    if answer is None:
        return ""
    if isinstance(answer, bytes):
        return answer.decode("utf-8", "replace")
    if not isinstance(answer, str):
        raise _unreadable("system", "text")
    return answer


def fault_words(fault: str) -> str:
    """What a fault says, whichever of the API's three spellings it has; ``""`` if nothing.

    The spellings are those of the API page, section "Transport"; another one is kept as it came.
    """
    listed = fault.strip()
    kind = ""
    if old := _OLD_FAULT.fullmatch(listed):
        kind, listed = old["kind"], old["messages"].strip()
    words = listed
    if _LIST.fullmatch(listed):
        words = " ".join(ast.literal_eval(listed))  # only plain strings get here
    return words or kind


def is_session_fault(fault: str) -> bool:
    """Whether a fault, of any call but ``login``, may say that the session has expired.

    Its string was never recorded (API page, section "Transport").
    """
    return "loginerror" in fault.lower() or "session" in fault.lower()


def _unreadable(where: str, expected: str) -> NoAnswerError:
    return NoAnswerError(
        f"it answered something that this version can't read ({where} is not {expected})"
    )


def _structs(answer: Any, where: str) -> list[_Struct]:
    if not isinstance(answer, list | tuple):
        raise _unreadable(where, "a list")
    return [_Struct.of(item, f"{where}[{index}]") for index, item in enumerate(answer)]


@dataclass(frozen=True)
class _Struct:
    where: str
    members: dict[Any, Any] = field(repr=False)

    @classmethod
    def of(cls, value: Any, where: str) -> _Struct:
        if not isinstance(value, dict):
            raise _unreadable(where, "a struct")
        return cls(where, value)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.members.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise _unreadable(f"{self.where}.{key}", "text")
        return value

    def truth(self, key: str) -> bool:
        value = self.members.get(key)
        if not isinstance(value, bool):
            raise _unreadable(f"{self.where}.{key}", "true or false")
        return value

    def items(self, key: str) -> Iterable[tuple[str, Any]]:
        value = self.members.get(key)
        if not isinstance(value, list | tuple):
            raise _unreadable(f"{self.where}.{key}", "a list")
        return ((f"{self.where}.{key}[{index}]", item) for index, item in enumerate(value))

    def texts(self, key: str) -> Iterable[str]:
        for where, item in self.items(key):
            if not isinstance(item, str):
                raise _unreadable(where, "text")
            yield item

    def mounts(self, key: str) -> Iterable[Mount]:
        for where, item in self.items(key):
            if not isinstance(item, list | tuple) or len(item) != 2:
                raise _unreadable(where, "a pair")
            if not (isinstance(item[0], str) and isinstance(item[1], str)):
                raise _unreadable(where, "a pair of texts")
            yield Mount(item[0], item[1])

    def names(self, key: str) -> Iterable[str]:
        names = (name.strip().lower() for name in self.text(key, "").split(","))
        return (name for name in names if name)

    def date(self, key: str) -> datetime.date | None:
        found = _DATE.match(str(self.members.get(key)))
        try:
            return datetime.date(*map(int, found.groups())) if found else None
        except ValueError:
            return None
