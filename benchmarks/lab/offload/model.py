"""A stand-in for a model: computes for some milliseconds of a processor, and returns an answer of some bytes."""

import time

TRIALS = 200
LOOPS_IN_TRIAL = 2_000


def compute(milliseconds: float, size: int) -> str:
    return "" if _spin(round(milliseconds * _LOOPS_PER_MS)) < 0 else "x" * size


def answer(line: str) -> str:
    """Answer a request `MILLISECONDS BYTES`."""
    milliseconds, size = line.split()
    return compute(float(milliseconds), int(size))


def _measure_speed() -> float:
    started = time.perf_counter()
    _spin(LOOPS_IN_TRIAL)
    return LOOPS_IN_TRIAL / (time.perf_counter() - started) / 1000


def _spin(loops: int) -> int:
    value = 1
    for _ in range(loops):
        value = (value * 5 + 1) & 0xFFFF
    return value


#: The best trial counts, because other work disturbs some. So the model does a fixed amount of work, however busy the machine is.
_LOOPS_PER_MS = max(_measure_speed() for _ in range(TRIALS))
