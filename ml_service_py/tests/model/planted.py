"""Data with a known answer: even users have all even items and odd users all odd items, except the item with their own number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml_service.model import selection
from ml_service.model.plan import plan_search
from ml_service.model.ratings import Ratings, ratings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.model.candidates import Configuration, Found, Measured
    from ml_service.model.selection import Report

SIZE = 20


def name(number: int) -> str:
    return f"{number:02}"


def checkerboard(size: int = SIZE) -> Ratings:
    pairs = [(name(user), name(item)) for user in range(size) for item in range(user % 2, size, 2) if user != item]
    return ratings_of((user, item, 4.0) for user, item in pairs)


def tastes(users: int = 2_000, items: int = 1_000, groups: int = 10, each: int = 15, seed: int = 0) -> Ratings:
    """Return interactions of users who each like two of the groups of items. In a group, some items are more popular than others."""
    chance = np.random.default_rng(seed)
    liked = chance.integers(groups, size=(users, 2))[np.repeat(np.arange(users), each), chance.integers(2, size=users * each)]
    size = items // groups
    ranks = (size ** chance.random(users * each)).astype(int) - 1
    rows = np.unique(np.column_stack([np.repeat(np.arange(users), each), liked * size + ranks]), axis=0)
    return ratings_of((f"{user}", f"{item}", 4.0) for user, item in rows.tolist())


def series(users: int = 600, count: int = 100, length: int = 5, others: int = 6, seed: int = 0) -> Ratings:
    """Return interactions of users who each have all but one item of a series, and other items, of which the first are more popular."""
    chance = np.random.default_rng(seed)
    pairs = set[tuple[int, int]]()
    for user in range(users):
        liked = chance.integers(count) * length + np.delete(np.arange(length), chance.integers(length))
        popular = (count * length * chance.random(others) ** 3).astype(int)
        pairs |= {(user, item) for item in [*liked.tolist(), *popular.tolist()]}
    return ratings_of((f"{user}", f"{item}", 4.0) for user, item in sorted(pairs))


def search(ratings: Ratings, estimators: Sequence[str], folds: int, seed: int, report: Report) -> Found:
    """Search by the plan for these ratings."""
    return selection.search(ratings, plan_search(estimators, ratings.sizes, folds, seed), report)


def measure(configuration: Configuration, ratings: Ratings, folds: int, seed: int) -> Measured:
    return selection.measure(configuration, ratings, plan_search([], ratings.sizes, folds, seed))
