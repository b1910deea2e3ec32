"""Finding out the credentials that the panel accepts."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping

from certbot import errors
from certbot.display import util as display_util

from certbot_webfaction.command.setup.credentials_file import values_in
from certbot_webfaction.command.setup.questions import Questions
from certbot_webfaction.hosts.host import Credentials, Host, Key, KeyRefusedError, Options
from certbot_webfaction.panel.errors import LoginRefusedError
from certbot_webfaction.text import capitalized


def accepted_credentials(
    host: Host,
    options: Options,
    given: Mapping[str, str],
    questions: Questions,
    on_stdin: Collection[str] = (),
) -> Credentials:
    """Log in with what was given, else with what the credentials file has, else the user types.

    :param given: values by their keys
    :param on_stdin: the keys of secrets that standard input gives
    :returns: what the credentials file is to hold
    :raises certbot.errors.Error: if the panel does not accept it, or is not reached
    """
    fresh = dict(given)
    values = _values(host, options, fresh, on_stdin, questions)
    while True:
        used = {**values, "api_url": options.api_url or values["api_url"]}
        try:
            return {**host.log_in(used, fresh), "api_url": values["api_url"]}
        except LoginRefusedError as error:
            answers = _ask_again(host, options, values, fresh, error, questions)
        fresh.update(answers)
        values.update(answers)


def _ask_again(
    host: Host,
    options: Options,
    values: Credentials,
    fresh: Credentials,
    error: LoginRefusedError,
    questions: Questions,
) -> Credentials:
    """Ask for what was refused, if it was not given just now."""
    if isinstance(error, KeyRefusedError) and error.question:
        flag = next(key.flag for key in host.keys if key.name == error.key)
        return {error.key: questions.text(error.question, flag)}
    refusal = _refusal(host, values, error)
    of_the_file = [key for key in host.keys if key.secret and key.name not in fresh]
    if isinstance(error, KeyRefusedError) or not (of_the_file and questions.terminal):
        raise errors.Error(f"{refusal} Nothing was changed; run the command again.") from error
    words = " and ".join(key.words for key in of_the_file)
    display_util.notify(f"{refusal} This is about the {words} in {options.credentials}.")
    return {key.name: _ask(host, key, values, questions) for key in of_the_file}


def _values(
    host: Host,
    options: Options,
    fresh: dict[str, str],
    on_stdin: Collection[str],
    questions: Questions,
) -> dict[str, str]:
    """What to log in with.

    :param fresh: what was given; gets what standard input and the user at the terminal give
    """
    known = {"api_url": host.api_url, **values_in(host, options.credentials)}
    for key in host.keys:
        values = {**known, **fresh}
        if key.name in on_stdin:
            fresh[key.name] = _secret_on_stdin(host, key, values, questions)
        elif not (key.name in values or key.optional or (host.at_hand and host.at_hand(values))):
            fresh[key.name] = _ask(host, key, values, questions)
        if key.names_the_account and fresh.get(key.name, known.get(key.name)) != known.get(
            key.name
        ):
            known = {"api_url": known["api_url"]}  # the rest of the file is about another account
    return {**known, **fresh}


def _refusal(host: Host, values: Credentials, error: LoginRefusedError) -> str:
    """What was refused: it was typed just now, and need not be in a file yet."""
    needed = " or ".join(key.words for key in host.keys if not key.optional)
    named = any(key.names_the_account for key in host.keys)
    what = f"The panel refused {needed}" + (f' of "{host.user_of(values)}".' if named else ".")
    todo = ""
    if isinstance(error, KeyRefusedError):
        what, todo = error.what, error.todo
    return f"{what} It says: {error.said.rstrip('.')}. {todo}".rstrip()


def _ask(host: Host, key: Key, values: Credentials, questions: Questions) -> str:
    words = capitalized(key.words)
    if not key.secret:
        return questions.text(f"{words} on the control panel", key.flag)
    account = [values[key.name] for key in host.keys if key.names_the_account]
    whose = f" of {account[-1]}" if account else ""
    return questions.secret(f"{words}{whose} on the control panel", key.flag)


def _secret_on_stdin(host: Host, key: Key, values: Credentials, questions: Questions) -> str:
    if sys.stdin.isatty():
        return _ask(host, key, values, questions)  # what is typed there would be shown
    try:
        secret = sys.stdin.readline().removesuffix("\n")
        secret.encode()  # in the locale C, Python lets any bytes pass
    except UnicodeError as error:
        raise errors.Error(
            f"The {key.words} on standard input is not text in {sys.stdin.encoding}. Nothing was"
            " changed."
        ) from error
    if not secret:
        raise errors.Error(f"There is no {key.words} on standard input. Nothing was changed.")
    return secret
