"""Who logs in where; apart from the client, which only runs that call the panel need."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """Who logs in where. ``machine`` is as the panel spells it; accounts with one need none."""

    username: str
    password: str = field(repr=False)
    machine: str | None
    api_url: str
