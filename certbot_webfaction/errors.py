"""Errors whose parts stay apart until they are shown."""

from __future__ import annotations

from certbot import errors


class ExplainedError(errors.PluginError):
    """An error for the person at the terminal, in parts; certbot shows them joined.

    :param what: what happened, to which domain or website, and what that means: whole sentences
    :param todo: what to do about it, whole sentences; ``""`` where ``what`` says it all
    :param said: what the host said, ``""`` for nothing
    """

    def __init__(self, what: str, todo: str = "", said: str = "") -> None:
        quoted = f"The panel says: {said}" if said else ""
        super().__init__(" ".join(part for part in (what, todo, quoted) if part))
        self.what = what
        self.todo = todo
        self.said = said


def parts_of(error: Exception) -> tuple[str, str]:
    """What happened, and what to do about it with what the host said.

    An error of somebody else's is all the first of the two.
    """
    if not isinstance(error, ExplainedError):
        return str(error), ""
    quoted = f"The panel says: {error.said}" if error.said else ""
    return error.what, " ".join(part for part in (error.todo, quoted) if part)
