"""The protocol on the real MovieLens 100K: the published figures come out, and the defaults are better than what is published.

Fetches the data set once into the checkout's own cache, as `make demo` does.
"""

from pathlib import Path

import pytest

from ml_service.adapters.datasets.movielens import fetch
from ml_service.model.ease import EASE
from ml_service.model.holdout import split_by_item
from ml_service.model.item_item import ItemItemEstimator
from ml_service.model.metrics import ranking_metrics
from ml_service.model.popularity import Popularity
from ml_service.model.ratings import Ratings, ratings_of

CACHE = Path(__file__).resolve().parents[3] / ".run" / "cache"
Split = tuple[Ratings, Ratings]


@pytest.fixture(scope="module")
def split() -> Split:
    interactions = fetch(CACHE).interactions
    return split_by_item(ratings_of((row.user_id, row.item_id, row.rating) for row in interactions), seed=42)


def metrics(estimator: ItemItemEstimator, split: Split) -> dict[str, float]:
    train, test = split
    return ranking_metrics(estimator.fit(train.pairs, train.ratings), test.pairs)


def published(measured: dict[str, float]) -> dict[str, float]:
    return {name: measured[name] for name in figures(0, 0, 0, 0)}


def figures(ndcg: float, mean_average_precision: float, precision: float, recall: float) -> dict[str, float]:
    return {"ndcg_at_10": ndcg, "map": mean_average_precision, "precision_at_10": precision, "recall_at_10": recall}


def test_the_split_is_the_published_one(split: Split) -> None:
    assert [len(part) for part in split] == [75_066, 24_934]


def test_popularity_gives_the_published_figures(split: Split) -> None:
    assert published(metrics(Popularity(), split)) == pytest.approx(figures(0.2522, 0.0559, 0.2285, 0.1131), abs=5e-4)


def test_ease_on_plain_interactions_gives_the_published_figures(split: Split) -> None:
    every_rating_counts = EASE(l2=400.0, dropout=0.0, discount=0.0, low_rating=0.0, full_rating=0.5)

    assert published(metrics(every_rating_counts, split)) == pytest.approx(figures(0.4855, 0.1505, 0.4224, 0.2302), abs=1e-4)


def test_ease_as_the_search_selects_it_is_far_above_popularity(split: Split) -> None:
    selected = metrics(EASE(), split)

    assert selected["ndcg_at_10"] >= 0.480
    assert selected["map"] >= 0.147
    assert selected["ndcg_at_10"] > 1.8 * metrics(Popularity(), split)["ndcg_at_10"]
