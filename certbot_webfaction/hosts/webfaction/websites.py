"""Letting https websites use a certificate, making them for that, and putting them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from certbot.display import util as display_util

from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction.model import Mount, Website
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.hosts.webfaction.sites import (
    content_behind,
    https_state,
    mounts_of,
    redirects,
)
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.errors import ChangedByHandError, PanelError, PanelRefusedError
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change, HttpsSite, State


def install(
    seen: Seen,
    site: HttpsSite,
    certificate: str,
    names: Sequence[str],
    made: Change | None,
    notes: Notes,
) -> State:
    """As `IPanel.install`."""
    website = seen.website(site.id, https=True)
    if website is None:
        return _make(seen, site, certificate, names, notes)
    if not site.exists:
        raise PanelError(
            f"An {site.label} has appeared on the panel while one was to be made for"
            f" {', '.join(names)}.",
            "Run the command again.",
        )
    if made is not None:
        return _bring(seen, website, certificate, names, made.after)
    return _attach(seen, website, certificate)


def _attach(seen: Seen, website: Website, certificate: str) -> State:
    changed = replace(website, certificate=certificate)
    if changed != website:
        seen.update_website(changed)
        display_util.notify(f"The https website {website.name} now uses certificate {certificate}.")
    return https_state(changed)


def _bring(
    seen: Seen, website: Website, certificate: str, names: Sequence[str], ours: State
) -> State:
    """Give a website that we made its names; those that others gave it stay."""
    wanted = {a_label(name): name for name in names}
    given = set(map(a_label, ours["names"]))
    kept = [own for own in website.domains if a_label(own) in wanted or a_label(own) not in given]
    new = [name for label, name in wanted.items() if label not in website.labels]
    changed = replace(website, domains=(*kept, *new), certificate=certificate)
    if changed != website:
        seen.update_website(changed)
    # What others put there is not ours, so that it keeps an undo from deleting the website.
    content = (ours["state"] or https_state(website))["content"]
    return {**https_state(changed), "domains": sorted(wanted), "content": content}


def _make(
    seen: Seen, site: HttpsSite, certificate: str, names: Sequence[str], notes: Notes
) -> State:
    if site.exists:
        raise PanelError(f"The {site.label} is gone from the panel.")
    source = seen.website(site.made_from, https=False)
    if source is None:
        raise PanelError(
            f"The http website {site.made_from} is gone from the panel, so no https website could"
            f" be made from it for {', '.join(names)}.",
            "Create it on the panel and run the command again.",
        )
    mounts = source.mounts
    if redirects(source):
        mounts = _mounts_behind(seen, source, names, notes)
    mounts = tuple(mount for mount in mounts if mount.url_path != CHALLENGE_PATH)
    made = Website(site.id, source.ip, True, tuple(names), mounts, certificate)
    seen.create_website(made)
    display_util.notify(
        f"Created the https website {site.id} for {', '.join(names)}"
        f" with certificate {certificate}."
    )
    return https_state(made)


def _mounts_behind(
    seen: Seen, source: Website, names: Sequence[str], notes: Notes
) -> tuple[Mount, ...]:
    """The mounts that an http website had before it redirected."""
    noted = notes.noted(Change.REDIRECT, source.name)
    shown = noted.before if noted else None
    if shown is None:
        shown = content_behind(source, seen.websites(FRESH))
    if shown is None:
        raise PanelError(
            f"The http website {source.name} redirects to https already, and what it showed before"
            f" is not known, so no https website was made for {', '.join(names)}.",
            "Let it show its own app again in the panel, then run the command again.",
        )
    return mounts_of(shown, source.challenges)


def restore(seen: Seen, site: HttpsSite, change: Change) -> None:
    """As `IPanel.restore`."""
    website = seen.website(site.id, https=True)
    if website is None:
        return
    if change.before is None:
        _delete(seen, website, change.after)
    else:
        _use_again(seen, website, change.before["certificate"] or "")


def _delete(seen: Seen, website: Website, ours: State) -> None:
    now, left = https_state(website), ours["state"]
    if left is None:  # interrupted: the rest is not known
        names = sorted(map(a_label, ours["names"]))
        left = {**now, "certificate": ours["certificate"], "domains": names}
    if now != left:
        raise ChangedByHandError("it was changed by hand since certbot-webfaction made it")
    seen.delete_website(website)
    display_util.notify(f"Deleted the https website {website.name} again.")


def _use_again(seen: Seen, website: Website, before: str) -> None:
    try:
        seen.update_website(replace(website, certificate=before))
    except PanelRefusedError as error:
        if not before or before in seen.certificates(anew=True):
            raise
        raise ChangedByHandError(
            f"the certificate {before}, which it used before, is gone"
        ) from error
    display_util.notify(
        f"The https website {website.name} uses"
        f" {before or 'the shared certificate of the host'} again."
    )
