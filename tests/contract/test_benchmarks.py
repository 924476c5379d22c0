"""How the benchmarks evaluate their measurements."""

from __future__ import annotations

import inspect
import json
import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchmarks import goals, traffic
from benchmarks.figures import Series, Spread, percentile, ratios
from benchmarks.goals import GATEWAY, GOALS, Verdict, judge
from benchmarks.report import Report
from benchmarks.rounds import LoadFailed, interleave, rotated
from benchmarks.scenarios import ask, jobs, sockets, tell, weight
from benchmarks.tables import number

if TYPE_CHECKING:
    from pathlib import Path

SCENARIOS = (ask, tell, sockets, jobs, weight)


def silent(_line: str) -> None:
    """A function that ignores the lines of a run."""


@pytest.fixture
def asked() -> Series:
    """Two rounds. Something disturbed both contenders alike in the second."""
    ours = [{"per_second": 9000.0, "p99_ms": 10.0}, {"per_second": 4500.0, "p99_ms": 20.0}]
    theirs = [{"per_second": 1000.0, "p99_ms": 40.0}, {"per_second": 500.0, "p99_ms": 80.0}]
    return Series("ask", "Ask", {GATEWAY: ours, goals.HYBRID_AIO: theirs})


def test_a_percentile_is_a_measured_value() -> None:
    values = [float(value) for value in range(1, 101)]

    assert [percentile(values, part) for part in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]


def test_a_ratio_compares_figures_of_the_same_round(asked: Series) -> None:
    assert ratios(asked, "per_second", GATEWAY, goals.HYBRID_AIO) == [9, 9]


def test_each_round_begins_with_another_contender() -> None:
    order: list[str] = []

    def measure(name: str) -> dict[str, float]:
        order.append(name)
        return {}

    interleave({name: partial(measure, name) for name in "abc"}, 3, silent)

    assert "".join(order) == "abcbcacab"
    assert rotated(["a", "b"], 3) == ["b", "a"]


def test_figures_of_a_load_with_failures_are_refused() -> None:
    with pytest.raises(LoadFailed, match="2 of 100 requests failed"):
        interleave({GATEWAY: lambda: {"answered": 98.0, "failed": 2.0}}, 1, silent)


@pytest.mark.parametrize(("value", "judged"), [(9.0, (True, False)), (7.0, (False, False)), (1.0, (False, True))])
def test_a_goal_is_met_missed_or_missed_by_far(value: float, judged: tuple[bool, bool]) -> None:
    goal = next(goal for goal in GOALS if goal.against == goals.HYBRID_AIO)

    verdict = Verdict(goal, Spread.of([value]))

    assert (verdict.is_met, verdict.is_alarming) == judged


def test_one_good_round_is_no_alarm() -> None:
    goal = next(goal for goal in GOALS if goal.against == goals.HYBRID_AIO)

    assert not Verdict(goal, Spread.of([0.5, 1.0, 8.0])).is_alarming


def test_an_alarm_is_far_on_the_wrong_side_of_its_goal() -> None:
    far = [goal for goal in GOALS if goal.alarm is not None]

    assert len(far) > 8
    for goal in far:
        assert goal.alarm is not None
        assert (goal.alarm >= 2 * goal.wanted) if goal.is_at_most else (goal.alarm <= goal.wanted / 2)


def test_only_measured_goals_are_judged(asked: Series) -> None:
    assert [verdict.spread.median for verdict in judge([asked])] == [9]


def test_every_goal_has_a_scenario_that_measures_it() -> None:
    sources = " ".join(inspect.getsource(scenario) for scenario in SCENARIOS)

    assert [goal.series for goal in GOALS if f'"{goal.series}"' not in sources] == []


def test_the_report_is_one_file_with_every_figure(asked: Series, tmp_path: Path) -> None:
    rate = Series("rate-500", "500 requests/s", {GATEWAY: [{"p50_ms": 1.0, "p99_ms": 2.0}]})
    report = Report({"processor": "<two> cores"}, [asked, rate], judge([asked]), 60.0)

    page = report.save(tmp_path, "bench").read_text("utf-8")

    assert "&lt;two&gt; cores" in page
    assert page.count("<svg") == 3
    assert not re.search(r"""(src|href)=|url\(|@import|<script""", page)
    assert json.loads((tmp_path / "bench.json").read_text("utf-8"))["goals"][0]["is_met"]
    assert "9,000" in page
    assert "9,000" in report.as_text()


def test_a_failed_run_reports_its_figures_and_the_failure(asked: Series) -> None:
    report = Report({}, [asked], judge([asked]), 60.0, "The machine is busy")

    assert "The machine is busy" in report.as_html()
    assert json.loads(report.as_json())["goals"]


def test_traffic_is_the_same_in_each_run_and_mixed_as_requested() -> None:
    users, items = [str(user) for user in range(100)], ["1", "2"]

    mixed = traffic.some_users_more(users, items, 10_000, 0.01)

    assert mixed == traffic.some_users_more(users, items, 10_000, 0.01)
    assert 50 < sum(line.startswith("POST") for line in mixed) < 200
    assert sorted(traffic.each_user_in_turn(users)) == sorted(map(traffic.ask, users))


def test_numbers_have_three_significant_digits() -> None:
    assert [number(value) for value in (0.30412, 8.0, 39_100.4)] == ["0.304", "8", "39,100"]
