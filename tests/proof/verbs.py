"""The verbs of certbot that are broken at each of their calls to the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.proof.stage import OURS, Ended, Stage

IDLE = ("renew",)
"""A run with nothing due, which ends what earlier ones left."""

NAMES = ("run", "renew", "enhance", "rollback", "dns")
"""The verbs that every host has."""

KILLED = ("run", "renew")
"""Those that change the most, and that a machine which goes down is likeliest to meet."""


def _again(_stage: Stage[Any], _first: Ended) -> bool:
    return True


def _if_it_failed(_stage: Stage[Any], first: Ended) -> bool:
    return first.status != 0


def _if_nothing_was_taken_back(stage: Stage[Any], _first: Ended) -> bool:
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
    repeat: Callable[[Stage[Any], Ended], bool] = field(default=_again)


def verbs(
    installer: str,
    run: tuple[str, ...],
    dns: tuple[str, ...],
    own: tuple[str, ...],
    calls: dict[str, tuple[str, ...]],
    renewing: tuple[str, ...] = (),
) -> tuple[Verb, ...]:
    """The verbs of a host.

    :param run: arguments of ``certbot run``
    :param dns: arguments that get a certificate by TXT records
    :param own: options of its installer
    :param calls: what each verb calls
    :param renewing: options of ``certbot renew``
    """
    ours = tuple(option for domain in OURS for option in ("-d", domain))
    by = ("-i", installer, *own)
    return (
        Verb("run", "before", (*run, "--redirect", *ours), calls["run"]),
        Verb(
            "renew",
            "redirected",
            ("renew", "--force-renewal", *renewing),
            calls["renew"],
            _if_it_failed,
        ),
        Verb(
            "enhance",
            "installed",
            ("enhance", "--redirect", *by, "--cert-name", OURS[0]),
            calls["enhance"],
        ),
        Verb(
            "rollback",
            "redirected",
            ("rollback", *by, "--checkpoints", "2"),
            calls["rollback"],
            _if_nothing_was_taken_back,
        ),
        Verb(
            "dns",
            "before",
            ("certonly", *dns, "-d", "example.com", "-d", "*.example.com"),
            calls["dns"],
        ),
    )
