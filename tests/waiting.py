"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until ``holds()``; fail when it does not in time. A busy machine has time enough."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"It did not come about in {seconds:g} seconds."
        time.sleep(0.01)
