"""The host of another shape that tests above the seam run against."""

from __future__ import annotations

from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.interface import IPanel
from certbot_webfaction.panel.model import Change
from tests.accounts import make_account
from tests.panel.one_site import ONE_SITE, OneSitePanel, three_sites


def test_it_provides_what_every_panel_has(tmp_path: Path) -> None:
    """All verbs, with the interface's arguments."""
    verifyObject(IPanel, OneSitePanel(three_sites(tmp_path)))


def test_a_change_shows_only_later(tmp_path: Path) -> None:
    """The host refuses another one until then; the panel waits for it."""
    host = three_sites(tmp_path)
    blog = host.site("blog")
    host.update_site(blog.id, redirect=True)
    with pytest.raises(PanelRefusedError, match="not ready"):
        host.update_site(blog.id, redirect=False)
    assert not blog.redirect
    panel = OneSitePanel(host)
    account = make_account(tmp_path, panel, ONE_SITE)
    site = next(site for site in panel.http_sites() if site.id == blog.id)
    panel.redirect(site, account.books)
    assert blog.redirect
    assert host.writes() == ["update_site"] * 2, "the one that was refused, and no third"
    assert host.time.now == host.delay


def test_a_failure_comes_before_or_after_its_effect(tmp_path: Path) -> None:
    """Of the host's verbs, and of the panel's."""
    host = three_sites(tmp_path)
    panel = OneSitePanel(host)
    blog = next(site for site in panel.https_sites() if site.label == "site blog")
    change = Change(Change.SITE, blog.id, {"certificate": None}, {"certificate": None})
    host.fail(verb="update_site", after=True)
    host.fail(2, verb="restore")
    with pytest.raises(PanelUnreachableError):
        panel.restore(blog, change)
    host.settle()
    assert host.site("blog").certificate is None
    with pytest.raises(PanelUnreachableError):
        panel.restore(blog, change)
