"""The lab measures what it says: it finds a planted delay, and no difference between two runs of the same program. Speed isn't judged."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest

from benchmarks.lab.__main__ import EXPERIMENTS
from benchmarks.lab.experiment import Lab
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.ledger import Case, Claim, judge, read_claims

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Series

Measured = dict[str, dict[str, "Series"]]

PLANTED_MS = 5


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The series of each experiment, by its name."""
    folder: Path = tmp_path_factory.mktemp("lab")
    lab = Lab(2, 0.2, folder, lambda _line: None, PLANTED_MS)
    return {name: {series.name: series for series in measure(lab)} for name, measure in EXPERIMENTS.items()}


@pytest.mark.parametrize("contender", ["Node", "Python"])
def test_a_planted_delay_is_found_in_a_loop(measured: Measured, contender: str) -> None:
    loop = measured["cpu"]["loop"]

    plain, slowed = (median(loop.values(name, "ms")) for name in (contender, f"{contender}, slowed"))

    assert slowed - plain > PLANTED_MS / 2


def test_each_experiment_runs_a_program_twice(measured: Measured) -> None:
    for of_experiment in measured.values():
        assert any(name.endswith(AGAIN) for series in of_experiment.values() for name in series.rounds)


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
