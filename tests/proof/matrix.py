"""Every fault at every call of every verb, and what has to hold afterwards."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.proof import cpanel, opalstack, uapi, webfaction
from tests.proof.orders import KILLS, Order
from tests.proof.stage import Ended, Stage
from tests.proof.state import (
    Sight,
    State,
    harm,
    is_for_a_challenge,
    look_at_state,
    look_from_outside,
)
from tests.proof.verbs import IDLE, KILLED, Verb


@dataclass(frozen=True)
class Trial:
    """What is tried on a host: its stage, the faults that its calls meet, and the verbs.

    ``reads`` are functions that a verb calls several times at once; only the first is broken.
    """

    stage: type[Stage[Any]]
    faults: Mapping[str, Order]
    verbs: tuple[Verb, ...]
    reads: Collection[str] = ()

    def cases(self) -> Iterator[Case]:
        """The whole matrix."""
        for verb in self.verbs:
            for call, (before, method) in enumerate(itertools.pairwise(("", *verb.calls)), 1):
                if method == before and method in self.reads:
                    continue
                for fault in (*self.faults, *(KILLS if verb.name in KILLED else ())):
                    yield Case(self.stage.name, verb, call, fault)

    def sample(self, step: int = 1) -> Iterator[Case]:
        """A case for every ``step``-th call of every verb; faults, then kills, take turns."""
        killed = (verb for verb in self.verbs if verb.name in KILLED)
        for faults, verbs in ((self.faults, self.verbs), (KILLS, killed)):
            yield from self._in_turns(faults, verbs, step)

    def _in_turns(self, faults: Iterable[str], verbs: Iterable[Verb], step: int) -> Iterator[Case]:
        turns = itertools.cycle(faults)
        for verb in verbs:
            for call in range(1, len(verb.calls) + 1, step):
                yield Case(self.stage.name, verb, call, next(turns))


TRIALS = {
    trial.stage.name: trial
    for trial in (
        Trial(webfaction.WebfactionStage, webfaction.FAULTS, webfaction.VERBS),
        Trial(cpanel.CpanelStage, cpanel.FAULTS, cpanel.VERBS, cpanel.READS),
        Trial(uapi.CommandStage, uapi.FAULTS, uapi.VERBS, cpanel.READS),
        Trial(opalstack.OpalstackStage, opalstack.FAULTS, opalstack.VERBS),
    )
}


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

    host: str
    verb: Verb
    call: int
    fault: str

    def __str__(self) -> str:
        method = self.verb.calls[self.call - 1]
        return f"{self.host} {self.verb.name}, call {self.call} ({method}): {self.fault}"

    @property
    def order(self) -> Order:
        """Orders the fault."""
        return {**TRIALS[self.host].faults, **KILLS}[self.fault]

    @property
    def api_timeout(self) -> float:
        """After how many seconds certbot takes the API to be silent."""
        return 1.0 if self.fault.startswith(("hang", "never")) else 60.0


class Matrix:
    """Tries cases on a stage."""

    def __init__(self, stage: Stage[Any]) -> None:
        self.stage = stage
        self._good: dict[str, Good] = {}

    def good(self, verb: Verb) -> Good:
        """The verb's run without faults, made once."""
        if verb.name not in self._good:
            stage = self.stage
            stage.restore(stage.scenes[verb.scene])
            before, sights = look_at_state(stage), look_from_outside(stage)
            ended = stage.certbot(*verb.argv)
            assert ended.status == 0, ended.output
            calls = tuple(stage.api.calls.methods())
            assert calls == verb.calls, f"{verb.name} makes other calls now: {calls}"
            after, sights_after = look_at_state(stage), look_from_outside(stage)
            stage.certbot(*IDLE)
            rest = look_at_state(stage)
            self._good[verb.name] = Good(before, after, rest, sights, sights_after)
        return self._good[verb.name]

    def wrong_with(self, case: Case) -> list[str]:
        """Try a case; return all that must not be, nothing if it was survived."""
        stage, verb = self.stage, case.verb
        good = self.good(verb)
        stage.restore(stage.scenes[verb.scene])
        wrong: list[str] = []
        listeners = stage.account.listeners
        listeners.append(lambda: _note(wrong, stage.harm_on_panel()))
        try:
            case.order(stage, case.call)
            first = stage.certbot(*verb.argv, api_timeout=case.api_timeout)
            wrong += self._after_run(first, good)
            if (first.status == -signal.SIGKILL) != (case.fault in KILLS):
                wrong.append(f"exit status {first.status}")
            stage.calm()
            now = look_at_state(stage)
            if first.status == 0:
                to_sweep = "could not be completed yet" in first.output
                settled = _settled(now, to_sweep=to_sweep)
                wrong += _unlike(_settled(good.after), settled, "it succeeded, but")
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
            listeners.pop()
        return [*wrong, first.output] if wrong else []

    def _after_run(self, ended: Ended, good: Good) -> list[str]:
        """What is wrong with exit status, message, and what websites serve."""
        wrong = []
        if ended.status not in (0, 1, -signal.SIGKILL):
            wrong.append(f"exit status {ended.status}")
        for words in ("Traceback", "unexpected error", "Exception"):
            if words in ended.output:
                wrong.append(f"the output speaks of {words}")
        if ended.status == 1 and not re.search(rf"{self.stage.label}|panel|API", ended.output):
            wrong.append("it failed without telling why")
        for domain, now in look_from_outside(self.stage).items():
            if problem := harm(good.sights_before[domain], good.sights_after[domain], now):
                wrong.append(f"{domain} {problem}")
        return wrong

    def _after_success(self, ended: Ended, good: Good, which: str) -> list[str]:
        wrong = self._after_run(ended, good)
        if ended.status != 0:
            wrong.append("failed")
        return [f"{which}: {each}\n{ended.output}" for each in wrong]


def _settled(state: State, *, to_sweep: bool = False) -> State:
    """A state without what is still to be cleaned up by the next run, nor the documents.

    :param to_sweep: whether it was said that something is: a former certificate, or its key
    """
    files = frozenset(entry for entry in state.files if not is_for_a_challenge(entry))
    things = {**state.things, "names": frozenset()}
    for kind in {"certificates", "keys"} & things.keys() if to_sweep else ():
        used = (each for each in things[kind] if not each[0].startswith(("former ", "of none")))
        things[kind] = frozenset(used)
    return replace(state, files=files, documents="", records=frozenset(), things=things)


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
    for name, held in now.parts.items():
        belongs = frozenset[object]().union(*(state.parts[name] for state in known))
        if odd := held - belongs:
            wrong.append(f"after the idle run there are {name} {sorted(odd, key=str)}")
    return wrong


def _note(wrong: list[str], problem: str) -> None:
    if problem:
        wrong.append(problem)
