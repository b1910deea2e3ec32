"""What the words of the model mean."""

from __future__ import annotations

import pytest

from certbot_webfaction.hosts.webfaction.model import Upload, Website
from certbot_webfaction.hosts.webfaction.mount import Mount
from certbot_webfaction.panel.model import CHALLENGE_PATH


@pytest.mark.parametrize(
    ("path", "does"),
    [
        (CHALLENGE_PATH, True),
        ("/.well-known", True),
        ("/", False),
        ("/.well", False),
        ("/.well-known/other", False),
        (f"{CHALLENGE_PATH}/deeper", False),
    ],
)
def test_a_mount_at_or_above_the_challenge_path_serves_challenges(path: str, does: bool) -> None:
    """But not the root: that is content."""
    assert Mount("app", path).serves_challenges is does


def test_new_content_keeps_the_challenge_mounts() -> None:
    """In whatever order they stood."""
    challenges, blog, shop = Mount("c", "/.well-known"), Mount("blog", "/"), Mount("shop", "/s")
    website = Website("site", "192.0.2.1", False, (), (challenges, blog, shop))
    assert website.content == (blog, shop)
    redirected = website.with_content((Mount("redirect", "/"),))
    assert redirected.mounts == (Mount("redirect", "/"), challenges)
    assert redirected.with_content(website.content).content == website.content


def test_an_upload_shows_nothing_of_itself() -> None:
    """It ends in tracebacks and logs otherwise."""
    assert repr(Upload("leaf", "key", "chain")) == "Upload()"
