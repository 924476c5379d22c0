"""Measure the quality of the rankings by the published protocol: `python -m benchmarks.quality`. `make bench-quality` calls it."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn.model_selection import ParameterGrid

from benchmarks.tables import as_text
from ml_service.adapters.datasets.movielens import fetch
from ml_service.model.candidates import Configuration, build
from ml_service.model.ease import EASE
from ml_service.model.holdout import split_by_item
from ml_service.model.metrics import ranking_metrics
from ml_service.model.ratings import ratings_of
from ml_service.model.selection import measure

if TYPE_CHECKING:
    from ml_service.model.ratings import Ratings

CACHE = Path(__file__).resolve().parents[1] / ".run" / "cache"
SEEDS = (42, 43, 44, 45, 46)
FOLDS = 3
GOAL = 0.490
METRICS = {"ndcg_at_10": "nDCG@10", "map": "MAP", "precision_at_10": "P@10", "recall_at_10": "R@10"}

#: The EASE of 2019, with every rating counting 1 as in the published figures.
PLAIN = {"dropout": 0.0, "discount": 0.0, "low_rating": 0.0, "full_rating": 0.5}
#: The values around the start of the search.
NEAR = {name: axis.near(axis.start) for name, axis in EASE.axes.items()}
#: The configurations that each contender chooses from. Parameters without a value have their default.
CANDIDATES = {
    "popularity": [Configuration("popularity", {})],
    "EASE of 2019": [Configuration("ease", {"l2": l2, **PLAIN}) for l2 in NEAR["l2"]],
    "EASE and main directions": [Configuration("ease", params) for params in ParameterGrid(NEAR)],
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parameters that a contender chose inside the training part of a split, and its metrics on the test part."""

    chosen: str
    metrics: dict[str, float]


def main() -> None:
    ratings = ratings_of((row.user_id, row.item_id, row.rating) for row in fetch(CACHE).interactions)
    outcomes: dict[str, list[Outcome]] = {contender: [] for contender in CANDIDATES}
    for seed in SEEDS:
        train, test = split_by_item(ratings, seed)
        for contender, so_far in outcomes.items():
            sys.stderr.write(f"seed {seed}: {contender}\n")
            so_far.append(_test(_choose(CANDIDATES[contender], train, seed), train, test))
    sys.stdout.write(f"{_as_text(outcomes)}\n")


def _choose(candidates: list[Configuration], train: Ratings, seed: int) -> Configuration:
    if len(candidates) == 1:
        return candidates[0]
    return max(candidates, key=lambda candidate: measure(candidate, train, FOLDS, seed).ndcg)


def _test(chosen: Configuration, train: Ratings, test: Ratings) -> Outcome:
    fitted = build(chosen).fit(train.pairs, train.ratings)
    searched = {name: value for name, value in chosen.params.items() if name not in PLAIN}
    return Outcome(" ".join(f"{name}={value:g}" for name, value in searched.items()), ranking_metrics(fitted, test.pairs))


def _as_text(outcomes: dict[str, list[Outcome]]) -> str:
    """Format each seed's nDCG@10 and chosen parameters, then means and standard deviations over the seeds."""
    by_seed = [
        (f"seed {seed}", *(f"{rows[place].metrics['ndcg_at_10']:.4f} {rows[place].chosen}" for rows in outcomes.values()))
        for place, seed in enumerate(SEEDS)
    ]
    means = [(f"mean {title}", *(_mean_and_spread(rows, name) for rows in outcomes.values())) for name, title in METRICS.items()]
    best = max(statistics.mean(row.metrics["ndcg_at_10"] for row in rows) for rows in outcomes.values())
    verdict = f"goal: mean nDCG@10 ≥ {GOAL:.4f}; reached: {best:.4f}, {'met' if best >= GOAL else 'not met'}"
    return f"{as_text(('', *outcomes), [*by_seed, *means])}\n{verdict}"


def _mean_and_spread(rows: list[Outcome], name: str) -> str:
    values = [row.metrics[name] for row in rows]
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


if __name__ == "__main__":
    main()
