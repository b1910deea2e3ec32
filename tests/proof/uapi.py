"""cPanel by its command ``uapi``, in a shell of the account: the stage, faults and calls."""

from __future__ import annotations

from collections.abc import Mapping

from tests.proof.cpanel import (
    AUTHORITY,
    EDIT,
    FEATURES,
    HOSTS,
    REFUSALS,
    RENEWAL,
    TOGGLE,
    CpanelStage,
    instead,
)
from tests.proof.orders import CUT, Order, from_then_on, once
from tests.proof.verbs import verbs
from tests.sandbox.cpanel.sandbox import CpanelSandbox
from tests.sandbox.faults import Fault

_GARBAGE = instead("Can't locate object method, compilation failed.\n", takes_effect=True)
_NOISE = Fault(
    "noise", takes_effect=True, body=lambda right: b"Can't find a server, exit!\n" + right
)


class CommandStage(CpanelStage):
    """Virtual hosts without any credentials; files are written on this machine."""

    name = "uapi"

    def __init__(self, sandbox: CpanelSandbox) -> None:
        super().__init__(sandbox)
        sandbox.credentials.unlink()

    @property
    def run(self) -> tuple[str, ...]:
        """See `Stage.run`."""
        return super(CpanelStage, self).run


FAULTS: Mapping[str, Order] = {
    **{fault.replace("reset", "dies"): order for fault, order in CUT.items()},
    "no output": once(instead("", takes_effect=True)),
    "garbage": once(_GARBAGE),
    "garbage from then on": from_then_on(_GARBAGE),
    "a line before the answer": from_then_on(_NOISE),
    **REFUSALS,
}

VERBS = verbs(
    "cpanel",
    ("run", "-a", "cpanel", "-i", "cpanel"),
    ("-a", "cpanel", "--preferred-challenges", "dns"),
    (),
    {
        "run": (*HOSTS, "SSL::install_ssl", "SSL::installed_hosts", TOGGLE),
        "renew": (*HOSTS, *RENEWAL, *RENEWAL, "Batch::strict"),
        "enhance": (*HOSTS, TOGGLE),
        "rollback": (*HOSTS, TOGGLE, "SSL::delete_ssl", "Batch::strict"),
        "dns": (
            *("DomainInfo::domains_data", FEATURES, "DomainInfo::list_domains"),
            *(*[AUTHORITY] * 3, "StatsBar::get_stats", *EDIT),
            *(AUTHORITY, *EDIT, *EDIT, *EDIT),
        ),
    },
)
