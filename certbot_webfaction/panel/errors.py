"""What goes wrong at the panel, told to the person at the terminal."""

from __future__ import annotations

from certbot_webfaction.errors import ExplainedError


class PanelError(ExplainedError):
    """Something at the panel went wrong. Its text is written for the person at the terminal."""


class PanelUnreachableError(PanelError):
    """No answer that can be understood came, after every retry that the client allows itself.

    For a write this means that it is unknown whether the panel carried it out.
    """


class PanelRefusedError(PanelError):
    """The panel answered, and said no."""


class LoginRefusedError(PanelRefusedError):
    """The credentials were not accepted."""


class CertificateGoneError(PanelRefusedError):
    """The certificate that a site is to present is not on the panel (any more)."""


class ImpossibleError(PanelError):
    """What is asked for can't be done here as things are; trying again does not help."""


class ChangedByHandError(PanelError):
    """What is to be undone is not as we left it, so it stays; ``what`` says why, as a clause."""
