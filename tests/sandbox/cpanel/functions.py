"""What a function of the API is: its name, what it needs, and the arguments that it gets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import PanelError

Pairs = Sequence[tuple[str, str]]


class Upload(str):
    """The content of a file in a form, and the name that it came with."""

    filename: str

    def __new__(cls, content: str, filename: str) -> Upload:
        """A content with a name."""
        new = super().__new__(cls, content)
        new.filename = filename
        return new


class Arguments:
    """The arguments of a call: pairs of key and text, in the order they came."""

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs

    def get(self, key: str, default: str = "") -> str:
        """The first value of a key."""
        return next((value for name, value in self._pairs if name == key), default)

    def need(self, key: str) -> str:
        """A value that must be there and not empty."""
        value = self.get(key)
        if not value:
            raise PanelError(f"Provide the ‘{key}’ argument.")
        return value

    def all(self, key: str) -> list[str]:
        """The values of a list, whose key is repeated or numbered (``add``, ``add-0``, …)."""
        return [value for name, value in self._pairs if _is_of(name, key)]

    def commas(self, key: str) -> list[str]:
        """The values of a list given as one text."""
        return [part.strip() for part in self.get(key).split(",") if part.strip()]

    def uploads(self) -> list[Upload]:
        """The files that came with a form."""
        return [value for _key, value in self._pairs if isinstance(value, Upload)]

    def is_on(self, key: str, default: str = "0") -> bool:
        """Whether a switch is on."""
        return self.get(key, default) not in ("0", "")


Body = Callable[[Account, Arguments], Reply]


@dataclass(frozen=True)
class Function:
    """A function; ``since`` is the version that brought it, ``post`` that it takes POST only.

    ``unrecorded`` is a feature that it needs only where `Switches.unrecorded_features` is on.
    """

    body: Body
    since: int
    feature: str
    unrecorded: str
    post: bool

    def call(self, account: Account, arguments: Arguments) -> Reply:
        """Call it, unless the plan lacks a feature."""
        if self.feature:
            account.require(self.feature)
        if self.unrecorded and account.switches.unrecorded_features:
            account.require(self.unrecorded)
        return self.body(account, arguments)


class Functions(dict[tuple[str, str], Function]):
    """Functions by module and name."""

    def add(
        self,
        module: str,
        name: str = "",
        *,
        since: int = 11,
        feature: str = "",
        unrecorded: str = "",
        post: bool = False,
    ) -> Callable[[Body], Body]:
        """Register a function under its own name, or another that several modules have."""

        def register(body: Body) -> Body:
            self[module, name or body.__name__] = Function(body, since, feature, unrecorded, post)
            return body

        return register

    def find(self, module: str, name: str, version: int) -> Function:
        """The function, if a server of this version has it."""
        if module not in {known for known, _name in self}:
            raise PanelError(
                f'Failed to load module "Cpanel::API::{module}": Cpanel::Exception::ModuleLoadError'
            )
        function = self.get((module, name))
        if function is None or function.since > version:
            raise PanelError(
                f'The system could not find the function "{name}" in the module "{module}".'
            )
        return function


def _is_of(name: str, key: str) -> bool:
    return name == key or (name.startswith(f"{key}-") and name[len(key) + 1 :].isdigit())
