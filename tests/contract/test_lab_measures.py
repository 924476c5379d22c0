"""The lab measures what it says: it finds a planted delay, and no difference between two runs of the same program. Speed isn't judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.lab.__main__ import EXPERIMENTS
from benchmarks.lab.cold_start.measure import PLANTED_TIMES
from benchmarks.lab.experiment import Lab
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.http.servers import FRAMEWORKS
from benchmarks.lab.ledger import Case, Claim, judge, read_claims
from benchmarks.lab.memory.measure import PLANTED_KB
from benchmarks.lab.offload.measure import HEAVY_MS
from benchmarks.requirements import require_tools
from infra.local.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Series

Measured = dict[str, dict[str, "Series"]]

#: Much more than a busy machine adds by itself.
PLANTED_MS = 20
#: Experiments whose figures have no noise.
COUNTS = {"typing_errors", "setup"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The series of each experiment, by its name."""
    require_tools(Progress())
    folder: Path = tmp_path_factory.mktemp("lab")
    lab = Lab(1, 0.2, folder, lambda _line: None, PLANTED_MS)
    return {name: {series.name: series for series in measure(lab)} for name, measure in EXPERIMENTS.items()}


@pytest.mark.parametrize(
    ("experiment", "series", "contender", "figure", "planted_ms"),
    [
        ("cpu", "loop", "Node", "lowest_ms", PLANTED_MS),
        ("cpu", "loop", "Python", "lowest_ms", PLANTED_MS),
        ("http", "alone", "Fastify", "lowest_ms", PLANTED_MS),
        # A connection makes 90 tasks, one after the other, and each has the delay.
        ("io", "at-20", "Node", "ms", PLANTED_MS * 90),
    ],
)
def test_a_planted_delay_is_found(measured: Measured, experiment: str, series: str, contender: str, figure: str, planted_ms: float) -> None:
    of_series = measured[experiment][series]

    plain, slowed = (min(of_series.values(name, figure)) for name in (contender, f"{contender}, slowed"))

    assert slowed - plain > planted_ms / 2


def test_planted_memory_is_found_in_a_connection(measured: Measured) -> None:
    http = measured["memory"]["http"]

    plain, heavier = (min(http.values(name, "kb_per_connection")) for name in ("Node", "Node, heavier"))

    assert heavier - plain > PLANTED_KB / 2


def test_heavy_work_in_the_event_loop_delays_cheap_requests(measured: Measured) -> None:
    beside_heavy = measured["offload"]["beside-heavy"]

    for contender in ("Node, event loop", "Python, event loop"):
        assert min(beside_heavy.values(contender, "p99_ms")) > HEAVY_MS / 2


def test_each_place_of_the_work_does_it_beside_the_cheap_requests(measured: Measured) -> None:
    beside_heavy = measured["offload"]["beside-heavy"]

    assert min(value for name in beside_heavy.rounds for value in beside_heavy.values(name, "heavy_p50_ms")) >= HEAVY_MS


def test_a_request_takes_at_least_the_models_time(measured: Measured) -> None:
    one_at_a_time = measured["hop"]["10-ms-100-1"]

    # A model measures its own speed at its start, so it isn't exact.
    assert min(value for name in one_at_a_time.rounds for value in one_at_a_time.values(name, "lowest_ms")) > 8


def test_the_time_until_the_first_answer_counts_from_the_start_of_the_process(measured: Measured) -> None:
    assert min(measured["cold_start"]["first-answer"].values("Fastify, slowed", "ms")) >= PLANTED_MS * PLANTED_TIMES


def test_each_series_that_isnt_a_count_runs_a_program_twice(measured: Measured) -> None:
    for series in (series for name in measured.keys() - COUNTS for series in measured[name].values()):
        assert any(name.endswith(AGAIN) for name in series.rounds), series.name


def test_the_same_program_is_never_faster_than_itself(measured: Measured) -> None:
    for name, of_experiment in measured.items():
        for series in of_experiment.values():
            for again in (contender for contender in series.rounds if contender.endswith(AGAIN)):
                figure = next(iter(series.rounds[again][0]))
                case = Case("A/A", series.name, figure, again, again.removesuffix(AGAIN))
                claim = Claim("", "", "", name, "", "ratio", 1.0, "above", "rounds", (case,))

                assert judge(claim, of_experiment).text != "holds"


def test_each_claim_gets_its_figures(measured: Measured) -> None:
    for claim in read_claims():
        assert None not in [case.ratio for case in judge(claim, measured.get(claim.experiment, {})).cases]


def test_each_server_is_loaded_by_one_and_two_processes_and_at_a_fixed_rate(measured: Measured) -> None:
    for series, figure in {"one": "per_second", "two": "per_second", "steady": "grown_mb", "gain": "busy_cores"}.items():
        assert all(measured["http"][series].values(name, figure) for name in FRAMEWORKS)


def test_a_trace_names_the_line_of_a_bug_or_the_report_says_that_it_doesnt(measured: Measured) -> None:
    bugs = measured["typing_errors"]["bugs"]

    assert [name for name in bugs.rounds if not bugs.values(name, "traces_with_the_line")[0]] == []
    assert "a misspelled field, Python with mypy: bug_1.py:9: error" in "\n".join(bugs.notes)
    assert "(the trace names the file and another line)" in "\n".join(bugs.notes)


def test_the_commands_of_an_installation_and_whether_it_was_timed_are_in_the_report(measured: Measured) -> None:
    packages = measured["setup"]["packages"]

    assert [packages.values(name, "commands") for name in ("Fastify", "FastAPI")] == [[2], [3]]
    assert all("from the package cache" in note or "seconds not measured" in note.lower() for note in packages.notes)


def test_both_type_checkers_find_most_of_the_planted_bugs(measured: Measured) -> None:
    bugs = measured["typing_errors"]["bugs"]

    for contender in bugs.rounds:
        assert bugs.values(contender, "before_run_time") == [4]
