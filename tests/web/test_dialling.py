"""Which address of a name is asked, and what went wrong on the way."""

from __future__ import annotations

import http.client
import socket
import ssl

import pytest

from certbot_webfaction.web.dialling import (
    SilentError,
    Trouble,
    connect,
    trouble,
)
from tests.web.web import Web, nobody_listens

TROUBLES = {
    ssl.SSLError("wrong version"): Trouble.TLS,
    ssl.SSLCertVerificationError("expired"): Trouble.TLS,
    socket.gaierror(socket.EAI_NONAME, "unknown"): Trouble.NOT_FOUND,
    socket.gaierror(socket.EAI_AGAIN, "try again"): Trouble.NO_RESOLVER,
    socket.gaierror(socket.EAI_FAIL, "refused"): Trouble.NO_RESOLVER,
    ConnectionRefusedError(): Trouble.REFUSED,
    SilentError(): Trouble.SILENT,
    TimeoutError(): Trouble.TIMED_OUT,
    ConnectionResetError(): Trouble.BROKEN,
    http.client.RemoteDisconnected("closed"): Trouble.BROKEN,
    OSError(113, "No route to host"): Trouble.UNREACHABLE,
    http.client.BadStatusLine("x"): Trouble.NO_HTTP,
    ValueError(): Trouble.NO_HTTP,
}


@pytest.mark.parametrize("error", TROUBLES, ids=repr)
def test_each_error_has_its_word(error: Exception) -> None:
    """Of classes that are each other's, the narrower counts."""
    assert trouble(error) is TROUBLES[error]


def test_the_first_address_that_connects_is_taken() -> None:
    """The last failure is told where none does, and where there is none."""
    with Web() as server, connect(["::1", "127.0.0.1"], server.port) as connection:
        assert connection.getpeername() == ("127.0.0.1", server.port)
    with pytest.raises(ConnectionRefusedError):
        connect(["127.0.0.1"], nobody_listens())
    with pytest.raises(socket.gaierror):
        connect([], 80)
