"""Logging in with credentials that were typed just now, and finding the account's machine."""

from __future__ import annotations

from collections.abc import Collection

from certbot_webfaction.hosts.host import Credentials, KeyRefusedError
from certbot_webfaction.hosts.webfaction import client
from certbot_webfaction.hosts.webfaction.client import MachineRefusedError
from certbot_webfaction.hosts.webfaction.panel import connect


def log_in(credentials: Credentials, given: Collection[str]) -> Credentials:
    """Log in, and find the machine if the account needs one.

    Accounts on one machine need none, so it goes without before it is looked for; on the host
    itself its name tells (API page, "Session").

    :param given: the keys that the user has just named: a machine among them is the only one tried
    :returns: the credentials, with the machine that the account needs
    :raises KeyRefusedError: if no machine was accepted
    :raises LoginRefusedError: if user name or password was not
    """
    rest = {key: value for key, value in credentials.items() if key != "machine"}
    named, here = credentials.get("machine"), client.machine_of_this_host()
    is_certain = "machine" in given
    said = ""
    for machine in [named] if is_certain else dict.fromkeys((named, None, here)):
        mine = {**rest, "machine": machine} if machine else rest
        try:
            connect(mine).client.login()
        except MachineRefusedError as error:
            said = error.said
        else:
            return mine
    raise _refusal(credentials["username"], named or here, said, is_certain=is_certain)


def _refusal(username: str, refused: str, said: str, *, is_certain: bool) -> KeyRefusedError:
    # A machine is sent as it was written, never corrected: the user is told what it may be called.
    likely = refused.partition(".")[0].capitalize()
    advice = f"Is it {likely}?" if likely != refused else ""
    return KeyRefusedError(
        f'The panel refused the machine "{refused}" of "{username}".',
        advice,
        said,
        "machine",
        "" if is_certain else " ".join([_QUESTION, f"({refused} was refused)", advice]).strip(),
    )


_QUESTION = "The account's machine, as the panel spells it"
