"""What the words of the model mean."""

from __future__ import annotations

import pytest

from certbot_webfaction.hosts.webfaction.model import Mount, Website
from certbot_webfaction.panel.model import CHALLENGE_PATH, Upload


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


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/", "/"),
        ("", "/"),
        ("//", "/"),
        ("/blog", "/blog"),
        ("/blog/", "/blog"),
        ("blog", "/blog"),
        ("/.well-known/acme-challenge/", CHALLENGE_PATH),
    ],
)
def test_the_spelling_of_a_path_does_not_change_what_it_means(path: str, meant: str) -> None:
    """With or without slashes at its ends."""
    assert Mount("shop", path).url_path == meant
    assert Mount("shop", path).meaning == Mount("shop", meant).meaning


def test_content_is_what_is_not_for_challenges() -> None:
    """In its order."""
    challenges, blog, shop = Mount("c", "/.well-known/"), Mount("blog", "/"), Mount("shop", "/s")
    website = Website("site", "192.0.2.1", False, (), (challenges, blog, shop))
    assert website.content == (blog, shop)


def test_an_upload_shows_nothing_of_itself() -> None:
    """It ends in tracebacks and logs otherwise."""
    assert repr(Upload("leaf", "key", "chain")) == "Upload()"
