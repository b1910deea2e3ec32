"""UAPI: every function of every module."""

from __future__ import annotations

import json

from tests.sandbox.cpanel.account import Account
from tests.sandbox.cpanel.envelope import Reply, flat
from tests.sandbox.cpanel.errors import PanelError
from tests.sandbox.cpanel.functions import Arguments, Functions
from tests.sandbox.cpanel.uapi_account import ACCOUNT
from tests.sandbox.cpanel.uapi_dns import DNS
from tests.sandbox.cpanel.uapi_domains import DOMAINS
from tests.sandbox.cpanel.uapi_files import FILES
from tests.sandbox.cpanel.uapi_ssl import SSL

UAPI = Functions({**SSL, **DOMAINS, **DNS, **FILES, **ACCOUNT})


@UAPI.add("Batch")
def strict(account: Account, arguments: Arguments) -> Reply:
    """Several calls, until one fails (the vendor's documentation has its form)."""
    told = []
    for command in arguments.all("command"):
        module, name, *rest = json.loads(command)
        pairs = [*(rest[0] if rest else {}).items()]
        try:
            function = UAPI.find(module, name, account.version)
            told.append(flat(function.call(account, Arguments(pairs)), account.switches))
        except PanelError as refusal:
            told.append(flat(refusal, account.switches))
            if account.switches.batch_fails:
                raise PanelError(*refusal.texts, data=told) from None
            break
    return Reply(told)
