"""A stand-in for a model: computes for some milliseconds, and returns an answer of some bytes."""

import time


def compute(milliseconds: float, size: int) -> str:
    ends_at = time.perf_counter() + milliseconds / 1000
    while time.perf_counter() < ends_at:
        pass
    return "x" * size
