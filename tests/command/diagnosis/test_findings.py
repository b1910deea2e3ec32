"""What is said of a domain at each step from its websites to its served certificate."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from certbot_webfaction.command.diagnosis.findings import (
    account_problems,
    certificate,
    challenge_app,
    content,
    days_left,
    http_website,
    https_website,
    renewal,
    served,
    uploaded,
)
from certbot_webfaction.command.diagnosis.survey import Subject, Survey
from certbot_webfaction.hosts.webfaction.model import App, Certificate, Domain, Mount
from certbot_webfaction.panel.errors import PanelUnreachableError
from certbot_webfaction.panel.findings import Fine, Note, Problem
from certbot_webfaction.panel.model import Change
from certbot_webfaction.web.dialling import Trouble
from certbot_webfaction.web.served import Served
from certbot_webfaction.web.visit import Visit
from certbot_webfaction.web.walk import Walk
from tests.command.diagnosis.scene import NOW, SHOP, Account


def test_what_is_installed_and_served_has_no_problem(healthy: Account) -> None:
    """Every step is fine."""
    assert healthy.problems() == []


def test_a_domain_without_a_lineage_is_left_alone_unless_it_is_meant(account: Account) -> None:
    """Sites that nobody wants a certificate for are no fault; a domain that was named is."""
    account.add_website("shop", SHOP)
    account.add_website("secure", SHOP, https=True)
    assert account.kinds() == []
    assert account.kinds(meant=True) == ["no-certificate"]
    assert account.kinds("other.example.org", meant=True) == ["no-website", "no-certificate"]


def test_a_lineage_whose_domain_is_on_no_website(healthy: Account) -> None:
    """The http website is missing for challenges, and the https one for visitors."""
    healthy.panel.sites.clear()
    healthy.panel.zones.clear()
    assert healthy.kinds() == ["no-website", "no-https"]


def test_a_domain_on_no_website_may_be_answered_in_its_dns(healthy: Account) -> None:
    """That is no problem, though it may be a name that was mistyped."""
    healthy.panel.sites.clear()
    assert healthy.kinds() == ["no-https"]
    finding = http_website(healthy.subject())
    assert isinstance(finding, Note)
    assert "answered in its DNS" in finding.text


def test_a_wildcard_needs_no_http_website(account: Account) -> None:
    """No CA validates one over http."""
    account.add_lineage("wild", "*.example.com")
    assert account.kinds("*.example.com") == ["no-https"]


def test_http_does_not_matter_to_lineages_of_other_authenticators(healthy: Account) -> None:
    """dns-webfaction and others need no http website."""
    del healthy.panel.sites["shop", False]
    zones = dict(healthy.panel.zones)
    healthy.panel.zones.clear()
    assert healthy.kinds() == ["no-website"]
    healthy.panel.zones.update(zones)
    healthy.add_lineage(SHOP, number=1, authenticator="dns-webfaction")
    healthy.install(SHOP, "shop")
    assert healthy.kinds() == []


def test_an_app_that_runs_code_is_a_note_without_a_mount(healthy: Account) -> None:
    """The next order mounts one by itself."""
    healthy.panel.programs["code"] = App("code", "django41", None)
    assert challenge_app(healthy.subject()) == Fine("site at /")
    healthy.add_website("shop", SHOP, app="code")
    finding = challenge_app(healthy.subject())
    assert isinstance(finding, Note)
    assert "the app letsencrypt" in finding.remedy


def test_an_app_in_the_way_of_the_mount(healthy: Account) -> None:
    """Another app that runs code is at the challenge path: the remedy is the panel's own words."""
    healthy.panel.programs["code"] = App("code", "django41", None)
    healthy.add_website("shop", SHOP, app="code")
    site = healthy.panel.sites["shop", False]
    mounts = (*site.mounts, Mount("code", "/.well-known/acme-challenge"))
    healthy.panel.sites["shop", False] = replace(site, mounts=mounts)
    (problem,) = healthy.problems()
    assert (problem.kind, problem.text) == (
        "no-challenge-app",
        "no app can hold its challenge files",
    )
    assert problem.remedy.startswith("The app code is mounted at /.well-known/acme-challenge on")


def test_a_panel_that_does_not_answer_is_no_missing_app(healthy: Account) -> None:
    """Nothing can be said of the domain then."""
    healthy.panel.fail(1, "apps")
    with pytest.raises(PanelUnreachableError):
        healthy.subject()


def test_the_shared_certificate_in_place_of_ours(healthy: Account) -> None:
    """The https website lost its certificate."""
    site = healthy.panel.sites["shop", True]
    healthy.panel.sites["shop", True] = replace(site, certificate="")
    (problem,) = healthy.problems()
    assert problem.kind == "no-https"
    assert "uses the shared certificate of the host" in problem.text


def test_a_wildcard_does_not_ask_for_https_everywhere(healthy: Account) -> None:
    """A website over http alone that a wildcard happens to cover is a note."""
    healthy.add_lineage("wild", "*.example.com", authenticator="dns-webfaction")
    healthy.install("wild", "wild")
    healthy.add_website("blog", "blog.example.com")
    del healthy.panel.sites["wild", True]
    assert isinstance(https_website(healthy.subject("blog.example.com")), Note)


def test_another_certificate_than_was_installed(healthy: Account) -> None:
    """Only that is said, not what follows from it."""
    expires = NOW.date() + datetime.timedelta(days=100)
    healthy.panel.installed["bought"] = Certificate("bought", (SHOP,), expires, "")
    site = healthy.panel.sites["shop", True]
    healthy.panel.sites["shop", True] = replace(site, certificate="bought")
    assert healthy.kinds() == ["other-certificate"]


def test_what_was_never_uploaded_was_not_replaced_by_hand(healthy: Account) -> None:
    """An installation that did not get that far: the website keeps what it had."""
    expires = NOW.date() + datetime.timedelta(days=100)
    healthy.panel.installed["bought"] = Certificate("bought", (SHOP,), expires, "")
    site = healthy.panel.sites["shop", True]
    healthy.panel.sites["shop", True] = replace(site, certificate="bought")
    healthy.books.journal.drop(healthy.change(Change.CERTIFICATE, SHOP))
    healthy.save()
    assert certificate(healthy.subject()) == Fine("bought, your own")


def test_a_certificate_that_the_panel_does_not_have(account: Account) -> None:
    """The website names one that is gone."""
    account.add_website("shop", SHOP, https=True, certificate="gone")
    assert account.kinds() == ["other-certificate"]


def test_a_domain_that_is_not_covered(healthy: Account) -> None:
    """The remedy names everything that the lineage and the website have, quoted for a shell."""
    healthy.add_lineage(SHOP, SHOP, "*.shop.example.com")
    healthy.install(SHOP, "shop")
    for key, site in healthy.panel.sites.items():
        healthy.panel.sites[key] = replace(site, domains=(SHOP, "new.example.com"))
    (problem,) = healthy.problems("new.example.com")
    assert problem.kind == "not-covered"
    assert problem.remedy == (
        "`certbot run -a dns-webfaction -i webfaction --expand -d shop.example.com"
        " -d '*.shop.example.com' -d new.example.com`"
    )


def test_a_renewed_lineage_that_is_not_on_the_panel(healthy: Account) -> None:
    """`certbot renew` uploads it, or an installation where no installer is named."""
    healthy.add_lineage(SHOP, number=2)
    (problem,) = healthy.problems()
    assert (problem.kind, problem.remedy) == ("not-uploaded", "`certbot renew` uploads it.")
    healthy.add_lineage(SHOP, number=2, installer="")
    first, second = healthy.problems()
    assert (first.kind, second.kind) == ("not-uploaded", "no-installer")
    assert first.remedy == f"`certbot install --cert-name {SHOP} -i webfaction` installs it."


def test_what_replaces_a_certificate_says_when_that_expires_if_it_is_known(
    healthy: Account,
) -> None:
    """The panel may not know the day."""
    name = "shop_example_com"
    known = healthy.panel.installed[name]
    healthy.add_lineage(SHOP, number=2)
    old = Served("another", "0" * 64)
    for problem in healthy.problems(served=old):
        assert problem.text.endswith(f", which expires on {known.expires}")
    healthy.panel.installed[name] = replace(known, expires=None)
    not_uploaded, not_served = healthy.problems(served=old)
    assert not_uploaded.text.endswith("but the panel still has the certificate before")
    assert not_served.text == "visitors get another, not the panel's"


def test_a_certificate_that_takes_no_renewals_has_nothing_to_be_uploaded(account: Account) -> None:
    """Neither a bought one nor one whose leaf can't be told, whatever the lineage has."""
    account.add_lineage(SHOP, installer="", authenticator="manual")
    account.add_lineage("bought", SHOP)
    account.upload("bought", "bought")
    account.add_website("shop", SHOP, https=True, certificate="bought")
    (account.directory / "renewal" / "bought.conf").unlink()
    assert uploaded(account.subject()) is None
    (account.directory / "renewal" / f"{SHOP}.conf").unlink()
    assert uploaded(account.subject()) is None
    account.add_lineage(SHOP, number=2)
    expires = NOW.date() + datetime.timedelta(days=100)
    account.panel.installed["bought"] = Certificate("bought", (SHOP,), expires, "")
    subject = account.subject(served=Served("another", "0" * 64))
    assert uploaded(subject) is None
    assert served(subject) is None, "nor is it known what is to be served"


def test_an_upload_that_was_not_seen_to_end_counts_as_none(healthy: Account) -> None:
    """The panel has an older one: nobody changed it there, it has to be uploaded."""
    healthy.add_lineage(SHOP, number=2)
    stored = healthy.change(Change.CERTIFICATE, SHOP)
    stored.after["fingerprint"] = healthy.files(SHOP).fingerprint()
    stored.done = False
    healthy.save()
    assert healthy.kinds() == ["not-uploaded"]


def test_a_lineage_that_was_expanded_and_not_uploaded_needs_no_other_certificate(
    healthy: Account,
) -> None:
    """The panel's does not cover the new domain, the one to be uploaded does."""
    for key, site in healthy.panel.sites.items():
        healthy.panel.sites[key] = replace(site, domains=(SHOP, "new.example.com"))
    healthy.add_lineage(SHOP, SHOP, "new.example.com", number=2)
    assert healthy.kinds("new.example.com") == ["not-uploaded"]


def test_a_certificate_that_was_changed_on_the_panel(healthy: Account) -> None:
    """The upload is noted, but something else is there."""
    healthy.add_lineage("other", SHOP, installer="", authenticator="manual")
    healthy.upload("other", "shop_example_com")
    assert healthy.kinds() == ["changed-on-panel"]


@pytest.mark.parametrize(
    ("served", "words", "check"),
    [
        (Served("nothing"), "visitors get nothing", "(--webfaction-connect-to)"),
        (Served("an old one", "0" * 64), "visitors get an old one, not the panel's", "a CDN"),
    ],
)
def test_what_is_served_differs_from_the_panel(
    healthy: Account, served: Served, words: str, check: str
) -> None:
    """Another certificate, or none."""
    (problem,) = healthy.problems(served=served)
    assert problem.kind == "not-served"
    assert problem.text.partition(", which expires")[0] == words
    assert check in problem.remedy


def test_a_chain_that_is_not_served(healthy: Account) -> None:
    """Browsers that do not know it warn, though the leaf is the right one; more does no harm."""
    lineage = healthy.subject().lineage
    assert lineage is not None
    leaf, chain = lineage.fingerprint, lineage.chain
    assert healthy.kinds(served=Served("ours", leaf, (*chain, "0" * 64))) == []
    (problem,) = healthy.problems(served=Served("ours", leaf))
    assert problem.kind == "not-served"
    assert problem.text == "visitors get ours, but not with the chain that belongs to it"


def test_days_left_of_a_lineage(healthy: Account) -> None:
    """Expired, overdue for two days, or fine with the day of the renewal."""
    subject = healthy.subject()
    lineage = subject.lineage
    assert lineage is not None
    assert lineage.renews is not None

    def on(day: datetime.datetime) -> object:
        subject.survey.now = day
        return days_left(subject)

    day = datetime.timedelta(days=1)
    assert on(lineage.renews - 3 * day - day / 2) == Fine("expires in 125 days, renews in 3 days")
    assert isinstance(on(lineage.renews + 2 * day), Fine)
    overdue = on(lineage.renews + 2 * day + day / 2)
    assert getattr(overdue, "kind", "") == "expiring"
    assert getattr(overdue, "text", "").endswith("was to be renewed 2 days ago")
    due = on(lineage.renews + day / 2)
    assert due == Fine("expires in 121 days, is due since today")
    expired = on(lineage.expires + day / 2)
    assert getattr(expired, "text", "") == f"its lineage {SHOP} expired today"
    expired = on(lineage.expires + day)
    assert getattr(expired, "kind", "") == "expired"
    assert getattr(expired, "text", "") == f"its lineage {SHOP} expired 1 day ago"


@pytest.mark.parametrize(("left", "kinds"), [(-1, ["expired"]), (13, ["expiring"]), (14, [])])
def test_days_left_of_a_certificate_that_no_lineage_renews(
    account: Account, left: int, kinds: list[str]
) -> None:
    """Such as one that was bought: two weeks ahead it is time to say so."""
    expires = NOW.date() + datetime.timedelta(days=left)
    account.panel.installed["bought"] = Certificate("bought", (SHOP,), expires, "")
    account.add_website("shop", SHOP, https=True, certificate="bought")
    assert account.kinds() == kinds


def _legacy(account: Account, left: int, *more: str) -> None:
    """An https website with a certificate of the panel, and a lineage that nobody installed."""
    expires = NOW.date() + datetime.timedelta(days=left)
    account.panel.installed["legacy"] = Certificate("legacy", (SHOP, *more), expires, "")
    account.add_website("shop", SHOP, *more)
    account.add_website("shop", SHOP, *more, https=True, certificate="legacy")
    account.add_lineage(SHOP, left=60, installer="")


@pytest.mark.parametrize(
    ("left", "kind", "expiry"),
    [(-2, "expired", "expired 2 days ago"), (3, "expiring", "expires in 3 days"), (14, "", "")],
)
def test_days_left_of_a_certificate_that_a_lineage_is_to_replace(
    account: Account, left: int, kind: str, expiry: str
) -> None:
    """What visitors get counts, as long as the lineage is not installed."""
    _legacy(account, left)
    finding = days_left(account.subject())
    if not kind:
        assert finding == Fine("expires in 14 days")
        return
    assert finding == Problem(
        kind,
        f"the certificate legacy of its https website {expiry}; the lineage {SHOP} is not"
        " installed there",
        f"`certbot install --cert-name {SHOP} -i webfaction` installs it.",
    )


def test_a_lineage_that_comes_near_its_end_unseen_is_a_problem_too(account: Account) -> None:
    """Visitors get a good certificate for now."""
    _legacy(account, 100)
    account.add_lineage(SHOP, number=2, age=90, left=-1, installer="")
    assert account.kinds() == ["expired"]


def test_a_lineage_that_lacks_a_name_of_the_website_is_not_to_be_installed(
    account: Account,
) -> None:
    """It would be refused: one certificate for all names is the remedy."""
    _legacy(account, -2, f"www.{SHOP}")
    (problem,) = account.problems()
    assert problem.remedy == (
        f"`certbot run -a webfaction -i webfaction --expand -d {SHOP} -d www.{SHOP}` gets one for"
        " all."
    )


def test_the_domains_of_a_website_have_one_remedy(account: Account) -> None:
    """A certificate for each would be refused where the website has one for all."""
    both = (SHOP, f"www.{SHOP}")
    account.add_website("shop", *both)
    command = f"`certbot run -a webfaction -i webfaction --expand -d {SHOP} -d www.{SHOP}`"
    (missing,) = {problem for name in both for problem in account.problems(name, meant=True)}
    assert missing.remedy == f"{command} gets one and installs it."
    expired = NOW.date() - datetime.timedelta(days=1)
    account.panel.installed["bought"] = Certificate("bought", both, expired, "")
    account.add_website("shop", *both, https=True, certificate="bought")
    (old,) = {problem for name in both for problem in account.problems(name)}
    assert (old.kind, old.remedy) == ("expired", f"{command} replaces it.")


def test_remedies_are_for_the_account_that_was_looked_at(healthy: Account) -> None:
    """Where that is not the one of the default credentials file, commands name its file."""
    healthy.config.namespace.webfaction_credentials = str(healthy.directory / "webfaction.ini")
    healthy.add_website("blog", "blog.example.com", "*.blog.example.com")
    del healthy.panel.sites["shop", True]
    (lost,) = healthy.problems()
    assert lost.remedy == f"`certbot install --cert-name {SHOP} -i webfaction` installs it."
    file = healthy.write_credentials("bob's.ini")
    healthy.config.namespace.webfaction_credentials = str(file)
    (lost,) = healthy.problems()
    option = f"--webfaction-credentials '{healthy.directory}/bob'\"'\"'s.ini'"
    assert f"-i webfaction {option}` installs it." in lost.remedy
    (none,) = healthy.problems("blog.example.com", meant=True)
    assert f" {option} {option.replace('--', '--dns-')}` gets one" in none.remedy


def test_a_lineage_that_is_not_renewed_by_itself(healthy: Account) -> None:
    """Its renewal file says so."""
    healthy.add_lineage(SHOP, autorenew="False")
    healthy.install(SHOP, "shop")
    assert healthy.kinds() == ["no-renewal"]


def test_a_lineage_without_an_authenticator(healthy: Account) -> None:
    """certbot passes it over; the line is all that it needs."""
    file = healthy.directory / "renewal" / f"{SHOP}.conf"
    good = file.read_text()
    file.write_text(good.replace("authenticator = webfaction\n", ""))
    (problem,) = healthy.problems()
    assert problem.kind == "no-renewal"
    assert problem.remedy == f"Write authenticator = webfaction below [renewalparams] in {file}."
    healthy.add_lineage("w", "*.example.org", authenticator="", installer="")
    assert "*.example.org" in healthy.survey().our_domains()
    assert "authenticator = dns-webfaction" in healthy.problems("*.example.org")[0].remedy
    file.write_text(good)
    assert healthy.kinds() == []


def test_a_lineage_that_was_never_installed(healthy: Account) -> None:
    """Wrong if it names our installer; else it may be for something else."""
    healthy.add_website("blog", "blog.example.com")
    healthy.add_website("blog", "blog.example.com", https=True)
    healthy.add_lineage("blog", "blog.example.com")
    assert healthy.kinds("blog.example.com") == ["no-https"]
    healthy.add_lineage("blog", "blog.example.com", installer="")
    assert healthy.kinds("blog.example.com") == []
    assert isinstance(renewal(healthy.subject("blog.example.com")), Note)


@pytest.mark.parametrize(("left", "kind"), [(-2, "expired"), (100, "not-installed")])
def test_what_was_rolled_back_is_told_once(healthy: Account, left: int, kind: str) -> None:
    """The site is gone, or has what it had before: one line installs the lineage in either case."""
    healthy.books.wanted.sites.clear()
    for what, on in ((Change.CERTIFICATE, SHOP), (Change.SITE, "shop")):
        healthy.books.journal.drop(healthy.change(what, on))
    healthy.save()
    before = Certificate("before", (SHOP,), NOW.date() + datetime.timedelta(days=left), "")
    healthy.panel.installed = {"before": before}
    site = healthy.panel.sites["shop", True]
    healthy.panel.sites["shop", True] = replace(site, certificate="before")
    assert healthy.kinds() == [kind]
    del healthy.panel.sites["shop", True]
    (problem,) = healthy.problems()
    assert problem.kind == "no-https"
    assert "installs it" in problem.remedy
    offline = renewal(Subject(Survey(healthy.account, offline=True), SHOP))
    assert getattr(offline, "kind", "") == "not-installed", "nothing else says it then"


@pytest.mark.parametrize("preferred", ["dns-01,", "dns", "dns-01, http-01"])
def test_a_renewal_by_records_that_can_be_nowhere_will_fail(
    healthy: Account, preferred: str
) -> None:
    """As where the DNS is served elsewhere: each domain is named, and how files answer instead."""
    del healthy.panel.zones["example.com"]
    healthy.add_lineage("wild", "*.example.org")
    healthy.add_lineage(SHOP, pref_challs=preferred)
    healthy.install(SHOP, "shop")
    (problem,) = healthy.problems()
    assert problem.kind == "no-renewal"
    assert problem.text == (
        f"renewals of its lineage {SHOP} will fail: These domains can't be validated through the"
        f" account's DNS. The CA was not asked.\n  {SHOP}: it is in no domain of the account.\n"
        "Domains of the account: none"
    )
    assert f"remove the line with pref_challs from {healthy.directory}/renewal" in problem.remedy
    wild = renewal(healthy.subject("*.example.org"))
    assert isinstance(wild, Problem)
    assert "pref_challs" not in wild.remedy, "it has no other way"
    healthy.panel.zones["example.com"] = Domain("example.com", ())
    assert healthy.kinds() == []


@pytest.mark.parametrize(
    "settings",
    [{"pref_challs": "http-01, dns-01"}, {"authenticator": "manual", "pref_challs": "dns-01,"}],
)
def test_records_are_not_asked_of_who_does_not_answer_by_them(
    healthy: Account, settings: dict[str, str]
) -> None:
    """Files do, or another plugin; the panel is not asked for its DNS."""
    healthy.add_lineage(SHOP, **settings)
    healthy.install(SHOP, "shop")
    assert healthy.kinds() == []
    assert "domains" not in healthy.panel.verbs()


def test_without_books_what_a_site_presents_is_installed(healthy: Account) -> None:
    """As with a new token; with a wrong one it is not known, so that nothing is said."""
    healthy.books.wanted_path.unlink()
    healthy.books.journal_path.unlink()
    assert healthy.kinds() == []
    offline = Survey(healthy.account, offline=True)
    assert renewal(Subject(offline, SHOP)) is None


def test_a_deploy_hook_does_what_the_installer_would(healthy: Account) -> None:
    """In the renewal file, or in certbot's directory for all lineages."""
    healthy.add_lineage(SHOP, installer="")
    healthy.install(SHOP, "shop")
    assert healthy.kinds() == ["no-installer"]
    healthy.add_lineage(SHOP, installer="", renew_hook="certbot-webfaction deploy")
    healthy.install(SHOP, "shop")
    assert healthy.kinds() == []


def test_a_deploy_hook_is_found_among_what_is_none(healthy: Account) -> None:
    """Directories and links to nowhere lie there, before it or after it."""
    healthy.add_lineage(SHOP, installer="")
    healthy.install(SHOP, "shop")
    hooks = healthy.directory / "renewal-hooks" / "deploy"
    for name in ("a", "z"):
        (hooks / f"{name}-directory").mkdir(parents=True)
        (hooks / f"{name}-link").symlink_to("nowhere")
        (hooks / f"{name}-other").write_text("echo renewed")
    assert healthy.kinds() == ["no-installer"]
    for name in ("hook", "hook~"):
        (hooks / name).write_text("certbot-webfaction deploy")
    (hooks / "hook~").chmod(0o755)
    assert healthy.kinds() == ["no-installer"], "certbot runs neither"
    (hooks / "hook").chmod(0o755)
    assert healthy.kinds() == []


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ("attach", "certificates are to be attached to the https websites shop"),
        ("redirect", "redirects are to be set up on the http websites shop"),
        ("undo redirect", "redirects are to be taken off the http websites shop"),
        ("undo website", "certificates are to be taken off the https websites shop"),
    ],
)
def test_changes_that_did_not_come_to_their_end(healthy: Account, changed: str, text: str) -> None:
    """The documents differ: the next renewal has something to finish."""
    assert account_problems(healthy.survey()) == []
    if changed == "attach":
        healthy.change(Change.SITE, "shop").done = False
    elif changed == "redirect":
        healthy.books.wanted.redirects["shop"] = "http website shop"
    elif changed == "undo redirect":
        label = {"label": "http website shop"}
        healthy.books.journal.put(Change(Change.REDIRECT, "shop", [], label, done=True))
    else:
        del healthy.books.wanted.sites["shop"]
    healthy.save()
    (problem,) = account_problems(healthy.survey())
    assert (problem.kind, problem.text) == (
        "unfinished",
        f"an earlier run did not come to its end: {text}",
    )
    assert problem.remedy.startswith("`certbot renew` finishes it")


def test_what_no_renewal_finishes_any_more(healthy: Account) -> None:
    """After `certbot delete` of the last lineage certbot loads no plugin."""
    label = {"label": "http website shop"}
    healthy.books.journal.put(Change(Change.REDIRECT, "shop", [], label, done=True))
    healthy.save()
    (healthy.directory / "renewal" / f"{SHOP}.conf").unlink()
    (problem,) = account_problems(healthy.survey())
    assert problem.remedy.endswith("`certbot rollback -i webfaction` does.")


def test_a_document_that_is_damaged(healthy: Account) -> None:
    """What was installed is not known: that is said, and no lineage is called not installed."""
    healthy.books.wanted_path.write_text("{")
    (problem,) = account_problems(healthy.survey())
    assert problem.kind == "damaged-document"
    assert problem.text.startswith(f"{healthy.books.wanted_path} is damaged (JSONDecodeError: ")
    assert problem.text.endswith(" What was installed is not known until then")
    assert healthy.kinds() == []


def test_a_lineage_that_cannot_be_read(healthy: Account) -> None:
    """It is said, and the others are checked all the same."""
    healthy.add_lineage("broken", "broken.example.com")
    (healthy.directory / "archive" / "broken" / "cert1.pem").write_text("no certificate")
    (problem,) = account_problems(healthy.survey())
    assert problem.kind == "unreadable-lineage"
    assert problem.text.startswith("The lineage broken can't be read: ")
    assert healthy.kinds() == []


@pytest.mark.parametrize("broken", ["nonsense [", "[renewal]"])
def test_a_renewal_file_that_certbot_passes_over(healthy: Account, broken: str) -> None:
    """`certbot renew` fails because of it each time; a good one is no problem."""
    assert account_problems(healthy.survey()) == []
    file = healthy.directory / "renewal" / f"{SHOP}.conf"
    file.write_text(file.read_text().replace("[renewalparams]", broken))
    (problem,) = account_problems(healthy.survey())
    assert problem == Problem(
        "unreadable-lineage",
        f"The renewal file {file} can't be read, so certbot does not renew the lineage {SHOP}",
        "Restore the file from a backup. Or get the certificate anew and delete the file then:"
        f" `certbot run -a webfaction -i webfaction --expand -d {SHOP}`",
    )
    (healthy.directory / "archive" / SHOP / "cert1.pem").unlink()
    problems = account_problems(healthy.survey())
    assert all("certbot certificates" in problem.remedy for problem in problems)


def test_a_renewal_that_will_fail(healthy: Account) -> None:
    """What stops certbot is told with what helps; what is missing of a plugin, with its owner."""
    assert renewal(healthy.subject()) == Fine(f"{SHOP} renews and installs")
    gone = healthy.directory / "gone.ini"
    for changed, what, remedy in (
        ({"authenticator": "dns-nowhere"}, "The authenticator dns-nowhere, which", "Put it there."),
        (
            {"webfaction_credentials": str(gone)},
            f"The credentials file {gone}, which",
            "`certbot-webfaction init --host webfaction --webfaction-credentials"
            f" {gone}` writes it.",
        ),
        (
            {"before_expiry": "20 days, 3 hours"},
            "certbot can't read renew_before_expiry = 20 days, 3 hours in",
            "Write it as `20 days 3 hours`, without a comma.",
        ),
    ):
        healthy.add_lineage(SHOP, **changed)
        found = renewal(healthy.subject())
        assert isinstance(found, Problem)
        assert found.text.startswith(f"renewals of its lineage {SHOP} will fail: {what}")
        assert found.remedy.startswith(remedy)
    healthy.add_lineage(SHOP)
    (healthy.directory / "archive" / SHOP / "privkey1.pem").unlink()
    found = renewal(healthy.subject())
    assert isinstance(found, Problem)
    assert found.remedy.startswith("Get the certificate anew: `certbot run -a webfaction")


def test_webroot_behind_a_redirect(healthy: Account) -> None:
    """Its directory is not shown any more, unless it is that of the app that redirects."""
    site = healthy.panel.sites["shop", False]
    directory = str(healthy.directory / "home" / "webapps" / "site")
    redirecting = f"{healthy.directory}/home/webapps/redirect_to_https"
    app = App("redirect_to_https", "static_php70", redirecting)
    healthy.panel.programs["redirect_to_https"] = app
    for mount, filled, is_wrong in (
        ("site", directory, False),
        ("redirect_to_https", directory, True),
        ("redirect_to_https", redirecting, False),
    ):
        healthy.panel.sites["shop", False] = replace(site, mounts=(Mount(mount, "/"),))
        healthy.add_lineage(SHOP, authenticator="webroot", webroot_path=f"{filled},")
        healthy.install(SHOP, "shop")
        found = renewal(healthy.subject())
        assert isinstance(found, Problem) is is_wrong
        assert not is_wrong or "certbot reconfigure" in found.remedy  # type: ignore[union-attr] # checked above


def test_a_test_certificate(healthy: Account) -> None:
    """From a staging server, as certbot decides it, and only where a website uses it."""
    assert certificate(healthy.subject()) == Fine(
        "shop_example_com, of the lineage shop.example.com"
    )
    healthy.add_lineage(SHOP, server="https://acme-staging-v02.api.letsencrypt.org/directory")
    healthy.install(SHOP, "shop")
    (problem,) = healthy.problems()
    assert problem.kind == "test-certificate"
    assert (
        f"`certbot run -a webfaction -i webfaction --expand -d {SHOP} --cert-name {SHOP}"
        " --force-renewal` replaces it"
    ) in problem.remedy


@pytest.mark.parametrize(
    ("http", "https", "text"),
    [
        (Walk(("http://a/",), status=200), Walk(("https://a/",), status=200), None),
        (Walk(("http://a/",), status=503), Walk(("https://a/",), status=503), None),
        (Walk(("http://a/",), status=200), Walk(("https://a/", "http://a/"), status=200), None),
        (
            Walk(("http://a/", "https://a/"), status=404),
            Walk(("https://a/",), status=404),
            None,
        ),
        (
            Walk(("http://a/", "https://a/"), status=502),
            Walk(("https://a/",), status=502),
            "https answers with status 502; that is what visitors get",
        ),
        (
            Walk(("http://a/",), status=200),
            Walk(("https://a/",), status=404),
            "https answers with status 404 at https://a/, where http answers with 200; that is",
        ),
        (
            Walk(("http://a/",), status=200),
            Walk(("https://a/",), status=302, refused_redirect="https://a/"),
            "https redirects without end, at last to https://a/; that is",
        ),
        (
            Walk(("http://a/",), status=200),
            Walk(("https://a/",), trouble=Trouble.BROKEN),
            "https gives no answer at https://a/: the connection broke; that is",
        ),
    ],
)
def test_what_visitors_find(healthy: Account, http: Walk, https: Walk, text: str | None) -> None:
    """Less over https than over http is wrong, and an error that http leads to."""
    subject = healthy.subject()
    assert content(subject) is None, "nobody has looked"
    subject.visited = Visit(http, https)
    found = content(subject)
    assert isinstance(found, Problem) is (text is not None)
    assert text is None or (found is not None and found.text.startswith(text))
