"""Ports of loopback addresses that nobody else gets."""

from __future__ import annotations

import socket


def reserve(address: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A socket that keeps a port, chosen by the system where it is 0, as long as it is open.

    It is bound without listening: connections are refused. With SO_REUSEADDR on both sides
    (socket(7)) a server may bind the port nevertheless, but neither the kernel nor a neighbour
    hands it out again.
    """
    kept = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if port:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        kept.bind((address, port))
    except OSError:
        kept.close()
        raise
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return kept
