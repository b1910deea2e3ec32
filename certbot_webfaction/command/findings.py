"""What is to be said of a domain at each step from its websites to its served certificate."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certbot import configuration

from certbot_webfaction.challenges.placement import why_nowhere
from certbot_webfaction.command.survey import (
    AUTHENTICATOR,
    INSTALLER,
    DomainState,
    Lineage,
    Survey,
)
from certbot_webfaction.names import a_label, covered
from certbot_webfaction.panel.mount import CHALLENGE_PATH

OVERDUE = datetime.timedelta(days=2)
"""How long after the day on which certbot is to renew a lineage that counts as not happening."""

SOON = datetime.timedelta(days=14)
"""How long before its expiry a certificate that no lineage here renews is spoken of."""


@dataclass(frozen=True)
class Fine:
    """All is as it should be."""

    text: str


@dataclass(frozen=True)
class Note:
    """Something to know, and what to do about it, that is not wrong."""

    text: str
    remedy: str


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, and what to do; ``kind`` is a word for scripts that stays."""

    kind: str
    text: str
    remedy: str


Finding = Fine | Note | Problem


@dataclass(frozen=True)
class Scene:
    """One domain among everything else: what a check looks at.

    ``meant`` tells that the domain is meant to have a certificate from here even if no lineage has
    it yet: the user named it.
    """

    state: DomainState
    survey: Survey
    config: configuration.NamespaceConfig
    now: datetime.datetime
    meant: bool = False


@dataclass(frozen=True)
class Check:
    """One step. ``find`` gives `None` where the step is none for a domain.

    ``needs`` names the steps without which there is nothing to look at.
    """

    title: str
    find: Callable[[Scene], Finding | None]
    needs: tuple[str, ...] = ()


def http_website(scene: Scene) -> Finding | None:
    """A CA asks at port 80, so an http website has to serve the domain."""
    state = scene.state
    if state.domain.startswith("*.") or not _answers_http(scene):
        return None
    if state.http is None:
        why = why_nowhere(state.domain, scene.survey.websites)
        return Problem(
            "no-website",
            "no http website of the account serves it, so no challenge can be answered",
            why[:1].upper() + why[1:],
        )
    return Fine(state.http.name)


def challenge_app(scene: Scene) -> Finding | None:
    """Some app has to hold challenge files."""
    state = scene.state
    if not _answers_http(scene) or state.http is None:
        return None
    place = state.place
    if place is None:
        return Problem(
            "no-challenge-app",
            "no app can hold its challenge files",
            state.no_place,
        )
    if not place.mounted:
        return Note(
            f"its website {place.website.name} runs code, and no app is mounted at"
            f" {CHALLENGE_PATH} there; a check changes no website, so the challenge path was not"
            " tried",
            f"Nothing: the next certificate for it mounts the app {place.mount.app} there by"
            " itself. `certbot renew --dry-run` tries it for those there are.",
        )
    return Fine(f"{place.mount.app} at {place.mount.path}")


def https_website(scene: Scene) -> Finding | None:
    """Visitors need an https website that has a certificate."""
    state = scene.state
    if state.https is not None and state.https.certificate:
        return Fine(state.https.name)
    lineage = state.lineage
    if lineage is None and not scene.meant:
        return None
    if lineage is None:
        return Problem(
            "no-certificate",
            "it has no certificate",
            f"`certbot run -a {AUTHENTICATOR} -i {INSTALLER} -d {state.domain}` gets one and"
            " installs it.",
        )
    if not state.installed_as and lineage.renewal.installer != INSTALLER:
        return None
    if state.https is None and a_label(state.domain) not in map(a_label, lineage.names):
        return Note(
            f"no https website serves it, and only a wildcard of the lineage {lineage.name} covers"
            " it",
            f"{_install(lineage)} Nothing, if http is enough for it.",
        )
    missing = (
        f"its https website {state.https.name} uses the shared certificate of the host"
        if state.https
        else "no https website serves it"
    )
    return Problem("no-https", f"{missing}, although it has a certificate", _install(lineage))


def certificate(scene: Scene) -> Finding | None:
    """The https website has to use our certificate, and that has to cover the domain."""
    state = scene.state
    if state.https is None or not state.https.certificate:
        return None
    name = state.https.certificate
    if state.wanted and state.wanted != name:
        source = scene.survey.documents.wanted.certificates.get(state.wanted)
        return Problem(
            "other-certificate",
            f"its https website {state.https.name} uses the certificate {name}, not"
            f" {state.wanted} as was installed; somebody changed that on the panel",
            f"`certbot install --cert-name {source.source} -i {INSTALLER}` if that was not meant."
            if source
            else "Choose the right one in the panel.",
        )
    if state.certificate is None:
        return Problem(
            "other-certificate",
            f"its https website {state.https.name} uses a certificate {name} that the panel does"
            " not have",
            "Choose another one in the panel.",
        )
    names = state.certificate.domains
    if not covered(state.domain, names) and not _is_renewed_for(state):
        kept = state.lineage.names if state.lineage and state.installed_as == name else names
        everything = dict.fromkeys((*kept, state.domain))
        return Problem(
            "not-covered",
            f"the certificate {name} covers {listed(names)}, but not it, so browsers warn",
            f"`certbot run -a {AUTHENTICATOR} -i {INSTALLER} --expand "
            + " ".join(f"-d {shlex.quote(each)}" for each in everything)
            + "`",
        )
    return Fine(name)


def uploaded(scene: Scene) -> Finding | None:
    """The panel has to have the lineage's certificate."""
    state, lineage = scene.state, scene.state.lineage
    if lineage is None or not state.leaf or not state.https:
        return None
    if state.leaf == lineage.fingerprint:
        return Fine("the panel has the certificate of the lineage")
    if state.installed_as != state.https.certificate:
        return None
    if state.uploaded == lineage.fingerprint:
        return Problem(
            "changed-on-panel",
            f"the certificate {state.installed_as} on the panel is not the one that was uploaded"
            f" from the lineage {lineage.name}; somebody changed it on the panel",
            _install(lineage),
        )
    return Problem(
        "not-uploaded",
        f"the lineage {lineage.name} was renewed, but the panel still has the certificate before"
        + (f", which expires on {state.certificate.expires}" if state.certificate else ""),
        "`certbot renew` uploads it."
        if lineage.renewal.installer == INSTALLER
        else _install(lineage),
    )


def served(scene: Scene) -> Finding | None:
    """The web server has to serve what the panel has."""
    state = scene.state
    if state.served is None or not state.leaf:
        return None
    if state.served.leaf == state.leaf:
        return Fine("serves the certificate of the panel")
    if not state.served.leaf:
        return Problem(
            "not-served",
            f"visitors get {state.served.words}",
            "If its websites were changed just now, wait a few minutes. If it lasts, check that"
            " DNS points it to this account's server, and that this machine reaches that"
            " (--webfaction-connect-to).",
        )
    return Problem(
        "not-served",
        f"visitors get {state.served.words}, not the panel's"
        + (f", which expires on {state.certificate.expires}" if state.certificate else ""),
        "The web server takes changes over with a delay: wait a few minutes. If it lasts, check"
        " that DNS points it to this account's server, and whether a CDN stands before it.",
    )


def days_left(scene: Scene) -> Finding | None:
    """No certificate may come near its end."""
    state, lineage, now = scene.state, scene.state.lineage, scene.now
    if lineage is None:
        expires = state.certificate.expires if state.certificate else None
        if expires is None:
            return None
        left = expires - now.date()
        if left < SOON:
            return Problem(
                "expired" if left.days < 0 else "expiring",
                f"its certificate {_when(left, 'expires', 'expired')}, and no lineage here renews"
                " it",
                f"`certbot run -a {AUTHENTICATOR} -i {INSTALLER} -d {state.domain}` replaces it.",
            )
        return Fine(_when(left, "expires", "expired"))
    left = lineage.expires - now
    expiry = _when(left, "expires", "expired")
    if left <= datetime.timedelta(0):
        return Problem("expired", f"its lineage {lineage.name} {expiry}", _RENEW)
    if lineage.renews is not None and now - lineage.renews > OVERDUE:
        return Problem(
            "expiring",
            f"its lineage {lineage.name} {expiry}, and was to be renewed"
            f" {(now - lineage.renews).days} days ago",
            _RENEW,
        )
    if lineage.renews is None:
        return Fine(expiry)
    return Fine(f"{expiry}, {_when(lineage.renews - now, 'renews', 'is due since')}")


def renewal(scene: Scene) -> Finding | None:
    """Renewals have to happen, and to get onto the panel."""
    state, lineage = scene.state, scene.state.lineage
    if lineage is None:
        return None
    file = Path(scene.config.renewal_configs_dir) / f"{lineage.name}.conf"
    if lineage.renews is None:
        return Problem(
            "no-renewal",
            f"its lineage {lineage.name} is not renewed by itself",
            f"Remove the line with autorenew from {file}.",
        )
    if lineage.renewal.installer == INSTALLER:
        if state.installed_as or scene.survey.documents.damage:
            return Fine(f"{lineage.name} renews and installs")
        return Problem(
            "not-installed",
            f"its lineage {lineage.name} names {INSTALLER} as its installer but was never"
            " installed with it, so renewals do not get onto the panel",
            _install(lineage),
        )
    if _has_deploy_hook(lineage, scene.config):
        return Fine(f"{lineage.name} renews, and a hook deploys it")
    if state.installed_as or (state.leaf and state.leaf == lineage.fingerprint):
        return Problem(
            "no-installer",
            f"its certificate is installed, but the renewal file of the lineage {lineage.name}"
            f" names {lineage.renewal.installer or 'no installer'}, so renewals do not get onto"
            " the panel",
            _reconfigure(lineage, file),
        )
    return Note(
        f"its lineage {lineage.name} renews, but is not installed on the panel",
        f"{_install(lineage)} Nothing, if it is for something else.",
    )


DOMAIN_CHECKS: Sequence[Check] = (
    Check("website", http_website, ("login",)),
    Check("app", challenge_app, ("login", "website")),
    Check("https website", https_website, ("login",)),
    Check("certificate", certificate, ("login", "https website")),
    Check("uploaded", uploaded, ("login", "https website")),
    Check("served", served, ("login", "https website")),
    Check("days left", days_left),
    Check("renewal", renewal),
)
"""The steps in their order. That of the challenge path, which takes a file, is the doctor's."""


def problems_of(scene: Scene) -> list[Problem]:
    """What is wrong with a domain."""
    findings = [check.find(scene) for check in DOMAIN_CHECKS]
    return [finding for finding in findings if isinstance(finding, Problem)]


def account_problems(survey: Survey) -> list[Problem]:
    """What is wrong with our documents and certbot's lineages as a whole."""
    problems = [
        Problem("unreadable-lineage", text, "`certbot certificates` may say more of it.")
        for text in survey.unreadable
    ]
    documents = survey.documents
    if documents.damage:
        problems.append(
            Problem(
                "damaged-document",
                f"{documents.damage} What was installed is not known until then",
                "The next `certbot renew` keeps it aside, and rebuilds it from the panel and the"
                " lineages, if it is damaged and not only unreadable.",
            )
        )
    open_ends = documents.differences
    for names, what in (
        (open_ends.websites, "certificates are to be attached to the https websites"),
        (open_ends.redirects, "redirects are to be set up on the http websites"),
        (open_ends.undo_redirects, "redirects are to be taken off the http websites"),
        (open_ends.undo_websites, "certificates are to be taken off the https websites"),
    ):
        if names:
            problems.append(
                Problem(
                    "unfinished",
                    f"an earlier run did not come to its end: {what} {listed(names)}",
                    "`certbot renew` finishes it, whether or not a certificate is due.",
                )
            )
    return problems


_RENEW = (
    "`certbot renew` now, and look at what it says; then see that it runs by itself every day (the"
    " check “cron” of `certbot-webfaction doctor`)."
)


def _answers_http(scene: Scene) -> bool:
    """Whether the next challenge for the domain is ours, over http."""
    lineage = scene.state.lineage
    return lineage.renewal.authenticator == AUTHENTICATOR if lineage else scene.meant


def _is_renewed_for(state: DomainState) -> bool:
    """Whether the lineage covers the domain, and only has to be uploaded."""
    return (
        state.lineage is not None
        and state.https is not None
        and state.installed_as == state.https.certificate
        and covered(state.domain, state.lineage.names)
    )


def _install(lineage: Lineage) -> str:
    return f"`certbot install --cert-name {lineage.name} -i {INSTALLER}` installs it."


def _reconfigure(lineage: Lineage, file: Path) -> str:
    import certbot

    # certbot 2.3 brought `reconfigure`.
    if tuple(map(int, certbot.__version__.split(".")[:2])) >= (2, 3):
        return f"`certbot reconfigure --cert-name {lineage.name} -i {INSTALLER}` puts it there."
    return f"Write installer = {INSTALLER} into {file}."


def _has_deploy_hook(lineage: Lineage, config: configuration.NamespaceConfig) -> bool:
    hook = lineage.renewal.parameters.get("renew_hook", "")
    for_all = Path(config.renewal_deploy_hooks_dir).glob("*")
    return "certbot-webfaction" in hook or any(map(_deploys, for_all))


def _deploys(hook: Path) -> bool:
    try:
        return b"certbot-webfaction" in hook.read_bytes()
    except OSError:  # a directory, a link to nowhere
        return False


def _when(left: datetime.timedelta, to_come: str, past: str) -> str:
    days = abs(left.days)
    unit = "day" if days == 1 else "days"
    if left < datetime.timedelta(0):
        return f"{past} {days} {unit}" + (" ago" if past == "expired" else "")
    return f"{to_come} in {days} {unit}"


def listed(names: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
