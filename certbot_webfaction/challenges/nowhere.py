"""Domains that no http site serves, so that no challenge file can answer for them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from certbot_webfaction.errors import ExplainedError
from certbot_webfaction.names import a_label
from certbot_webfaction.panel.model import HttpSite, HttpsSite
from certbot_webfaction.panel.serving import Sites


def nowhere(
    domains: Sequence[str], http: Sites[HttpSite], https: Sites[HttpsSite], todo: str = ""
) -> ExplainedError:
    """The error that names all these domains, each with what is known of it.

    :param todo: a sentence with another way out
    """
    lines = [
        "These domains are on no http website of the account, so their challenges can't be"
        " answered. The CA was not asked.",
        *(f"  {domain}: {why_nowhere(domain, http, https)}" for domain in domains),
        "Changes in the panel take a few minutes. Then run the command again.",
    ]
    return ExplainedError("\n".join(lines), todo)


def why_nowhere(domain: str, http: Sites[HttpSite], https: Sites[HttpsSite]) -> str:
    """What is known of a domain that no http site serves, and what to do."""
    if secure := https.serving(domain):
        return (
            f"only the {secure[0].label} serves it, and a CA starts at port 80. Create an http"
            " website with this domain in the panel."
        )
    labels = {a_label(name): site.label for site in http.all for name in site.names}
    if not labels:
        return "the account has no http website. Create one with this domain in the panel."
    near = difflib.get_close_matches(a_label(domain), labels, n=3, cutoff=0.5)
    if not near:
        return "no domain of the account is like it. Create an http website with it in the panel."
    known = ", ".join(f"{name} ({labels[name]})" for name in near)
    return f"nearest is {known}. Correct the name, or add the domain to a website in the panel."
