"""One stage of a host for the tests of a process: its scenes take seconds to prepare."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proof.matrix import TRIALS, Matrix
from tests.proof.stage import open_stage


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """The matrix on a stage of the host ``request.param``, in a sandbox of its own."""
    with open_stage(TRIALS[request.param].stage) as opened:
        yield Matrix(opened)
