"""What a name's own name servers show, asked as a CA asks them (RFC 8555, section 8.4).

The machine's resolver tells who they are; it is not asked for the records, for it remembers that
there was none. dnspython is imported where it is used: it takes 30 ms, and most runs of certbot ask
no name server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.names import a_label
from certbot_webfaction.web.route import read_address, resolve

if TYPE_CHECKING:
    from dns.message import QueryMessage

TIMEOUT = 5.0
"""Seconds to wait for one answer."""

_ALIASES = 8  # CNAME records that are followed, one after another


@dataclass(frozen=True)
class Server:
    """A name server: what it is called, and where it is asked."""

    name: str
    addresses: tuple[str, ...]
    port: int = 53


@dataclass(frozen=True)
class Lack:
    """Why a value is not known to be shown; ``is_certain`` where a server has told that."""

    text: str
    is_certain: bool


def parse_server(text: str | None, option: str) -> Server | None:
    """Read ``ADDRESS[:PORT]``; an IPv6 address stands in brackets.

    :param option: the option that gave it
    :raises certbot.errors.PluginError: if it can't be read
    """
    if not text:
        return None
    if read := read_address(text, 53):
        address, [port] = read
        return Server(address, (address,), port)
    raise ExplainedError(
        f"{option} {text} can't be read.",
        "It is ADDRESS or ADDRESS:PORT, for example 192.0.2.53 or 127.0.0.1:5353.",
    )


def lack(name: str, value: str, only: Server | None = None) -> Lack | None:
    """Why a CA might not see a TXT value at a name yet; `None` where all servers show it.

    :param only: the server to ask, for all of the delegation's
    """
    import dns.exception
    import dns.message

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


def _read(answer: QueryMessage) -> tuple[list[str], str]:
    """The TXT values at a name, or where CNAME records lead from it."""
    shown = answer.resolve_chaining()
    if shown.answer is None and shown.cnames:
        return [], shown.canonical_name.to_text(omit_final_dot=True)
    return [b"".join(each.strings).decode(errors="replace") for each in shown.answer or ()], ""


def _servers_of(name: str) -> list[Server]:
    """The name servers of the zone that a name is in: of the nearest one that is delegated."""
    import dns.name
    import dns.resolver

    zone = dns.name.from_text(name)
    while len(zone) > 2:  # below a top-level domain
        try:
            hosts = sorted(str(each.target) for each in dns.resolver.resolve(zone, "NS"))
            return [Server(host, resolve(host)) for host in (each.rstrip(".") for each in hosts)]
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            zone = zone.parent()
    raise OSError("nobody tells who they are")


def _ask(name: str, server: Server) -> list[QueryMessage]:
    """What a server answers at each of its addresses that can be reached.

    :raises OSError: or a `dns.exception.DNSException`, if none can be
    """
    import dns.exception
    import dns.message
    import dns.query
    import dns.rcode

    known = (dns.rcode.NOERROR, dns.rcode.NXDOMAIN)
    answers: list[QueryMessage] = []
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
