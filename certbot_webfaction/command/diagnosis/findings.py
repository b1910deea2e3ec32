"""What is to be said of a domain at each step from its websites to its served certificate."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certbot import configuration

from certbot_webfaction.challenges.placement import why_nowhere
from certbot_webfaction.command.diagnosis.survey import (
    AUTHENTICATOR,
    DNS_AUTHENTICATOR,
    INSTALLER,
    DomainState,
    Lineage,
    Survey,
    Unreadable,
)
from certbot_webfaction.lineages.renewals import reconfigure
from certbot_webfaction.names import a_label, covered
from certbot_webfaction.panel.model import CHALLENGE_PATH
from certbot_webfaction.phrases import get_command, install_command

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
            f"{_get(scene, *_siblings(state))} gets one and installs it.",
        )
    if not state.installed_as and lineage.renewal.installer != INSTALLER:
        return None
    if state.https is None and a_label(state.domain) not in map(a_label, lineage.names):
        return Note(
            f"no https website serves it, and only a wildcard of the lineage {lineage.name} covers"
            " it",
            f"{_install(scene, lineage)} Nothing, if http is enough for it.",
        )
    missing = (
        f"its https website {state.https.name} uses the shared certificate of the host"
        if state.https
        else "no https website serves it"
    )
    return Problem(
        "no-https", f"{missing}, although it has a certificate", _install(scene, lineage)
    )


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
            f"`{install_command(scene.config, source.source)}` if that was not meant."
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
        return Problem(
            "not-covered",
            f"the certificate {name} covers {listed(names)}, but not it, so browsers warn",
            _get(scene, *kept, *_siblings(state)),
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
            _install(scene, lineage),
        )
    return Problem(
        "not-uploaded",
        f"the lineage {lineage.name} was renewed, but the panel still has the certificate before"
        + (f", which expires on {state.certificate.expires}" if state.certificate else ""),
        "`certbot renew` uploads it."
        if lineage.renewal.installer == INSTALLER
        else _install(scene, lineage),
    )


def served(scene: Scene) -> Finding | None:
    """The web server has to serve what the panel has."""
    state = scene.state
    if state.served is None or not state.leaf:
        return None
    if state.served.leaf == state.leaf:
        return _without_chain(state) or Fine("serves the certificate of the panel")
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
    """No certificate may come near its end: neither what visitors get nor what is to replace it."""
    state, lineage = scene.state, scene.state.lineage
    of_panel = None if _https_has_lineage(state) else _days_left_on_panel(scene)
    if lineage is None or isinstance(of_panel, Problem):
        return of_panel
    of_lineage = _days_left_of_lineage(scene, lineage)
    return of_lineage if isinstance(of_lineage, Problem) else of_panel or of_lineage


def _days_left_on_panel(scene: Scene) -> Finding | None:
    """The https website uses a certificate that is none of a lineage's, at least not now."""
    state, lineage = scene.state, scene.state.lineage
    if state.certificate is None or state.certificate.expires is None:
        return None
    left = state.certificate.expires - scene.now.date()
    expiry = _when(left, "expires", "expired")
    if left >= SOON:
        return Fine(expiry)
    kind = "expired" if left.days < 0 else "expiring"
    if lineage is None:
        return Problem(
            kind,
            f"its certificate {expiry}, and no lineage here renews it",
            f"{_get(scene, *_siblings(state))} replaces it.",
        )
    return Problem(
        kind,
        f"the certificate {state.certificate.name} of its https website {expiry}; the lineage"
        f" {lineage.name} is not installed there",
        _install(scene, lineage),
    )


def _days_left_of_lineage(scene: Scene, lineage: Lineage) -> Finding:
    now = scene.now
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
    if not lineage.renewal.authenticator:
        wildcard = any(name.startswith("*.") for name in lineage.names)
        authenticator = DNS_AUTHENTICATOR if wildcard else AUTHENTICATOR
        return Problem(
            "no-renewal",
            f"its lineage {lineage.name} is not renewed, for its renewal file names no"
            " authenticator",
            f"Write authenticator = {authenticator} below [renewalparams] in {file}.",
        )
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
            _install(scene, lineage),
        )
    if _has_deploy_hook(lineage, scene.config):
        return Fine(f"{lineage.name} renews, and a hook deploys it")
    if state.installed_as or (state.leaf and state.leaf == lineage.fingerprint):
        return Problem(
            "no-installer",
            f"its certificate is installed, but the renewal file of the lineage {lineage.name}"
            f" names {lineage.renewal.installer or 'no installer'}, so renewals do not get onto"
            " the panel",
            reconfigure(lineage.renewal, INSTALLER, scene.config),
        )
    return Note(
        f"its lineage {lineage.name} renews, but is not installed on the panel",
        f"{_install(scene, lineage)} Nothing, if it is for something else.",
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


def account_problems(survey: Survey, config: configuration.NamespaceConfig) -> list[Problem]:
    """What is wrong with our documents and certbot's lineages as a whole."""
    problems = [
        Problem("unreadable-lineage", each.text, _restore(each, config))
        for each in survey.unreadable
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


def _https_has_lineage(state: DomainState) -> bool:
    """Whether the https website uses the lineage's certificate: its present one, or an older."""
    return (
        state.https is not None
        and state.lineage is not None
        and (
            state.https.certificate == state.installed_as or state.leaf == state.lineage.fingerprint
        )
    )


def _without_chain(state: DomainState) -> Problem | None:
    """Visitors get the lineage's leaf; browsers need the chain that leads to a known CA, too."""
    lineage = state.lineage
    if not (state.served and lineage and lineage.fingerprint == state.leaf):
        return None
    if state.served.chain[: len(lineage.chain)] == lineage.chain:
        return None
    return Problem(
        "not-served",
        f"visitors get {state.served.words}, but not with the chain that belongs to it",
        f"`certbot renew --force-renewal --cert-name {lineage.name}` gets one anew and puts it onto"
        " the panel with its chain.",
    )


def _siblings(state: DomainState) -> Sequence[str]:
    """The domain and all others of its website, for which one certificate is best."""
    website = state.https or state.http
    names = website.domains if website else ()
    return names if covered(state.domain, names) else (*names, state.domain)


def _get(scene: Scene, *domains: str) -> str:
    return f"`{get_command(scene.config, domains)}`"


def _install(scene: Scene, lineage: Lineage) -> str:
    """The lineage, or a wider one where the website would lose a name with it."""
    state = scene.state
    held = state.certificate.domains if state.certificate else ()
    served = state.https.domains if state.https else ()
    if any(covered(own, held) and not covered(own, lineage.names) for own in served):
        return f"{_get(scene, *served, *lineage.names)} gets one for all."
    return f"`{install_command(scene.config, lineage.name)}` installs it."


def _restore(unreadable: Unreadable, config: configuration.NamespaceConfig) -> str:
    if not unreadable.domains:
        return "`certbot certificates` may say more of it."
    return (
        "Restore the file from a backup. Or get the certificate anew and delete the file then:"
        f" `{get_command(config, unreadable.domains)}`"
    )


def _has_deploy_hook(lineage: Lineage, config: configuration.NamespaceConfig) -> bool:
    hook = lineage.renewal.parameters.get("renew_hook", "")
    for_all = Path(config.renewal_deploy_hooks_dir).glob("*")
    return "certbot-webfaction" in hook or any(map(_deploys, for_all))


def _deploys(hook: Path) -> bool:
    # certbot runs what can be executed and is no editor's backup (certbot._internal.hooks).
    if hook.name.endswith("~") or not os.access(hook, os.X_OK):
        return False
    try:
        return b"certbot-webfaction" in hook.read_bytes()
    except OSError:  # a directory, a link to nowhere
        return False


def _when(left: datetime.timedelta, to_come: str, past: str) -> str:
    days = abs(left).days
    is_past = left < datetime.timedelta(0)
    if days == 0:
        return f"{past if is_past else to_come} today"
    counted = f"{days} day" if days == 1 else f"{days} days"
    if is_past:
        return f"{past} {counted}" + (" ago" if past == "expired" else "")
    return f"{to_come} in {counted}"


def listed(names: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
