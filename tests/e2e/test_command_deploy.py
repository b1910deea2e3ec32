"""`certbot-webfaction deploy`: certificates of other authenticators onto the panel, from hooks."""

from __future__ import annotations

import json

from tests.e2e import command
from tests.e2e.scenes import add_site, leaf, serves, website, website_names
from tests.sandbox import faults
from tests.sandbox.certbot import Result
from tests.sandbox.sandbox import Sandbox

SHOP = "shop.example.com"


def issue(sandbox: Sandbox, *domains: str, hook: str = "", options: tuple[str, ...] = ()) -> Result:
    """Issue a certificate with certbot's own authenticator, for the website ``shop``."""
    names = [option for domain in domains for option in ("-d", domain)]
    webroot = str(sandbox.host.webapps / "shop")
    hooks = ["--deploy-hook", hook] if hook else []
    certonly = ("certonly", "--webroot", "--webroot-path", webroot, "--cert-name", SHOP)
    return sandbox.certbot(*certonly, *names, *hooks, *options)


def hook(sandbox: Sandbox) -> str:
    """The deploy hook."""
    return f"{command.program(sandbox)} deploy"


def wanted(sandbox: Sandbox) -> list[str]:
    """The https websites that are to present a certificate."""
    (path,) = (sandbox.config_dir / "webfaction").glob("*/wanted.json")
    return list(json.loads(path.read_text())["sites"])


def test_a_deploy_hook_installs_at_issuance_and_uploads_at_renewal(sandbox: Sandbox) -> None:
    """A TLS client gets the new leaf and chain each time; a renewal costs login and upload."""
    add_site(sandbox, "shop", SHOP)
    said = issue(sandbox, SHOP, hook=hook(sandbox)).output
    assert f"Uploaded certificate {SHOP}" in said
    sandbox.front_end.wait_applied()
    first = leaf(sandbox, SHOP)
    assert serves(sandbox, SHOP, SHOP)

    sandbox.api.calls.clear()
    sandbox.certbot("renew", "--force-renewal")
    sandbox.front_end.wait_applied()
    assert leaf(sandbox, SHOP) != first
    assert serves(sandbox, SHOP, SHOP)
    assert sandbox.api.calls.methods() == ["login", "update_certificate"]


def test_without_the_hook_nothing_is_served(sandbox: Sandbox) -> None:
    """The neighbour of the test above: it is the hook that installs."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    assert not serves(sandbox, SHOP, SHOP)
    assert sandbox.api.calls.methods() == []


def test_a_script_in_renewal_hooks_does_the_same_for_every_lineage(sandbox: Sandbox) -> None:
    """Those of our installer included, which are uploaded once nevertheless."""
    add_site(sandbox, "shop", SHOP)
    add_site(sandbox, "blog", "blog.example.com")
    issue(sandbox, SHOP)
    sandbox.certbot("run", "-a", "webfaction", "-i", "webfaction", "-d", "blog.example.com")
    script = sandbox.config_dir / "renewal-hooks" / "deploy" / "webfaction"
    script.write_text(f"#!/bin/sh\nexec {hook(sandbox)}\n")
    script.chmod(0o755)
    sandbox.api.calls.clear()
    sandbox.certbot("renew", "--force-renewal")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)
    assert serves(sandbox, "blog.example.com", "blog.example.com")
    assert sandbox.api.calls.methods().count("update_certificate") == 1
    assert sandbox.api.calls.methods().count("create_certificate") == 1


def test_by_hand_it_installs_and_then_only_looks(sandbox: Sandbox) -> None:
    """``--cert-name`` stands for what certbot tells a hook; what is in step stays as it is."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 0, done.stderr
    assert serves(sandbox, SHOP, SHOP)
    sandbox.api.calls.clear()
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert (done.returncode, done.stdout) == (
        0,
        f"The certificate {SHOP} is installed on the panel.\n",
    )
    assert sandbox.api.calls.methods() == ["login", "list_websites", "list_certificates"]


def test_by_hand_it_puts_back_what_somebody_took_away(sandbox: Sandbox) -> None:
    """As `certbot install` does: an https website that was deleted is made again."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    command.run(sandbox, "deploy", "--cert-name", SHOP)
    sandbox.host.delete_website("shop", "127.0.0.1", True)
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 0, done.stderr
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)


def test_a_domain_that_a_lineage_gained_gets_its_website(sandbox: Sandbox) -> None:
    """Wanted counts only for the names that were on the certificate then."""
    add_site(sandbox, "shop", SHOP, f"www.{SHOP}")
    issue(sandbox, SHOP, hook=hook(sandbox))
    issue(sandbox, SHOP, f"www.{SHOP}", hook=hook(sandbox), options=("--expand",))
    sandbox.front_end.wait_applied()
    assert website(sandbox, "shop", https=True).subdomains == (SHOP, f"www.{SHOP}")
    assert serves(sandbox, f"www.{SHOP}", SHOP)


def test_a_failed_hook_says_so_and_the_next_deploy_makes_up_for_it(sandbox: Sandbox) -> None:
    """While the panel refuses, the old certificate is served; once it does not, the new one."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP, hook=hook(sandbox))
    sandbox.front_end.wait_applied()
    before = sandbox.served(SHOP)
    sandbox.api.faults.always(faults.fault("Maintenance."), method="update_certificate")
    said = sandbox.certbot("renew", "--force-renewal", check=False).output
    assert "Maintenance." in said
    assert "Traceback" not in said
    assert sandbox.served(SHOP) == before

    sandbox.api.faults.clear()
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 0, done.stderr
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)


def test_a_failed_hook_is_made_up_for_by_a_renew_that_reaches_the_account(
    sandbox: Sandbox,
) -> None:
    """A lineage of our installer brings the whole account into step, due or not."""
    add_site(sandbox, "shop", SHOP)
    add_site(sandbox, "blog", "blog.example.com")
    issue(sandbox, SHOP, hook=hook(sandbox))
    sandbox.certbot("run", "-a", "webfaction", "-i", "webfaction", "-d", "blog.example.com")
    sandbox.api.faults.always(faults.fault("Maintenance."), method="update_certificate")
    sandbox.certbot("renew", "--force-renewal", "--cert-name", SHOP, check=False)
    assert not serves(sandbox, SHOP, SHOP)
    sandbox.api.faults.clear()
    sandbox.certbot("renew")
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)


def test_a_first_deploy_that_fails_is_rolled_back_and_can_be_repeated(sandbox: Sandbox) -> None:
    """As after a failed `certbot install`, nothing of it is wanted or left on websites."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    sandbox.api.faults.always(faults.fault("No more websites."), method="create_website")
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 1
    assert "No more websites." in done.stderr
    assert "Traceback" not in done.stderr
    assert wanted(sandbox) == []
    assert website_names(sandbox, https=True) == []

    sandbox.api.faults.clear()
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 0, done.stderr
    sandbox.front_end.wait_applied()
    assert serves(sandbox, SHOP, SHOP)
    assert [each.name for each in sandbox.host.snapshot().certificates] == ["shop_example_com"]
    assert website_names(sandbox, https=True) == ["shop"]


def test_a_domain_that_no_website_serves_is_refused_and_nothing_changed(sandbox: Sandbox) -> None:
    """The message names the domain; the others are not installed either."""
    add_site(sandbox, "shop", SHOP, f"www.{SHOP}")
    issue(sandbox, SHOP, f"www.{SHOP}")
    sandbox.host.update_website("shop", "127.0.0.1", False, (SHOP,), (("shop", "/"),), "")
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 1
    assert f"  www.{SHOP}: no website" in done.stderr
    assert sandbox.host.snapshot().certificates == ()
    assert wanted(sandbox) == []


def test_the_account_comes_from_the_renewal_file_unless_the_command_line_names_one(
    sandbox: Sandbox,
) -> None:
    """A lineage keeps the credentials file that it was issued with."""
    add_site(sandbox, "shop", SHOP)
    own = sandbox.credentials.with_name("own.ini")
    sandbox.credentials.rename(own)
    issue(sandbox, SHOP, options=("--webfaction-credentials", str(own)))
    done = command.run(sandbox, "deploy", "--cert-name", SHOP, "--webfaction-credentials=/none")
    assert done.returncode == 1
    assert "There is no credentials file /none" in done.stderr
    done = command.run(sandbox, "deploy", "--cert-name", SHOP)
    assert done.returncode == 0, done.stderr
    assert serves(sandbox, SHOP, SHOP)


def test_certbots_directories_need_no_options(sandbox: Sandbox) -> None:
    """A hook gets CONFIG_DIR from certbot, and the working directory from the renewal file."""
    add_site(sandbox, "shop", SHOP)
    issue(sandbox, SHOP)
    bare = sandbox.directory / "certbot" / "bare"
    bare.mkdir()
    environ = {
        "XDG_CONFIG_HOME": str(bare),
        "RENEWED_LINEAGE": str(sandbox.config_dir / "live" / SHOP),
    }
    done = command.run(sandbox, "deploy", env=environ)
    assert done.returncode == 0, done.stderr
    assert serves(sandbox, SHOP, SHOP)
    work_dir = sandbox.config_dir.with_name("work")
    assert any((work_dir / "backups").iterdir())
