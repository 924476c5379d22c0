"""Top-10 scoring without a library: `python -m benchmarks.lab.cpu.score SECONDS`."""

import sys
from heapq import nlargest
from operator import mul

from benchmarks.lab.timing import print_timing

ITEMS, FACTORS, TOP = 2000, 64, 10
PRIME = 10_007

items = [[(item * FACTORS + factor) * 7919 % PRIME / PRIME for factor in range(FACTORS)] for item in range(ITEMS)]
user = [factor * 4973 % PRIME / PRIME for factor in range(FACTORS)]


def top_ten() -> int:
    scores = [sum(map(mul, factors, user)) for factors in items]
    return checksum(nlargest(TOP, range(ITEMS), key=scores.__getitem__))


def checksum(ranking: list[int]) -> int:
    """Return a number that differs when an item or its rank does."""
    return sum(rank * item for rank, item in enumerate(ranking, start=1))


if __name__ == "__main__":
    print_timing(top_ten, *map(float, sys.argv[1:]))
