"""Bringing the panel to what is wanted."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from certbot import errors

from certbot_webfaction.books.journal import Journal
from certbot_webfaction.books.wanted import Wanted
from certbot_webfaction.hosts.webfaction.model import Certificate, Mount, Website
from certbot_webfaction.panel.errors import PanelRefusedError, PanelUnreachableError
from certbot_webfaction.panel.model import CHALLENGE_PATH, Change
from tests.installation.scene import Scene, http, https, stored

CHALLENGES = Mount("letsencrypt", CHALLENGE_PATH)


def test_in_step_nothing_is_called(tmp_path: Path) -> None:
    """A second restart finds wanted and journal alike, and asks nobody."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []


def test_a_renewal_uploads_and_reads_nothing(tmp_path: Path) -> None:
    """The new leaf's fingerprint is the only difference; each of its domains is to be looked at.

    After that there is none.
    """
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.issue("shop.test", "shop.test")
    scene.forget_process()
    scene.watch.expected.clear()
    scene.restart()
    assert scene.panel.verbs() == ["login", "update_certificate"]
    assert scene.watch.expected == ["shop.test"]
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []


def test_a_certificate_is_noted_as_ours_before_the_panel_is_asked_to_create_it(
    tmp_path: Path,
) -> None:
    """So that it is known, should the answer get lost, and the lineage have other names then."""
    scene = Scene(tmp_path, http("shop", "shop.test", "www.shop.test"))
    files = scene.issue("shop.test", "shop.test", "www.shop.test")
    scene.panel.fail(verb="create_certificate", after=True)
    with pytest.raises(PanelUnreachableError):
        scene.install("shop.test")
    noted = stored("shop.test", "shop_test", files.fingerprint(), done=False)
    assert scene.journal.changes == [noted]


def test_the_certificate_is_uploaded_before_a_website_uses_it(tmp_path: Path) -> None:
    """And https is looked at before http is redirected to it."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    assert scene.writes() == ["create_certificate", "create_website"]
    scene.panel.calls.clear()
    scene.redirect("shop.test")
    assert scene.watch.waited == ["shop.test"]
    assert scene.writes() == ["create_app", "update_website"]


def test_a_certificate_that_goes_nowhere_is_not_uploaded(tmp_path: Path) -> None:
    """No website wants it any more: the other lineage's took its place."""
    scene = Scene(tmp_path, http("shop", "shop.test"), https("shop", "shop.test"))
    for name in ("old", "new"):
        scene.issue(name, "shop.test")
        scene.install(name)
    scene.issue("old", "shop.test")
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []


def test_challenge_mounts_stay_out_of_made_websites_and_of_redirects(tmp_path: Path) -> None:
    """The https website has none; the redirected http website keeps its own."""
    site = http("shop", "shop.test")
    scene = Scene(tmp_path, site)
    scene.panel.create_app("letsencrypt", "static_only")
    scene.panel.update_website(replace(site, mounts=(*site.mounts, CHALLENGES)))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.redirect("shop.test")
    assert scene.site("shop", https=True).mounts == (Mount("site", "/"),)
    assert scene.site("shop", https=False).mounts == (Mount("redirect_to_https", "/"), CHALLENGES)


def test_a_redirect_taken_away_by_hand_can_be_asked_for_again(tmp_path: Path) -> None:
    """It is not "already in place"; an undo then brings back what the hand had chosen."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.redirect("shop.test")
    by_hand = http("shop", "shop.test", path="/new")
    scene.panel.sites["shop", False] = by_hand
    scene.forget_process()
    scene.redirect("shop.test")
    assert scene.site("shop", https=False).content == (Mount("redirect_to_https", "/"),)
    wanted = scene.wanted
    wanted.redirects.clear()
    scene.want(wanted)
    scene.restart()
    assert scene.site("shop", https=False) == by_hand


def test_a_website_made_behind_a_redirect_shows_the_content_from_before(tmp_path: Path) -> None:
    """Its http website's content is the redirect by now; that would redirect in a circle."""
    scene = Scene(tmp_path, http("shop", "shop.test", "new.test"), https("new", "new.test"))
    scene.issue("shop.test", "shop.test")
    scene.issue("new.test", "new.test")
    scene.install("new.test")
    scene.install("shop.test")
    scene.redirect("shop.test")
    del scene.panel.sites["shop", True]
    scene.forget_process()
    scene.install("shop.test")
    assert scene.site("shop", https=True).content == (Mount("site", "/"),)


def test_a_refused_step_does_not_keep_others_from_being_taken(tmp_path: Path) -> None:
    """One upload is refused; the other is made; the next restart makes the first."""
    scene = _two_renewed(tmp_path)
    refusal = PanelRefusedError("No room for a.test.")
    scene.panel.fail(verb="update_certificate", error=refusal)
    with pytest.raises(errors.PluginError, match=r"^No room for a\.test\. The key"):
        scene.restart()
    assert scene.panel.installed["b_test"].leaf == _leaf(scene, "b.test")
    assert scene.panel.installed["a_test"].leaf != _leaf(scene, "a.test")
    scene.restart()
    assert scene.panel.installed["a_test"].leaf == _leaf(scene, "a.test")


def test_an_unreachable_panel_ends_it_at_once(tmp_path: Path) -> None:
    """The second upload is not tried where the first got no answer."""
    scene = _two_renewed(tmp_path)
    scene.panel.fail(verb="update_certificate")
    with pytest.raises(PanelUnreachableError):
        scene.restart()
    assert scene.panel.verbs().count("update_certificate") == 1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "verb", ["create_certificate", "update_website", "create_website", "create_app", "run"]
)
def test_an_interrupted_change_is_finished_by_the_next_restart(
    tmp_path: Path, verb: str, after: bool
) -> None:
    """Whatever call was the last, before or after its effect: the end is as without."""
    scene = Scene(
        tmp_path, http("a", "a.test"), https("a", "a.test"), http("b", "b.test", app="other")
    )
    scene.issue("a.test", "a.test", "b.test")
    expected = _end(Scene(tmp_path / "untroubled", *scene.panel.sites.values()))
    scene.panel.fail(verb=verb, after=after)
    with pytest.raises(errors.PluginError):
        _install_and_redirect(scene)
    scene.forget_process()
    _install_and_redirect(scene)
    assert _state(scene) == expected


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("verb", ["update_website", "delete_website", "delete_app", "run"])
def test_an_interrupted_undo_is_finished_by_the_next_restart(
    tmp_path: Path, verb: str, after: bool
) -> None:
    """The panel is as it was before us, but for the certificate."""
    scene = Scene(
        tmp_path, http("a", "a.test"), https("a", "a.test"), http("b", "b.test", app="other")
    )
    scene.issue("a.test", "a.test", "b.test")
    before = _state(scene)
    _install_and_redirect(scene)
    scene.want(Wanted())
    scene.forget_process()
    scene.panel.fail(verb=verb, after=after)
    with pytest.raises(errors.PluginError):
        scene.restart()
    scene.forget_process()
    scene.restart()
    assert _state(scene) == before
    assert {change.what for change in scene.journal.changes} == {Change.CERTIFICATE}


def test_a_certificate_that_is_gone_from_the_panel_is_created_anew(tmp_path: Path) -> None:
    """With its key and its chain; one that is still there, and is refused, is left to the user."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    files = scene.issue("shop.test", "shop.test")
    scene.panel.fail(verb="update_certificate", error=PanelRefusedError("Not that one."))
    with pytest.raises(errors.PluginError, match="Not that one"):
        scene.restart()
    assert "create_certificate" not in scene.panel.verbs()[-2:]
    del scene.panel.installed["shop_test"]
    scene.restart()
    assert scene.panel.uploads["shop_test"] == files.upload()


def test_a_website_that_we_made_is_known_in_any_order_of_its_domains(tmp_path: Path) -> None:
    """The panel may list them otherwise; one more domain is a change by hand."""
    scene = Scene(tmp_path, http("shop", "shop.test", "www.shop.test"))
    scene.issue("shop.test", "shop.test", "www.shop.test")
    for domains, stays in (
        (("www.shop.test", "shop.test"), False),
        (("shop.test", "www.shop.test", "new.test"), True),
    ):
        scene.install("shop.test")
        made = scene.site("shop", https=True)
        scene.panel.sites["shop", True] = replace(made, domains=domains)
        scene.forget_process()
        scene.want(Wanted())
        scene.restart()
        assert (("shop", True) in scene.panel.sites) is stays


@pytest.mark.parametrize("n", [1, 2])
def test_an_interrupted_change_is_undone_to_what_was_before_it(tmp_path: Path, n: int) -> None:
    """Certificate and content, though the run that first changed them never heard of it."""
    scene = Scene(tmp_path, http("a", "a.test"), https("a", "a.test"))
    scene.panel.installed["bought"] = Certificate("bought", ("a.test",), None, "")
    scene.panel.sites["a", True] = replace(scene.site("a", https=True), certificate="bought")
    scene.issue("a.test", "a.test")
    before = _state(scene)
    scene.panel.fail(n, verb="update_website", after=True)
    for change in (scene.install, scene.redirect):
        with suppress(PanelUnreachableError):
            change("a.test")
        scene.forget_process()
        scene.restart()
    assert scene.site("a", https=True).certificate == "a_test"
    assert scene.site("a", https=False).content != scene.site("a", https=True).content
    scene.want(Wanted())
    scene.restart()
    assert _state(scene) == before


def test_domains_of_a_website_that_we_made_come_and_go_with_what_is_wanted(tmp_path: Path) -> None:
    """One that somebody added by hand stays."""
    scene = Scene(tmp_path, http("shop", "shop.test", "www.shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    made = scene.site("shop", https=True)
    scene.panel.sites["shop", True] = replace(made, domains=("shop.test", "mine.test"))
    scene.forget_process()
    smaller = scene.wanted
    scene.issue("shop.test", "shop.test", "www.shop.test")
    scene.install("shop.test")
    everything = {"shop.test", "mine.test", "www.shop.test"}
    assert set(scene.site("shop", https=True).domains) == everything
    scene.want(smaller)
    scene.restart()
    assert set(scene.site("shop", https=True).domains) == {"shop.test", "mine.test"}


def test_a_redirect_waits_for_the_domains_of_its_website_alone(tmp_path: Path) -> None:
    """Others are not sent there; names behind a wildcard can't be asked for."""
    scene = Scene(tmp_path, http("a", "a.test", "*.a.test"), http("b", "b.test"))
    scene.issue("a.test", "a.test", "*.a.test", "b.test")
    scene.install("a.test")
    scene.redirect("a.test")
    assert scene.watch.waited == ["a.test"]


def test_https_stays_while_a_redirect_to_it_could_not_be_undone(tmp_path: Path) -> None:
    """Visitors would be sent to an error; the next restart undoes both."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    before = _state(scene)
    scene.install("shop.test")
    scene.redirect("shop.test")
    scene.want(Wanted())
    scene.panel.fail(verb="update_website", error=PanelRefusedError("No."))
    with pytest.raises(errors.PluginError, match="No"):
        scene.restart()
    assert scene.site("shop", https=True).certificate == "shop_test"
    scene.restart()
    assert _state(scene) == before


@pytest.mark.parametrize("website", [http("shop", "shop.test"), https("shop", "shop.test")])
def test_a_deleted_lineage_is_forgotten_without_undoing_anything(
    tmp_path: Path, website: Website
) -> None:
    """Its website goes on with its certificate, made by us or not, and nothing is called."""
    scene = Scene(tmp_path, website)
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    before = _state(scene)
    for path in (scene.lineages.live / "shop.test").iterdir():
        path.unlink()
    scene.forget_process()
    scene.restart()
    assert (scene.panel.calls, _state(scene)) == ([], before)
    assert (scene.wanted, scene.journal) == (Wanted(), Journal())


def test_an_undo_leaves_what_was_changed_by_hand(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each with a warning that says what and why; the journal does not ask again."""
    scene = Scene(tmp_path, http("a", "a.test"), https("a", "a.test"), http("b", "b.test"))
    scene.issue("a.test", "a.test", "b.test")
    _install_and_redirect(scene)
    scene.panel.installed["mine"] = Certificate("mine", ("a.test",), None, "leaf")
    by_hand = [
        https("a", "a.test", certificate="mine"),
        http("a", "a.test", app="site", path="/mine"),
        https("b", "b.test", "c.test", certificate="a_test"),
    ]
    for website in by_hand:
        scene.panel.sites[website.name, website.https] = website
    scene.want(Wanted())
    scene.forget_process()
    scene.restart()
    for website in by_hand:
        assert scene.site(website.name, https=website.https) == website
    assert "The http website a keeps its content" in caplog.text
    kept = "The https website a stays on the panel with the certificate mine"
    assert f"{kept}: it was chosen by hand since it was a_test." in caplog.text
    kept = "The https website b stays on the panel with the certificate a_test"
    assert f"{kept}: it was changed by hand since" in caplog.text
    assert scene.journal.all(Change.REDIRECT) == []


def _two_renewed(directory: Path) -> Scene:
    """Two installed lineages whose renewals are not yet on the panel."""
    scene = Scene(directory, http("a", "a.test"), http("b", "b.test"))
    for name in ("a.test", "b.test"):
        scene.issue(name, name)
        scene.install(name)
    for name in ("a.test", "b.test"):
        scene.issue(name, name)
    scene.forget_process()
    return scene


def _install_and_redirect(scene: Scene) -> None:
    scene.install("a.test")
    for domain in ("a.test", "b.test"):
        if {"a.test": "a", "b.test": "b"}[domain] not in scene.wanted.redirects:
            scene.redirect(domain)
    scene.restart()


def _end(scene: Scene) -> object:
    scene.issue("a.test", "a.test", "b.test")
    _install_and_redirect(scene)
    return _state(scene)


def _state(scene: Scene) -> object:
    webapps = scene.directory / "home/webapps"
    files = sorted(str(path.relative_to(webapps)) for path in webapps.rglob("*"))
    return copy.deepcopy(
        (dict(sorted(scene.panel.sites.items())), sorted(scene.panel.programs), files)
    )


def _leaf(scene: Scene, name: str) -> str:
    return scene.lineages.files(name).leaf.read_text()


def test_installing_again_puts_back_a_certificate_whose_content_was_replaced(
    tmp_path: Path,
) -> None:
    """Somebody uploaded another one under its name; a plain restart does not look for that."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    files = scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    held = scene.panel.installed["shop_test"]
    scene.panel.installed["shop_test"] = replace(held, leaf="another")
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []
    scene.install("shop.test")
    assert scene.writes() == ["update_certificate"]
    assert scene.panel.installed["shop_test"].leaf == files.leaf.read_text()


def test_a_mount_that_was_added_to_a_redirecting_website_stays(tmp_path: Path) -> None:
    """Installing again changes nothing, and an undo brings back what was there beside it."""
    scene = _redirected(tmp_path)
    scene.panel.create_app("files", "static_only")
    site = scene.site("shop", https=False)
    added = replace(site, mounts=(*site.mounts, Mount("files", "/files")))
    scene.panel.sites["shop", False] = added
    scene.forget_process()
    scene.install("shop.test")
    assert scene.writes() == []
    scene.want(Wanted())
    scene.restart()
    assert scene.site("shop", https=False).mounts == (Mount("site", "/"), Mount("files", "/files"))
    assert ("shop", True) not in scene.panel.sites


def test_https_stays_while_a_website_of_another_name_redirects_to_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody renamed the http website; both are left, and said to be."""
    scene = _redirected(tmp_path)
    scene.panel.sites["renamed", False] = replace(
        scene.panel.sites.pop(("shop", False)), name="renamed"
    )
    scene.want(Wanted())
    scene.forget_process()
    scene.restart()
    assert scene.site("shop", https=True).certificate == "shop_test"
    assert "The http website shop is gone from the panel, or has another name" in caplog.text
    assert "visitors of the http website renamed are still sent to it" in caplog.text
    assert "The app redirect_to_https stays on the panel: the website renamed" in caplog.text
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []


def test_a_website_keeps_what_it_has_where_its_former_certificate_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No website used it meanwhile, so somebody could delete it."""
    scene = Scene(tmp_path, https("shop", "shop.test", certificate="bought"))
    scene.panel.installed["bought"] = Certificate("bought", ("shop.test",), None, "leaf")
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    del scene.panel.installed["bought"]
    scene.want(Wanted())
    scene.forget_process()
    scene.restart()
    assert scene.site("shop", https=True).certificate == "shop_test"
    assert "the certificate bought, which it used before, is gone" in caplog.text


def test_a_redirect_stays_where_what_was_there_before_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And so does the https website behind it."""
    scene = _redirected(tmp_path)
    for key in [("shop", True)]:
        scene.panel.sites[key] = replace(scene.panel.sites[key], mounts=(Mount("new", "/"),))
    del scene.panel.programs["site"]
    before = _state(scene)
    scene.want(Wanted())
    scene.forget_process()
    scene.restart()
    assert _state(scene) == before
    assert "still redirects to https: what it showed before is gone (site)" in caplog.text


def test_a_certificate_that_was_deleted_while_unused_is_uploaded_again(tmp_path: Path) -> None:
    """The journal has it as uploaded; a rollback wants it on its website again."""
    scene = Scene(tmp_path, https("shop", "shop.test", "www.shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    before = scene.wanted
    scene.issue("big", "shop.test", "www.shop.test")
    scene.install("big")
    del scene.panel.installed["shop_test"]
    scene.want(before)
    scene.forget_process()
    scene.restart()
    assert scene.site("shop", https=True).certificate == "shop_test"
    assert scene.panel.installed["shop_test"].leaf == _leaf(scene, "shop.test")


def test_a_certificate_that_is_there_though_nobody_noted_it_is_replaced(tmp_path: Path) -> None:
    """A run was killed before the journal had it; its name was found free to take then."""
    scene = Scene(tmp_path, https("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.note(Journal())
    scene.issue("shop.test", "shop.test")
    scene.forget_process()
    scene.restart()
    assert scene.writes() == ["update_certificate"]
    assert scene.panel.installed["shop_test"].leaf == _leaf(scene, "shop.test")


def test_a_website_we_made_without_a_note_of_it_is_taken_as_it_is(tmp_path: Path) -> None:
    """Documents were rebuilt since, so it is attached to, and an undo does not delete it."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    before = scene.wanted
    scene.lose_notes(Change.SITE)
    scene.forget_process()
    scene.restart()
    assert scene.writes() == []
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []
    assert scene.wanted == before
    scene.want(Wanted())
    scene.restart()
    assert ("shop", True) in scene.panel.sites


def test_an_https_website_that_is_gone_is_told_of_once(tmp_path: Path) -> None:
    """It is wanted no more, lest every later run fail."""
    scene = Scene(tmp_path, https("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.lose_notes(Change.SITE)
    del scene.panel.sites["shop", True]
    scene.forget_process()
    with pytest.raises(errors.PluginError, match="The https website shop is gone from the panel"):
        scene.restart()
    scene.forget_process()
    scene.restart()
    assert scene.panel.calls == []
    assert "shop" not in scene.wanted.sites


def test_a_damaged_lineage_keeps_no_other_from_its_upload(tmp_path: Path) -> None:
    """The error names its file; nothing of it is touched."""
    scene = _two_renewed(tmp_path)
    leaf = scene.lineages.files("a.test").leaf
    leaf.write_text("")
    with pytest.raises(errors.PluginError, match=rf"^{leaf} holds no certificate"):
        scene.restart()
    assert scene.panel.verbs() == ["login", "update_certificate"]
    assert scene.panel.installed["b_test"].leaf == _leaf(scene, "b.test")


def test_a_damaged_lineage_keeps_its_websites_as_they_are(tmp_path: Path) -> None:
    """Also one whose making was refused before: it waits until its leaf can be read."""
    scene = Scene(tmp_path, http("a", "a.test"), http("b", "b.test"))
    for name in ("a.test", "b.test"):
        scene.issue(name, name)
    scene.install("b.test")
    scene.panel.fail(verb="create_website", error=PanelRefusedError("No."))
    with pytest.raises(errors.PluginError, match="No"):
        scene.install("a.test")
    leaf = scene.lineages.files("a.test").leaf
    leaf.write_text("")
    scene.issue("b.test", "b.test")
    scene.forget_process()
    with pytest.raises(errors.PluginError, match=rf"^{leaf} holds no certificate"):
        scene.restart()
    assert scene.panel.verbs() == ["login", "update_certificate"]


def test_a_redirect_app_that_was_changed_is_not_used_again(tmp_path: Path) -> None:
    """Visitors of the next website would get whatever is in its .htaccess now."""
    scene = _redirected(tmp_path, http("blog", "blog.test", app="other"))
    scene.issue("blog.test", "blog.test")
    scene.install("blog.test")
    htaccess = scene.directory / "home/webapps/redirect_to_https/.htaccess"
    htaccess.write_text("Deny from all\n")
    scene.forget_process()
    with pytest.raises(errors.PluginError, match=r"its \.htaccess was changed"):
        scene.redirect("blog.test")
    assert scene.site("blog", https=False).content == (Mount("other", "/"),)


def test_an_app_of_a_type_that_cant_redirect_is_not_blamed_on_anybody(tmp_path: Path) -> None:
    """It was made just now; the remedy is another type, and nothing is left of it."""
    scene = Scene(tmp_path, http("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.own["app-type"] = "static_only"
    scene.forget_process()
    before = scene.wanted
    with pytest.raises(errors.PluginError, match=r"Apps of type static_only can't redirect"):
        scene.redirect("shop.test")
    scene.want(before)
    scene.restart()
    assert "redirect_to_https" not in scene.panel.programs


def test_no_website_is_made_of_a_redirect(tmp_path: Path) -> None:
    """Visitors would be sent in a circle; what another https website shows is taken instead."""
    scene = _redirected(tmp_path)
    site = scene.panel.sites.pop(("shop", False))
    renamed = replace(site, name="renamed", domains=(*site.domains, "new.test"))
    scene.panel.sites["renamed", False] = renamed
    scene.issue("new.test", "new.test")
    scene.forget_process()
    scene.install("new.test")
    assert scene.site("renamed", https=True).content == (Mount("site", "/"),)
    for name in ("shop", "renamed"):
        del scene.panel.sites[name, True]
    scene.note(Journal())
    scene.want(Wanted())
    scene.forget_process()
    with pytest.raises(errors.PluginError, match="what it showed before is not known"):
        scene.install("new.test")


def test_a_website_we_made_is_deleted_in_whatever_order_the_panel_lists_it(tmp_path: Path) -> None:
    """The order of domains and mounts means nothing."""
    site = http("shop", "shop.test", "www.shop.test")
    site = replace(site, mounts=(*site.mounts, Mount("other", "/other")))
    scene = Scene(tmp_path, site)
    scene.issue("shop.test", "shop.test", "www.shop.test")
    scene.install("shop.test")
    made = scene.site("shop", https=True)
    scene.panel.sites["shop", True] = replace(
        made, domains=made.domains[::-1], mounts=made.mounts[::-1]
    )
    scene.want(Wanted())
    scene.forget_process()
    scene.restart()
    assert ("shop", True) not in scene.panel.sites


def test_a_website_does_not_go_back_to_no_certificate_behind_a_redirect(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its http website was renamed; the shared certificate would warn every visitor off."""
    scene = Scene(tmp_path, http("shop", "shop.test"), https("shop", "shop.test"))
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.redirect("shop.test")
    site = scene.panel.sites.pop(("shop", False))
    scene.panel.sites["renamed", False] = replace(site, name="renamed")
    scene.want(Wanted())
    scene.forget_process()
    scene.restart()
    assert scene.site("shop", https=True).certificate == "shop_test"
    kept = "The https website shop stays on the panel with the certificate shop_test"
    assert f"{kept}: visitors of the http website renamed are still sent to it" in caplog.text


def test_a_website_of_other_domains_sends_nobody(tmp_path: Path) -> None:
    """So an undo behind it takes everything back."""
    scene = Scene(tmp_path, http("shop", "shop.test"), http("blog", "blog.test"))
    before = _state(scene)
    for name in ("shop", "blog"):
        scene.issue(f"{name}.test", f"{name}.test")
        scene.install(f"{name}.test")
    scene.redirect("blog.test")
    wanted = scene.wanted
    del wanted.sites["shop"]
    scene.want(wanted)
    scene.restart()
    assert ("shop", True) not in scene.panel.sites
    assert ("blog", True) in scene.panel.sites
    scene.want(Wanted())
    scene.restart()
    assert _state(scene) == before


def test_a_redirect_found_in_place_is_undone_to_what_https_shows(tmp_path: Path) -> None:
    """The note of it was lost; nothing is changed until then."""
    scene = _redirected(tmp_path)
    scene.lose_notes(Change.REDIRECT)
    scene.restart()
    assert scene.writes() == []
    wanted = scene.wanted
    wanted.redirects.clear()
    scene.want(wanted)
    scene.restart()
    assert scene.site("shop", https=False).content == (Mount("site", "/"),)


def test_a_refused_undo_to_a_certificate_that_is_there_is_tried_again(tmp_path: Path) -> None:
    """The panel may have said no to something else."""
    scene = Scene(tmp_path, https("shop", "shop.test", certificate="bought"))
    scene.panel.installed["bought"] = Certificate("bought", ("shop.test",), None, "leaf")
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.want(Wanted())
    scene.panel.fail(verb="update_website", error=PanelRefusedError("Not now."))
    with pytest.raises(errors.PluginError, match=r"^Not now\.$"):
        scene.restart()
    scene.restart()
    assert scene.site("shop", https=True).certificate == "bought"


def _redirected(directory: Path, *others: Website) -> Scene:
    """A website that we made an https one of, and that redirects there."""
    scene = Scene(directory, http("shop", "shop.test"), *others)
    scene.issue("shop.test", "shop.test")
    scene.install("shop.test")
    scene.redirect("shop.test")
    scene.forget_process()
    return scene
