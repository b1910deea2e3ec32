"""What is to be said of a domain at each step from its websites to its served certificate."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from certbot import errors

from certbot_webfaction.challenges import dns01
from certbot_webfaction.challenges.nowhere import why_nowhere
from certbot_webfaction.command.diagnosis.survey import Lineage, Subject, Survey, name_of
from certbot_webfaction.errors import parts_of
from certbot_webfaction.names import a_label, covered, has_wildcard
from certbot_webfaction.panel.findings import Finding, Fine, Note, Problem
from certbot_webfaction.panel.model import CHALLENGE_PATH, Certificate
from certbot_webfaction.text import capitalized, listed
from certbot_webfaction.web.visit import Visit

OVERDUE = datetime.timedelta(days=2)
"""How long after the day on which certbot is to renew a lineage that counts as not happening."""

SOON = datetime.timedelta(days=14)
"""How long before its expiry a certificate that no lineage here renews is spoken of."""


@dataclass(frozen=True)
class Check:
    """One step. ``find`` gives `None` where the step is none for a domain.

    ``needs`` names the steps without which there is nothing to check.
    """

    title: str
    find: Callable[[Subject], Finding | None]
    needs: tuple[str, ...] = ()


def http_website(subject: Subject) -> Finding | None:
    """A CA asks at port 80, so an http site has to serve the domain."""
    if not answers_http(subject):
        return None
    if subject.http:
        return Fine(name_of(subject.http))
    text = "no http website of the account serves it"
    why = why_nowhere(subject.domain, subject.survey.http, subject.survey.https)
    remedy = capitalized(why)
    if dns01.has_zone(subject.account, subject.domain):
        return Note(f"{text}, so challenges are answered in its DNS", remedy)
    return Problem("no-website", f"{text}, so no challenge can be answered", remedy)


def challenge_app(subject: Subject) -> Finding | None:
    """Some app has to hold challenge files."""
    place = subject.place
    if place is None or not answers_http(subject):
        return None
    if isinstance(place, errors.PluginError):
        text = f"no {subject.account.host.holder} can hold its challenge files"
        return Problem("no-challenge-app", text, str(place))
    if place.ready:
        return Fine(f"{place.holder} at {place.mount}")
    return Note(
        f"its website {name_of(place.site)} runs code, and no app is mounted at"
        f" {CHALLENGE_PATH} there; a check changes no website, so the challenge path was not tried",
        f"Nothing: the next certificate for it mounts the app {place.holder} there by itself."
        " `certbot renew --dry-run` tries it for those there are.",
    )


def https_website(subject: Subject) -> Finding | None:
    """Visitors need an https site that has a certificate."""
    https, lineage = subject.https, subject.lineage
    if https and https.holds:
        return Fine(name_of(https))
    if lineage is None:
        remedy = f"{_get(subject)} gets one and installs it."
        wrong = Problem("no-certificate", "it has no certificate", remedy)
        return wrong if subject.meant else None
    if not subject.is_installed and not _is_ours_to_install(subject, lineage):
        return None
    text, remedy = "no https website serves it", _install(subject, lineage)
    if https:
        text = f"its {https.label} uses the shared certificate of the host"
    elif a_label(subject.domain) not in map(a_label, lineage.names):
        return Note(
            f"{text}, and only a wildcard of the lineage {lineage.name} covers it",
            f"{remedy} Nothing, if http is enough for it.",
        )
    return Problem("no-https", f"{text}, although it has a certificate", remedy)


def certificate(subject: Subject) -> Finding | None:
    """The https site has to use our certificate, and that has to cover the domain."""
    survey, https, known = subject.survey, subject.https, subject.certificate
    if https is None or not https.holds:
        return None
    name = known.label if known else https.holds
    want = survey.wanted.sites.get(https.id)
    source = want.source.name if want else ""
    handle = survey.handle_of(source)
    if handle and handle != https.holds:
        return Problem(
            "other-certificate",
            f"its {https.label} uses the certificate {name}, not {handle} as was installed;"
            " somebody changed that on the panel",
            f"`{subject.phrases.install(source)}` if that was not meant.",
        )
    if known is None:
        text = f"its {https.label} uses a certificate {name} that the panel does not have"
        return Problem("other-certificate", text, "Choose another one in the panel.")
    wrong = _not_covered(subject, known) or _test_certificate(subject)
    return wrong or Fine(f"{name}, {_whose(subject)}")


def _whose(subject: Subject) -> str:
    if subject.keeper == "host":
        return f"kept by {subject.account.host.label} itself"
    return f"of the lineage {subject.in_place.name}" if subject.in_place else "your own"


def _not_covered(subject: Subject, known: Certificate) -> Problem | None:
    renewed = subject.renewed_by.names if subject.renewed_by else known.names
    if covered(subject.domain, (*known.names, *renewed)):
        return None
    text = (
        f"the certificate {known.label} covers {listed(known.names)}, but not it, so browsers warn"
    )
    return Problem("not-covered", text, _get(subject, *renewed))


def _test_certificate(subject: Subject) -> Problem | None:
    lineage = subject.in_place
    if lineage is None or not lineage.is_test:
        return None
    text = (
        f"its certificate is a test certificate: the lineage {lineage.name} is from the staging"
        " server of the CA, and every browser warns of it"
    )
    remedy = (
        f"`{subject.phrases.replace(lineage.name, lineage.names)}` replaces it, where no cli.ini"
        " says --staging, --test-cert or --server."
    )
    return Problem("test-certificate", text, remedy)


def uploaded(subject: Subject) -> Finding | None:
    """The panel has to have the lineage's certificate."""
    lineage, known = subject.lineage, subject.certificate
    if lineage is None or known is None or subject.leaf is None:
        return None
    if subject.leaf == lineage.fingerprint:
        return Fine("the panel has the certificate of the lineage")
    if subject.renewed_by is None:
        return None
    stored = subject.survey.stored[lineage.name]
    if stored.done and stored.after["fingerprint"] == lineage.fingerprint:
        return Problem(
            "changed-on-panel",
            f"the certificate {known.label} on the panel is not the one that was uploaded from the"
            f" lineage {lineage.name}; somebody changed it on the panel",
            _install(subject, lineage),
        )
    by_itself = _is_ours_to_install(subject, lineage)
    return Problem(
        "not-uploaded",
        f"the lineage {lineage.name} was renewed, but the panel still has the certificate before"
        + _which_expires(known),
        "`certbot renew` uploads it." if by_itself else _install(subject, lineage),
    )


def served(subject: Subject) -> Finding | None:
    """The web server has to serve what the panel has."""
    served, known, lineage = subject.served, subject.certificate, subject.lineage
    connect_to = subject.account.host.flag("connect-to")
    if served is None or known is None or subject.leaf is None:
        return None
    text = f"visitors get {served.words}"
    if not served.leaf:
        remedy = (
            "If its websites were changed just now, wait a few minutes. If it lasts, check that"
            " DNS points it to this account's server, and that this machine reaches that"
            f" ({connect_to})."
        )
    elif served.leaf != subject.leaf:
        text += f", not the panel's{_which_expires(known)}"
        remedy = (
            "The web server takes changes over with a delay: wait a few minutes. If it lasts, check"
            f" that DNS points it to this account's server. If a CDN stands before it, {connect_to}"
            " ADDRESS looks past it, at the account's own server."
        )
    elif (
        lineage
        and lineage.fingerprint == subject.leaf
        # Without its chain browsers may know no CA for it.
        and served.chain[: len(lineage.chain)] != lineage.chain
    ):
        text += ", but not with the chain that belongs to it"
        remedy = (
            f"`certbot renew --force-renewal --cert-name {lineage.name}` gets one anew and puts it"
            " onto the panel with its chain."
        )
    else:
        return Fine("serves the certificate of the panel")
    return Problem("not-served", text, remedy)


def content(subject: Subject) -> Finding | None:
    """Visitors who are let in have to find something."""
    visited = subject.visited
    if visited is None or subject.https is None:
        return None
    text = _lost_over_https(visited)
    if text is None:
        return Fine("https shows what http shows")
    if visited.https.loops or any(url.startswith("http:") for url in visited.https.urls):
        remedy = (
            "An app that sends https to http mostly does not know that it was asked over https:"
            " have it look at a header such as X-Forwarded-Proto."
        )
    else:
        remedy = (
            f"Look at https://{subject.domain}/ in a browser, and at the error log of what the"
            f" {subject.https.label} shows."
        )
    return Problem("no-content", f"{text}; that is what visitors get", remedy)


def _lost_over_https(visited: Visit) -> str | None:
    """What visitors of https get in place of content that http has, or leads them to."""
    https = visited.https
    if https.trouble is None and not https.loops and https.status < 400:
        return None  # if it leads back to http, what is there is found
    if visited.goes_to_https and https.status >= 500:
        return f"https answers with status {https.status}"
    return visited.lost


def days_left(subject: Subject) -> Finding | None:
    """No certificate may come near its end: neither what visitors get nor what is to replace it."""
    lineage = subject.lineage
    of_panel = None if subject.in_place else _days_left_on_panel(subject)
    if lineage is None or isinstance(of_panel, Problem):
        return of_panel
    of_lineage = _days_left_of_lineage(lineage, subject.survey.now)
    return of_lineage if isinstance(of_lineage, Problem) else of_panel or of_lineage


def _days_left_on_panel(subject: Subject) -> Finding | None:
    """The https site uses a certificate that is none of a lineage's, at least not now."""
    known, lineage = subject.certificate, subject.lineage
    if known is None or known.expires is None:
        return None
    left = known.expires - subject.survey.now.date()
    expiry = _when(left, "expires", "expired")
    if subject.keeper == "host" and left.days >= 0:
        return Fine(f"{expiry}; {subject.account.host.label} renews it by itself")
    if left >= SOON:
        return Fine(expiry)
    if lineage:
        text = (
            f"the certificate {known.label} of its https website {expiry}; the lineage"
            f" {lineage.name} is not installed there"
        )
        remedy = _install(subject, lineage)
    else:
        text = f"its certificate {expiry}, and no lineage here renews it"
        remedy = f"{_get(subject)} replaces it."
    return Problem("expired" if left.days < 0 else "expiring", text, remedy)


def _days_left_of_lineage(lineage: Lineage, now: datetime.datetime) -> Finding:
    left = lineage.expires - now
    expiry = _when(left, "expires", "expired")
    text = f"its lineage {lineage.name} {expiry}"
    if left <= datetime.timedelta(0):
        return Problem("expired", text, _RENEW)
    if lineage.renews is None:
        return Fine(expiry)
    late = now - lineage.renews
    if late > OVERDUE:
        text += f", and was to be renewed {late.days} days ago"
        return Problem("expiring", text, _RENEW)
    return Fine(f"{expiry}, {_when(-late, 'renews', 'is due since')}")


_RENEW = (
    "`certbot renew` now, and look at what it says; then see that it runs by itself every day (the"
    " check “cron” of `certbot-webfaction doctor`)."
)


def renewal(subject: Subject) -> Finding | None:
    """Renewals have to happen, and to get onto the panel."""
    lineage = subject.lineage
    if lineage is None:
        return None
    text = f"its lineage {lineage.name} is not renewed"
    file = subject.account.lineages.renewal_file(lineage.name)
    if not lineage.renewal.authenticator:
        text += ", for its renewal file names no authenticator"
        authenticator = subject.phrases.authenticator(lineage.names)
        remedy = f"Write authenticator = {authenticator} below [renewalparams] in {file}."
    elif lineage.renews is None:
        text += " by itself"
        remedy = f"Remove the line with autorenew from {file}."
    elif why := _why_it_fails(subject, lineage, file):
        what, remedy = why
        text = f"renewals of its lineage {lineage.name} will fail: {what.rstrip('.')}"
    else:
        return _reaches_panel(subject, lineage)
    return Problem("no-renewal", text, remedy)


def _why_it_fails(subject: Subject, lineage: Lineage, file: Path) -> tuple[str, str] | None:
    """What stops `certbot renew` at the lineage, as far as can be told before, and what to do."""
    account, name = subject.account, lineage.name
    renew_with = subject.phrases.renew_with(name, lineage.names, file)
    if _is_hidden_by_redirect(subject, lineage):
        return (
            "its http website redirects, and no longer serves the directory that -a webroot puts"
            " challenge files into"
        ), renew_with
    if refusal := subject.survey.without_records.get(name):
        what, todo = parts_of(refusal)
        if lineage.renewal.authenticator == account.host.name and not has_wildcard(lineage.names):
            todo += f" Or remove the line with pref_challs from {file}: files answer then."
        return what, todo
    hindrance = lineage.hindrance
    if hindrance is None:
        return None
    if hindrance.credentials and hindrance.plugin in account.host.plugins:
        option = account.host.flag("credentials")
        named = f"{option} {shlex.quote(hindrance.credentials)}"
        todo = f"`certbot-webfaction init --host {account.host.name} {named}` writes it."
    elif hindrance.plugin:
        todo = f"Put it there. Or {renew_with}"
    else:
        anew = subject.phrases.get(lineage.names)
        todo = hindrance.todo or f"Get the certificate anew: `{anew}`; then delete {file}."
    return hindrance.what, todo


def _is_hidden_by_redirect(subject: Subject, lineage: Lineage) -> bool:
    """Whether the http site redirects, and serves no file of the directory that webroot fills."""
    settings, place = lineage.renewal, subject.ready_place
    if settings.authenticator != "webroot" or place is None or not place.site.redirects:
        return False
    filled = [settings.parameters.get(key, "") for key in ("webroot_path", "webroot_map")]
    # Where the challenge path alone is mounted, nothing tells what is filled for it.
    return place.mount == "/" and not any(place.directory in each for each in filled)


def _reaches_panel(subject: Subject, lineage: Lineage) -> Finding | None:
    """What renewals of the lineage get has to be installed."""
    survey, name, settings = subject.survey, lineage.name, lineage.renewal
    if _is_ours_to_install(subject, lineage):
        # Without books the next run finds what is installed by what the sites present.
        is_found = survey.is_new and subject.leaf == lineage.fingerprint
        lost = _goes_nowhere(subject, lineage)
        if lost or subject.is_installed or survey.damage or is_found:
            return lost or Fine(f"{name} renews and installs")
        return _not_installed(subject, lineage)
    if "certbot-webfaction" in settings.parameters.get("renew_hook", "") or survey.has_deploy_hook:
        return Fine(f"{name} renews, and a hook deploys it")
    if subject.is_installed or subject.leaf == lineage.fingerprint:
        file = subject.account.lineages.renewal_file(name)
        return Problem(
            "no-installer",
            f"its certificate is installed, but the renewal file of the lineage {name} names"
            f" {settings.installer or 'no installer'}, so renewals do not get onto the panel",
            subject.phrases.reconfigure(name, file),
        )
    return Note(
        f"its lineage {name} renews, but is not installed on the panel",
        f"{_install(subject, lineage)} Nothing, if it is for something else.",
    )


def _not_installed(subject: Subject, lineage: Lineage) -> Problem | None:
    """Renewals are for our installer, which knows nothing of the lineage."""
    survey, remedy = subject.survey, _install(subject, lineage)
    before = [] if survey.offline else [https_website(subject), days_left(subject)]
    was_told = remedy in [each.remedy for each in before if isinstance(each, Problem)]
    if was_told or (survey.is_new and survey.offline):
        return None
    text = (
        f"its lineage {lineage.name} names {lineage.renewal.installer} as its installer but is not"
        " installed with it, so renewals do not get onto the panel"
    )
    return Problem("not-installed", text, remedy)


def _goes_nowhere(subject: Subject, lineage: Lineage) -> Problem | None:
    """A renewal is for a certificate of the panel that no https site uses (any more)."""
    survey, https = subject.survey, subject.https
    handle = survey.handle_of(lineage.name)
    if handle is None or handle in survey.held:
        return None
    if https is None or not https.holds or https.id in survey.wanted.sites:
        return None  # that was told before
    text = (
        f"renewals of its lineage {lineage.name} go into the certificate {handle}, which no https"
        f" website uses (any more): its {https.label} uses {https.holds}"
    )
    return Problem("goes-nowhere", text, _install(subject, lineage))


CHECKS: Sequence[Check] = (
    Check("website", http_website, ("login",)),
    Check("app", challenge_app, ("login", "website")),
    Check("challenge path", lambda subject: subject.probed, ("login", "website", "app")),
    Check("https website", https_website, ("login",)),
    Check("certificate", certificate, ("login", "https website")),
    Check("uploaded", uploaded, ("login", "https website")),
    Check("served", served, ("login", "https website")),
    Check("content", content, ("login", "https website", "served")),
    Check("days left", days_left),
    Check("renewal", renewal),
)
"""The steps in their order."""


def problems_of(subject: Subject) -> list[Problem]:
    """What is wrong with a domain."""
    findings = [check.find(subject) for check in CHECKS]
    return [finding for finding in findings if isinstance(finding, Problem)]


def account_problems(survey: Survey) -> list[Problem]:
    """What is wrong with our books and certbot's lineages as a whole."""
    problems = list(survey.unreadable)
    if survey.damage:
        text = f"{survey.damage} What was installed is not known until then"
        remedy = (
            "The next `certbot renew` keeps it aside, and rebuilds it from the panel and the"
            " lineages, if it is damaged and not only unreadable."
        )
        problems.append(Problem("damaged-document", text, remedy))
    # certbot loads the plugin for these alone.
    renewed = any(each.ours and each.renewal.installer for each in survey.lineages)
    open_ends = survey.differences
    for what, sites in {
        "certificates are to be attached to the https websites": open_ends.sites,
        "redirects are to be set up on the http websites": open_ends.redirects,
        "redirects are to be taken off the http websites": open_ends.undo_redirects,
        "certificates are to be taken off the https websites": open_ends.undo_sites,
    }.items():
        if sites:
            text = f"an earlier run did not come to its end: {what} {listed(sites)}"
            remedy = "`certbot renew` finishes it, whether or not a certificate is due."
            if not renewed:
                remedy = (
                    "certbot has no certificate left that it would renew and install here, so"
                    f" `certbot renew` does not finish it; `certbot rollback -i"
                    f" {survey.account.host.name}` does."
                )
            problems.append(Problem("unfinished", text, remedy))
    return problems


def answers_http(subject: Subject) -> bool:
    """Whether the next challenge for the domain is ours, over http."""
    if subject.domain.startswith("*."):
        return False  # no CA validates wildcards over http
    if subject.lineage is None:
        return subject.meant
    records = subject.survey.records.get(subject.lineage.name, ())
    is_ours = subject.lineage.renewal.authenticator == subject.account.host.name
    return is_ours and len(records) < len(subject.lineage.names)


def _is_ours_to_install(subject: Subject, lineage: Lineage) -> bool:
    """Whether certbot has our installer install renewals of the lineage."""
    return lineage.renewal.installer == subject.account.host.name


def _get(subject: Subject, *more: str) -> str:
    """The command for one certificate of these, the domain and all others of its site."""
    site = subject.https or subject.http
    own = site.names if site else ()
    if not covered(subject.domain, own):
        own = (*own, subject.domain)
    return f"`{subject.phrases.get((*more, *own))}`"


def _install(subject: Subject, lineage: Lineage) -> str:
    """The lineage, or a wider one where the site would lose a name with it."""
    held = subject.certificate.names if subject.certificate else ()
    served = subject.https.names if subject.https else ()
    if any(covered(own, held) and not covered(own, lineage.names) for own in served):
        return f"{_get(subject, *lineage.names)} gets one for all."
    return f"`{subject.phrases.install(lineage.name)}` installs it."


def _which_expires(known: Certificate) -> str:
    return f", which expires on {known.expires}" if known.expires else ""


def _when(left: datetime.timedelta, to_come: str, past: str) -> str:
    days = abs(left).days
    is_past = left < datetime.timedelta(0)
    if days == 0:
        return f"{past if is_past else to_come} today"
    counted = f"{days} day" if days == 1 else f"{days} days"
    if is_past:
        return f"{past} {counted}" + (" ago" if past == "expired" else "")
    return f"{to_come} in {counted}"
