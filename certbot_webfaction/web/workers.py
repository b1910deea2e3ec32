"""Threads that ask many domains at a time, also while the process is exiting.

`concurrent.futures` takes no work once the interpreter shuts down, and since Python 3.12 no thread
can be started then (https://github.com/python/cpython/issues/104690). A `certbot renew` looks at
what is served just then. So these threads are started before, and are daemons that end with the
process.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

AT_ONCE = 16
"""How many domains are asked at a time."""


@dataclass
class _Task:
    check: Callable[[], Any]
    done: queue.SimpleQueue[_Task]
    result: Any = None
    error: Exception | None = None


_tasks: queue.SimpleQueue[_Task] = queue.SimpleQueue()
_threads: list[threading.Thread] = []


def start() -> None:
    """Start the threads unless they are there."""
    while len(_threads) < AT_ONCE:
        _threads.append(threading.Thread(target=_work, daemon=True))
        _threads[-1].start()


def run(checks: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Run all checks and return what each returned, in their order; the first error is raised."""
    start()
    done: queue.SimpleQueue[_Task] = queue.SimpleQueue()
    tasks = {name: _Task(check, done) for name, check in checks.items()}
    for task in tasks.values():
        _tasks.put(task)
    for task in (done.get() for _ in tasks):
        if task.error is not None:
            raise task.error
    return {name: task.result for name, task in tasks.items()}


def _work() -> None:
    while True:
        task = _tasks.get()
        try:
            task.result = task.check()
        except Exception as error:
            task.error = error
        task.done.put(task)
