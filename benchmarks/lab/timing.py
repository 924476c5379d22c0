"""Time a piece of work in this process, as timing.ts does."""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP = 0.25


def print_timing(work: Callable[[], int], seconds: float, planted_ms: float = 0) -> None:
    """Repeat the work for this time, after a warm-up of a quarter of it, and print the median and the lowest duration with the answer."""
    answer = work()
    _repeat(work, seconds * WARM_UP, 0)
    took_ms = _repeat(work, seconds, planted_ms)
    sys.stdout.write(json.dumps({"ms": median(took_ms), "lowest_ms": min(took_ms), "answer": answer}) + "\n")


def _repeat(work: Callable[[], int], seconds: float, planted_ms: float) -> list[float]:
    took_ms: list[float] = []
    ends_at = time.perf_counter() + seconds
    while not took_ms or time.perf_counter() < ends_at:
        began = time.perf_counter()
        work()
        time.sleep(planted_ms / 1000)
        took_ms.append((time.perf_counter() - began) * 1000)
    return took_ms
