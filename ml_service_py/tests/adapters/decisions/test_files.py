"""The files of the decision tool: criteria.toml with its mistakes, and the runs of the lab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from ml_service.adapters.decisions.criteria import CRITERIA, read_criteria
from ml_service.adapters.decisions.lab_run import read_measurements

if TYPE_CHECKING:
    from pathlib import Path

CLAIM: dict[str, Any] = {
    "id": "hop-cost",
    "figure": "behind gRPC ÷ in one process",
    "unit": "ratio",
    "value": 1.9,
    "low": 1.7,
    "high": 2.1,
    "verdict": "holds",
    "command": "make lab ONLY=hop",
}


def write_run(path: Path, *claims: dict[str, Any], **machine: str) -> Path:
    path.write_text(json.dumps({"machine": machine, "made_at": "2026-11-30T00:00:00Z", "claims": claims}))
    return path


def test_the_criteria_are_usable_and_explained() -> None:
    questionnaire = read_criteria()

    assert all(criterion.reason and criterion.scale for criterion in questionnaire.criteria)
    assert all(len(criterion.quotation.split()) <= 20 for criterion in questionnaire.criteria if criterion.quotation)


@pytest.mark.parametrize(
    ("text", "replacement", "mistake"),
    [
        ('hundreds = "some"', 'hundreds = "enormous"', "idle-connections: no level is called enormous."),
        ('thousands = "much" } }', 'millions = "much" } }', "`importance` must name each answer of the question connections once."),
        ("worst = 4.0\n", "", "Give either `scores`, or `factors` with `worst`."),
        (', both = "node" }\nworst', " }\nworst", "Give a range to each of node, python, both."),
        ('connections = "thousands", compute', "compute", "chat: a typical project answers each question once."),
    ],
)
def test_a_mistake_in_the_criteria_is_named(tmp_path: Path, text: str, replacement: str, mistake: str) -> None:
    path = tmp_path / "criteria.toml"
    path.write_text(CRITERIA.read_text("utf-8").replace(text, replacement, 1), "utf-8")

    with pytest.raises(ValueError, match="isn't usable") as error:
        read_criteria(path)

    assert mistake in str(error.value)


def test_an_unknown_key_in_the_criteria_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "criteria.toml"
    path.write_text(CRITERIA.read_text("utf-8").replace("quotation =", "quote =", 1), "utf-8")

    with pytest.raises(ValidationError, match="quote"):
        read_criteria(path)


def test_the_own_run_comes_before_the_reference_run(tmp_path: Path) -> None:
    own = write_run(tmp_path / "own.json", CLAIM, processor="mine")
    reference = write_run(tmp_path / "reference.json", CLAIM, {**CLAIM, "id": "cold-start"}, processor="theirs", Node="v24", system="Linux")

    measurements = read_measurements(own, reference)

    assert (measurements["hop-cost"].machine, measurements["hop-cost"].is_reference) == ("mine", False)
    assert (measurements["cold-start"].machine, measurements["cold-start"].is_reference) == ("theirs, Node v24", True)


@pytest.mark.parametrize("unmeasured", [{"value": None, "low": None, "high": None}, {"verdict": "not measurable here"}])
def test_a_claim_without_a_usable_figure_is_not_measured(tmp_path: Path, unmeasured: dict[str, Any]) -> None:
    own = write_run(tmp_path / "own.json", {**CLAIM, **unmeasured})

    assert read_measurements(own, tmp_path / "absent.json") == {}


def test_a_run_that_can_not_be_read_is_logged_and_measures_nothing(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text("half a fi")

    with capture_logs() as logs:
        measurements = read_measurements(own, tmp_path / "absent.json")

    assert measurements == {}
    assert [row["event"] for row in logs] == ["lab run not readable"]
