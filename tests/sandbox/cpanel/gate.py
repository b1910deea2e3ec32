"""A port whose new connections can be turned to another server while old ones go on."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import Counter


class Gate:
    """Listens on ``port`` of 127.0.0.1, and passes each connection on as it is, TLS and all."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._target = 0
        self._lock = threading.Lock()
        self._open: Counter[int] = Counter()
        threading.Thread(target=self._accept, daemon=True).start()

    def turn_to(self, port: int) -> None:
        """Pass connections on to this port from now on."""
        with self._lock:
            self._target = port

    def is_used_by(self, port: int) -> bool:
        """Whether connections to this port are still open."""
        with self._lock:
            return self._open[port] > 0

    def close(self) -> None:
        """Accept nothing more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return  # closed
            with self._lock:
                target = self._target
                self._open[target] += 1
            threading.Thread(target=self._pass, args=(client, target), daemon=True).start()

    def _pass(self, client: socket.socket, target: int) -> None:
        try:
            with client, socket.create_connection(("127.0.0.1", target)) as server:
                _pump({client: server, server: client})
        except OSError:
            pass  # one of the two went away
        finally:
            with self._lock:
                self._open[target] -= 1


def _pump(others: dict[socket.socket, socket.socket]) -> None:
    """Hand over what either side sends, until both have said that they are done."""
    with selectors.DefaultSelector() as selector:
        for socket_ in others:
            selector.register(socket_, selectors.EVENT_READ)
        while selector.get_map():
            for key, _events in selector.select():
                side = key.fileobj
                assert isinstance(side, socket.socket)
                data = side.recv(65536)
                if data:
                    others[side].sendall(data)
                else:
                    selector.unregister(side)
                    others[side].shutdown(socket.SHUT_WR)
