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


def _page(status: int, title: str, *, takes_effect: bool = False) -> Fault:
    page = f"<html><body><h1>{status} {title}</h1></body></html>".encode()
    return Fault(f"http {status}", takes_effect, status=status, body=lambda _right: page)


HTTP_502 = _page(502, "Bad Gateway")
HTTP_503 = _page(503, "Service Unavailable")
HTTP_504 = _page(504, "Gateway Time-out", takes_effect=True)
HTTP_508 = _page(508, "Resource Limit Is Reached")
LOGIN_PAGE = Fault("login page", takes_effect=False, body=lambda _right: LOGIN_HTML.encode())
