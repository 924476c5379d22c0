"""Print the duration, the processor time and the largest memory of this process."""

import json
import resource
import sys
import time


def print_usage(began: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "ms": (time.perf_counter() - began) * 1000,
        "cpu_ms": (used.ru_utime + used.ru_stime) * 1000,
        "memory_mb": used.ru_maxrss / 1000,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
