"""What an account lacks for https: which certificates to get or to install, and what can't be had.

A working site never gets worse: what is good stays, whoever keeps it, and so does a certificate
that is good for other names of the same https site and that is not ours to replace.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from certbot import errors

from certbot_webfaction.challenges import validation_name
from certbot_webfaction.challenges.causes import describe
from certbot_webfaction.challenges.nowhere import why_nowhere
from certbot_webfaction.challenges.probe import look
from certbot_webfaction.command.diagnosis.doctor import try_places
from certbot_webfaction.command.diagnosis.findings import SOON
from certbot_webfaction.command.diagnosis.survey import Lineage, Subject, Survey
from certbot_webfaction.command.setup.limits import NAMES
from certbot_webfaction.lineages.files import is_issued_by, leaf_validity
from certbot_webfaction.names import a_label, covered, without_covered
from certbot_webfaction.panel.errors import refusal_of
from certbot_webfaction.panel.findings import Problem
from certbot_webfaction.panel.model import Certificate, HttpSite, Place
from certbot_webfaction.web.visit import Visit

ASKED_AT_ONCE = 100
"""How many names are asked together what they serve, for which they share a few seconds."""


@dataclass(frozen=True)
class Step:
    """One run of certbot: the lineage that it is about, and the names.

    ``installs`` tells that the lineage has a good certificate for them, which is only not
    installed, and ``reconfigures`` that its renewal file does not name our installer yet;
    ``options`` are certbot's besides. ``otherwise`` are the names that are left where the DNS that
    the world asks turns out not to be the account's.
    """

    lineage: str
    names: tuple[str, ...]
    installs: bool = False
    reconfigures: bool = False
    options: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()


@dataclass
class Missing:
    """What is to be done, what is good, and what is left.

    ``good`` are names by what they have, ``left`` reasons by the names that get nothing.
    ``unredirected`` are names by lineages that were installed here without a redirect: by a run
    that was killed before it came to that, or because it was not wanted.
    """

    steps: list[Step] = field(default_factory=list)
    good: dict[str, list[str]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    unredirected: dict[str, list[str]] = field(default_factory=dict)


def find_missing(
    survey: Survey, sites: Iterable[HttpSite], server: str, *, by_dns: bool = False
) -> Missing:
    """Find what http sites lack.

    Files are placed at challenge paths, fetched and removed; nothing else is changed.

    :param server: the directory of the CA that certificates are got from
    :param by_dns: whether the user prefers challenges that records in DNS answer
    :raises certbot.errors.PluginError: if the panel does not answer
    """
    return _Search(survey, server, by_dns=by_dns).of(list(sites))


class _Search:
    """A search for what is missing."""

    def __init__(self, survey: Survey, server: str, *, by_dns: bool) -> None:
        self._survey = survey
        self._account = survey.account
        self._by_files = survey.account.panel.abilities.files and not by_dns
        self._server = server
        self._subjects: dict[str, Subject] = {}
        self._good: dict[str, Subject] = {}
        self._unreached: dict[str, str] = {}
        self._taken = {path.stem for path in self._account.lineages.renewal_files()}
        self._taken |= {path.name for path in self._account.lineages.live.glob("*")}
        self._found = Missing()

    def of(self, sites: Sequence[HttpSite]) -> Missing:
        lacking = {site.id: self._lacking(site) for site in sites}
        self._tell_good()
        self._tell_unredirected(sites)
        wanted = {site.id: self._candidates(lacking[site.id]) for site in sites}
        self._find_unreached(dict.fromkeys(itertools.chain.from_iterable(wanted.values())))
        done: set[str] = set()
        for site in sites:
            if names := [name for name in lacking[site.id] if name not in done]:
                done.update(self._plan(site, names, wanted[site.id]))
        return self._found

    def _subject(self, name: str) -> Subject:
        name = a_label(name)
        if name not in self._subjects:
            self._subjects[name] = Subject(self._survey, name, meant=True)
        return self._subjects[name]

    # What is good

    def _lacking(self, site: HttpSite) -> list[str]:
        """The names of a site that have no good certificate and may get one."""
        lacking = []
        for subject in map(self._subject, site.names):
            if self._is_good(subject):
                self._good[subject.domain] = subject
            elif reason := self._in_the_way(subject):
                self._found.left[subject.domain] = reason
            else:
                lacking.append(subject.domain)
        return list(dict.fromkeys(lacking))

    def _is_good(self, subject: Subject) -> bool:
        known, lineage = subject.certificate, subject.in_place
        if known is None or not covered(subject.domain, known.names):
            return False
        if lineage and self._is_unwanted_test(lineage):
            return False
        return self._lasts(known) and (lineage is not None or not _is_self_signed(known))

    def _is_unwanted_test(self, lineage: Lineage) -> bool:
        """Whether a lineage is of a CA for tests, and certificates now are to be of another."""
        return lineage.is_test and lineage.renewal.parameters.get("server") != self._server

    def _lasts(self, known: Certificate) -> bool:
        try:
            return self._is_long(*leaf_validity(known.leaf))
        except errors.PluginError:
            return known.expires is None or known.expires - self._survey.now.date() > SOON

    def _is_long(self, starts: datetime.datetime, expires: datetime.datetime) -> bool:
        """Whether a certificate lasts: two weeks, or a sixth of its time where that is less."""
        return expires - self._survey.now > min(SOON, (expires - starts) / 6)

    def _in_the_way(self, subject: Subject) -> str:
        """Why the https site of a name keeps what it has, which does not cover the name."""
        known, https, lineage = subject.certificate, subject.https, subject.in_place
        if known is None or https is None or (lineage and lineage.ours) or not self._lasts(known):
            return ""
        others = [own for own in https.names if covered(own, known.names)]
        if not others or covered(subject.domain, known.names) or _is_self_signed(known):
            return ""
        command = self._account.phrases.get((*others, subject.domain))
        return (
            f"the {https.label} presents the certificate {known.label} ({_keeper(subject)}), which"
            f" does not cover it. `{command}` gets one for all in its place"
        )

    def _tell_good(self) -> None:
        """Note who keeps what is good, and which of it visitors do not get."""
        good = list(self._good.values())
        for start in range(0, len(good), ASKED_AT_ONCE):
            self._survey.ask_served(good[start : start + ASKED_AT_ONCE])
        for subject in good:
            served = subject.served
            if served and served.leaf != subject.leaf:
                self._found.left[subject.domain] = (
                    f"the panel has a good certificate, but visitors get {served.words}."
                    " `certbot-webfaction doctor` says more"
                )
            else:
                self._found.good.setdefault(_keeper(subject), []).append(subject.domain)

    def _tell_unredirected(self, sites: Iterable[HttpSite]) -> None:
        """Note the lineages whose http sites could be redirected, and do not redirect by an app.

        In the books a run that was killed looks as one that was told not to redirect.
        """
        shown: list[Subject] = []
        for site in sites if self._account.panel.abilities.redirect else ():
            good = [self._good.get(a_label(name)) for name in site.names]
            if not self._is_redirected(site) and all(map(_is_installed, good)):
                shown += filter(None, good[:1])
        self._survey.visit(shown)
        for subject in shown:
            if subject.in_place and not (subject.visited and _is_led_on(subject.visited)):
                names = self._found.unredirected.setdefault(subject.in_place.name, [])
                names.append(subject.domain)

    def _is_redirected(self, site: HttpSite) -> bool:
        """Whether an http site redirects, or did until somebody changed that by hand."""
        return site.redirects or site.id in self._survey.wanted.redirects

    # What can be had

    def _candidates(self, lacking: Sequence[str]) -> list[str]:
        """The names that one certificate for these is to have, if it can be had for all.

        A site that presents a certificate for others of its names loses none of them, and a lineage
        stays as large as it is.
        """
        names = list(lacking)
        for subject in map(self._subject, lacking):
            https, known, lineage = subject.https, subject.certificate, subject.in_place
            if https and known and self._lasts(known):
                names += [own for own in map(a_label, https.names) if covered(own, known.names)]
            if lineage and lineage.ours:
                names += map(a_label, lineage.names)
        return list(dict.fromkeys(names))

    def _find_unreached(self, names: Iterable[str]) -> None:
        """Find the names for which no challenge can be answered, each with the reason."""
        ready, others = list[Place](), dict[str, Place]()
        for name in names:
            answer = self._answer(name)
            if not isinstance(answer, Place):
                self._unreached[name] = answer
            elif answer.ready:
                ready.append(answer)
            else:
                others[name] = answer
        for name, finding in try_places(self._account, ready):
            if isinstance(finding, Problem):
                cause = finding.remedy.removeprefix("Likely cause: ")
                self._unreached[name] = f"{finding.text.splitlines()[0]}: {cause}"
        wrong = look(self._account, list(others.values()))
        for name, told in describe(wrong, others, self._account).items():
            self._unreached[name] = told[-1]

    def _answer(self, name: str) -> Place | str:
        """Where a file could answer for a name; else why nothing can, ``""`` if a record can."""
        panel = self._account.panel
        if "_" in name:
            return "no CA certifies a name with an underscore"
        if self._by_files and not name.startswith("*."):
            place = self._subject(name).place
            if isinstance(place, Place):
                return place
            return str(place or why_nowhere(name, self._survey.http, self._survey.https))
        if not panel.abilities.dns:
            return "only a record in its DNS can answer for it, and this account has no DNS"
        return str(refusal_of(lambda: panel.find_zones([validation_name(name)])) or "")

    # What is to be done

    def _plan(self, site: HttpSite, lacking: Sequence[str], wanted: Sequence[str]) -> list[str]:
        """Plan the certificate of a site; return the names that it is for."""
        reached = [name for name in wanted if not self._unreached.get(name)]
        names = without_covered(reached)
        got = [name for name in lacking if covered(name, names)]
        left = [name for name in lacking if name not in got]
        self._found.left.update((name, self._unreached[name]) for name in left)
        if not got:
            return []
        too_many = f"a certificate holds {NAMES} names. Divide the {site.label}"
        self._found.left.update(dict.fromkeys(names[NAMES:], too_many))
        step = self._step(site, lacking, names[:NAMES])
        plain = [name for name in reached if not name.startswith("*.")]
        if plain != reached and set(plain).intersection(lacking):
            step = replace(step, otherwise=tuple(plain[:NAMES]))
        self._found.steps.append(step)
        return [*names, *got]

    def _step(self, site: HttpSite, lacking: Sequence[str], names: Sequence[str]) -> Step:
        if there := self._installable(names):
            is_named = there.renewal.installer == self._account.host.name
            return Step(there.name, tuple(names), installs=True, reconfigures=not is_named)
        lineage = self._growing(site, lacking, names)
        if lineage is None:
            return Step(self._new_name(names[0]), tuple(names))
        options: tuple[str, ...] = ()
        if set(map(a_label, lineage.names)) != set(names):
            options = ("--renew-with-new-domains",)
        elif self._is_unwanted_test(lineage):
            options = ("--force-renewal",)
        return Step(lineage.name, tuple(names), options=options)

    def _installable(self, names: Sequence[str]) -> Lineage | None:
        """A lineage that has a good certificate for these names, one that we renew if possible.

        What our plugin renews for another account stays there.
        """
        lineages, plugins = self._account.lineages, self._account.host.plugins
        usable = [
            each
            for each in self._survey.lineages
            if (each.ours or each.renewal.installer not in plugins)
            and all(covered(name, each.names) for name in names)
            and not self._is_unwanted_test(each)
            and self._is_long(*lineages.files(each.name).validity())
        ]
        return max(usable, key=lambda each: (each.ours, -len(each.names)), default=None)

    def _growing(
        self, site: HttpSite, lacking: Sequence[str], names: Sequence[str]
    ) -> Lineage | None:
        """The lineage of ours that is to have these names from now on.

        It loses none but names of the site.
        """

        def shared(lineage: Lineage) -> int:
            return len(set(names).intersection(map(a_label, lineage.names)))

        own = {*map(a_label, site.names), *names}
        in_place = [self._subject(name).in_place for name in lacking]
        known = [each for each in in_place if each] + self._survey.lineages
        fitting = [each for each in known if each.ours and set(map(a_label, each.names)) <= own]
        return max(filter(shared, fitting), key=shared, default=None)

    def _new_name(self, name: str) -> str:
        """A name for a new lineage, as certbot would number it."""
        base = new = name.removeprefix("*.")
        number = 0
        while new in self._taken:
            number += 1
            new = f"{base}-{number:04d}"
        self._taken.add(new)
        return new


def _is_installed(subject: Subject | None) -> bool:
    """Whether a name has what we installed, with renewals that a redirect does not stop."""
    lineage = subject.in_place if subject and subject.is_installed else None
    return lineage is not None and lineage.renewal.authenticator != "webroot"


def _is_led_on(seen: Visit) -> bool:
    """Whether an app sends visitors of http to https, or they would lose their website there."""
    return bool(seen.lost) or any(url.startswith("https:") for url in seen.http.urls)


def _keeper(subject: Subject) -> str:
    """Who keeps the certificate of a name's https site."""
    if subject.keeper != "user":
        return "the host renews it" if subject.keeper == "host" else "certbot renews it"
    known = subject.certificate
    return f"your own until {known.expires}" if known and known.expires else "your own"


def _is_self_signed(known: Certificate) -> bool:
    """Whether browsers warn of a certificate because no CA has issued it."""
    return is_issued_by(known.leaf, known.leaf)
