"""Threads that ask many domains at a time, also while the process is exiting.

Python's executors take no work once the interpreter shuts down, and since Python 3.12 no thread
can be started then (https://github.com/python/cpython/issues/104690). A `certbot renew` looks at
what is served just then. So these threads are started before, and are daemons that end with the
process: neither a name that DNS does not answer nor a connection that hangs holds it up.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any, TypeVar

T = TypeVar("T")

AT_ONCE = 100
"""How many domains are asked at a time."""

_tasks: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
_threads: list[threading.Thread] = []


def start(tasks: int) -> None:
    """Start as many threads as this many tasks at once can use, unless they are there."""
    while len(_threads) < min(tasks, AT_ONCE):
        thread = threading.Thread(target=_work, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # shared hosts limit an account's threads
            if not _threads:
                raise
            return
        _threads.append(thread)


def run(checks: Mapping[str, Callable[[], T]], seconds: float | None = None) -> dict[str, T]:
    """Run all checks and return what each returned, in their order; the first error is raised.

    :param seconds: the longest time for all of them together; what is not done then is left out
    """
    start(len(checks))
    tasks: dict[str, Future[T]] = {name: Future() for name in checks}
    for name, check in checks.items():
        _tasks.put((tasks[name], check))
    done, undone = wait(tasks.values(), seconds)
    for task in undone:
        task.cancel()
    return {name: task.result() for name, task in tasks.items() if task in done}


def _work() -> None:
    while True:
        task, check = _tasks.get()
        if task.set_running_or_notify_cancel():
            try:
                task.set_result(check())
            except Exception as error:
                task.set_exception(error)
