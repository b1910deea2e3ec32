"""What certbot sets up before it calls an installer."""

from __future__ import annotations

import sys

import pytest
from certbot._internal.display import obj


@pytest.fixture(autouse=True)
def _display() -> None:
    obj.set_display(obj.NoninteractiveDisplay(sys.stdout))
