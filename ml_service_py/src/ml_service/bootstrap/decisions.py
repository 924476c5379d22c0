"""Composes the decision tool from its files, for the recommender and for the command line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ml_service.adapters.decisions.criteria import read_criteria
from ml_service.adapters.decisions.lab_run import read_measurements
from ml_service.handlers.decisions import Decisions

if TYPE_CHECKING:
    from ml_service.config import LabSettings


def open_decisions(settings: LabSettings) -> Decisions:
    """Return the tool. It reads the runs of the lab for each decision, so a new run counts at once."""
    return Decisions(read_criteria(), partial(read_measurements, settings.lab_run, settings.lab_reference))
