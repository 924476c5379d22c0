"""Ratings as arrays of codes and values, and how much each rating counts in a history."""

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
Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

#: Ids that are text at once while a fingerprint is computed.
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Ratings:
    """One rating for each pair of user and item, in the log's order. NaN: an interaction without a rating.

    - `users`, `items` (p,): the users and items by their codes, the places in the tables of ids
    - `ratings` (p,)
    - `user_ids` (m,), `item_ids` (n,): the tables of ids, sorted. They may hold ids without a rating.
    """

    users: Int32Array
    items: Int32Array
    ratings: Float64Array
    user_ids: StrArray
    item_ids: StrArray

    def __post_init__(self) -> None:
        if not len(self.users) == len(self.items) == len(self.ratings):
            lengths = f"{len(self.users)} users, {len(self.items)} items, {len(self.ratings)} ratings"
            raise ValueError(f"the arrays must have one length; there are {lengths}")

    def __len__(self) -> int:
        return len(self.ratings)

    @property
    def pairs(self) -> Int32Array:
        """The estimators' `X` of the shape (p, 2): the codes of user and item. `to_model(item_ids)` turns them into ids again."""
        return np.column_stack([self.users, self.items])

    @property
    def id_pairs(self) -> StrArray:
        """The ids of user and item, in the shape (p, 2)."""
        return np.column_stack([self.user_ids[self.users], self.item_ids[self.items]])

    @property
    def sizes(self) -> Sizes:
        users, items = (int(np.count_nonzero(np.bincount(codes))) for codes in (self.users, self.items))
        return Sizes(users, items, len(self))

    def take(self, rows: npt.NDArray[Any]) -> Ratings:
        """Return the rows of an index array or a mask. The codes stay the same."""
        return Ratings(self.users[rows], self.items[rows], self.ratings[rows], self.user_ids, self.item_ids)

    def of_popular_items(self, count: int) -> Ratings:
        """Return the ratings of the `count` items that have most; itself, and no copy, if there are no more items."""
        counts = np.bincount(self.items)
        if count >= np.count_nonzero(counts):
            return self
        popular = np.argsort(-counts, kind="stable")[:count]
        return self.take(np.isin(self.items, popular))

    def fingerprint(self) -> str:
        """Return a SHA-256 in hex over all ids and ratings in their order."""
        digest = hashlib.sha256()
        for ids, codes in ((self.user_ids, self.users), (self.item_ids, self.items)):
            for start in range(0, len(codes), ROWS_AT_ONCE):
                digest.update(b"\0" * (start > 0) + "\0".join(ids[codes[start : start + ROWS_AT_ONCE]].tolist()).encode())
            digest.update(b"\n")
        digest.update(self.ratings.astype("<f8").tobytes())
        return digest.hexdigest()


def latest_ratings_of(rows: Iterable[tuple[str, str, float | None, int]]) -> Ratings:
    """Build ratings from rows of user, item, rating and moment, in the order of the log, which may be read as a stream.

    Of the rows of a pair, the one with the latest moment counts. Of equal moments the last row counts. The result keeps the rows' order.
    """
    user_codes: dict[str, int] = {}
    item_codes: dict[str, int] = {}
    users, items, ratings, moments = array("i"), array("i"), array("d"), array("q")
    for user_id, item_id, rating, moment in rows:
        users.append(user_codes.setdefault(user_id, len(user_codes)))
        items.append(item_codes.setdefault(item_id, len(item_codes)))
        ratings.append(math.nan if rating is None else rating)
        moments.append(moment)
    (user_ids, by_user), (item_ids, by_item) = _sorted_codes(user_codes), _sorted_codes(item_codes)
    read = Ratings(by_user[np.array(users)], by_item[np.array(items)], np.array(ratings), user_ids, item_ids)
    return read.take(_latest_of_each_pair(read, np.array(moments)))


def _sorted_codes(codes: dict[str, int]) -> tuple[StrArray, Int32Array]:
    """Return the sorted ids, and for each code in the order of appearance the code in the sorted order."""
    ids = np.array(list(codes), dtype=np.str_)
    order = np.argsort(ids)
    places = np.empty(len(ids), dtype=np.int32)
    places[order] = np.arange(len(ids))
    return ids[order], places


def _latest_of_each_pair(ratings: Ratings, moments: IntArray) -> IntArray:
    """Return the row of each pair that has the latest moment, and of equal moments the last row; in the order of the rows."""
    cells = ratings.users.astype(np.int64) * len(ratings.item_ids) + ratings.items
    order = np.lexsort((moments, cells))
    cells = cells[order]
    return np.sort(order[np.append(cells[1:] != cells[:-1], np.ones(min(1, len(cells)), dtype=bool))])


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
