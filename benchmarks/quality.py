"""Measure the quality of the rankings by the published protocol: `python -m benchmarks.quality`. `make bench-quality` calls it."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from benchmarks.tables import as_text
from ml_service.adapters.datasets.movielens import fetch
from ml_service.model.candidates import ESTIMATORS, fit
from ml_service.model.ease import EASE
from ml_service.model.holdout import split_by_item
from ml_service.model.metrics import ranking_metrics
from ml_service.model.plan import plan_search
from ml_service.model.ratings import ratings_of
from ml_service.model.selection import search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml_service.model.axes import Axis
    from ml_service.model.ratings import Ratings

CACHE = Path(__file__).resolve().parents[1] / ".run" / "cache"
SEEDS = (42, 43, 44, 45, 46)
FOLDS = 3
GOAL = 0.490
METRICS = {"ndcg_at_10": "nDCG@10", "map": "MAP", "precision_at_10": "P@10", "recall_at_10": "R@10"}


class PlainEASE(EASE):
    """The EASE of 2019, with every rating counting 1 as in the published figures."""

    axes: ClassVar[Mapping[str, Axis]] = {"l2": EASE.axes["l2"]}

    def __init__(self, l2: float = 400.0) -> None:
        super().__init__(l2, dropout=0.0, discount=0.0, low_rating=0.0, full_rating=0.5)


#: Each contender's estimator. The search of a training chooses its parameters.
CONTENDERS = {"popularity": "popularity", "EASE of 2019": "plain_ease", "EASE and main directions": "ease"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The parameters that a contender chose inside the training part of a split, and its metrics on the test part."""

    chosen: str
    metrics: dict[str, float]


def main() -> None:
    ratings = ratings_of((row.user_id, row.item_id, row.rating) for row in fetch(CACHE).interactions)
    ESTIMATORS["plain_ease"] = PlainEASE
    outcomes: dict[str, list[Outcome]] = {contender: [] for contender in CONTENDERS}
    for seed in SEEDS:
        train, test = split_by_item(ratings, seed)
        for contender, so_far in outcomes.items():
            sys.stderr.write(f"seed {seed}: {contender}\n")
            so_far.append(_choose_and_test(CONTENDERS[contender], train, test, seed))
    sys.stdout.write(f"{_as_text(outcomes)}\n")


def _choose_and_test(estimator: str, train: Ratings, test: Ratings, seed: int) -> Outcome:
    chosen = search(train, plan_search([estimator], train.sizes, FOLDS, seed), lambda _: None).best.configuration
    fitted = fit(chosen, train.pairs, train.ratings)
    return Outcome(" ".join(f"{name}={value:g}" for name, value in chosen.searched.items()), ranking_metrics(fitted, test.pairs))


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
