"""A pure loop: `python -m benchmarks.lab.cpu.loop SECONDS [PLANTED_MS]`.

Each intermediate result fits into 32 bits: beyond, V8 turns to slower floating-point code in some runs and not in others.
"""

import sys

from benchmarks.lab.timing import print_timing

STEPS, PRIME = 20_000, 1_000_003


def loop(steps: int = STEPS) -> int:
    total = 0
    for number in range(steps):
        total = (total * 31 + number) % PRIME
    return total


if __name__ == "__main__":
    print_timing(loop, *map(float, sys.argv[1:]))
