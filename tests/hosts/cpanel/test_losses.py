"""What is said of names that lose cover, decided on what this host presents."""

from __future__ import annotations

import pytest

from certbot_webfaction.account import Account, Memory
from certbot_webfaction.hosts.cpanel import CPANEL
from certbot_webfaction.installation.decide import Placing, Present, find_sites, warn_of_losses
from certbot_webfaction.lineages import Lineages
from certbot_webfaction.phrases import Phrases
from tests.hosts.cpanel.conftest import Place
from tests.hosts.cpanel.test_client import upload
from tests.hosts.webfaction.accounts import options
from tests.sandbox.cpanel.installs import Given

NAMES = ("shop.example", "www.shop.example")


def found(place: Place, *names: str) -> Placing:
    """Where a certificate with these names may go."""
    panel = place.panel()
    none = Lineages(*[place.directory / "none"] * 4)
    memory = Memory(lambda: None, place.books())
    phrases = Phrases("cpanel", "")
    account = Account(CPANEL, options(place.directory), lambda: panel, none, phrases, memory)
    return find_sites(names, names, "", Present(panel), account)


def present(place: Place, *names: str) -> None:
    """Have the shop present somebody's certificate for these names."""
    theirs = upload(*names)
    given = Given(theirs.leaf, theirs.private_key, theirs.chain)
    place.account.install("shop.example.example.com", given)


def test_a_certificate_of_the_host_gives_way_with_a_warning(place: Place) -> None:
    """Also where a site's own names lose cover: it was nobody's choice, and comes back."""
    place.account.run_autossl()
    placing = found(place, "shop.example")
    assert not placing.refusals
    (loss,) = placing.losses
    assert "www.shop.example" in loss
    assert "-d shop.example -d www.shop.example" in loss


def test_somebodys_certificate_stays_where_own_names_would_lose(place: Place) -> None:
    """And nothing is said of losses, as there are none."""
    present(place, *NAMES)
    placing = found(place, "shop.example")
    assert "www.shop.example" in placing.refusals["shop.example"]
    assert placing.losses == []


def test_names_that_the_host_adds_are_no_reason_to_refuse(place: Place) -> None:
    """They are warned of, whosever the certificate is."""
    present(place, *NAMES, "mail.shop.example")
    placing = found(place, *NAMES)
    assert not placing.refusals
    assert "mail.shop.example" in placing.losses[0]


def test_what_loses_nothing_is_not_spoken_of(place: Place) -> None:
    """Nor what presents nothing."""
    assert found(place, *NAMES).losses == []
    present(place, *NAMES)
    assert found(place, *NAMES).losses == []


def test_a_loss_is_warned_of_once(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Before the CA is asked, and not again when it is installed."""
    place.account.run_autossl()
    told: set[str] = set()
    for _ in range(2):
        warn_of_losses(found(place, *NAMES), told)
    assert len(caplog.records) == 1
