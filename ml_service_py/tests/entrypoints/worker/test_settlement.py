"""Whether a retry or a dead letter follows a failed attempt."""

from __future__ import annotations

import pytest

from ml_service.entrypoints.worker.settlement import Retry, settle_failure
from ml_service.errors import error_of

DELAYS_MS = (5_000, 30_000)


@pytest.mark.parametrize(
    ("reason", "spent", "settlement"),
    [
        ("STORE_UNAVAILABLE", 1, Retry(1, 5_000)),
        ("STORE_UNAVAILABLE", 2, Retry(2, 30_000)),
        ("STORE_UNAVAILABLE", 3, None),
        ("RECOMMENDER_OVERLOADED", 1, Retry(1, 5_000)),
        ("JOB_PROCESS_DIED", 1, Retry(1, 5_000)),
        ("UPSTREAM_FAILED", 1, Retry(1, 5_000)),
        ("DEADLINE_EXCEEDED", 1, Retry(1, 5_000)),
        ("INTERNAL", 1, None),
        ("JOB_TAKEN_OVER", 1, None),
        ("JOB_DEADLINE_EXCEEDED", 1, None),
        ("JOB_PARAMS_INVALID", 1, None),
        ("USER_UNKNOWN", 1, None),
        ("TOKEN_INVALID", 1, None),
    ],
)
def test_a_retry_or_a_dead_letter_follows_a_failed_attempt(reason: str, spent: int, settlement: Retry | None) -> None:
    assert settle_failure(error_of(reason, "Why."), spent, DELAYS_MS) == settlement
