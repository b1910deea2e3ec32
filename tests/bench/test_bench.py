"""The benchmark still runs and its bars can be missed; the figures here mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docutils.core import publish_doctree  # type: ignore[import-untyped] # it ships none

from tests.bench.bars import check
from tests.bench.cost import Cost, FailedError
from tests.bench.growth import run_growth
from tests.bench.idle import PLUGINS, Comparison, run_idle
from tests.bench.installations import install
from tests.bench.renewals import API, FLOOR, LOCAL, SCRIPT, run_renewals
from tests.bench.report import write_report
from tests.bench.scene import make_sites
from tests.bench.workplace import Installations, Workplace


@pytest.fixture(scope="module")
def installations(tmp_path_factory: pytest.TempPathFactory) -> Installations:
    """certbot with the plugin, and without."""
    directory = tmp_path_factory.mktemp("installations")
    return Installations(
        install(directory / "plugin", plugin=True), install(directory / "stock", plugin=False)
    )


@pytest.fixture(scope="module")
def workplace(installations: Installations) -> Iterator[Workplace]:
    """A place to measure in."""
    with Workplace(installations) as workplace:
        yield workplace


def test_one_lineage_is_measured_in_each_way(
    installations: Installations, workplace: Workplace, tmp_path: Path
) -> None:
    """Calls are as promised, the script makes its two and the floor none; tables are made of it."""
    sites = make_sites(tmp_path, 1, www=True)
    renewals = run_renewals(installations, sites, [1], 1)
    (local,), (script,), (floor,) = (renewals[each, 1] for each in (LOCAL, SCRIPT, FLOOR))
    assert local.calls == 4
    assert script.methods == ("login", "update_certificate")
    assert floor.methods == ()
    assert floor.cpu < floor.wall
    assert all(bar.holds for bar in check(renewals, []))
    idle = run_idle(workplace, sites, [1], 1)
    assert [each.plugin.calls for each in idle] == [0, 0]
    growth = run_growth(workplace, [2], 1)
    assert growth[0].in_step.calls == 0
    assert growth[0].renewed.methods == ("login", "update_certificate")
    assert growth[0].attached.methods == ("login", "list_websites")
    report = write_report(renewals, idle, growth, check(renewals, idle), 0.0)
    assert "problematic" not in publish_doctree(report).pformat()


def test_only_one_installation_has_the_plugin(workplace: Workplace, tmp_path: Path) -> None:
    """Stock certbot stops at the plugin's name: what is called stock is."""
    config_dir = workplace.config_dir("certbot", [], "webroot")
    with pytest.raises(FailedError, match="webfaction"):
        workplace.certbot("stock", config_dir, "certonly", "-a", "webfaction", "-d", "a.example")


FAST = Cost(wall=20.0, cpu=1.0, peak=0)
CALLS = ("login", "list_websites", "list_apps", *["update_certificate"] * 10)


def renewals_of_ten(local: Cost) -> dict[tuple[str, int], list[Cost]]:
    """Renewals of ten lineages, with this cost of the plugin."""
    return {(LOCAL, 10): [local], (SCRIPT, 10): [replace(FAST, wall=22.0)], (FLOOR, 10): [FAST]}


def missed(local: Cost) -> list[str]:
    """What was measured where a bar was missed."""
    return [bar.measured for bar in check(renewals_of_ten(local), []) if not bar.holds]


def test_a_renewal_as_promised_misses_no_bar() -> None:
    """13 calls of 100 ms are 1.3 s over the floor."""
    assert missed(Cost(21.3, 1.1, 0, CALLS)) == []
    assert missed(Cost(21.7, 1.1, 0, CALLS, after_calls=0.4)) == []


@pytest.mark.parametrize(
    ("local", "measured"),
    [
        (Cost(21.4, 1.1, 0, (*CALLS, "login")), "14 calls"),
        (Cost(21.3, 1.1, 0, (*CALLS[:-1], "list_certificates")), "13 calls"),
        (Cost(22.1, 1.1, 0, CALLS), "22.1 s and 22.0 s"),
        (Cost(21.95, 1.1, 0, CALLS), "1.95 s for 1.30 + 0.00 + 0.10 s (+0.55 s)"),
        (Cost(20.8, 1.1, 0, CALLS), "0.80 s for 1.30 + 0.00 + 0.10 s (-0.60 s)"),
    ],
)
def test_each_bar_can_be_missed(local: Cost, measured: str) -> None:
    """One call too many, the keys listed, slower than the script, time not explained."""
    assert measured in missed(local)


def test_files_over_the_api_may_take_two_calls_an_order_and_no_more() -> None:
    """20 for 10 lineages."""
    for files, holds in ((20, True), (21, False)):
        cost = Cost(0, 0, 0, (*CALLS, *["system"] * files))
        bars = check({(API, 10): [cost], (SCRIPT, 10): [FAST], (FLOOR, 10): [FAST]}, [])
        assert bars[0].holds is holds


@pytest.mark.parametrize(
    ("stock", "plugin", "calls", "holds"),
    [
        (0.3, 0.359, (), [True, True]),
        (0.3, 0.361, (), [True, False]),
        (1.0, 1.099, (), [True, True]),
        (1.0, 1.101, (), [True, False]),
        (0.3, 0.300, ("login",), [False, True]),
    ],
)
def test_an_idle_renew_may_cost_60_ms_or_10_percent(
    stock: float, plugin: float, calls: tuple[str, ...], holds: list[bool]
) -> None:
    """Whichever is more, and no call."""
    idle = Comparison("renew", Cost(1, plugin, 0, calls), Cost(1, stock, 0))
    assert [bar.holds for bar in check({}, [idle])] == holds
    assert check({}, [replace(idle, what=PLUGINS)]) == []
