"""What goes wrong at the panel, told to the person at the terminal."""

from __future__ import annotations

from collections.abc import Callable

from certbot import errors

from certbot_webfaction.errors import ExplainedError


class PanelError(ExplainedError):
    """Something at the panel went wrong. Its text is written for the person at the terminal."""


class PanelUnreachableError(PanelError):
    """No answer that can be understood came, after every retry that the client allows itself.

    For a write this means that it is unknown whether the panel carried it out.
    """


class PanelRefusedError(PanelError):
    """The panel answered, and said no."""


class LoginRefusedError(PanelError):
    """The credentials were not accepted."""


class CertificateGoneError(PanelRefusedError):
    """The certificate that a site is to present is not on the panel (any more)."""


class ImpossibleError(PanelError):
    """What is asked for can't be done here as things are; trying again does not help."""


class ChangedByHandError(PanelError):
    """What is to be undone is not as we left it, so it stays; ``what`` says why, as a clause."""


def refusal_of(ask: Callable[[], object]) -> errors.PluginError | None:
    """Why something is not possible on the account, `None` if it is.

    :raises PanelError: a `PanelUnreachableError` or `LoginRefusedError`, which tell nothing of that
    """
    try:
        ask()
    except (PanelUnreachableError, LoginRefusedError):
        raise
    except errors.PluginError as error:
        return error
    return None
