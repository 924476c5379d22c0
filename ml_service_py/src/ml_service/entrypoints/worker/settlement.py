"""Decides how a failed job's message is settled: the one place where an error becomes a retry or a dead letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Retry:
    """Queue the job again after the delay. `number` counts from 1."""

    number: int
    delay_ms: int


def settle_failure(error: ServiceError, spent: int, delays_ms: Sequence[int]) -> Retry | None:
    """Return the retry after a failed attempt, or None for a dead letter. `spent`: the attempts that count, this one included."""
    if not error.retryable or spent > len(delays_ms):
        return None
    return Retry(spent, delays_ms[spent - 1])
