"""What is known of a panel without asking it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certbot_webfaction.hosts.seen import FRESH
from certbot_webfaction.hosts.webfaction.model import DnsRecord, Domain, Mount, Website
from certbot_webfaction.hosts.webfaction.seen import Seen
from certbot_webfaction.panel.errors import PanelUnreachableError
from certbot_webfaction.panel.model import Upload
from tests.hosts.webfaction.fake import IP, FakePanel
from tests.web.web import Time

SITE = Website("shop", IP, False, ("shop.test",), (Mount("static", "/"),))


def test_a_fresh_reading_is_asked_for_where_it_matters() -> None:
    """Without a limit what was ever seen will do; our own changes are known without asking."""
    time, panel = Time(), FakePanel((SITE,))
    panel.create_app("static", "static_only")
    shared = Seen(lambda: panel, time.clock)
    shared.websites()
    time.sleep(FRESH + 1)
    shared.websites()
    assert panel.verbs().count("websites") == 1
    shared.websites(FRESH)
    assert panel.verbs().count("websites") == 2
    https = Website("shop", IP, True, ("shop.test",), SITE.mounts)
    shared.create_website(https)
    assert https in shared.websites(FRESH)
    shared.delete_website(https)
    assert https not in shared.websites(FRESH)
    assert panel.verbs().count("websites") == 2
    shared.apps()
    shared.create_app("letsencrypt", "static_only")
    assert set(shared.apps()) == {"static", "letsencrypt"}
    shared.delete_app("letsencrypt")
    assert set(shared.apps()) == {"static"}
    assert panel.verbs().count("apps") == 1
    shared.forget()
    shared.websites()
    shared.apps()
    assert panel.verbs()[-2:] == ["websites", "apps"]


def test_a_change_whose_answer_is_lost_is_looked_for_on_the_panel() -> None:
    """What was seen before it does not count any more, not even for a second."""
    panel = FakePanel((SITE,))
    panel.create_app("static", "static_only")
    shared = Seen(lambda: panel, Time().clock)
    https = Website("shop", IP, True, ("shop.test",), SITE.mounts)
    for change in (
        lambda: shared.create_website(https),
        lambda: shared.update_website(replace(https, domains=("new.test",))),
        lambda: shared.delete_website(https),
        lambda: shared.create_app("letsencrypt", "static_only"),
        lambda: shared.delete_app("letsencrypt"),
    ):
        shared.websites()
        shared.apps()
        panel.fail(after=True)
        with pytest.raises(PanelUnreachableError):
            change()
        assert set(shared.websites(FRESH)) == set(panel.sites.values())
        assert set(shared.apps()) == set(panel.programs)


def test_dns_is_read_once_a_minute_and_kept_in_step() -> None:
    """Others may change it meanwhile; our own changes are known without asking."""
    time, panel = Time(), FakePanel(domains=(Domain("example.com", ("www",)),))
    shared = Seen(lambda: panel, time.clock)
    record = DnsRecord("a.example.com", "TXT", "value")
    assert shared.dns().names == {"example.com", "www.example.com"}
    shared.create_subdomain("example.com", "a")
    shared.create_txt(record)
    assert shared.dns().names == {"example.com", "www.example.com", "a.example.com"}
    assert shared.dns().records == [record]
    assert shared.made_subdomains == {"a.example.com"}
    shared.delete_txt(record)
    shared.delete_subdomain("example.com", "a")
    assert shared.dns().names == {"example.com", "www.example.com"}
    assert (shared.dns().records, shared.made_subdomains) == ([], set())
    assert panel.verbs().count("domains") == panel.verbs().count("dns_records") == 1
    time.sleep(FRESH + 1)
    shared.dns()
    assert panel.verbs().count("domains") == panel.verbs().count("dns_records") == 2


def test_a_certificate_that_was_stored_is_forgotten_when_it_is_not_listed() -> None:
    """Somebody deleted it, so storing it again is a write."""
    panel = FakePanel()
    shared = Seen(lambda: panel)
    upload = Upload("leaf", "key", "chain")
    shared.put_certificate("shop", upload, there=False)
    assert shared.has_stored("shop", upload)
    assert not shared.has_stored("shop", Upload("another", "key", "chain"))
    assert "shop" in shared.certificates()
    assert shared.has_stored("shop", upload)
    del panel.installed["shop"]
    assert shared.certificates(anew=True) == {}
    assert not shared.has_stored("shop", upload)
