"""Why a challenge file does not come back, and what to do: for the person at the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from certbot_webfaction.account import Account
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.model import CHALLENGE_PATH, Place
from certbot_webfaction.text import capitalized, listed, printable
from certbot_webfaction.web.challenge_file import WrongAnswer
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.route import ip_version
from certbot_webfaction.web.walk import Walk


@dataclass(frozen=True)
class _Seen:
    """One domain's wrong answer beside the place that its file was put to.

    ``resolving`` tells that this machine resolved another name at the same time.
    """

    answer: WrongAnswer
    place: Place
    account: Account
    resolving: bool = False

    @property
    def walk(self) -> Walk:
        return self.answer.walk

    @property
    def trouble(self) -> Trouble | None:
        return self.walk.trouble

    @property
    def last_host(self) -> str:
        return urlsplit(self.walk.urls[-1]).hostname or ""

    @property
    def words(self) -> dict[str, str]:
        """What the texts of `_CAUSES` may name."""
        place, host, options = self.place, self.account.host, self.account.options
        alternative = (
            place.alternative or f"see to it that nothing else answers at {CHALLENGE_PATH}/"
        )
        # What the account holds does not matter where another server answers.
        other_way = place.alternative and not _found_elsewhere(self)
        return {
            "domain": place.domain,
            "site": place.site.label,
            "kind": host.holder,
            "name": place.holder,
            "holder": f"{host.holder} {place.holder}",
            "directory": place.directory,
            "folder": f"{place.directory}/{place.below}".rstrip("/"),
            "server": place.site.address or "this account's server",
            "last_host": self.last_host,
            "target": printable(self.walk.refused_redirect, 200),
            "status": str(self.walk.status),
            "address": str(options.route.address),
            "connect_to": host.flag("connect-to"),
            "wait_option": host.flag("wait"),
            "wait": str(options.wait),
            "ipv6": next((ip for ip in self.answer.addresses if ip_version(ip) == 6), ""),
            "path": CHALLENGE_PATH,
            "alternative": alternative,
            "Alternative": capitalized(alternative),
            "or_alternative": f", or {place.alternative}" if other_way else "",
            "interference": place.interference,
            "protection": f" ({place.protection})" if place.protection else "",
            "doubt": f" Or {place.doubt}" if place.doubt else "",
        }


def _found_elsewhere(seen: _Seen) -> bool:
    """Whether DNS points only to other servers; panels know their IPv4 addresses alone."""
    known = seen.place.site.address
    return bool(known and seen.answer.addresses) and known not in seen.answer.addresses


_NO_ANSWER = (Trouble.REFUSED, Trouble.TIMED_OUT, Trouble.UNREACHABLE, Trouble.SILENT)


def _redirected_away(seen: _Seen) -> bool:
    return a_label(seen.last_host) != a_label(seen.place.domain)


def _redirected_to_https(seen: _Seen) -> bool:
    return seen.walk.urls[-1].startswith("https:")


def _unresolved(seen: _Seen) -> bool:
    """Whether DNS, and not what an option names, gave no answer."""
    is_asked = seen.account.options.route.address is None
    return is_asked and seen.trouble is Trouble.NO_RESOLVER


def _ipv6_differs(seen: _Seen) -> bool:
    walk, by_ipv4 = seen.walk, seen.answer.by_ipv4
    if by_ipv4 is None:
        return False
    return (walk.status, walk.body, walk.trouble) != (
        by_ipv4.status,
        by_ipv4.body,
        by_ipv4.trouble,
    )


def _forbidden(seen: _Seen) -> bool:
    return seen.walk.status == 403 and not _redirected_to_https(seen)


def _interfered(seen: _Seen) -> bool:
    return seen.place.ready and bool(seen.place.interference)


_CAUSES: Sequence[tuple[Callable[[_Seen], bool], str]] = (
    # The first that fits is told.
    (
        lambda seen: _unresolved(seen) and len(seen.walk.urls) > 1,
        "the name servers of {last_host}, to which it redirects, fail. Correct the redirect, or"
        " exclude {path}/ from it{or_alternative}.",
    ),
    (
        lambda seen: _unresolved(seen) and seen.resolving,
        "the name servers of {domain} fail, or DNSSEC is wrong there: this machine resolves other"
        " names. See to it where the domain is registered that its name servers are those that"
        " have its records, and that its DS record is theirs or gone.",
    ),
    (
        lambda seen: seen.trouble is Trouble.NO_RESOLVER,
        "this machine can't resolve names at the moment, which says nothing of {domain}. See that"
        " its name servers (/etc/resolv.conf) answer, and run the command again. If it resolves"
        " other names, those of {domain} fail.",
    ),
    (
        lambda seen: (
            seen.trouble is Trouble.NOT_FOUND and seen.account.options.route.address is not None
        ),
        "DNS has no address for {address}, which {connect_to} names. Correct it, or give an IP"
        " address.",
    ),
    (
        lambda seen: seen.trouble is Trouble.NOT_FOUND and len(seen.walk.urls) == 1,
        "DNS has no address for {domain}. Add a record that points it to {server}, and wait until"
        " it is known everywhere.",
    ),
    (
        lambda seen: seen.trouble is Trouble.NOT_FOUND,
        "it redirects to {last_host}, for which DNS has no address. Correct the redirect, or"
        " exclude {path}/ from it{or_alternative}.",
    ),
    (
        lambda seen: seen.answer.by_agent,
        "a browser gets the file: something before it, or the {holder}, keeps out all"
        " other user agents, and so CAs. Let everybody in at {path}/{or_alternative}.",
    ),
    (
        _ipv6_differs,
        "the IPv6 address {ipv6} answers differently from IPv4, and CAs ask IPv6 first. Remove"
        " the AAAA record of {domain}, or point it to the server of this account.",
    ),
    (
        _found_elsewhere,
        "DNS points {domain} to another server than this account's ({server}). Point its A record"
        " to {server}; if a CDN is meant to stand before it, let it pass {path}/ on unchanged.",
    ),
    (
        lambda seen: seen.trouble in _NO_ANSWER and _redirected_away(seen),
        "it redirects to another host, {last_host}, which does not answer. Exclude {path}/ from the"
        " redirect{or_alternative}.",
    ),
    (
        lambda seen: seen.trouble in _NO_ANSWER and _redirected_to_https(seen),
        "it redirects to https, where nothing answers. Exclude {path}/ from the redirect, or"
        " create an https website with {domain} in the panel{or_alternative}; if {connect_to} is"
        " given, check its second port.",
    ),
    (
        lambda seen: seen.trouble is Trouble.REFUSED,
        "nothing listens there. If {domain} was only just set up, wait a few minutes; if"
        " {connect_to} is given, check its address and ports.",
    ),
    (
        lambda seen: seen.trouble in (Trouble.TIMED_OUT, Trouble.UNREACHABLE),
        "a firewall drops the connection, or this machine can't reach the address. If only this"
        " machine can't, name one that it reaches with {connect_to}.",
    ),
    (
        lambda seen: seen.trouble is Trouble.SILENT,
        "the server is overloaded, or the app that answers for {domain} hangs. See to it that the"
        " {holder} answers at {path}, or {alternative}.",
    ),
    (
        lambda seen: bool(seen.walk.refused_redirect),
        "CAs do not follow the redirect to {target} with status {status}: at most 10 redirects,"
        " with status 301, 302, 307 or 308, to http and https on ports 80 and 443 of a domain."
        " Exclude {path}/ from it{or_alternative}.",
    ),
    (
        _redirected_away,
        "it redirects to another host, {last_host}, which does not have the file. Exclude {path}/"
        " from the redirect{or_alternative}.",
    ),
    (
        lambda seen: not seen.place.ready,
        "the web server does not know yet that {name} was mounted at {path} on the {site}. Run"
        " the command again, with a {wait_option} longer than {wait} if that does not help.{doubt}",
    ),
    (
        lambda seen: seen.walk.status == 401,
        "a password is asked for, and CAs have none. Let everybody in at"
        " {path}/{protection}{or_alternative}.",
    ),
    (
        lambda seen: seen.walk.status >= 500,
        "what answers there fails; its error log says why. Put that right{or_alternative}.",
    ),
    (
        lambda seen: _forbidden(seen) and _interfered(seen),
        "the web server may not enter {folder}: that directory, and each on the way to it, needs"
        " mode 0755. If they have it, {interference}",
    ),
    (
        _forbidden,
        "the web server may not enter {folder}: that directory, and each on the way to it, needs"
        " mode 0755. If they have it, {alternative}.",
    ),
    (
        lambda seen: _interfered(seen) and seen.walk.status != 404,
        "{interference}",
    ),
    (
        _redirected_to_https,
        "it redirects to https, where other content answers. Exclude {path}/ from the redirect,"
        " or have https show the {holder}, too{or_alternative}.",
    ),
    (
        _interfered,
        "{interference} If {domain} was only just set up, wait a few minutes first.",
    ),
    (
        lambda seen: seen.walk.status == 404,
        "the file is in {directory}, but the web server looks elsewhere: either it does not know"
        " {domain} yet (wait a few minutes), or another {kind} answers for the {holder}"
        " ({alternative}).",
    ),
    (
        lambda seen: True,
        "something else than the {holder} answers there. {Alternative}.",
    ),
)


def explain(wrong: Mapping[str, WrongAnswer], places: Mapping[str, Place], account: Account) -> str:
    """Say for each domain what came back in place of its challenge file, why, and what to do."""
    lines = [
        f"{len(wrong)} of {len(places)} challenge files did not come back as a CA has to see them"
        f" within {account.options.wait} s. The CA was not asked, so nothing counts against its"
        " limits."
    ]
    for domain, (where, *came_back, cause) in describe(wrong, places, account).items():
        lines.append(f"  {domain}: {where}")
        lines += [f"    {line}" for line in came_back]
        lines.append(f"    Likely cause: {cause}")
    return "\n".join(lines)


def describe(
    wrong: Mapping[str, WrongAnswer], places: Mapping[str, Place], account: Account
) -> Mapping[str, list[str]]:
    """For each domain where its file was asked for, what came back, and last the likely cause."""
    resolved = any(
        domain not in wrong or wrong[domain].walk.trouble is not Trouble.NO_RESOLVER
        for domain in places
    )
    return {
        domain: _describe(_Seen(answer, places[domain], account, resolved))
        for domain, answer in wrong.items()
    }


def _describe(seen: _Seen) -> list[str]:
    answer = seen.answer
    cause = next(text for fits, text in _CAUSES if fits(seen))
    lines = [_where(seen), *_came_back(seen.walk)]
    if answer.by_ipv4 is not None:
        lines += [f"over IPv4: {line}" for line in _came_back(answer.by_ipv4)]
    return [*lines, cause.format_map(seen.words)]


def _where(seen: _Seen) -> str:
    route = seen.account.options.route
    if route.address is not None:
        option = seen.account.host.flag("connect-to")
        return f"asked at {route.address} port {route.http_port} ({option})"
    if not seen.answer.addresses:
        return "not in DNS" if seen.trouble is Trouble.NOT_FOUND else "not resolved"
    found = f"resolves to {', '.join(seen.answer.addresses)}"
    if not seen.place.site.address:
        return found
    return f"{found}, {'not ' if _found_elsewhere(seen) else ''}this account's server"


def _came_back(walk: Walk) -> list[str]:
    lines = [f"GET {walk.urls[0]}"]
    lines += [f"redirected to {printable(url, 200)}" for url in walk.urls[1:]]
    if walk.trouble is not None:
        detail = printable(walk.detail)
        lines.append(walk.trouble.value + (f" ({detail})" if detail else ""))
    else:
        body = printable(walk.body)
        lines.append(f"status {walk.status}, " + (f"“{body}”" if body else "no text"))
    return lines


def auth_hint(places: Sequence[Place], account: Account) -> str:
    """Say what to check where the CA did not get what was seen from here."""
    domains = listed([place.domain for place in places], 5)
    host, options = account.host, account.options
    if options.wait == 0:
        seen = (
            f"The challenge files for {domains} were placed, but not looked at from here, because"
            f" of {host.flag('wait')} 0. Leave that out to learn more."
        )
    elif options.route.address is not None:
        seen = (
            f"The challenge files for {domains} came back right at {options.route.address}, where"
            f" {host.flag('connect-to')} leads. The CA goes where DNS points instead: check that"
            " this is the same server."
        )
    else:
        seen = (
            f"The challenge files for {domains} came back right when they were fetched from here."
        )
    alternative = next((place.alternative for place in places if place.alternative), "")
    return (
        f"{seen} Where the CA got something else, it mostly is one of these: an AAAA record that"
        " leads to another server (CAs ask IPv6 first); DNS that was changed only lately, or that"
        " answers differently elsewhere; a firewall, or blocking by country, that keeps the CA"
        f" out; a CDN that caches or changes what is below {CHALLENGE_PATH}/. Remedy that before"
        " you run the command again: the CA allows 5 failures per domain and hour."
        + (f" If you {alternative}, none depends on a website's content." if alternative else "")
    )
