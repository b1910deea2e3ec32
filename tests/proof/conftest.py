"""One stage of each host for the tests of a process: its scenes take seconds to prepare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.proof.matrix import TRIALS, Matrix
from tests.proof.stage import open_stage


@pytest.fixture(scope="session")
def matrix_of() -> Iterator[Callable[[str], Matrix]]:
    """Gives the matrix of a host, on a stage that it opens when it is first asked for."""
    with ExitStack() as stack:
        yield cache(lambda host: Matrix(stack.enter_context(open_stage(TRIALS[host].stage))))
