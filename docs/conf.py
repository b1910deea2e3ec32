"""Sphinx's configuration."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of

from sphinx.application import Sphinx

project = "certbot-webfaction"
author = "the certbot-webfaction developers"
project_copyright = author
release = version_of("certbot-webfaction")

extensions = ["sphinx.ext.autodoc"]  # the manual is the package's docstring
exclude_patterns = ["_build"]
html_extra_path = ["status-screen.txt"]  # status.rst links to it, for GitHub shows no inclusion
nitpicky = True
html_theme = "alabaster"
html_theme_options = {"description": "HTTPS for WebFaction's websites, by certbot"}

_LINK = re.compile(r"`([^`<]+?)\s+<([\w-]+)\.rst>`__")


def _link_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links to files, which GitHub follows, into Sphinx's links to pages."""
    source[0] = _LINK.sub(r":doc:`\1 </\2>`", source[0])


def setup(app: Sphinx) -> None:
    """Register the above."""
    app.connect("source-read", _link_pages)
