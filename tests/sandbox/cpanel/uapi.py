"""UAPI: every function of every module."""

from __future__ import annotations

from tests.sandbox.cpanel.functions import Functions
from tests.sandbox.cpanel.uapi_account import ACCOUNT
from tests.sandbox.cpanel.uapi_dns import DNS
from tests.sandbox.cpanel.uapi_domains import DOMAINS
from tests.sandbox.cpanel.uapi_files import FILES
from tests.sandbox.cpanel.uapi_ssl import SSL

UAPI = Functions({**SSL, **DOMAINS, **DNS, **FILES, **ACCOUNT})
