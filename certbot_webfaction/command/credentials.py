"""Finding out the credentials that the panel accepts."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.account import API_URL, Options
from certbot_webfaction.command.credentials_file import values_in
from certbot_webfaction.command.predecessor import Predecessor
from certbot_webfaction.command.questions import Questions
from certbot_webfaction.panel.credentials import Credentials
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.panel.webfaction import WebFaction, machine_of_this_host


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
    given = _password_on_stdin() if arguments.password_stdin else old.password
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
    try:
        return _logged_in(credentials, options, questions)
    except LoginRefusedError as error:
        if given or not questions.terminal:
            raise errors.Error(f"{error}. Nothing was changed.") from error
        display_util.notify(f"{error}\nThis is about the password in {options.credentials}.")
        credentials = replace(credentials, password=_ask_password(username, questions))
        return _logged_in(credentials, options, questions)


def _ask_password(username: str, questions: Questions) -> str:
    return questions.secret(f"Password of {username} on the control panel", "--password-stdin")


def _password_on_stdin() -> str:
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


def _logged_in(credentials: Credentials, options: Options, questions: Questions) -> Credentials:
    """Log in, and find the machine if the account needs one.

    Accounts on one machine need none, so it goes without first; on the host itself its name tells
    (API page, "Session").
    """
    try:
        return _log_in(credentials, options)
    except LoginRefusedError as error:
        # The refusal of a user name or password speaks of no machine.
        if credentials.machine or "machine" not in str(error):
            raise
    here = machine_of_this_host()
    try:
        return _log_in(replace(credentials, machine=here), options)
    except LoginRefusedError:
        question = f"The account's machine, as the panel spells it ({here} was refused)"
    machine = questions.text(question, "--machine")
    return _log_in(replace(credentials, machine=machine), options)


def _log_in(credentials: Credentials, options: Options) -> Credentials:
    used = replace(credentials, api_url=options.api_url or credentials.api_url)
    WebFaction(used).login()
    return credentials
