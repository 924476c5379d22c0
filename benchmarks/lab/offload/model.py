"""A stand-in for a model: uses some milliseconds of processor time, and returns an answer of some bytes."""

import time


def compute(milliseconds: float, size: int) -> str:
    # Not the time of day: threads that wait for each other would seem to compute at the same time.
    ends_at = time.thread_time() + milliseconds / 1000
    while time.thread_time() < ends_at:
        pass
    return "x" * size


def answer(line: str) -> str:
    """Answer a request `MILLISECONDS BYTES`."""
    milliseconds, size = line.split()
    return compute(float(milliseconds), int(size))
