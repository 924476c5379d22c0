"""Make up users with tastes, and their interactions: `python -m benchmarks.synthetic FOLDER --users 100000 --items 5000`.

Writes the two files that `python -m ml_service import` reads. The same sizes and seed give the same files.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ml_service.domain import Interaction, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

#: Number of groups of similar items. A user likes few of them.
TASTES = 20
#: Parameter of the Dirichlet distribution: the smaller, the fewer groups a user likes.
BREADTH = 0.15
#: The time of the first interaction; one follows each second.
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Size:
    """The size of the data. `skew` is Zipf's exponent: the larger, the more often users choose the popular items of a group."""

    users: int
    items: int
    per_user: int = 20
    skew: float = 1.0
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Unique pairs of a user and an item with a rating by the user's taste: three arrays of one length."""

    users: Ints
    items: Ints
    ratings: Floats
    #: The group of each item.
    groups: Ints

    def catalogue(self) -> Iterator[Item]:
        for item, group in enumerate(self.groups.tolist()):
            yield Item(item_id(item), f"Item {item} of group {group}", genres=(f"group {group}",))

    def interactions(self) -> Iterator[Interaction]:
        rows = zip(self.users.tolist(), self.items.tolist(), self.ratings.tolist(), strict=True)
        for place, (user, item, rating) in enumerate(rows):
            yield Interaction(f"synthetic-{place}", user_id(user), item_id(item), rating, FIRST + place * timedelta(seconds=1))


def user_id(user: int) -> str:
    return f"u{user}"


def item_id(item: int) -> str:
    return f"i{item}"


def generate(size: Size) -> Synthetic:
    rng = np.random.default_rng(size.seed)
    groups = rng.integers(TASTES, size=size.items)
    tastes = rng.dirichlet(np.full(TASTES, BREADTH), size=size.users)
    counts = np.minimum(1 + rng.geometric(1 / size.per_user, size=size.users), size.items)
    users = rng.permutation(np.repeat(np.arange(size.users), counts))
    wanted = _draw(tastes[users].cumsum(axis=1), rng.random(len(users)))
    items = _draw_items(groups, wanted, size.skew, rng)
    _, first = np.unique(users * size.items + items, return_index=True)
    kept = np.sort(first)
    liking = tastes[users[kept], groups[items[kept]]] + rng.normal(scale=0.2, size=len(kept))
    ratings = np.clip(np.round(2.5 + 3 * liking), 1, 5)
    return Synthetic(users[kept], items[kept], ratings, groups)


def _draw(cumulative: Floats, at: Floats) -> Ints:
    """Return, for each row of cumulative shares, the first index whose share reaches the drawn number."""
    return np.asarray(np.minimum((cumulative < at[:, None]).sum(axis=1), cumulative.shape[1] - 1))


def _draw_items(groups: Ints, wanted: Ints, skew: float, rng: np.random.Generator) -> Ints:
    """Draw an item of each wanted group by Zipf's law. The next group that has items stands in for an empty one."""
    by_group = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[by_group], np.arange(TASTES))
    weights = 1.0 / (1 + np.arange(len(groups)) - starts[groups[by_group]]) ** skew
    reached = np.concatenate([[0.0], weights.cumsum()])
    ends = np.append(starts[1:], len(groups))
    drawn = reached[starts[wanted]] + rng.random(len(wanted)) * (reached[ends[wanted]] - reached[starts[wanted]])
    places = np.searchsorted(reached, drawn, side="right") - 1
    return np.asarray(by_group[np.minimum(places, len(groups) - 1)], dtype=np.int64)


def write_csv(made: Synthetic, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["item_id", "title", "genres"])
        rows.writerows((item.item_id, item.title, "|".join(item.genres)) for item in made.catalogue())
    with (folder / "interactions.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["user_id", "item_id", "rating"])
        rows.writerows((row.user_id, row.item_id, row.rating) for row in made.interactions())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write items.csv and interactions.csv")
    for name, default in (("users", 10_000), ("items", 2_000), ("per-user", 20), ("seed", 42)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--skew", type=float, default=1.0, help="Zipf's exponent over the items of a group")
    given = parser.parse_args()
    write_csv(generate(Size(given.users, given.items, given.per_user, given.skew, given.seed)), given.folder)


if __name__ == "__main__":
    main()
