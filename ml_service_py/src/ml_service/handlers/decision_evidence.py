"""Says where a score of the decision tool comes from: a figure of the lab, a sentence of an article, or a judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml_service.model.questionnaire import Criterion, Measurement

Source = Literal["own-run", "reference-run", "article", "judgement"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a score comes from. `command` repeats the measurement; it is empty if there is none."""

    source: Source
    text: str
    command: str = ""

    @property
    def is_measured(self) -> bool:
        return self.source in {"own-run", "reference-run"}


def cite(criterion: Criterion, measurements: Mapping[str, Measurement]) -> Evidence:
    """Return the measured figure, else the sentence of an article, else that the score is a judgement."""
    measurement = measurements.get(criterion.claim or "")
    if measurement is not None:
        run = f"Reference run ({measurement.machine})" if measurement.is_reference else "Your lab run"
        interval = f"{measurement.low:.3g} to {measurement.high:.3g}"
        unit = "" if measurement.unit == "ratio" else f" {measurement.unit}"
        figure = f"{measurement.figure}: {measurement.value:.3g}{unit} ({interval}). The claim: {measurement.verdict}"
        return Evidence("reference-run" if measurement.is_reference else "own-run", f"{run}: {figure}", measurement.command)
    prefix = "Not measured. " if criterion.claim else ""
    if criterion.quotation is not None:
        return Evidence("article", f"{prefix}The article: “{criterion.quotation}”")
    return Evidence("judgement", f"{prefix}No article has a sentence on it: a judgement of this project's authors")
