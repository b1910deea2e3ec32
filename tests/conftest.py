"""Fixtures for all tests."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import pytest
from certbot._internal.display import obj
from hypothesis import HealthCheck, settings

from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.opalstack.sandbox import OpalstackSandbox
from tests.sandbox.processes import SandboxError
from tests.sandbox.sandbox import Sandbox

# How long an example or making it up takes depends on what else this machine does. The same
# examples come in each run: a change is judged by what it changes, not by what comes up by chance.
settings.register_profile(
    "busy", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell ignores it for what it starts in the background, and programs that tests start would
    # inherit that; some tests press Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

TOGETHER = ("tests/proof/test_faults.py", "tests/bench/test_bench.py")
"""Files whose tests share what takes long to prepare: one process is to do that."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Hand out the tests of such a file together, all others one by one.

    ``--dist loadgroup`` would do that, but does nothing with pytest 9.2 and pytest-xdist 3.8.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # ships none

    if config.getoption("dist") != "load":
        return None  # somebody asks for another way

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in TOGETHER else nodeid

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def _display() -> None:
    """What certbot sets up before it calls a plugin."""
    obj.set_display(obj.NoninteractiveDisplay(sys.stdout))


AnySandbox = TypeVar("AnySandbox", Sandbox, OpalstackSandbox, CpanelSandbox)


class _Running(Generic[AnySandbox]):
    """The sandbox of a kind of this process: started with the first test that needs it."""

    def __init__(self, make: Callable[[], AnySandbox]) -> None:
        self._make: Callable[[], AnySandbox] = make
        self._sandbox: AnySandbox | None = None

    def fresh(self) -> AnySandbox:
        """Give it with an empty account, and a new one where a test has left it unable to go on."""
        if self._sandbox:
            try:
                self._sandbox.reset()
                self._sandbox.wait_applied()
            except (SandboxError, OSError):
                self.close()
        if not self._sandbox:
            self._sandbox = self._make()
            self._sandbox.start()
        return self._sandbox

    def close(self) -> None:
        """End it."""
        if self._sandbox:
            self._sandbox.close()
        self._sandbox = None


@pytest.fixture(scope="session")
def _running() -> Iterator[_Running[Sandbox]]:
    running = _Running(Sandbox)
    yield running
    running.close()


@pytest.fixture(scope="session")
def _running_opalstack() -> Iterator[_Running[OpalstackSandbox]]:
    running = _Running(OpalstackSandbox)
    yield running
    running.close()


@pytest.fixture
def sandbox(_running: _Running[Sandbox]) -> Sandbox:
    """A sandbox with an empty account; its servers are shared by the tests of one process."""
    return _running.fresh()


@pytest.fixture
def opalstack(_running_opalstack: _Running[OpalstackSandbox]) -> OpalstackSandbox:
    """The same of Opalstack."""
    return _running_opalstack.fresh()


@pytest.fixture(scope="session")
def _running_cpanel() -> Iterator[_Running[CpanelSandbox]]:
    running = _Running(CpanelSandbox)
    yield running
    running.close()


@pytest.fixture
def cpanel(_running_cpanel: _Running[CpanelSandbox]) -> CpanelSandbox:
    """The same of cPanel, with a new account."""
    return _running_cpanel.fresh()
