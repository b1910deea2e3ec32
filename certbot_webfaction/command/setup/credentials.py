"""Finding out the credentials that the panel accepts."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.account import API_URL, Options
from certbot_webfaction.command.setup.credentials_file import values_in
from certbot_webfaction.command.setup.predecessor import Predecessor
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.hosts.webfaction.client import WebFaction, machine_of_this_host
from certbot_webfaction.hosts.webfaction.credentials import Credentials
from certbot_webfaction.panel.errors import LoginRefusedError


def accepted_credentials(
    options: Options, old: Predecessor, arguments: argparse.Namespace, questions: Questions
) -> Credentials:
    """Log in with what the command line gives, else ``old``, the credentials file, or the user.

    :returns: what the credentials file is to hold
    :raises certbot.errors.Error: if the panel does not accept it, or is not reached
    """
    known = values_in(options.credentials)
    username = arguments.username or old.username or known.get("username", "")
    username = username or questions.text("User name on the control panel", "--username")
    if username != known.get("username"):
        known = {key: value for key, value in known.items() if key == "api_url"}
    given = _password_on_stdin(username, questions) if arguments.password_stdin else old.password
    if not (given or "password" in known):
        given = _ask_password(username, questions)
    credentials = Credentials(
        username=username,
        password=given or known["password"],
        machine=arguments.machine or old.machine or known.get("machine"),
        api_url=getattr(arguments, "webfaction_api_url", "")
        or old.api_url
        or known.get("api_url", API_URL),
    )
    is_certain = bool(arguments.machine or old.machine)
    try:
        return _logged_in(credentials, options, questions, is_certain=is_certain)
    except LoginRefusedError as error:
        if given or not questions.terminal or isinstance(error, _MachineRefusedError):
            raise _unchanged(error) from error
        display_util.notify(f"{error} This is about the password in {options.credentials}.")
    credentials = replace(credentials, password=_ask_password(username, questions))
    try:
        return _logged_in(credentials, options, questions, is_certain=is_certain)
    except LoginRefusedError as error:
        raise _unchanged(error) from error


def _unchanged(error: LoginRefusedError) -> errors.Error:
    return errors.Error(f"{error} Nothing was changed; run the command again.")


def _ask_password(username: str, questions: Questions) -> str:
    return questions.secret(f"Password of {username} on the control panel", "--password-stdin")


def _password_on_stdin(username: str, questions: Questions) -> str:
    if sys.stdin.isatty():
        return _ask_password(username, questions)  # what is typed there would be shown
    try:
        password = sys.stdin.readline().removesuffix("\n")
        password.encode()  # in the locale C, Python lets any bytes pass
    except UnicodeError as error:
        raise errors.Error(
            f"The password on standard input is not text in {sys.stdin.encoding}. Nothing was"
            " changed."
        ) from error
    if not password:
        raise errors.Error("There is no password on standard input. Nothing was changed.")
    return password


def _logged_in(
    credentials: Credentials, options: Options, questions: Questions, *, is_certain: bool
) -> Credentials:
    """Log in, and find the machine if the account needs one.

    Accounts on one machine need none, so it goes without before it is looked for; on the host
    itself its name tells (API page, "Session").

    :param is_certain: whether the user has just named the machine
    """
    here = machine_of_this_host()
    for machine in dict.fromkeys((credentials.machine, None, here)):
        try:
            return _log_in(replace(credentials, machine=machine), options)
        except _MachineRefusedError:
            if is_certain:
                raise
    question = f"The account's machine, as the panel spells it ({here} was refused)"
    machine = questions.text(question, "--machine")
    return _log_in(replace(credentials, machine=machine), options)


class _MachineRefusedError(LoginRefusedError):
    """The panel knows the account on no such machine, or wants to be told one."""


def _log_in(credentials: Credentials, options: Options) -> Credentials:
    """Log in; what the panel refuses was typed just now, and need not be in a file yet."""
    used = replace(credentials, api_url=options.api_url or credentials.api_url)
    try:
        WebFaction(used).login()
    except LoginRefusedError as error:
        said = f"It says: {str(error).rpartition('The panel says: ')[2].rstrip('.')}."
        # The refusal of a user name or password speaks of no machine.
        if "webfaction_machine" in str(error):
            raise _MachineRefusedError(
                f'The panel refused the machine "{credentials.machine}" of'
                f' "{credentials.username}". {said}'
            ) from error
        raise LoginRefusedError(
            f'The panel refused user name or password of "{credentials.username}". {said}'
        ) from error
    return credentials
