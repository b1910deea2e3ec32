"""The objects of an account, field by field as the API shows them, and what may be sent of each.

See section 3 of the specification. ``field(metadata=HIDDEN)`` is never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.opalstack.fields import (
    Boolean,
    Choice,
    Field,
    Integer,
    Many,
    Record,
    Related,
    Text,
)

HIDDEN: Mapping[str, bool] = {"hidden": True}


@dataclass(frozen=True)
class Server:
    """A machine; ``type`` is ``web``, ``imap`` or ``smtp``."""

    id: str
    hostname: str
    type: str


@dataclass(frozen=True)
class Ip:
    """An address of a machine."""

    id: str
    ip: str
    server: str
    type: str = "4"
    primary: bool = True


@dataclass(frozen=True)
class Osuser:
    """A user of a machine."""

    id: str
    name: str
    server: str
    password: str = field(default="", repr=False, metadata=HIDDEN)


@dataclass(frozen=True)
class App:
    """An app; ``port`` is 0 for types that run no code."""

    id: str
    name: str
    osuser: str
    type: str
    server: str
    osuser_name: str
    port: int = 0
    installer_url: str | None = None
    json: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Domain:
    """A domain; only one that ``is_valid_hostname`` can be on a site."""

    id: str
    name: str
    is_valid_hostname: bool
    dkim_record: str = ""


@dataclass(frozen=True)
class Route:
    """An app on a site, for ``uri`` and what is below it."""

    id: str
    app: str
    uri: str


@dataclass(frozen=True)
class Site:
    """A website; with a certificate it is served over https as well as http."""

    id: str
    name: str
    server: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...]
    ip4: str | None = None
    ip6: str | None = None
    cert: str | None = None
    redirect: bool = False
    generate_le: bool = False
    disabled: bool = False
    le_http_challenge_tokens: tuple[str, ...] = ()
    primary_domain: str | None = field(default=None, metadata=HIDDEN)


@dataclass(frozen=True)
class Cert:
    """A certificate: leaf, chain without it, and key, PEM."""

    id: str
    name: str
    cert: str
    intermediates: str | None
    key: str = field(repr=False)
    exp_date: str | None = None
    listed_domains: tuple[str, ...] = ()
    is_opalstack_letsencrypt: bool = False
    is_opalstack_shared_cert: bool = False


@dataclass(frozen=True)
class DnsRecord:
    """A record of the name that its domain is; ``ttl`` is in seconds."""

    id: str
    domain: str
    type: str
    content: str
    priority: int = 10
    ttl: int = 3600


@dataclass(frozen=True)
class Token:
    """A token, which may do all, or ``only`` these (``site``, or ``site/read``)."""

    key: str = field(repr=False)
    name: str
    only: frozenset[str] | None = field(default=None, metadata=HIDDEN)


@dataclass(frozen=True)
class Notice:
    """A message to the account's owner."""

    id: str
    type: str
    content: str
    created_at: str


@dataclass(frozen=True)
class Kind:
    """What is to be known of a kind: ``has_state`` tells whether its objects are ever pending.

    ``create`` are the fields that a request may have, ``update`` the names of those that can be
    changed later. ``key`` is the field that identifies an object.
    """

    create: Mapping[str, Field] = field(default_factory=dict)
    update: tuple[str, ...] = ()
    has_state: bool = True
    key: str = "id"
    verbs: frozenset[str] = frozenset({"list", "read", "create", "update", "delete"})


APP_TYPES = ("STA", "NPF", "APA", "CUS", "SLS", "SLP", "SLN", "SVN", "DAV")
LINKS = ("SLS", "SLP", "SLN")

_READ = frozenset({"list", "read"})
_FLAGS = (
    *("gzip", "app_exec", "url_fopen", "auto_site_url", "proxy_pass_trailing_slash"),
    *("svn_anon", "svn_list_parent_path", "dav_anon"),
)
_SHORT = (
    *("db_name", "db_user", "db_host"),
    *("app_name", "app_path", "app_version", "app_lang_version"),
)
_JSON = Record(
    nullable=True,
    is_open=True,
    fields={
        "sym_link_path": Text(at_least=6, at_most=254),
        "subroot": Text(at_most=254, blank=True),
        "expires": Choice(of=("max", "epoch", "off", "1y", "30d", "1d", "5m")),
        "php_version": Integer(at_least=56, at_most=99),
        "fpm_max_children": Integer(at_least=1, at_most=50),
        "fpm_max_requests": Integer(at_least=1, at_most=250),
        "fpm_type": Text(at_least=2, at_most=32),
        "app_command": Text(at_least=1, at_most=64),
        "db_port": Integer(at_least=1024, at_most=65535),
        "app_port": Integer(at_least=1024, at_most=65535),
        **{name: Boolean() for name in _FLAGS},
        **{name: Text(at_least=1, at_most=32) for name in _SHORT},
    },
)
_ROUTE = Record(
    fields={
        "app": Related(to="app", required=True),
        "uri": Text(at_least=1, at_most=255),
    }
)

KINDS = {
    "server": Kind(has_state=False, verbs=_READ),
    "ip": Kind(has_state=False, verbs=_READ),
    "osuser": Kind(
        {
            "server": Related(to="server", required=True),
            "name": Text(required=True, slug=True, at_most=16),
            "password": Text(at_least=10, at_most=64),
        },
        update=("password",),
    ),
    "app": Kind(
        {
            "name": Text(required=True, slug=True, at_most=64),
            "osuser": Related(to="osuser", required=True),
            "type": Choice(required=True, of=APP_TYPES),
            "installer_url": Text(nullable=True, at_most=1024),
            "json": _JSON,
        },
        update=("type", "json"),
    ),
    "domain": Kind(
        {"name": Text(required=True, at_least=3, at_most=255)},
        verbs=frozenset({"list", "read", "create", "delete"}),
    ),
    "site": Kind(
        {
            "name": Text(slug=True, at_most=225),
            "ip4": Related(to="ip", nullable=True),
            "ip6": Related(to="ip", nullable=True),
            "domains": Many(required=True, each=Related(to="domain")),
            "routes": Many(required=True, each=_ROUTE),
            "cert": Related(to="cert", nullable=True),
            "redirect": Boolean(),
            "generate_le": Boolean(),
            "le_http_challenge_tokens": Many(each=Text(at_most=128), at_most=128),
            "disabled": Boolean(),
            "primary_domain": Related(to="domain", nullable=True),
        },
        update=(
            *("name", "ip4", "ip6", "domains", "routes", "cert", "redirect", "generate_le"),
            *("le_http_challenge_tokens", "disabled", "primary_domain"),
        ),
    ),
    "cert": Kind(
        {
            "name": Text(slug=True, at_most=255),
            "cert": Text(required=True),
            "intermediates": Text(nullable=True, blank=True),
            "key": Text(required=True),
        },
        update=("name", "cert", "intermediates", "key"),
        has_state=False,
    ),
    "dnsrecord": Kind(
        {
            "domain": Related(to="domain", required=True),
            "type": Choice(required=True, of=("A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA")),
            "content": Text(required=True, at_most=64000),
            "priority": Integer(at_least=0, at_most=65535),
            "ttl": Integer(at_least=300, at_most=2147483647),
        },
        update=("domain", "type", "content", "priority", "ttl"),
    ),
    "token": Kind(
        {"name": Text(slug=True, at_most=64)}, update=("name",), has_state=False, key="key"
    ),
    "notice": Kind(
        {
            "content": Text(required=True),
            "type": Choice(of=("M", "P", "D", "R")),
        },
        update=("content", "type"),
        has_state=False,
    ),
}
