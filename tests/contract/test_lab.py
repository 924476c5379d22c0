"""How the lab turns measured rounds into verdicts."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.figures import Series
from benchmarks.lab.__main__ import EXPERIMENTS
from benchmarks.lab.break_even import BASE_COLOUR, COLOURS, Surface, as_svg, sentence, surfaces, winners
from benchmarks.lab.experiment import same_answers
from benchmarks.lab.floor import AGAIN, OTHER_GENERATOR, checks_of, noise_floor
from benchmarks.lab.lab_report import Experiment, LabReport
from benchmarks.lab.ledger import NOT_MEASURABLE, Case, Claim, judge, read_claims
from benchmarks.lab.reference import PAGE, REFERENCE, table
from benchmarks.lab.setup.installing import NotCached, seconds_to_install
from benchmarks.rounds import LoadFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CASE = Case("one process", "http", "per_second", "Node", "Python")
CLAIM = Claim("faster", "Node is faster", "the article", "http", "requests/s", "ratio", 1.1, "above", "rounds", (CASE,), "the load")


def series_of(node: Sequence[float], python: Sequence[float], again: Sequence[float] = (100, 102, 99), name: str = "http") -> Series:
    """Return a series whose A/A run differs from 100 requests/s by 2 % at most."""
    rounds = {"Node": node, "Python": python, "A": [100.0] * len(again), f"A{AGAIN}": again}
    return Series(name, name, {contender: [{"per_second": value} for value in values] for contender, values in rounds.items()})


@pytest.mark.parametrize(
    ("holds_when", "threshold", "node", "verdict"),
    [
        ("above", 1.1, [150, 160, 170], "holds"),
        ("above", 1.1, [100, 101, 102], "does not hold"),
        ("above", 1.1, [105, 120, 130], NOT_MEASURABLE),
        ("below", 1.25, [20, 30, 40], "holds"),
        ("below", 1.25, [150, 160, 170], "does not hold"),
        ("similar", 1.5, [90, 100, 110], "holds"),
        ("similar", 1.5, [20, 30, 40], "does not hold"),
        ("similar", 1.5, [200, 210, 220], "does not hold"),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(holds_when: str, threshold: float, node: list[float], verdict: str) -> None:
    claim = replace(CLAIM, holds_when=holds_when, threshold=threshold)

    assert judge(claim, {"http": series_of(node, [100, 100, 100])}).text == verdict


def test_a_difference_below_the_noise_floor_decides_nothing() -> None:
    node, python, noisy = [120.0, 121.0, 122.0], [100.0, 100.0, 100.0], [100.0, 80.0, 110.0]

    assert judge(CLAIM, {"http": series_of(node, python)}).text == "holds"
    assert judge(CLAIM, {"http": series_of(node, python, noisy)}).text == NOT_MEASURABLE


def test_the_noise_floor_is_the_largest_ratio_of_two_equal_runs() -> None:
    assert noise_floor(series_of([], [], [100, 80, 110]), "per_second") == 1.25


def test_cases_that_differ_make_the_verdict_depend_on_what_distinguishes_them() -> None:
    other = replace(CASE, name="two processes", series="two")
    measured = {"http": series_of([150, 160, 170], [100] * 3), "two": series_of([90, 91, 92], [100] * 3)}

    assert judge(replace(CLAIM, cases=(CASE, other)), measured).text == "depends on the load"


def test_one_case_contradicts_a_claim_that_another_case_leaves_open() -> None:
    close = replace(CASE, name="two processes", series="two")
    measured = {"http": series_of([90, 91, 92], [100] * 3), "two": series_of([105, 120, 130], [100] * 3)}

    assert judge(replace(CLAIM, cases=(CASE, close)), measured).text == "does not hold"
    assert judge(replace(CLAIM, cases=(CASE, close)), {**measured, "http": series_of([150, 160, 170], [100] * 3)}).text == NOT_MEASURABLE


def test_what_was_not_measured_gets_no_verdict() -> None:
    assert judge(CLAIM, {}).text == NOT_MEASURABLE
    assert judge(replace(CLAIM, cases=()), {}).why == "There is no experiment yet."


def test_a_run_that_its_load_generator_limits_is_void() -> None:
    series = series_of([150, 160, 170], [100] * 3)
    for figures in series.rounds["Node"]:
        figures["generator_core"] = 0.99

    verdict = judge(CLAIM, {"http": series})

    assert verdict.text == NOT_MEASURABLE
    assert "load generator's part of a core is 0.99" in verdict.why


def test_throughput_times_latency_must_agree_with_the_requests_in_flight() -> None:
    right = {"per_second": 1000.0, "mean_ms": 16.0, "in_flight": 16.0}

    assert [check.is_passed for check in checks_of("a", right)] == [True]
    assert [check.is_passed for check in checks_of("a", {**right, "mean_ms": 8.0})] == [False]


@pytest.mark.parametrize(("by_h2load", "verdict"), [([151, 158, 171], "holds"), ([190, 200, 210], NOT_MEASURABLE)])
def test_load_generators_must_agree_within_the_noise_floor(by_h2load: list[float], verdict: str) -> None:
    series = series_of([150, 160, 170], [100] * 3)
    series.rounds[f"Node{OTHER_GENERATOR}"] = [{"per_second": value} for value in by_h2load]

    assert judge(CLAIM, {"http": series}).text == verdict


def test_a_second_process_needs_cores_that_nothing_else_uses() -> None:
    assert not all(check.is_passed for check in checks_of("a", {"times": 1.5, "busy_cores": float(os.cpu_count() or 1)}))
    assert all(check.is_passed for check in checks_of("a", {"times": 1.5, "busy_cores": 0.5}))


def test_an_installation_that_fails_without_a_network_isnt_timed() -> None:
    assert seconds_to_install(["true"]) > 0
    with pytest.raises(NotCached, match="`false` without a network ended with 1"):
        seconds_to_install(["true", "false"])


def test_contenders_that_compute_different_answers_are_refused() -> None:
    with pytest.raises(LoadFailed, match="different answers"):
        same_answers({"Node": [{"answer": 1.0}], "Python": [{"answer": 2.0}]})


def test_each_claim_of_the_ledger_is_complete() -> None:
    claims = read_claims()

    assert len({claim.id for claim in claims}) == len(claims)
    for claim in claims:
        assert len(claim.quotation.split()) <= 20
        assert claim.bounds[0] < claim.bounds[1]
        assert claim.experiment in {"", *EXPERIMENTS}
        assert bool(claim.cases) == bool(claim.experiment)
        assert claim.depends_on or len(claim.cases) < 2


def test_the_report_is_one_page_with_the_verdict_and_the_command_that_repeats_it(tmp_path: Path) -> None:
    series = series_of([150, 160, 170], [100] * 3)
    report = LabReport({"cores": "<2>"}, [Experiment("http", 3.0, [series])], [judge(CLAIM, {"http": series})], 60.0)

    page = report.save(tmp_path).read_text("utf-8")

    (claim,) = json.loads((tmp_path / "report.json").read_text("utf-8"))["claims"]
    assert (claim["value"], claim["low"], claim["high"], claim["verdict"]) == (1.6, 1.5, 1.7, "holds")
    assert claim["command"] == "make lab ONLY=http"
    assert "&lt;2&gt;" in page
    assert "make lab ONLY=http" in page
    assert not re.search(r"""(src|href)=|url\(|@import|<script""", page)
    assert "| holds |" in (tmp_path / "report.md").read_text("utf-8")


def surface_of(in_process: Sequence[float], grpc: Sequence[float], again: Sequence[float]) -> Surface:
    rounds = {"in process": in_process, "behind gRPC": grpc, f"in process{AGAIN}": again}
    cell = Series("10-ms-100-1", "A model of 10 ms", {name: [{"mean_ms": value} for value in values] for name, values in rounds.items()})
    (surface,) = surfaces([cell], [])
    return surface


@pytest.mark.parametrize(
    ("grpc", "again", "won", "said"),
    [
        ([30, 31], [10.0, 10.1], ["in process"], "never the one behind gRPC"),
        ([3, 3], [10.0, 10.1], ["behind gRPC"], "pay here: A model of 10 ms (0.3 of the time in one process). It pays in 1 of 1 cells."),
        ([9, 9], [10.0, 20.0], ["behind gRPC", "in process"], "never the one behind gRPC"),
    ],
)
def test_the_break_even_picture_shows_the_winner_of_a_cell_or_a_tie(
    grpc: list[float], again: list[float], won: list[str], said: str
) -> None:
    surface = surface_of([10, 10], grpc, again)
    colours = {"in process": BASE_COLOUR, "behind gRPC": COLOURS["gRPC"]}

    picture = as_svg([surface])

    assert winners(surface, surface.cells[0]) == won
    assert said in sentence(surface)
    assert [name for name, colour in colours.items() if colour in picture] == sorted(won, reverse=True)


def test_the_reference_run_judges_each_claim_of_the_ledger_and_the_page_shows_its_verdicts() -> None:
    run = json.loads(REFERENCE.read_text("utf-8"))

    assert [claim["id"] for claim in run["claims"]] == [claim.id for claim in read_claims()]
    assert run["machine"]
    assert not run["failure"]
    assert table(run["claims"]) in PAGE.read_text("utf-8")
