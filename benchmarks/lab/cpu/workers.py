"""Four long loops, shared by workers: `python -m benchmarks.lab.cpu.workers threads|processes WORKERS SECONDS`.

The global interpreter lock (GIL) lets one thread of a process run Python at a time; a free-threaded Python has none.
"""

import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from benchmarks.lab.cpu.loop import loop
from benchmarks.lab.timing import print_timing

LOOPS, STEPS = 4, 200_000

if __name__ == "__main__":
    kind, workers, seconds = sys.argv[1:]
    with (ThreadPoolExecutor if kind == "threads" else ProcessPoolExecutor)(int(workers)) as pool:
        print_timing(lambda: sum(future.result() for future in [pool.submit(loop, STEPS) for _ in range(LOOPS)]), float(seconds))
