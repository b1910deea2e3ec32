"""Runs a program and writes what it cost: ``python -I -S launcher.py RESULT PROGRAM [ARGUMENT…]``.

A process of its own, because Linux counts the memory of the process that starts another into the
other's peak (getrusage(2): ``ru_maxrss`` survives an exec). This one is small.
"""

import json
import os
import sys
import time


def main() -> None:
    """Start the program, wait for it and all that it waited for, write the result."""
    result, *argv = sys.argv[1:]
    started = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    cost = {
        "wall": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
        "ended": time.time(),
    }
    with open(result, "w") as file:  # noqa: PTH123 - pathlib would double this process's memory
        json.dump(cost, file)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
