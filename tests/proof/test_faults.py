"""A sample of the matrix that ``make proof`` tries as a whole."""

from __future__ import annotations

import pytest

from tests.proof.matrix import FAULTS, KILLED_VERBS, KILLS, Case, Matrix, sample
from tests.proof.stage import Stage
from tests.proof.verbs import VERBS
from tests.sandbox.faults import REFUSED

_SAMPLE = [
    *sample(FAULTS, VERBS),
    *sample(KILLS, (verb for verb in VERBS if verb.name in KILLED_VERBS)),
]


@pytest.mark.parametrize("case", _SAMPLE, ids=str)
def test_what_goes_wrong_at_a_call_is_survived(matrix: Matrix, case: Case) -> None:
    """Websites go on, what certbot says is true, and the next runs get where none would fail."""
    assert matrix.wrong_with(case) == []


def test_the_sample_has_every_call_of_every_verb_and_every_fault() -> None:
    """However many calls a verb comes to make."""
    calls = {(case.verb.name, case.call) for case in _SAMPLE}
    assert calls == {(verb.name, n + 1) for verb in VERBS for n in range(len(verb.calls))}
    assert {case.fault for case in _SAMPLE} == {*FAULTS, *KILLS}


def test_a_rollback_that_the_panel_missed_says_what_completes_it(stage: Stage) -> None:
    """Another rollback, which certbot's users would try, would take back too much."""
    (rollback,) = (verb for verb in VERBS if verb.name == "rollback")
    stage.restore(stage.scenes[rollback.scene])
    stage.sandbox.api.faults.on(2, REFUSED)
    ended = stage.certbot(*rollback.argv)
    assert ended.status == 1
    said = " ".join(ended.output.split())
    assert "`certbot renew` does on the panel what is left of it; another `certbot" in said
