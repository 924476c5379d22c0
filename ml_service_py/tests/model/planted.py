"""Data with a known answer: even users have all even items and odd users all odd items, except the item with their own number."""

import numpy as np

from ml_service.model.ratings import Ratings, ratings_of

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
