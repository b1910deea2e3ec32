"""How long a call takes for a client that does nothing else: ``round_trip.py URL SECRETS``.

It prints the median of some calls in seconds. The file of secrets is that of the guide's hook.
"""

import statistics
import sys
import time
import xmlrpc.client

CALLS = 15


def main() -> None:
    """Log in, then make one call again and again over the same connection."""
    url, secrets = sys.argv[1:]
    with open(secrets) as file:  # noqa: PTH123 - as in the hook
        username, password, machine = file.read().splitlines()
    panel = xmlrpc.client.ServerProxy(url)
    session, _ = panel.login(username, password, machine, 2)  # type: ignore[misc, str-unpack] # a list
    taken = []
    for _ in range(CALLS):
        started = time.perf_counter()
        panel.list_apps(session)
        taken.append(time.perf_counter() - started)
    print(statistics.median(taken))


if __name__ == "__main__":
    main()
