"""The plugin ``cpanel`` with the real certbot, judged by what is served and what was called."""

from __future__ import annotations

import datetime
import re
import ssl
import subprocess
from collections import Counter
from dataclasses import replace
from typing import Literal

import pytest

from tests.e2e import command
from tests.e2e.cpanel import (
    BOTH,
    SITE,
    calls,
    elsewhere,
    install_by_hand,
    install_files,
    on_the_host,
    page,
    run,
    serves,
    without_https,
)
from tests.sandbox.certificates import write_secret
from tests.sandbox.cpanel.authority import self_signed
from tests.sandbox.cpanel.faults import UNKNOWN_ERROR, refusal
from tests.sandbox.cpanel.installs import Given
from tests.sandbox.cpanel.redirects import add_redirect
from tests.sandbox.cpanel.sandbox import CpanelSandbox


@pytest.fixture
def host(cpanel: CpanelSandbox) -> CpanelSandbox:
    """The shell of an account without any credentials."""
    on_the_host(cpanel)
    page(cpanel, "example.com", "hello")
    return cpanel


def test_one_command_secures_and_redirects_without_credentials(host: CpanelSandbox) -> None:
    """Got, installed, served with its chain, redirected; in at most eight calls."""
    result = run(host, "run", *BOTH, *SITE)

    assert "The virtual host example.com now redirects to https." in result.output
    assert serves(host, "example.com", "example.com")
    assert host.fetch_verified("www.example.com").text == "hello"
    met = host.http("example.com", "/page")
    assert (met.status, met.location) == (301, "https://example.com/page")
    made = calls(host)
    assert len(made) <= 8
    assert "SSL::list_keys" not in made


def test_a_renewal_is_installed_and_leaves_no_old_key_behind(host: CpanelSandbox) -> None:
    """One install and one look at it each, four other calls; what was replaced goes at the end."""
    host.account.add_subdomain("blog.example.com")
    run(host, "run", *BOTH, *SITE)
    run(host, "run", *BOTH, "-d", "blog.example.com", "--no-redirect")
    before = host.served("example.com").chain
    calls(host)
    run(host, "renew", "--force-renewal")

    assert serves(host, "example.com", "example.com")
    assert host.served("example.com").chain != before
    made = Counter(calls(host))
    assert (made.pop("SSL::install_ssl"), made["SSL::installed_hosts"]) == (2, 2 + 1)
    assert made.total() <= 2 + 4
    assert len(host.account.store.certificates) == len(host.account.store.keys) == 2


def test_an_idle_renewal_makes_no_call(host: CpanelSandbox) -> None:
    """Nothing is due."""
    run(host, "run", *BOTH, *SITE)
    calls(host)
    run(host, "renew")
    assert calls(host) == []


def test_a_rollback_takes_https_off_again(host: CpanelSandbox) -> None:
    """The redirect first, then the certificate; nothing of ours stays in the store."""
    run(host, "run", *BOTH, *SITE)
    run(host, "rollback", "-i", "cpanel", "--checkpoints", "2")

    assert without_https(host)
    assert host.http("example.com").text == "hello"
    assert not host.account.store.certificates
    assert not host.account.store.keys
    with pytest.raises(ssl.SSLCertVerificationError):
        host.fetch_verified("example.com")


def test_a_renewal_that_is_not_installed_does_not_change_what_is_given_back(
    host: CpanelSandbox,
) -> None:
    """Ours before the failure is ours: it is not taken for a choice of somebody's."""
    run(host, "run", *BOTH, *SITE, "--no-redirect")
    host.panel.faults.on(1, refusal("Something is wrong."), "SSL::install_ssl")
    failed = run(host, "renew", "--force-renewal", check=False)
    assert failed.returncode == 1
    undone = run(host, "rollback", "-i", "cpanel")

    assert without_https(host)
    assert "by hand" not in undone.output


# From elsewhere


def test_a_token_does_the_same_from_any_machine(cpanel: CpanelSandbox) -> None:
    """The challenge file over the file manager, without a trace; the certificate by POST."""
    page(cpanel, "example.com", "hello")
    cpanel.account.has_two_factor = True
    env = elsewhere(cpanel)
    run(cpanel, "run", *BOTH, *SITE, "--cpanel-files", "api", env=env)

    assert serves(cpanel, "www.example.com", "example.com")
    assert not (cpanel.account.home / "public_html" / ".well-known").exists()
    transports = {call.transport for call in cpanel.panel.calls}
    assert transports == {"execute", "json-api"}
    run(cpanel, "renew", "--force-renewal", env=env)
    assert serves(cpanel, "example.com", "example.com")


def test_no_secret_is_in_a_log_an_argument_or_an_address(cpanel: CpanelSandbox) -> None:
    """Neither the token nor a key, over either transport."""
    env = elsewhere(cpanel)
    result = run(cpanel, "run", *BOTH, *SITE, "-v", env=env)
    token = cpanel.account.tokens["certbot"].token
    cpanel.credentials.unlink()
    over_command = run(cpanel, "renew", "--force-renewal", "-v")

    keys = (cpanel.config_dir / "archive" / "example.com").glob("privkey*.pem")
    # The third line of an ECDSA key is of the public one, which certbot logs with the order.
    secrets = [token, *(line for key in keys for line in key.read_text().split("\n")[1:3])]
    access_log = (cpanel.directory / "access_log").read_text()
    told = "".join(
        [result.output, result.log, over_command.output, over_command.log, access_log]
        + [word for arguments in cpanel.command.runs for word in arguments]
    )
    assert "install_ssl" in told
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize("refusal", ["json", "page", "login"])
def test_a_refused_token_ends_the_run_with_its_first_call(
    cpanel: CpanelSandbox, refusal: Literal["json", "page", "login"]
) -> None:
    """Whatever a refusal looks like: trying again would lock the account."""
    env = elsewhere(cpanel)
    cpanel.account.switches.refusal = refusal
    cpanel.account.revoke_token("certbot")
    result = run(cpanel, "run", *BOTH, *SITE, check=False, env=env)

    assert result.returncode == 1
    assert 'refused the token of "alice"' in result.output
    assert "Traceback" not in result.output
    assert len(calls(cpanel)) == 1


def test_a_file_that_a_virus_scan_drops_is_told_before_the_ca_is_asked(
    cpanel: CpanelSandbox,
) -> None:
    """The panel says that it was written."""
    env = elsewhere(cpanel)
    cpanel.account.switches.drops_files = True
    result = run(cpanel, "run", *BOTH, *SITE, "--cpanel-files", "api", check=False, env=env)
    assert result.returncode == 1
    assert "A virus scan" in result.output
    assert not cpanel.account.store.certificates


def test_without_the_file_manager_another_way_is_told(cpanel: CpanelSandbox) -> None:
    """By the feature's name, before the CA is asked; the other way works."""
    env = elsewhere(cpanel)
    cpanel.account.features.discard("filemanager")
    cpanel.account.switches.language = "pt"
    refused = run(cpanel, "certonly", *BOTH[:2], *SITE, check=False, env=env)
    assert refused.returncode == 1
    assert "Ask the host to enable “filemanager”" in refused.output
    assert "or have DNS answer, with --preferred-challenges dns." in refused.output
    assert refused.output.count("“filemanager”,") == 1
    assert cpanel.ca.validations() == 0
    run(cpanel, "certonly", *BOTH[:2], *SITE, "--preferred-challenges", "dns", env=env)


# Undo


def test_a_rollback_brings_back_the_very_certificate_that_was_there(host: CpanelSandbox) -> None:
    """It comes out of the panel's store, with its key, which nobody kept here."""
    theirs = install_by_hand(host, "example.com", "example.com", "www.example.com")
    run(host, "run", *BOTH, *SITE, "--no-redirect")
    run(host, "renew", "--force-renewal")
    assert serves(host, "example.com", "example.com")
    run(host, "rollback", "-i", "cpanel")

    assert "".join(host.served("example.com").chain[0]).split() == theirs.split()
    assert host.fetch_verified("www.example.com").text == "hello"
    assert len(host.account.store.certificates) == len(host.account.store.keys) == 1


def test_a_rollback_whose_certificate_is_gone_leaves_ours_and_says_so(host: CpanelSandbox) -> None:
    """The site stays served."""
    install_by_hand(host, "example.com", "example.com", "www.example.com")
    (theirs,) = host.account.store.certificates
    run(host, "run", *BOTH, *SITE, "--no-redirect")
    host.account.delete_certificate(theirs)
    result = run(host, "rollback", "-i", "cpanel")
    assert "is gone from the panel's store" in result.output
    assert serves(host, "example.com", "example.com")


def test_a_made_up_certificate_counts_as_none(cpanel: CpanelSandbox) -> None:
    """A self-signed one is replaced without a word, and does not come back."""
    account = cpanel.account
    own = self_signed("example.com")
    account.install("example.com", Given(own.certificate, own.private_key, ""))
    on_the_host(cpanel)
    run(cpanel, "run", *BOTH, *SITE, "--no-redirect")
    assert serves(cpanel, "example.com", "example.com")
    run(cpanel, "rollback", "-i", "cpanel")
    assert without_https(cpanel)


def test_a_key_that_a_renewal_keeps_is_not_swept(host: CpanelSandbox) -> None:
    """The old certificate goes, the key is the new one's."""
    run(host, "run", *BOTH, *SITE, "--no-redirect", "--reuse-key")
    run(host, "renew", "--force-renewal")
    assert len(host.account.store.certificates) == len(host.account.store.keys) == 1


# AutoSSL


def test_names_that_autossl_covers_are_warned_of_and_given_back(host: CpanelSandbox) -> None:
    """Its certificate is replaced, comes back with a rollback, and AutoSSL is asked to go on."""
    host.account.park("alias.example")
    host.account.run_autossl()
    host.wait_applied()
    before = host.served("mail.example.com").chain
    result = run(host, "run", *BOTH, *SITE, "--no-redirect")
    assert {"mail.example.com", "alias.example"} <= set(re.findall(r"[\w.-]+\w", result.output))
    assert "will warn" in result.output
    assert result.output.count("will warn") == 1
    assert serves(host, "example.com", "example.com")

    calls(host)
    run(host, "rollback", "-i", "cpanel")
    assert host.served("mail.example.com").chain == before
    assert "SSL::start_autossl_check" in calls(host)


def test_a_deleted_lineage_gives_its_site_back_to_autossl(host: CpanelSandbox) -> None:
    """With the next run; else nobody would renew it any more."""
    host.account.add_addon("shop.example")
    host.account.run_autossl()
    host.wait_applied()
    before = host.served("example.com").chain
    run(host, "run", *BOTH, *SITE)
    run(host, "delete", "--cert-name", "example.com")
    calls(host)
    install_files(host, "shop.example")
    assert host.served("example.com").chain == before
    assert "SSL::start_autossl_check" in calls(host)


def test_a_service_name_may_be_on_the_certificate(host: CpanelSandbox) -> None:
    """The document root of its domain answers for it, and nothing loses cover."""
    result = run(host, "run", *BOTH, *SITE, "-d", "mail.example.com", "--no-redirect")
    assert serves(host, "mail.example.com", "example.com")
    assert "will warn" not in result.output


def test_who_restores_what_autossl_no_longer_counts_as_its_own_is_told(
    host: CpanelSandbox,
) -> None:
    """Else nobody would renew it."""
    host.account.switches.restored_is_autossl = False
    host.account.run_autossl()
    run(host, "run", *BOTH, *SITE, "--no-redirect")
    result = run(host, "rollback", "-i", "cpanel")
    assert "takes it for yours" in result.output


# What is in the way


def test_a_site_keeps_a_certificate_that_covers_more_of_it(host: CpanelSandbox) -> None:
    """Told before the CA is asked, with the command that covers all."""
    theirs = install_by_hand(host, "example.com", "example.com", "www.example.com")
    result = run(host, "run", *BOTH, "-d", "example.com", check=False)
    assert result.returncode == 1
    assert "-d www.example.com" in result.output
    assert "".join(host.served("example.com").chain[0]).split() == theirs.split()


def test_a_plan_without_installs_is_told_before_anything_is_issued(host: CpanelSandbox) -> None:
    """By the name of the feature, in whatever language the panel speaks."""
    host.account.features.discard("sslinstall")
    host.account.switches.language = "pt"
    result = run(host, "run", *BOTH, *SITE, check=False)
    assert result.returncode == 1
    assert "lacks the feature “sslinstall”" in result.output
    assert host.ca.orders() == 0
    assert "lacks the feature “sslinstall”" in command.run(host, "doctor").stdout


def test_an_install_that_is_told_as_failed_and_is_live_is_a_success(host: CpanelSandbox) -> None:
    """What counts is what the panel shows; the same again changes nothing, and tells the ids."""
    host.panel.faults.on(1, UNKNOWN_ERROR, "SSL::install_ssl")
    run(host, "run", *BOTH, *SITE)
    assert serves(host, "example.com", "example.com")
    made = calls(host)
    first = made.index("SSL::install_ssl")
    assert made[first:][:3] == ["SSL::install_ssl", "SSL::installed_hosts", "SSL::install_ssl"]
    assert len(host.account.store.certificates) == 1


def test_an_ecdsa_certificate_that_is_refused_comes_with_the_way_out(host: CpanelSandbox) -> None:
    """`--key-type rsa` is told, and works."""
    host.account.switches.takes_ecdsa = False
    result = run(host, "run", *BOTH, *SITE, check=False)
    assert result.returncode == 1
    assert "--cert-name NAME --key-type rsa" in result.output
    anew = ("--cert-name", "example.com", "--key-type", "rsa", "--force-renewal")
    run(host, "run", *BOTH, *anew)
    assert serves(host, "example.com", "example.com")


def test_one_site_that_fails_keeps_no_other_and_is_healed(host: CpanelSandbox) -> None:
    """Several virtual hosts of one certificate: the failed one is named, and made up for."""
    host.account.add_addon("shop.example")
    host.account.add_subdomain("blog.example.com")
    for servername in ("shop.example.example.com", "blog.example.com"):
        page(host, servername, f"page of {servername}")
    host.wait_applied()
    names = ("-d", "shop.example", "-d", "www.shop.example", "-d", "blog.example.com")
    host.panel.faults.on(2, refusal("Nope."), "SSL::install_ssl")
    result = run(host, "run", *BOTH, *SITE, *names, "--no-redirect", check=False)
    assert result.returncode == 1
    assert "Nope." in result.output

    domains = ["example.com", "www.shop.example", "blog.example.com"]
    run(host, "install", "-i", "cpanel", "--cert-name", "example.com", "--no-redirect")
    assert all(serves(host, domain, "example.com") for domain in domains)
    host.panel.faults.on(2, refusal("Nope."), "SSL::install_ssl")
    result = run(host, "renew", "--force-renewal", check=False)
    assert result.returncode == 1
    assert sum(serves(host, domain, "example.com") for domain in domains) == 2
    calls(host)
    run(host, "renew")
    assert all(serves(host, domain, "example.com") for domain in domains)
    assert calls(host).count("SSL::install_ssl") == 1
    calls(host)
    run(host, "renew", "--force-renewal")
    made = calls(host)
    assert made.count("SSL::install_ssl") == 3
    assert len(made) <= 3 + 3 + 4


# Redirects


def test_an_addon_domain_redirects_with_its_subdomain_and_back(host: CpanelSandbox) -> None:
    """The panel's own switch, off again with a rollback; challenges go on."""
    host.account.add_addon("shop.example")
    page(host, "shop.example.example.com", "shop")
    host.wait_applied()
    run(host, "run", *BOTH, "-d", "shop.example", "-d", "www.shop.example")
    assert host.http("shop.example").location == "https://shop.example/"
    assert host.http("example.com").location == ""
    run(host, "renew", "--force-renewal")
    run(host, "rollback", "-i", "cpanel")
    assert host.http("shop.example").text == "shop"


# The command on the host


def test_an_old_command_gets_everything_as_arguments(host: CpanelSandbox) -> None:
    """Without standard input, encoded: a plus stays a plus. Hooks may write what they like.

    What came with a later version is named with it.
    """
    host.account.version = 79
    switches = host.account.switches
    switches.json_input, switches.hook_noise, switches.leading_noise = False, True, True
    switches.loose_types, switches.language, switches.exit_status = True, "pt", True
    result = run(host, "run", *BOTH, *SITE)
    assert serves(host, "example.com", "example.com")
    lacks = "toggle_ssl_redirect_for_domains came with version 80, and this server has 79"
    assert lacks in " ".join(result.output.split())


def test_a_command_that_decodes_its_input_gets_it_encoded(host: CpanelSandbox) -> None:
    """No source tells; what it refuses is sent once more."""
    host.account.switches.json_input_decoded = True
    run(host, "run", *BOTH, *SITE)
    assert serves(host, "example.com", "example.com")


def test_root_has_to_name_the_account(host: CpanelSandbox) -> None:
    """Told so; with the name alone in a credentials file it works."""
    host.account.switches.caller_is_root = True
    result = run(host, "certonly", *BOTH[:2], *SITE, check=False)
    assert result.returncode == 1
    assert "cpanel_username" in result.output
    write_secret(host.credentials, "cpanel_username = alice\n")
    run(host, "run", *BOTH, *SITE)
    assert serves(host, "example.com", "example.com")


def test_the_file_of_certbot_dns_cpanel_goes_on_working(cpanel: CpanelSandbox) -> None:
    """With its own name for the address."""
    env = elsewhere(cpanel)
    text = cpanel.credentials.read_text()
    cpanel.credentials.write_text(text.replace("cpanel_api_url", "cpanel_url"))
    run(cpanel, "certonly", *BOTH[:2], *SITE, env=env)
    assert {call.transport for call in cpanel.panel.calls} >= {"execute"}


def test_without_the_command_and_a_file_the_way_out_is_told(cpanel: CpanelSandbox) -> None:
    """A machine that is no cPanel host."""
    env = elsewhere(cpanel)
    cpanel.credentials.unlink()
    result = run(cpanel, "run", *BOTH, *SITE, check=False, env=env)
    assert result.returncode == 1
    assert "There is no credentials file" in result.output


# Several sites


def test_a_wildcard_goes_onto_every_site_that_it_covers(host: CpanelSandbox) -> None:
    """A wildcard subdomain among them, and no addon domain that has a subdomain there."""
    host.account.add_addon("shop.example")
    for domain in ("*.example.com", "blog.example.com", "deep.blog.example.com"):
        host.account.add_subdomain(domain)
    host.wait_applied()
    leaf = install_files(host, "*.example.com")
    installed = {each.servername for each in host.account.hosts if each.installed}
    assert installed == {"example.com", "*.example.com", "blog.example.com"}
    assert host.served("any.example.com").chain[0].split() == leaf.split()


def test_nested_and_shared_document_roots_are_told_apart(host: CpanelSandbox) -> None:
    """One below another's, one that two domains have, and one whose files an app leaves alone."""
    nested = host.account.add_addon("nested.example", "public_html/nested")
    host.account.set_app(nested.servername, "code")
    host.account.park("parked.example")
    host.account.add_addon("shared.example", "public_html")
    host.wait_applied()
    others = ("nested.example", "shared.example", "parked.example")
    domains = [part for domain in others for part in ("-d", domain)]
    run(host, "run", *BOTH, *SITE, *domains, "--no-redirect")
    for domain in ("example.com", *others):
        assert serves(host, domain, "example.com")
    assert not list(host.account.home.rglob(".well-known"))


def test_a_web_server_that_takes_its_time_is_waited_for(host: CpanelSandbox) -> None:
    """The redirect comes only once https was seen; what is never seen is told."""
    host.front_end.delay = 1
    run(host, "run", *BOTH, *SITE)
    assert host.fetch_verified("example.com").text == "hello"
    assert host.http("example.com").status == 301
    host.front_end.delay = 0
    host.front_end.stuck.add("example.com")
    result = run(host, "renew", "--force-renewal", "--cpanel-wait", "1")
    assert not serves(host, "example.com", "example.com")
    assert "After 1 seconds the new certificate is not yet served everywhere" in result.output


def test_what_answers_in_place_of_files_is_named_and_the_advice_helps(host: CpanelSandbox) -> None:
    """A security plugin, an app, a redirect and a password, each told before the CA is asked."""
    account = host.account
    account.switches.passenger_serves_files = False
    blog = account.add_subdomain("blog.example.com").document_root
    shop = account.add_addon("shop.example")
    app = account.add_addon("app.example")
    account.set_app(app.servername, "code")
    plugin = account.home / "public_html" / ".htaccess"
    plugin.write_text(
        "RewriteEngine On\nRewriteRule (^|/)\\. - [F]\nRewriteRule . /index.php [L]\n"
    )
    (blog / ".htaccess").write_text(
        f'AuthType Basic\nAuthName "mine"\nAuthUserFile {blog}/passwd\nrequire valid-user\n'
    )
    add_redirect(shop, "https://other.example/", exempt=False)
    host.wait_applied()
    domains = ("example.com", "blog.example.com", "shop.example", "app.example")
    names = [part for domain in domains for part in ("-d", domain)]
    refused = run(host, "certonly", *BOTH[:2], *names, "--cpanel-wait", "1", check=False)

    assert refused.returncode == 1
    assert host.ca.validations() == 0
    parts = re.split(r"^  (\S+): asked at", refused.output, flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert "rules of a security plugin in its .htaccess" in told["example.com"]
    assert "(in the panel under Files, Directory Privacy)" in told["blog.example.com"]
    assert "it redirects to another host, other.example" in told["shop.example"]
    assert "“The app answers.”" in told["app.example"]
    doctor = ("doctor", "--host", "cpanel", "-d", "shop.example", "--cpanel-wait", "1")
    rule = f"/ → https://other.example/ in {shop.document_root}/.htaccess"
    assert rule in " ".join(command.run(host, *doctor).stdout.split())

    (exemption,) = set(re.findall("“(RewriteRule .*?)”", refused.output))
    for settings in (plugin, shop.document_root / ".htaccess"):
        settings.write_text(f"RewriteEngine On\n{exemption}\n{settings.read_text()}")
    (blog / ".htaccess").unlink()
    (link,) = re.findall("`(ln -s .*?)`", told["app.example"])
    subprocess.run(link.replace("APP", str(account.home / "code")), shell=True, check=True)
    run(host, "certonly", *BOTH[:2], *names)
    assert not list(account.home.rglob("acme-challenge"))


def test_what_autossl_had_and_is_over_by_now_goes_to_autossl(host: CpanelSandbox) -> None:
    """Nobody would be glad of an expired certificate."""
    over = host.account.autossl_authority.issue("example.com", "www.example.com", left=1)
    given = Given(over.certificate, over.private_key, over.chain)
    host.account.install("example.com", given)
    (stored,) = host.account.store.certificates.values()
    with host.account.change():
        host.account.store.certificates[stored.id] = replace(stored, is_autossl=True)
    host.account.install("example.com", given)
    host.account.uninstall("example.com")
    host.account.install("example.com", given)
    run(host, "run", *BOTH, *SITE, "--no-redirect")
    (path,) = host.config_dir.glob("cpanel/*/journal.json")
    day = datetime.date.today() - datetime.timedelta(days=1)
    path.write_text(re.sub(r'"expires": "[0-9-]+"', f'"expires": "{day}"', path.read_text()))
    calls(host)
    run(host, "rollback", "-i", "cpanel")
    assert {"SSL::delete_ssl", "SSL::start_autossl_check"} <= set(calls(host))
    host.account.run_autossl()
    host.wait_applied()
    assert host.fetch_verified("example.com").text == "hello"


def test_lost_books_are_rebuilt_from_what_the_panel_shows(host: CpanelSandbox) -> None:
    """The next renewal is installed where the last one was."""
    run(host, "run", *BOTH, *SITE)
    for document in host.config_dir.glob("cpanel/*/*.json"):
        document.unlink()
    run(host, "renew", "--force-renewal")
    assert serves(host, "example.com", "example.com")
