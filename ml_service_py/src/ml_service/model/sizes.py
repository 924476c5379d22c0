"""The sizes of a data set, and what a fit costs: memory and time. Each estimator states its cost in its own file."""

from __future__ import annotations

from dataclasses import dataclass

#: Memory that a training may use, and a recommender while it replaces one version by another.
BYTES_MAX = 4_000_000_000
#: Users on whom a fit is measured. nDCG@10 has a standard deviation of about 0.2 between users, so the error of the mean is 0.002.
USERS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """The numbers of users, items and interactions of a data set."""

    users: int
    items: int
    interactions: int


@dataclass(frozen=True, slots=True)
class Cost:
    """The estimate for one fit on one core: the memory that it adds at its peak, in bytes, and its time in seconds."""

    bytes: float
    seconds: float


def cost_per_pair(sizes: Sizes, bytes_per_pair: float, seconds_per_pair: float) -> Cost:
    """Return the cost of a fit whose memory and time grow with the square of the number of items."""
    pairs = sizes.items**2
    return Cost(bytes_per_pair * pairs, seconds_per_pair * pairs)


# The constants of the estimates below were measured: see docs/adr/0031.


def process_bytes(sizes: Sizes) -> float:
    """Return the memory of a training outside its fits: interpreter, libraries, and the ratings."""
    return 2e8 + 40 * sizes.interactions


def fit_bytes(cost: Cost, sizes: Sizes) -> float:
    """Return the memory of one fit with its training part and, when it is measured, the scores of a batch of users."""
    return cost.bytes + 50 * sizes.interactions + min(2e4 * sizes.items, 4e8)


def fit_seconds(cost: Cost, sizes: Sizes) -> float:
    """Return the time of one fit on one core, with its preparation and with the ranking of the users on whom it is measured."""
    users = min(sizes.users, USERS_MAX)
    history = sizes.interactions / max(sizes.users, 1)
    return cost.seconds + 5e-7 * sizes.interactions + users * sizes.items * (1e-8 + 2.5e-10 * history)
