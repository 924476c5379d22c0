"""The sizes of a data set, and what a fit costs: memory and time. Each estimator states its cost in its own file."""

from __future__ import annotations

from dataclasses import dataclass

#: Memory that a training may use, and a recommender while it replaces one version by another.
BYTES_MAX = 4_000_000_000
#: Memory of every training: interpreter, libraries, some millions of ratings, and the scores of the users on whom a fit is measured.
BYTES_ALWAYS = 700_000_000


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
