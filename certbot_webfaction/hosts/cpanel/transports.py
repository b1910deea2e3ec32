"""The two ways to the panel: its command on the host, and HTTPS from anywhere."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Callable, Mapping
from json import dumps
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from certbot_webfaction.hosts.cpanel.answers import NotJsonError, api2_items, parse, uapi_data
from certbot_webfaction.hosts.hiding import Secrets
from certbot_webfaction.hosts.wire import Answer, NoAnswerError, Wire
from certbot_webfaction.panel.errors import ImpossibleError, LoginRefusedError, PanelError
from certbot_webfaction.text import one_line, printable

logger = logging.getLogger(__name__)

COMMAND_TIMEOUT = 300.0
"""Seconds that a run of the command may take: changes have been seen to take more than 30."""

Arguments = Mapping[str, str]


class Transport(Protocol):
    """Makes calls, one try each; ``secrets`` are in no error, ``address`` is where it calls."""

    secrets: Secrets
    address: str

    def uapi(self, module: str, function: str, arguments: Arguments) -> Any:
        """Call a function of UAPI and return its data.

        :raises CallRefusedError: if the panel says that it failed
        :raises NoAnswerError: if there is no usable answer
        :raises LoginRefusedError: if the credentials were not accepted
        """

    def api2(self, module: str, function: str, arguments: Arguments) -> list[dict[str, Any]]:
        """Call a function of API 2, which older servers need, and return its items; likewise."""


class Https:
    """Calls by POST with a token, so that nothing secret is in an address.

    :param url: ``https``, or ``http`` to a loopback address
    :param refused: is told of a refused login, and gives the error to raise
    """

    def __init__(
        self,
        url: str,
        username: str,
        token: str,
        refused: Callable[[LoginRefusedError], LoginRefusedError],
    ) -> None:
        self.secrets = Secrets()
        self.secrets.hide(token)
        self._username = username
        self._refused = refused
        headers = {
            "Authorization": f"cpanel {username}:{token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._wire = Wire(url, headers, self.secrets)
        self.address = self._wire.address

    def uapi(self, module: str, function: str, arguments: Arguments) -> Any:
        answer = self._post(f"{module}::{function}", f"/execute/{module}/{function}", arguments)
        return uapi_data(answer, self.secrets)

    def api2(self, module: str, function: str, arguments: Arguments) -> list[dict[str, Any]]:
        own = {
            "cpanel_jsonapi_user": self._username,
            "cpanel_jsonapi_apiversion": "2",
            "cpanel_jsonapi_module": module,
            "cpanel_jsonapi_func": function,
        }
        answer = self._post(f"{module}::{function}", "/json-api/cpanel", {**own, **arguments})
        return api2_items(answer, self.secrets)

    def _post(self, call: str, path: str, arguments: Arguments) -> Any:
        self.secrets.sending(arguments)
        body = urlencode(arguments).encode()
        status, text = self._wire.exchange(
            call, _read, path=path, body=body, readable=(200, 401, 403)
        )
        if status == 200:
            try:
                return parse(text)
            except NotJsonError:
                if not text.strip():
                    raise NoAnswerError("its answer is empty") from None
        raise self._refused(self._refusal(status, text))

    def _refusal(self, status: int, text: str) -> LoginRefusedError:
        page = printable(self.secrets.hidden(text), 200)
        with_page = "it showed its login page" if status == 200 else f"HTTP status {status}"
        return LoginRefusedError(
            f'cPanel at {self.address} refused the token of "{self._username}" ({with_page}).',
            "It was not tried again, for hosts lock accounts. Look under Security, Manage API"
            " Tokens, whether the token is there and has not expired, and check cpanel_username and"
            " cpanel_token; the account's password is no token.",
            page,
        )


def _read(answer: Answer) -> tuple[int, str]:
    return answer.status, b"".join(answer.pieces).decode("utf-8", "replace")


class Command:
    """Calls by running ``uapi`` as the account's user.

    What is secret goes over standard input. Where the command takes none, it goes into the
    arguments, which other users of the host may see while it runs unless the host hides them.

    :param user: the account, which root has to name; ``""`` for that of who runs this
    """

    def __init__(self, command: str, user: str) -> None:
        self.secrets = Secrets()
        self.address = f"the command {command}"
        self._command = command
        self._user = user
        self.takes_input: bool | None = None
        self._failed_with_input = 0
        self.decodes_input: bool | None = None

    @property
    def may_decode_input(self) -> bool:
        """Whether it takes standard input, and it is not known what it makes of that."""
        return bool(self.takes_input) and self.decodes_input is None

    def uapi(self, module: str, function: str, arguments: Arguments) -> Any:
        self.secrets.sending(arguments)
        answer = self._answer(module, function, arguments)
        return uapi_data(answer, self.secrets)

    def api2(self, module: str, function: str, arguments: Arguments) -> list[dict[str, Any]]:
        """See `Transport.api2`. On many hosts no program for it works (CloudLinux's CageFS)."""
        raise ImpossibleError(
            f"This server is too old to be asked for {module}::{function} from its shell.",
            "Make an API token in the panel, under Security, Manage API Tokens, and write it into"
            " the credentials file: `certbot-webfaction init --host cpanel` does.",
        )

    def _answer(self, module: str, function: str, arguments: Arguments) -> Any:
        call = [module, function]
        if self.takes_input is not False:
            values = arguments
            if self.decodes_input:
                values = {key: _encoded(value) for key, value in arguments.items()}
            try:
                answer = self._run(["--input=json", *call], dumps(values))
            except NotJsonError as failure:
                if self.takes_input:
                    raise NoAnswerError(str(failure)) from None
            else:
                self.takes_input = True
                return answer
        pairs = [f"{key}={_encoded(value)}" for key, value in arguments.items()]
        try:
            answer = self._run([*call, *pairs], None)
        except NotJsonError as failure:
            raise self._no_answer(str(failure)) from None
        # One failure may have been anything.
        self._failed_with_input += 1
        self.takes_input = False if self._failed_with_input > 1 else self.takes_input
        return answer

    def _run(self, arguments: list[str], text: str | None) -> Any:
        user = [f"--user={self._user}"] if self._user else []
        try:
            done = subprocess.run(  # noqa: S603 - the panel's own program, without a shell
                [self._command, "--output=json", *user, *arguments],
                input=None if text is None else text.encode(),
                stdin=subprocess.DEVNULL if text is None else None,
                capture_output=True,
                timeout=COMMAND_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NoAnswerError(f"no answer in {COMMAND_TIMEOUT:g} seconds") from None
        except OSError as error:
            cause = f"it can't be run: {error.strerror or error}"
            raise NoAnswerError(cause, reached=False, passing=False) from None
        told = self.secrets.hidden(done.stderr.decode("utf-8", "replace"))
        if told.strip():  # hooks of the host write there; that is no failure
            logger.debug("%s wrote to standard error: %s", self._command, one_line(told, 500))
        try:
            return parse(done.stdout.decode("utf-8", "replace"))
        except NotJsonError:
            words = f': "{one_line(told, 200)}"' if told.strip() else ""
            raise NotJsonError(f"it ended with status {done.returncode}{words}") from None

    def _no_answer(self, failure: str) -> Exception:
        if os.geteuid() == 0 and not self._user:
            return PanelError(
                "root has no cPanel account of its own, so `uapi` answers it for nobody"
                f" ({failure}).",
                "Run certbot as the account's user, or name the account: a credentials file with"
                " the line cpanel_username = NAME is enough on the host itself.",
            )
        return NoAnswerError(failure)


def _encoded(value: str) -> str:
    """A value as the command decodes it: like a form's, a plus would become a space."""
    return quote(value, safe="")
