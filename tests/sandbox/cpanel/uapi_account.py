"""UAPI's modules about the account itself: Features, Variables, StatsBar, Tokens."""

from __future__ import annotations

from typing import Any

from tests.sandbox.cpanel.account import FEATURES, UNNAMED, Account, Token
from tests.sandbox.cpanel.envelope import Reply
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.functions import Arguments, Functions

ACCOUNT = Functions()

_BUILD = 45


@ACCOUNT.add("Features", unrecorded=UNNAMED)
def list_features(account: Account, _arguments: Arguments) -> Reply:
    return Reply({feature: feature in account.features for feature in FEATURES})


@ACCOUNT.add("Features")
def has_feature(account: Account, arguments: Arguments) -> Reply:
    name = arguments.need("name")
    if name not in account.features:
        raise PanelError(f"The feature “{name}” exists but is not enabled.")
    return Reply(None)


@ACCOUNT.add("Variables")
def get_user_information(account: Account, _arguments: Arguments) -> Reply:
    return Reply(
        {
            "user": account.username,
            "home": str(account.home),
            "domain": account.main_domain,
            "plan": "default",
            "theme": "jupiter",
            "shell": "/bin/bash",
            "maximum_addon_domains": "unlimited",
        }
    )


@ACCOUNT.add("StatsBar")
def get_stats(account: Account, arguments: Arguments) -> Reply:
    if "cpanelversion" not in arguments.get("display").split("|"):
        return Reply([])
    value = f"{account.version}.0 (build {_BUILD})"
    return Reply([{"name": "cpanelversion", "value": value}])


@ACCOUNT.add("Tokens", since=80, feature="apitokens")
def create_full_access(account: Account, arguments: Arguments) -> Reply:
    expires_at = arguments.get("expires_at")
    token = account.create_token(arguments.need("name"), int(expires_at) if expires_at else None)
    return Reply(
        {
            "name": token.name,
            "token": token.token,
            "create_time": token.create_time,
            "expires_at": token.expires_at or 0,
        }
    )


@ACCOUNT.add("Tokens", "list", since=80, feature="apitokens")
def list_tokens(account: Account, _arguments: Arguments) -> Reply:
    return Reply([_listed(token) for token in account.tokens.values()])


def _listed(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "create_time": token.create_time,
        "expires_at": token.expires_at,
        "has_full_access": True,
        "features": [],
    }


@ACCOUNT.add("Tokens", since=80, feature="apitokens")
def revoke(account: Account, arguments: Arguments) -> Reply:
    account.revoke_token(arguments.need("name"))
    return Reply(None)
