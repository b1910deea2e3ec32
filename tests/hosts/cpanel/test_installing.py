"""Certificates put on virtual hosts: nothing stays in the panel's store that nobody presents."""

from __future__ import annotations

import pytest

from certbot_webfaction.books import Books
from certbot_webfaction.hosts.cpanel.installing import UPLOAD
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import Change, Upload
from tests.hosts.cpanel.conftest import Place
from tests.hosts.cpanel.test_client import upload
from tests.sandbox.cpanel.faults import HTTP_504, UNKNOWN_ERROR, refusal
from tests.sandbox.faults import RESET_AFTER, RESET_BEFORE, Fault

DOMAIN = "blog.example.com"


def install(place: Place, ours: Upload, books: Books) -> Change:
    """Have the blog present a certificate, as a process of its own does; return what is noted."""
    panel = place.panel()
    (site,) = (each for each in panel.https_sites() if each.id == DOMAIN)
    handle = panel.store("blog", [DOMAIN], ours, "", (), lambda _: None)
    panel.install(site, handle, [DOMAIN], None, books)
    change = books.noted(UPLOAD, handle)
    assert change is not None
    return change


@pytest.mark.parametrize("fault", [HTTP_504, RESET_AFTER, UNKNOWN_ERROR])
def test_what_was_stored_is_known_though_the_answer_was_lost(place: Place, fault: Fault) -> None:
    """So that it is deleted once another takes its place."""
    books = place.books()
    place.stand_in.faults.on(1, fault, "SSL::install_ssl")
    former = install(place, upload(DOMAIN), books)
    install(place, upload(DOMAIN), books)
    place.panel().undo(former)
    store = place.account.store
    assert len(store.certificates) == len(store.keys) == 1
    assert former.done


def test_what_was_stored_is_known_though_another_follows_at_once(place: Place) -> None:
    """As a forced renewal does, before anyone has made up for the lost answer."""
    books, ours = place.books(), upload(DOMAIN)
    panel = place.panel()
    (site,) = (each for each in panel.https_sites() if each.id == DOMAIN)
    handle = panel.store("blog", [DOMAIN], ours, "", (), lambda _: None)
    place.stand_in.faults.on(1, RESET_AFTER, "SSL::install_ssl")
    for call in range(2, 6):
        place.stand_in.faults.on(call, RESET_BEFORE, "SSL::install_ssl")
    with pytest.raises(PanelUnreachableError):
        panel.install(site, handle, [DOMAIN], None, books)
    place.stand_in.faults.clear()
    books.read()
    install(place, upload(DOMAIN), books)
    former = books.noted(UPLOAD, handle)
    assert former is not None
    place.panel().undo(former)
    assert len(place.account.store.certificates) == len(place.account.store.keys) == 1


def test_what_was_stored_is_known_in_the_end_if_the_panel_went_away(place: Place) -> None:
    """The next run finds it installed, and still asks."""
    books, ours = place.books(), upload(DOMAIN)
    for call in range(1, 5):
        place.stand_in.faults.on(call, RESET_BEFORE, "SSL::installed_hosts")
    panel = place.panel()
    with pytest.raises(PanelUnreachableError):
        panel.https_sites()
    place.stand_in.faults.clear()
    (site,) = (each for each in panel.https_sites() if each.id == DOMAIN)
    handle = panel.store("blog", [DOMAIN], ours, "", (), lambda _: None)
    for call in range(1, 20):
        place.stand_in.faults.on(call, RESET_BEFORE, "SSL::installed_hosts")
    with pytest.raises(PanelUnreachableError):
        panel.install(site, handle, [DOMAIN], None, books)
    place.stand_in.faults.clear()
    books.read()
    change = install(place, ours, books)
    assert change.done
    assert set(place.account.store.keys) == {change.after["key"]}
    place.methods()
    install(place, ours, books)
    assert "SSL::install_ssl" not in place.methods()


@pytest.mark.parametrize("fails", [True, False])
@pytest.mark.parametrize("is_gone", [True, False])
def test_what_several_installs_stored_is_swept_by_one_call(
    place: Place, fails: bool, is_gone: bool
) -> None:
    """What is behind one that was gone already, by itself; that is looked for."""
    books, store = place.books(), place.account.store
    place.account.switches.batch_fails = fails
    former = [install(place, upload(DOMAIN), books) for _ in range(2)]
    install(place, upload(DOMAIN), books)
    assert len(store.keys) == 3
    if is_gone:
        place.account.delete_key(former[0].after["key"])
    panel = place.panel()
    panel.https_sites()
    place.methods()
    panel.sweep(former)
    for change in former:
        panel.undo(change)
    made = place.methods()
    assert made[0] == "Batch::strict"
    deleted = ["SSL::delete_key", "SSL::delete_cert", "SSL::delete_key"] if is_gone else []
    assert [each for each in made if "delete" in each] == deleted
    assert len(made) <= (6 if is_gone else 1)
    assert len(store.certificates) == len(store.keys) == 1


@pytest.mark.parametrize(
    "fault", [HTTP_504, RESET_BEFORE, RESET_AFTER, UNKNOWN_ERROR, refusal("No such module.")]
)
def test_what_can_not_be_swept_by_one_call_is_swept_by_several(place: Place, fault: Fault) -> None:
    """An old server may lack the function, an answer may be lost."""
    books = place.books()
    former = install(place, upload(DOMAIN), books)
    install(place, upload(DOMAIN), books)
    place.stand_in.faults.on(1, fault, "Batch::strict")
    panel = place.panel()
    panel.sweep([former])
    panel.undo(former)
    assert len(place.account.store.certificates) == len(place.account.store.keys) == 1


@pytest.mark.parametrize("call", ["SSL::delete_cert", "SSL::delete_key"])
def test_what_the_panel_refuses_to_delete_is_told_and_tried_again(place: Place, call: str) -> None:
    """The note is kept by who asked for the undoing."""
    books = place.books()
    change = install(place, upload(DOMAIN), books)
    place.account.uninstall(DOMAIN)
    place.stand_in.faults.on(1, refusal("Something is wrong."), call)
    with pytest.raises(PanelRefusedError, match="Something is wrong"):
        place.panel().undo(change)
    place.panel().undo(change)
    assert not place.account.store.certificates
    assert not place.account.store.keys
    place.panel().undo(change)  # gone, which is what was wanted


def test_a_plan_that_keeps_certificates_is_no_failure(place: Place) -> None:
    """They stay in the panel's store, as the doctor says."""
    change = install(place, upload(DOMAIN), place.books())
    place.account.uninstall(DOMAIN)
    place.account.features.discard("sslmanager")
    place.panel().undo(change)
    assert place.account.store.keys
