"""Putting certificates on virtual hosts, and giving back what was there before."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterator, Sequence

from certbot.display import util as display_util

from certbot_webfaction.hosts.cpanel.model import (
    VirtualHost,
    handle_of,
    public_mark,
)
from certbot_webfaction.hosts.cpanel.seen import Seen
from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.lineages.files import is_elliptic
from certbot_webfaction.panel.errors import (
    CertificateGoneError,
    ChangedByHandError,
    ImpossibleError,
    PanelError,
)
from certbot_webfaction.panel.interface import Notes
from certbot_webfaction.panel.model import Change, HttpsSite, State

logger = logging.getLogger(__name__)

UPLOAD = "uploaded certificate"
"""What a certificate of ours in the panel's store is called; ``after`` has the ids there of
``certificate`` and ``key``, and a fingerprint of the ``public`` key."""

_STAYS = "It presents what it presented before."
_RSA = (
    " If its words make no sense: for years cPanel could not read certificates with ECDSA keys,"
    " which certbot makes by default. `certbot run -a cpanel -i cpanel --cert-name NAME --key-type"
    " rsa --force-renewal` makes one with an RSA key; `certbot certificates` lists the names."
)


def state_of(host: VirtualHost) -> State:
    """What giving a virtual host back what it presents needs."""
    if host.installed is None:
        return {"certificate": None, "autossl": False, "expires": None}
    expires = host.installed.expires
    return {
        "certificate": host.installed.id,
        "autossl": host.installed.is_autossl,
        "expires": expires.isoformat() if expires else None,
    }


def holds(host: VirtualHost) -> str | None:
    """The handle of the certificate that is for a virtual host's names; a made-up one is none."""
    installed = host.installed
    return installed.handle if installed and not installed.is_self_signed else None


def install(seen: Seen, site: HttpsSite, handle: str, notes: Notes) -> State:
    """As `IPanel.install`."""
    host = _there(seen, site)
    change = notes.noted(UPLOAD, handle) or Change(UPLOAD, handle, purpose=Change.CERTIFICATE)
    if holds(host) == handle and (change.done or not change.after):
        return state_of(host)
    upload = seen.uploads.get(handle)
    if upload is None:
        raise CertificateGoneError(f"The certificate {handle} is not at hand.")
    if holds(host) != handle:
        _learn_of_former(seen, host, notes)
    change.after = change.after or {
        "certificate": "",
        "key": "",
        "public": public_mark(upload.leaf),
    }

    told = []

    def stored(certificate: str, key: str) -> None:
        told.append(certificate)
        change.after.update(certificate=certificate, key=key)

    todo = _STAYS + (_RSA if is_elliptic(upload.leaf) else "")
    with notes.changing(change), seen.changing():
        seen.installed.saw(seen.client.install(host.servername, host.label, upload, todo, stored))
        now = _there(seen, site)
        if now.installed is not None:
            change.after["certificate"] = now.installed.id
        if not told:
            seen.client.tell_stored(host.servername, upload, stored)
    display_util.notify(f"The {host.label} now presents the certificate {handle}.")
    return state_of(now)


def _learn_of_former(seen: Seen, host: VirtualHost, notes: Notes) -> None:
    """Learn what an install of ours stored whose answer was lost, before another follows it."""
    installed = host.installed
    change = notes.noted(UPLOAD, installed.handle) if installed else None
    if installed is None or change is None or change.done:
        return
    ids = change.after
    if former := seen.client.stored(installed.id):
        with notes.changing(change):
            seen.client.tell_stored(
                host.servername,
                former,
                lambda certificate, key: ids.update(certificate=certificate, key=key),
            )


def _there(seen: Seen, site: HttpsSite) -> VirtualHost:
    host = seen.host(site.id)
    if host is None:
        raise PanelError(
            f"The {site.label} is gone from the panel.", "Add its domain there, and try again."
        )
    return host


def restore(seen: Seen, site: HttpsSite, before: State) -> None:
    """As `IPanel.restore`.

    The panel keeps a former certificate with its key, so that none has to be kept here.

    :param before: what `state_of` told then, and what was held
    """
    host = _there(seen, site)
    state = before["state"]
    if before["certificate"] is None:
        _take_off(seen, host)
        return
    if state["autossl"] and _is_over(state["expires"]):
        _take_off(seen, host)
        _hand_back(seen, host)
        return
    former = seen.client.stored(state["certificate"])
    if former is None:
        raise ChangedByHandError("the certificate that it had is gone from the panel's store")
    if handle_of(former.leaf) != before["certificate"]:
        raise ChangedByHandError("the certificate that it had is gone: its id has another one")
    todo = "It presents what it presented. Choose its certificate in the panel, under SSL/TLS."
    with seen.changing():
        seen.installed.saw(seen.client.install(host.servername, host.label, former, todo))
    display_util.notify(f"The {host.label} presents the certificate {before['certificate']} again.")
    if state["autossl"]:
        _hand_back(seen, host)


def _take_off(seen: Seen, host: VirtualHost) -> None:
    seen.change(lambda client: client.uninstall(host.servername, host.label))
    seen.saw_uninstalled(host.servername)
    display_util.notify(f"The {host.label} has no certificate again.")


def _hand_back(seen: Seen, host: VirtualHost) -> None:
    """Ask AutoSSL to see to a virtual host as it did before."""
    if refusal := seen.client.start_autossl():
        logger.warning(
            "AutoSSL could not be asked to see to the %s again, as it did before: %s It looks by"
            " itself each night; the panel shows under SSL/TLS Status whether it did.",
            host.label,
            refusal,
        )
    now = seen.host(host.servername)
    if now is not None and now.installed is not None and not now.installed.is_autossl:
        logger.warning(
            "The %s has its former certificate again, but the panel takes it for yours, not for"
            " AutoSSL's, so nobody renews it. Delete it before it expires, in the panel under"
            " SSL/TLS, Manage SSL sites; then AutoSSL sees to a new one.",
            host.label,
        )


def _is_over(expires: str | None) -> bool:
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return expires is not None and expires < today.isoformat()


def sweep(seen: Seen, changes: Sequence[Change]) -> None:
    """As `IPanel.sweep`."""
    stored = [each for change in changes for each in _unneeded(seen, change)]
    seen.swept = seen.client.delete_together([*dict.fromkeys(stored)])


def undo_upload(seen: Seen, change: Change) -> None:
    """Delete a certificate and key of ours from the panel's store, if nothing presents them."""
    try:
        for each in _unneeded(seen, change):
            if each not in seen.swept:
                seen.client.delete_stored(*each)
    except ImpossibleError as error:
        logger.debug("The certificate %s stays in the panel's store: %s", change.on, error)


def _unneeded(seen: Seen, change: Change) -> Iterator[tuple[str, str]]:
    """What a change of ours put into the panel's store that nothing presents: kinds with ids."""
    presented = seen.installed(FRESH).values()
    if any(installed.handle == change.on for installed in presented):
        return
    ids = change.after
    if ids["certificate"]:
        yield "cert", ids["certificate"]
    # A renewal may keep its key.
    if ids["key"] and all(public_mark(each.leaf) != ids["public"] for each in presented):
        yield "key", ids["key"]
