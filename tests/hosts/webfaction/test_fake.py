"""The fake fails when a test orders it, and notes what it was asked."""

from __future__ import annotations

import pytest

from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Upload
from tests.hosts.webfaction.fake import FakePanel


def test_failure_before_the_effect_leaves_all_as_it_was() -> None:
    """And only the ordered call fails."""
    panel = FakePanel()
    panel.fail(2)
    panel.login()
    with pytest.raises(PanelUnreachableError):
        panel.create_app("shop", "static_only")
    assert panel.programs == {}
    panel.create_app("shop", "static_only")


def test_failure_after_the_effect_leaves_it() -> None:
    """As an answer that gets lost."""
    panel = FakePanel()
    panel.fail(1, "create_app", after=True)
    panel.login()
    with pytest.raises(PanelUnreachableError):
        panel.create_app("shop", "static_only")
    assert list(panel.programs) == ["shop"]


def test_refusal_after_the_effect_is_the_rule_s() -> None:
    """What breaks a rule has no effect to fail after."""
    panel = FakePanel()
    panel.fail(1, after=True)
    with pytest.raises(PanelRefusedError, match="does not exist"):
        panel.delete_app("shop")


def test_given_error_is_raised() -> None:
    """A refusal, for instance."""
    panel = FakePanel()
    panel.fail(error=PanelRefusedError("No."))
    with pytest.raises(PanelRefusedError, match="No"):
        panel.websites()


def test_calls_are_noted() -> None:
    """Those that fail too."""
    panel = FakePanel()
    panel.output = "done"
    assert panel.run("true") == "done"
    panel.create_app("shop", "static_only")
    with pytest.raises(PanelRefusedError):
        panel.create_app("shop", "static_only")
    assert panel.calls == [("run",), ("create_app", "shop"), ("create_app", "shop")]
    assert panel.verbs() == ["run", "create_app", "create_app"]
    assert panel.ran == ["true"]


def test_upload_need_not_be_a_certificate() -> None:
    """Then it covers no domain."""
    panel = FakePanel()
    upload = Upload("leaf", "key", "chain")
    panel.create_certificate("shop", upload)
    assert panel.installed["shop"].domains == ()
    assert panel.uploads == {"shop": upload}
