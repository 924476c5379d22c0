"""The candidates that a search left out: logs them, and words them for the last step of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from ml_service.model.candidates import Found

log = structlog.get_logger()


def tell_left_out(found: Found) -> str:
    """Log each candidate that can't be fitted; return the text that a step appends: the estimators with no candidate left, or nothing."""
    for left in found.left_out:
        log.warning("candidate left out", estimator=left.configuration.estimator, params=left.configuration.params, cause=left.reason)
    return f"; left out {found.estimators_left_out}" if found.estimators_left_out else ""
