"""What a name's own name servers show, asked as a CA asks them (RFC 8555, section 8.4).

The machine's resolver tells who they are; it is not asked for the records, for it remembers that
there was none.
"""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.resolver

from certbot_webfaction.names import a_label
from certbot_webfaction.web.route import NameServer, resolve

TIMEOUT = 5.0
"""Seconds to wait for one answer."""

_ALIASES = 8  # CNAME records that are followed, one after another


@dataclass(frozen=True)
class Lack:
    """Why a value is not known to be shown; ``is_certain`` where a server has told that."""

    text: str
    is_certain: bool


def lack(name: str, value: str, only: NameServer | None = None) -> Lack | None:
    """Why a CA might not see a TXT value at a name yet; `None` where all servers show it.

    :param only: the server to ask, for all of the delegation's
    """
    at = a_label(name)
    try:
        for _ in range(_ALIASES):
            alias = ""
            for server in [only] if only else _servers_of(at):
                for answer in _ask(at, server):
                    texts, alias = _read(answer)
                    if not alias and value not in texts:
                        return Lack(f"{server.name} does not show it at {at}", is_certain=True)
            if not alias:
                return None
            at = alias
    except dns.message.ChainTooLong:
        pass
    except (OSError, dns.exception.DNSException) as error:
        return Lack(f"the name servers of {at} could not be asked: {error}", is_certain=False)
    return Lack(f"CNAME records lead on and on from {name}", is_certain=True)


def _read(answer: dns.message.QueryMessage) -> tuple[list[str], str]:
    """The TXT values at a name, or where CNAME records lead from it."""
    shown = answer.resolve_chaining()
    if shown.answer is None and shown.cnames:
        return [], shown.canonical_name.to_text(omit_final_dot=True)
    return [b"".join(each.strings).decode(errors="replace") for each in shown.answer or ()], ""


def _servers_of(name: str) -> list[NameServer]:
    """The name servers of the zone that a name is in: of the nearest one that is delegated."""
    zone = dns.name.from_text(name)
    while len(zone) > 2:  # below a top-level domain
        try:
            hosts = sorted(str(each.target) for each in dns.resolver.resolve(zone, "NS"))
            return [
                NameServer(host, resolve(host)) for host in (each.rstrip(".") for each in hosts)
            ]
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            zone = zone.parent()
    raise OSError("nobody tells who they are")


def _ask(name: str, server: NameServer) -> list[dns.message.QueryMessage]:
    """What a server answers at each of its addresses that can be reached.

    :raises OSError: or a `dns.exception.DNSException`, if none can be
    """
    known = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    answers: list[dns.message.QueryMessage] = []
    failure: Exception = OSError(f"{server.name} has no address")
    for address in server.addresses:
        query = dns.message.make_query(name, "TXT")
        try:
            answer, _tcp = dns.query.udp_with_fallback(query, address, TIMEOUT, server.port)
            if not isinstance(answer, dns.message.QueryMessage) or answer.rcode() not in known:
                raise OSError(f"{server.name} answered {dns.rcode.to_text(answer.rcode())}")
            answers.append(answer)
        except (OSError, dns.exception.DNSException) as error:
            failure = error
    if not answers:
        raise failure
    return answers
