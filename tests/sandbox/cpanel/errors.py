"""How the panel says no."""

from __future__ import annotations

from typing import Any

_PORTUGUESE = {"You do not have the feature “": "Você não tem o recurso “"}
"""Recorded; of the other texts only that they differ is known."""


class PanelError(Exception):
    """A call failed: ``texts`` are its errors, ``data`` what comes with them, mostly nothing."""

    messages: tuple[str, ...] = ()

    def __init__(self, *texts: str, data: Any = None) -> None:
        super().__init__(*texts)
        self.texts = texts
        self.data = data


class NoArgumentError(PanelError):
    """An argument of the module SSL is missing or empty; recorded: “OK” comes along."""

    messages = ("OK",)

    def __init__(self, name: str) -> None:
        super().__init__(f"No '{name}' argument specified.")


class FeatureError(PanelError):
    """The plan lacks a feature."""

    def __init__(self, feature: str) -> None:
        super().__init__(f"You do not have the feature “{feature}”.")


class NoBundleError(PanelError):
    """The server can't complete a certificate's chain."""


class StaleError(PanelError):
    """Somebody edited the zone since its serial was the given one."""

    def __init__(self, given: int, serial: int) -> None:
        super().__init__(
            f"The given serial number ({given}) does not match the DNS zone’s serial number "
            f"({serial}). Refresh your view of the DNS zone, then resubmit.",
            data={"type": "Stale", "detail": None},
        )


class InternalError(PanelError):
    """What the panel says where its own program failed."""

    def __init__(self) -> None:
        super().__init__(
            "The request failed. (Error ID: a1b2c3) Ask your hosting provider to research this "
            "error in cPanel & WHM’s main error log."
        )


def translated(text: str, language: str) -> str:
    """A text as a server in this language says it: no client can count on any wording."""
    if language == "en":
        return text
    for english, portuguese in _PORTUGUESE.items():
        if text.startswith(english):
            return portuguese + text.removeprefix(english)
    return "A solicitação foi processada pelo sistema."
