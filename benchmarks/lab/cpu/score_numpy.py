"""Top-10 scoring with NumPy: `python -m benchmarks.lab.cpu.score_numpy SECONDS`."""

import sys

import numpy as np

from benchmarks.lab.cpu.score import TOP, checksum, items, user
from benchmarks.lab.timing import print_timing

matrix, vector = np.array(items), np.array(user)


def top_ten() -> int:
    scores = matrix @ vector
    best = np.argpartition(scores, -TOP)[-TOP:]
    return checksum(best[np.argsort(-scores[best])].tolist())


if __name__ == "__main__":
    print_timing(top_ten, *map(float, sys.argv[1:]))
