"""A stand-in for a model: computes for some milliseconds of a processor, and returns an answer of some bytes.

`python -m benchmarks.lab.offload.model` measures how many loops take a millisecond. Servers are told, so that all do the same work, however
busy the machine is.
"""

import json
import os
import sys
import time
from statistics import median

TRIALS = 500
LOOPS_IN_TRIAL = 2_000
LOOPS_PER_MS = float(os.environ.get("LAB_PYTHON_LOOPS_PER_MS", "nan"))


def compute(milliseconds: float, size: int) -> str:
    return "" if _spin(round(milliseconds * LOOPS_PER_MS)) < 0 else "x" * size


def answer(line: str) -> str:
    """Answer a request `MILLISECONDS BYTES`."""
    milliseconds, size = line.split()
    return compute(float(milliseconds), int(size))


def _spin(loops: int) -> int:
    value = 1
    for _ in range(loops):
        value = (value * 5 + 1) & 0xFFFF
    return value


def _measure_speed() -> float:
    started = time.perf_counter()
    _spin(LOOPS_IN_TRIAL)
    return LOOPS_IN_TRIAL / (time.perf_counter() - started) / 1000


if __name__ == "__main__":
    # The median, so that a computation takes its milliseconds on average.
    sys.stdout.write(json.dumps({"loops_per_ms": median(_measure_speed() for _ in range(TRIALS))}))
