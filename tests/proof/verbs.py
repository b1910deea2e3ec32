"""The verbs of certbot that are broken at each of their calls to the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.proof.stage import OURS, RUN, Ended, Stage

_OURS = tuple(option for domain in OURS for option in ("-d", domain))
_API = ("--webfaction-files", "api")
IDLE = ("renew",)
"""A run with nothing due, which ends what earlier ones left."""


def _again(_stage: Stage, _first: Ended) -> bool:
    return True


def _if_it_failed(_stage: Stage, first: Ended) -> bool:
    return first.status != 0


def _if_nothing_was_taken_back(stage: Stage, _first: Ended) -> bool:
    """Else the idle run has ended it, and another rollback would take back what came before."""
    left = stage.checkpoints(stage.directory)
    return left == stage.checkpoints(stage.scenes["redirected"].certbot)


@dataclass(frozen=True)
class Verb:
    """A verb: the scene that it begins from, its arguments, and the calls to the API that it makes.

    ``repeat`` decides, after a run that failed and an idle ``certbot renew``, whether the verb is
    called once more.
    """

    name: str
    scene: str
    argv: tuple[str, ...]
    calls: tuple[str, ...]
    repeat: Callable[[Stage, Ended], bool] = field(default=_again)


VERBS = (
    Verb(
        "run",
        "before",
        (*RUN, "--redirect", *_OURS),
        (
            *("login", "list_websites", "list_apps"),
            *("create_app", "system", "list_websites", "update_website", "system", "system"),
            *("list_certificates", "create_certificate", "create_website"),
            *("create_app", "system", "system", "update_website"),
        ),
    ),
    Verb(
        "renew",
        "redirected",
        ("renew", "--force-renewal"),
        (
            *("login", "list_websites", "list_apps"),
            *("system", "system", "update_certificate"),
            *("system", "system", "update_certificate"),
        ),
        _if_it_failed,
    ),
    Verb(
        "enhance",
        "installed",
        ("enhance", "--redirect", "-i", "webfaction", *_API, "--cert-name", OURS[0]),
        ("login", "list_websites", "list_apps", "create_app", "system", "system", "update_website"),
    ),
    Verb(
        "rollback",
        "redirected",
        ("rollback", "-i", "webfaction", *_API, "--checkpoints", "2"),
        (
            *("login", "list_websites", "list_apps", "update_website"),
            *("system", "system", "delete_app", "delete_website"),
        ),
        _if_nothing_was_taken_back,
    ),
    Verb(
        "dns",
        "before",
        (
            *("certonly", "-a", "dns-webfaction", "--dns-webfaction-propagation-seconds", "0"),
            *("-d", "example.com", "-d", "*.example.com"),
        ),
        (
            *("login", "list_domains", "list_dns_overrides"),
            *("create_domain", "create_dns_override", "create_dns_override"),
            *("delete_dns_override", "delete_dns_override", "delete_domain"),
        ),
    ),
)
