"""A sample of the matrices that ``make proof`` tries as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from tests.proof.matrix import TRIALS, Case, Matrix
from tests.proof.orders import KILLS, from_then_on
from tests.sandbox.faults import RESET_BEFORE

_STEPS = {"webfaction": 1, "opalstack": 6, "cpanel": 16}
"""Of the first host each call is tried, of the others each sixth or sixteenth."""

_SAMPLES = {host: [*TRIALS[host].sample(step)] for host, step in _STEPS.items()}


_FOUND = {
    "webfaction": [],
    "cpanel": [
        ("run", 5, "status 0, and done"),
        ("run", 14, "status 0"),
        ("renew", 5, "truncated from then on"),
        ("renew", 6, "login page"),
        ("renew", 8, "status 0 from then on"),
        ("dns", 4, "other types from then on"),
    ],
    "opalstack": [
        ("run", 5, "a list of numbers"),
        ("run", 6, "empty answers from then on"),
        ("dns", 4, "other types from then on"),
    ],
}
"""What the matrices found, and is survived since then."""

for _host, _cases in _FOUND.items():
    _by_name = {verb.name: verb for verb in TRIALS[_host].verbs}
    _SAMPLES[_host] += [Case(_host, _by_name[name], n, fault) for name, n, fault in _cases]


@pytest.mark.parametrize("case", [*itertools.chain(*_SAMPLES.values())], ids=str)
def test_what_goes_wrong_at_a_call_is_survived(
    matrix_of: Callable[[str], Matrix], case: Case
) -> None:
    """Websites go on, what certbot says is true, and the next runs get where none would fail."""
    assert matrix_of(case.host).wrong_with(case) == []


def test_the_sample_has_every_call_of_every_verb_and_every_fault() -> None:
    """However many calls a verb of the first host comes to make."""
    sample, trial = _SAMPLES["webfaction"], TRIALS["webfaction"]
    calls = {(case.verb.name, case.call) for case in sample}
    assert calls == {(verb.name, n + 1) for verb in trial.verbs for n in range(len(verb.calls))}
    assert {case.fault for case in sample} == {*trial.faults, *KILLS}


@pytest.mark.parametrize("host", TRIALS)
def test_a_rollback_that_the_panel_missed_says_what_completes_it(
    matrix_of: Callable[[str], Matrix], host: str
) -> None:
    """Another rollback, which certbot's users would try, would take back too much."""
    stage = matrix_of(host).stage
    (rollback,) = (verb for verb in TRIALS[host].verbs if verb.name == "rollback")
    stage.restore(stage.scenes[rollback.scene])
    from_then_on(RESET_BEFORE)(stage, 2)
    ended = stage.certbot(*rollback.argv)
    stage.calm()
    assert ended.status == 1
    said = " ".join(ended.output.split())
    assert "`certbot renew` does on the panel what is left of it; another `certbot" in said
