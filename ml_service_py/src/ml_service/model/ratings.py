"""Ratings as arrays of ids and values, and how much each rating counts in a history."""

from __future__ import annotations

import hashlib
import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ml_service.model.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

StrArray = npt.NDArray[np.str_]
IntArray = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ratings:
    """One rating for each pair of user and item, in the log's order: three arrays of one length. NaN: an interaction without a rating."""

    user_ids: StrArray
    item_ids: StrArray
    ratings: Float64Array

    def __post_init__(self) -> None:
        if not len(self.user_ids) == len(self.item_ids) == len(self.ratings):
            lengths = f"{len(self.user_ids)} users, {len(self.item_ids)} items, {len(self.ratings)} ratings"
            raise ValueError(f"the arrays must have one length; there are {lengths}")

    def __len__(self) -> int:
        return len(self.ratings)

    @property
    def pairs(self) -> StrArray:
        """The estimators' `X` of the shape (n, 2): user and item."""
        return np.column_stack([self.user_ids, self.item_ids])

    @property
    def sizes(self) -> Sizes:
        return Sizes(len(np.unique(self.user_ids)), len(np.unique(self.item_ids)), len(self))

    def take(self, rows: npt.NDArray[Any]) -> Ratings:
        """Return the rows of an index array or a mask."""
        return Ratings(self.user_ids[rows], self.item_ids[rows], self.ratings[rows])

    def fingerprint(self) -> str:
        """Return a SHA-256 in hex over all ids and ratings in their order."""
        digest = hashlib.sha256()
        for ids in (self.user_ids, self.item_ids):
            digest.update("\0".join(ids.tolist()).encode() + b"\n")
        digest.update(self.ratings.astype("<f8").tobytes())
        return digest.hexdigest()


def latest_ratings_of(rows: Iterable[tuple[str, str, float | None, int]]) -> Ratings:
    """Build ratings from rows of user, item, rating and moment, in the order of the log.

    Of the rows of a pair, the one with the latest moment counts. Of equal moments the last row counts. The result keeps the rows' order.
    """
    places: dict[tuple[str, str], int] = {}
    ratings, moments = array("d"), array("q")
    for place, (user_id, item_id, rating, moment) in enumerate(rows):
        ratings.append(math.nan if rating is None else rating)
        moments.append(moment)
        known = places.get((user_id, item_id))
        if known is not None:
            if moment < moments[known]:
                continue
            del places[user_id, item_id]
        places[user_id, item_id] = place
    users = np.array([user_id for user_id, _ in places], dtype=np.str_)
    items = np.array([item_id for _, item_id in places], dtype=np.str_)
    return Ratings(users, items, np.array(ratings, dtype=np.float64)[list(places.values())])


def ratings_of(rows: Iterable[tuple[str, str, float | None]]) -> Ratings:
    """Build ratings from rows of user, item and rating. Of the rows of a pair, the last counts."""
    return latest_ratings_of((user_id, item_id, rating, 0) for user_id, item_id, rating in rows)


@dataclass(frozen=True, slots=True)
class RatingWeights:
    """How much a rating counts in a user's history: 0 up to `low_rating`, 1 from `full_rating`, linear between.

    An interaction without a rating counts as 1. Training counts every interaction as 1, because a low rating also shows which items belong
    together. See docs/adr/0004.
    """

    low_rating: float
    full_rating: float

    def __post_init__(self) -> None:
        if not self.low_rating < self.full_rating:
            raise ValueError(f"low_rating is {self.low_rating}, full_rating {self.full_rating}; low_rating must be lower")

    def weigh(self, ratings: npt.NDArray[np.floating[Any]]) -> Float32Array:
        """Return the weight of each rating, 0 to 1, in the shape of `ratings`. NaN counts as 1."""
        weights = np.interp(ratings, [self.low_rating, self.full_rating], [0, 1])
        return np.where(np.isnan(ratings), 1, weights).astype(np.float32)
