"""Made-up data with a known structure: latent factors, series of items that are read together, and a power law of popularity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml_service.model.ratings import Ratings

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int_]
    Floats = npt.NDArray[np.float64]

#: The number of latent factors.
FACTORS = 12
#: How much a series counts, in standard deviations of the noise of a draw.
SERIES_LIKING = 4.0
#: Users that are drawn at once, which bounds the memory.
BATCH = 512


@dataclass(frozen=True, slots=True)
class Planted:
    """The sizes of a set.

    `per_user`: the median length of a history. `taste`: how much the factors count against popularity. `skew`: the power law's exponent.
    `series`: how many items belong together: 5 are like the volumes of a book, 100 like a genre. Whether a user likes a series depends on
    nothing else.
    """

    users: int
    items: int
    per_user: int
    taste: float = 1.5
    skew: float = 0.8
    series: int = 1
    seed: int = 42


def generate(size: Planted) -> Ratings:
    """Draw each user's history without replacement, by popularity times the exponential of the liking; rate by the latter."""
    rng = np.random.default_rng(size.seed)
    items = rng.normal(size=(size.items, FACTORS)) / FACTORS**0.25
    popularity = -size.skew * np.log(1 + rng.permutation(size.items))
    counts = np.clip(rng.lognormal(np.log(size.per_user), 0.8, size.users), 3, size.items // 2).astype(int)
    batches = [_draw(size, items, popularity, counts[start : start + BATCH], rng) for start in range(0, size.users, BATCH)]
    users = np.repeat(np.arange(size.users), counts)
    chosen, ratings = (np.concatenate(column) for column in zip(*batches, strict=True))
    order = rng.permutation(len(users))
    user_ids, item_ids = (np.array([f"{number:07}" for number in range(count)]) for count in (size.users, size.items))
    return Ratings(users[order].astype(np.int32), chosen[order].astype(np.int32), ratings[order], user_ids, item_ids)


def _draw(size: Planted, items: Floats, popularity: Floats, counts: Ints, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Return items and ratings of one batch of users: the highest keys with Gumbel noise are a draw without replacement."""
    liking = size.taste * rng.normal(size=(len(counts), FACTORS)) / FACTORS**0.25 @ items.T
    if size.series > 1:
        in_series = np.arange(size.items) // size.series
        liking += SERIES_LIKING * rng.normal(size=(len(counts), in_series[-1] + 1))[:, in_series]
    keys = liking + popularity + rng.gumbel(size=liking.shape)
    best = np.argsort(-keys, axis=1)[:, : counts.max()]
    rows, ranks = np.nonzero(np.arange(best.shape[1]) < counts[:, None])
    chosen = best[rows, ranks]
    spread = max(size.taste, SERIES_LIKING if size.series > 1 else 1)
    ratings = np.clip(np.round(3.5 + liking[rows, chosen] / spread + rng.normal(scale=0.7, size=len(rows))), 1, 5)
    return chosen, ratings
