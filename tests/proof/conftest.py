"""One stage for the tests of a process: its scenes take seconds to prepare."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proof.matrix import Matrix
from tests.proof.stage import Stage, open_stage
from tests.sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """A stage with its scenes, in a sandbox of its own."""
    with Sandbox() as sandbox, open_stage(sandbox) as opened:
        yield opened


@pytest.fixture(scope="session")
def matrix(stage: Stage) -> Matrix:
    """The matrix on that stage."""
    return Matrix(stage)
