"""How a failed job's message is settled: the one place where an error becomes a retry or a dead letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.adapters.broker.topology import RETRY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.errors import ServiceError

FIRST_RETRY = f"{RETRY_PREFIX}1"


@dataclass(frozen=True, slots=True)
class Retry:
    """Again after the delay, by way of this queue."""

    queue: str
    delay_ms: int


def settle_failure(error: ServiceError, spent: int, delays_ms: Sequence[int]) -> Retry | None:
    """The retry that follows a failed attempt, after so many that count, it among them; or None: what fails for good is a dead letter."""
    if not error.retryable or spent > len(delays_ms):
        return None
    return Retry(f"{RETRY_PREFIX}{spent}", delays_ms[spent - 1])
