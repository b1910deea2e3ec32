"""The cells of the table, and what is told below it."""

from __future__ import annotations

import argparse
import datetime
import re
from dataclasses import replace

import pytest

from certbot_webfaction.command.diagnosis import status
from certbot_webfaction.hosts.webfaction.model import App, Certificate
from tests.command.diagnosis.scene import NOW, SHOP, Account


def run(account: Account) -> None:
    account.connection.forget()
    assert status.run(account.config, argparse.Namespace(json=False)) == 0


def rows(account: Account, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The table's rows by domain, the mark first."""
    run(account)
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()[1:]
    return {row[0]: [line[0].strip(), *row[1:]] for line in table for row in [_cells(line)]}


def _cells(line: str) -> list[str]:
    return re.split(r" {2,}", line[2:])


def test_each_way_that_a_domain_can_be_served(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Websites over http and https under one name or two, without certificate, without lineage."""
    soon = NOW.date() + datetime.timedelta(days=100)
    healthy.panel.installed["bought"] = Certificate("bought", ("b.test",), soon, "")
    healthy.panel.programs["code"] = App("code", "django41", None)
    healthy.add_website("a", "a.test", app="code")
    healthy.add_website("b", "b.test")
    healthy.add_website("b_2", "b.test", https=True, certificate="bought")
    healthy.add_website("c", "c.test", https=True)
    assert rows(healthy, capsys) == {
        SHOP: ["", "shop", "site", SHOP, "364 d", "?", "242 d"],
        "a.test": ["", "a, -", "(none)", "-", "-", "-", "-"],
        "b.test": ["", "b, b_2", "site", "bought", "100 d", "?", "-"],
        "c.test": ["", "-, c", "-", "(shared)", "-", "?", "-"],
    }


def test_a_certificate_in_place_of_the_lineages_is_named(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The row tells of the panel's, and is marked."""
    soon = NOW.date() + datetime.timedelta(days=100)
    healthy.panel.installed["bought"] = Certificate("bought", (SHOP,), soon, "")
    site = healthy.panel.sites["shop", True]
    healthy.panel.sites["shop", True] = replace(site, certificate="bought")
    assert rows(healthy, capsys)[SHOP] == ["!", "shop", "site", "bought", "100 d", "?", "242 d"]


def test_until_a_renewed_certificate_is_uploaded_the_old_one_counts(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left is left of the panel's, which expires in 365 days."""
    healthy.add_lineage(SHOP, number=2, left=500)
    assert rows(healthy, capsys)[SHOP][3:5] == [SHOP, "365 d"]


def test_domains_with_the_same_fault_are_told_of_together(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below the table; with `-q` there is nothing else."""
    healthy.add_lineage("many", "a.test", "b.test")
    healthy.config.namespace.quiet = True
    run(healthy)
    output = capsys.readouterr().out
    assert (
        "! a.test, b.test: no https website serves it, although it has a certificate.\n" in output
    )
    assert output.startswith("! ")
    assert "`certbot install --cert-name many -i webfaction` installs it." in output
    assert "DOMAIN" not in output


def test_quietly_nothing_is_said_where_nothing_is_wrong(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even an empty line, so that cron mails nothing."""
    healthy.config.namespace.quiet = True
    run(healthy)
    assert capsys.readouterr().out == ""


def test_days_are_counted_whole(healthy: Account, capsys: pytest.CaptureFixture[str]) -> None:
    """Expired an hour ago is today, and a renewal that is overdue has no days left."""
    healthy.add_lineage(SHOP, age=90, left=0)
    healthy.install(SHOP, "shop")
    assert rows(healthy, capsys)[SHOP][4:] == ["today", "?", "due"]
    healthy.add_lineage(SHOP, age=90, left=-2)
    healthy.install(SHOP, "shop")
    assert rows(healthy, capsys)[SHOP][4:] == ["-2 d", "?", "due"]


def test_faults_of_the_account_stand_below_the_table(
    healthy: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """And in the object for scripts, whose domains are in step all the same."""
    healthy.books.wanted.redirects["shop"] = "http website shop"
    healthy.save()
    run(healthy)
    assert "! An earlier run did not come to its end: redirects" in capsys.readouterr().out
    whole = status.run(healthy.config, argparse.Namespace(json=True))
    assert isinstance(whole, dict)
    assert [problem["kind"] for problem in whole["problems"]] == ["unfinished"]
    assert [domain["in_step"] for domain in whole["domains"]] == [True]
    assert whole["domains"][0]["served"] is None, "--webfaction-wait 0"
