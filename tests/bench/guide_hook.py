"""The deploy hook that users of the host's guide have: log in, replace the certificate.

certbot sets ``RENEWED_LINEAGE`` for it (certbot's documentation, "Renewing certificates"). Its
arguments are the API's address and a file with user name, password and machine, a line each.
"""

import os
import re
import sys
import xmlrpc.client


def main() -> None:
    """Upload the renewed lineage under its name on the panel."""
    url, secrets = sys.argv[1:]
    lineage = os.environ["RENEWED_LINEAGE"]
    with open(secrets) as file:  # noqa: PTH123 - the fewest imports there can be
        username, password, machine = file.read().splitlines()
    panel = xmlrpc.client.ServerProxy(url)
    session, _ = panel.login(username, password, machine, 2)  # type: ignore[misc, str-unpack] # a list
    parts = []
    for name in ("cert", "privkey", "chain"):
        with open(f"{lineage}/{name}.pem") as file:  # noqa: PTH123 - as above
            parts.append(file.read())
    certificate = re.sub("[^A-Za-z0-9_]", "_", os.path.basename(lineage))  # noqa: PTH119 - as above
    panel.update_certificate(session, certificate, *parts)


if __name__ == "__main__":
    main()
