"""What goes wrong at the panel, told to the person at the terminal."""

from __future__ import annotations

from certbot import errors


class PanelError(errors.PluginError):
    """Something at the panel went wrong. Its text is written for the person at the terminal."""


class PanelUnreachableError(PanelError):
    """No answer that can be understood came, after every retry that the client allows itself.

    For a write this means that it is unknown whether the panel carried it out.
    """


class PanelRefusedError(PanelError):
    """The panel answered, and said no."""


class LoginRefusedError(PanelRefusedError):
    """User name, password or machine were not accepted."""
