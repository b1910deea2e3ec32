"""Storing certificates on the panel, each under a name of its own."""

from __future__ import annotations

import re
from collections.abc import Collection

from certbot.display import util as display_util

from certbot_webfaction.hosts.webfaction.model import Certificate
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.hosts.webfaction.sites import first_free
from certbot_webfaction.names import covered
from certbot_webfaction.panel.errors import CertificateGoneError, PanelRefusedError
from certbot_webfaction.panel.model import Upload


def free_name(seen: Seen, label: str, names: tuple[str, ...], taken: Collection[str]) -> str:
    """A name for a new certificate, after the label, as letsencrypt_webfaction named its own.

    Somebody else's certificate keeps its name: one that is for more than these names.
    """
    plain = re.sub(r"[^A-Za-z0-9_]", "_", label)
    there = seen.certificates()
    return first_free(
        plain,
        lambda name: name not in taken and (name not in there or _is_covered(there[name], names)),
    )


def store(seen: Seen, label: str, name: str, upload: Upload, *, there: bool) -> None:
    """Store a certificate under a name, unless this process has.

    :param there: whether it is there by all that we know
    """
    if not seen.has_stored(name, upload):
        _send(seen, name, upload, there=there or seen.saw_certificate(name))
        display_util.notify(f"Uploaded certificate {label} to the panel as {name}.")


def _is_covered(certificate: Certificate, names: tuple[str, ...]) -> bool:
    return bool(certificate.domains) and all(covered(own, names) for own in certificate.domains)


def _send(seen: Seen, name: str, upload: Upload, *, there: bool) -> None:
    """Replace a certificate, or create it; which of them, is not always known for sure.

    :raises CertificateGoneError: if it was there, and is not any more
    """
    try:
        seen.put_certificate(name, upload, there=there)
    except PanelRefusedError as error:
        # The string of "no such certificate" was never recorded, so the panel is asked.
        if there == (name in seen.certificates(anew=True)):
            raise
        if there:
            raise CertificateGoneError(error.what, error.todo, error.said) from error
        seen.put_certificate(name, upload, there=not there)
