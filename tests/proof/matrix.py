"""Every fault at every call of every verb, and what has to hold afterwards."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from tests.proof.stage import Ended, Stage
from tests.proof.state import (
    Sight,
    State,
    harm,
    harm_on_panel,
    is_for_a_challenge,
    look_at_state,
    look_from_outside,
)
from tests.proof.verbs import IDLE, VERBS, Verb
from tests.sandbox import faults
from tests.sandbox.faults import Fault, Refused

_LASTING = 200  # calls, more than any run makes

Order = Callable[[Stage, int], None]
"""Orders something to go wrong at a call of the next run."""


def _once(fault: Fault | Refused) -> Order:
    return lambda stage, call: stage.sandbox.api.faults.on(call, fault)


def _from_then_on(fault: Fault) -> Order:
    def order(stage: Stage, call: int) -> None:
        for later in range(call, call + _LASTING):
            stage.sandbox.api.faults.on(later, fault)

    return order


def _killed(hook: str) -> Order:
    def order(stage: Stage, call: int) -> None:
        api = stage.sandbox.api
        seen = iter(range(1, _LASTING))

        def kill(_number: int, _method: str) -> None:
            if next(seen) == call:
                stage.spawner.kill()

        setattr(api, hook, kill)

    return order


_OLD = "<class 'webfaction_api.exceptions.DataError'>:[u'Something is wrong.']"
_LISTED = "[u'Something is wrong.']"

FAULTS: dict[str, Order] = {
    "refused for a moment": _once(Refused(seconds=0.1)),
    "refused from then on": _once(faults.REFUSED),
    "reset before": _once(faults.RESET_BEFORE),
    "reset before, from then on": _from_then_on(faults.RESET_BEFORE),
    "reset after": _once(faults.RESET_AFTER),
    "reset after, from then on": _from_then_on(faults.RESET_AFTER),
    "hang before": _once(faults.HANG_BEFORE),
    "hang after": _once(faults.HANG_AFTER),
    "hang from then on": _from_then_on(faults.HANG_BEFORE),
    "500 with HTML": _once(faults.HTTP_500),
    "500 from then on": _from_then_on(faults.HTTP_500),
    "truncated XML": _once(faults.TRUNCATED),
    "truncated from then on": _from_then_on(faults.TRUNCATED),
    "Fault, old spelling": _once(faults.fault(_OLD)),
    "Fault, a list": _once(faults.fault(_LISTED)),
    "Fault, new spelling": _once(faults.fault("Something is wrong.")),
    "Fault from then on": _from_then_on(faults.fault("Something is wrong.")),
    "session expired": _once(faults.SESSION_EXPIRED),
    "session expires each time": _from_then_on(faults.SESSION_EXPIRED),
    "answer of another type": _once(faults.wrong(7)),
    "a list of numbers": _once(faults.wrong([1, 2])),
    "other types from then on": _from_then_on(faults.wrong([{"name": 7, "domain": 7}])),
}

KILLS: dict[str, Order] = {
    "killed before": _killed("before_call"),
    "killed after": _killed("after_call"),
}

KILLED_VERBS = ("run", "renew")
"""Those that change the most, and that a machine which goes down is likeliest to meet."""


@dataclass(frozen=True)
class Good:
    """What there is before and after a verb's run without faults.

    ``rest`` is what there is after another, idle run: the journal is shorter then.
    """

    before: State
    after: State
    rest: State
    sights_before: dict[str, Sight]
    sights_after: dict[str, Sight]


@dataclass(frozen=True)
class Case:
    """A verb that meets a fault at its ``call``-th call, from 1."""

    verb: Verb
    call: int
    fault: str

    def __str__(self) -> str:
        method = self.verb.calls[self.call - 1]
        return f"{self.verb.name}, call {self.call} ({method}): {self.fault}"

    @property
    def order(self) -> Order:
        """Orders the fault."""
        return {**FAULTS, **KILLS}[self.fault]

    @property
    def api_timeout(self) -> float:
        """After how many seconds certbot takes the API to be silent."""
        return 1.0 if self.fault.startswith("hang") else 60.0


def all_cases() -> Iterator[Case]:
    """The whole matrix."""
    for verb in VERBS:
        for call in range(1, len(verb.calls) + 1):
            for fault in (*FAULTS, *(KILLS if verb.name in KILLED_VERBS else ())):
                yield Case(verb, call, fault)


def sample(order: Iterable[str], verbs: Iterable[Verb]) -> Iterator[Case]:
    """One case for every call of every verb, in which the faults take turns."""
    faults = itertools.cycle(order)
    for verb in verbs:
        for call in range(1, len(verb.calls) + 1):
            yield Case(verb, call, next(faults))


class Matrix:
    """Tries cases on a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._good: dict[str, Good] = {}

    def good(self, verb: Verb) -> Good:
        """The verb's run without faults, made once."""
        if verb.name not in self._good:
            stage = self._stage
            stage.restore(stage.scenes[verb.scene])
            before, sights = look_at_state(stage), look_from_outside(stage)
            ended = stage.certbot(*verb.argv)
            assert ended.status == 0, ended.output
            calls = tuple(stage.sandbox.api.calls.methods())
            assert calls == verb.calls, f"{verb.name} makes other calls now: {calls}"
            after, sights_after = look_at_state(stage), look_from_outside(stage)
            stage.certbot(*IDLE)
            rest = look_at_state(stage)
            self._good[verb.name] = Good(before, after, rest, sights, sights_after)
        return self._good[verb.name]

    def wrong_with(self, case: Case) -> list[str]:
        """Try a case; return all that must not be, nothing if it was survived."""
        stage, verb = self._stage, case.verb
        good = self.good(verb)
        stage.restore(stage.scenes[verb.scene])
        wrong: list[str] = []
        host = stage.sandbox.host
        host.listeners.append(lambda: _note(wrong, harm_on_panel(host.snapshot())))
        try:
            case.order(stage, case.call)
            first = stage.certbot(*verb.argv, api_timeout=case.api_timeout)
            wrong += self._after_run(first, good)
            if (first.status == -signal.SIGKILL) != (case.fault in KILLS):
                wrong.append(f"exit status {first.status}")
            stage.calm()
            now = look_at_state(stage)
            if first.status == 0:
                wrong += _unlike(_settled(good.after), _settled(now), "it succeeded, but")
                if now.leftovers and "not complete" not in first.output:
                    wrong.append(f"it succeeded and left {now.leftovers} without a word")
                if now == good.after:
                    return wrong
            idle = stage.certbot(*IDLE)
            wrong += self._after_success(idle, good, "the idle run")
            now = look_at_state(stage)
            wrong += _strange(good, now)
            if verb.repeat(stage, first):
                last = stage.certbot(*verb.argv)
                wrong += self._after_success(last, good, "the next run")
                now = look_at_state(stage)
            if now != good.after:
                wrong += _unlike(good.rest, now, "in the end")
        finally:
            host.listeners.pop()
        return [*wrong, first.output] if wrong else []

    def _after_run(self, ended: Ended, good: Good) -> list[str]:
        """What is wrong with exit status, message, and what websites serve."""
        wrong = []
        if ended.status not in (0, 1, -signal.SIGKILL):
            wrong.append(f"exit status {ended.status}")
        for words in ("Traceback", "unexpected error", "Exception"):
            if words in ended.output:
                wrong.append(f"the output speaks of {words}")
        if ended.status == 1 and not re.search(r"WebFaction|panel|API", ended.output):
            wrong.append("it failed without telling why")
        for domain, now in look_from_outside(self._stage).items():
            if problem := harm(good.sights_before[domain], good.sights_after[domain], now):
                wrong.append(f"{domain} {problem}")
        return wrong

    def _after_success(self, ended: Ended, good: Good, which: str) -> list[str]:
        wrong = self._after_run(ended, good)
        if ended.status != 0:
            wrong.append("failed")
        return [f"{which}: {each}\n{ended.output}" for each in wrong]


def _settled(state: State) -> State:
    """A state without what is still to be cleaned up by the next run, nor the documents."""
    files = frozenset(entry for entry in state.files if not is_for_a_challenge(entry))
    return replace(state, files=files, documents="", records=frozenset(), names=frozenset())


def _unlike(wanted: State, state: State, when: str) -> list[str]:
    differences = wanted.differences(state)
    return [f"{when} {differences}"] if differences else []


def _strange(good: Good, now: State) -> list[str]:
    """What is there once the idle run has ended that belongs neither to before nor to after.

    Without the certificate, nothing belongs there that was not there before; with it, what answers
    challenges may stay for renewals, whatever became of the rest.
    """
    wrong = []
    if now.leftovers:
        wrong.append(f"left over: {sorted(now.leftovers)}")
    known = [good.before, good.after] if now.lineages == good.after.lineages else [good.before]
    for field in ("apps", "contents", "challenge_mounts", "names", "records", "files"):
        belongs = frozenset[object]().union(*(getattr(state, field) for state in known))
        if odd := getattr(now, field) - belongs:
            wrong.append(f"after the idle run there are {field} {sorted(odd)}")
    return wrong


def _note(wrong: list[str], problem: str) -> None:
    if problem:
        wrong.append(problem)
