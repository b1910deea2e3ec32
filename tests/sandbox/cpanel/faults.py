"""What can go wrong between a client and cPanel beside `tests.sandbox.faults`, for tests to order.

All of them are for ``panel.faults.on(1, …, "SSL::install_ssl")``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.sandbox.faults import Fault

LOGIN_HTML = (
    "<!DOCTYPE html><html><head><title>cPanel Login</title></head><body><form>"
    '<input id="user" class="input-field-login"></form></body></html>'
)


@dataclass(frozen=True)
class Refusal(Fault):
    """The call fails with ``text``, in the envelope that its transport has."""

    text: str = ""


def refusal(text: str) -> Refusal:
    """A refusal with this text, instead of any effect."""
    return Refusal("refusal", takes_effect=False, text=text)


UNKNOWN_ERROR = Refusal("unknown error", takes_effect=True, text="An unknown error occurred.")
"""Recorded of ``install_ssl``: reported as failed, and live."""

HTTP_502 = Fault(
    "http 502",
    takes_effect=False,
    status=502,
    body=lambda _right: b"<html><body><h1>502 Bad Gateway</h1></body></html>",
)
HTTP_504 = Fault(
    "http 504",
    takes_effect=True,
    status=504,
    body=lambda _right: b"<html><body><h1>504 Gateway Time-out</h1></body></html>",
)
LOGIN_PAGE = Fault("login page", takes_effect=False, body=lambda _right: LOGIN_HTML.encode())
