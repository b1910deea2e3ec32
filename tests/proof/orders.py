"""When something is to go wrong at the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.proof.stage import Stage
from tests.sandbox import faults
from tests.sandbox.faults import Fault, Refused

_LASTING = 200  # calls, more than any run makes

Order = Callable[[Stage[Any], int], None]
"""Orders something to go wrong at a call of the next run."""


def once(fault: Fault | Refused) -> Order:
    """At that call."""
    return lambda stage, call: stage.api.faults.on(call, fault)


def from_then_on(fault: Fault) -> Order:
    """At that call and all later ones."""

    def order(stage: Stage[Any], call: int) -> None:
        for later in range(call, call + _LASTING):
            stage.api.faults.on(later, fault)

    return order


def at(hook: str, what: Callable[[Stage[Any]], None]) -> Order:
    """Do something at that call's hook."""

    def order(stage: Stage[Any], call: int) -> None:
        seen = iter(range(1, _LASTING))

        def do(_number: int, _method: str) -> None:
            if next(seen) == call:
                what(stage)

        setattr(stage.api, hook, do)

    return order


def _kill(stage: Stage[Any]) -> None:
    stage.spawner.kill()


UNREACHABLE: Mapping[str, Order] = {
    "refused for a moment": once(Refused(seconds=0.1)),
    "refused from then on": once(faults.REFUSED),
}

CUT: Mapping[str, Order] = {
    "reset before": once(faults.RESET_BEFORE),
    "reset before, from then on": from_then_on(faults.RESET_BEFORE),
    "reset after": once(faults.RESET_AFTER),
    "reset after, from then on": from_then_on(faults.RESET_AFTER),
    "hang before": once(faults.HANG_BEFORE),
    "hang after": once(faults.HANG_AFTER),
    "hang from then on": from_then_on(faults.HANG_BEFORE),
    "500 with HTML": once(faults.HTTP_500),
    "500 from then on": from_then_on(faults.HTTP_500),
    "truncated": once(faults.TRUNCATED),
    "truncated from then on": from_then_on(faults.TRUNCATED),
}
"""What any server does that is not well."""

KILLS: Mapping[str, Order] = {
    "killed before": at("before_call", _kill),
    "killed after": at("after_call", _kill),
}
