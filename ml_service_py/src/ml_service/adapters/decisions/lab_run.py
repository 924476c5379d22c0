"""Reads the figures of the lab: those of the reader's own run, and those of the reference run where the own run has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ValidationError

from ml_service.model.questionnaire import Measurement

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger()

#: The facts of a lab's machine that a reader needs beside a figure, and how they read there.
SHOWN_FACTS = {"processor": "{}", "Node": "Node {}", "Python": "Python {}"}


class _Claim(BaseModel):
    id: str
    figure: str
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    verdict: str
    command: str


class _LabRun(BaseModel):
    machine: dict[str, str]
    claims: list[_Claim]


def read_measurements(own: Path, reference: Path) -> dict[str, Measurement]:
    """Return the measurement of each claim that one of the runs could measure. A run that doesn't exist has none."""
    return {**_read(reference, is_reference=True), **_read(own, is_reference=False)}


def _read(path: Path, *, is_reference: bool) -> dict[str, Measurement]:
    try:
        run = _LabRun.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        # The tool also works without figures, and then says that they are missing.
        log.warning("lab run not readable", path=str(path), error=str(error))
        return {}
    machine = ", ".join(text.format(run.machine[fact]) for fact, text in SHOWN_FACTS.items() if fact in run.machine)
    return {claim.id: measurement for claim in run.claims if (measurement := _measurement(claim, machine, is_reference=is_reference))}


def _measurement(claim: _Claim, machine: str, *, is_reference: bool) -> Measurement | None:
    if claim.value is None or claim.low is None or claim.high is None or claim.verdict == "not measurable here":
        return None
    return Measurement(
        claim.figure, claim.unit, claim.value, claim.low, claim.high, claim.verdict, claim.command, machine, is_reference=is_reference
    )
