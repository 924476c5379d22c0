"""Measure the recommender's steps for a request of a batch, without network and threads: `python -m benchmarks.batch`."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.quality import CACHE
from ml_service.adapters.datasets.movielens import fetch
from ml_service.domain import ModelVersion
from ml_service.entrypoints.grpc.encoding import encode_batch
from ml_service.handlers.live_state import Catalogue, LoadedModel
from ml_service.handlers.recommendations import BatchAnswer, RankedItems, RecommendationSource
from ml_service.model.ease import EASE
from ml_service.model.ratings import ratings_of
from ml_service.model.reasons import why
from ml_service.model.scoring import add_rating, history_of, rank, score_users
from whynotboth.v1.recommender_pb2 import BatchRecommendRequest, RecommendRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ml_service.errors import ServiceError
    from ml_service.model.ratings import IntArray
    from ml_service.model.scoring import History, Ranking

SIZES = (1, 16, 64, 256)
LIMIT = 10
#: The fastest round is reported, because a disturbance only makes a round slower.
ROUNDS = 30


def load() -> tuple[LoadedModel, list[str], list[History]]:
    dataset = fetch(CACHE)
    ratings = ratings_of((row.user_id, row.item_id, row.rating) for row in dataset.interactions)
    scorer = EASE().fit(ratings.pairs, ratings.ratings).to_model(ratings.item_ids)
    version = ModelVersion("20240101T000000Z-00000000", "ease", {}, {}, datetime.now(UTC))
    rated: dict[str, dict[str, float | None]] = {}
    for row in dataset.interactions:
        rated.setdefault(row.user_id, {})[row.item_id] = row.rating
    histories = [history_of(scorer, of_user) for of_user in rated.values()]
    return LoadedModel(version, scorer, Catalogue(dataset.items)), list(rated), histories


def measure(model: LoadedModel, user_ids: list[str], histories: list[History], size: int) -> dict[str, float]:
    """Return the microseconds for each request of a batch of the first `size` users, by step."""
    scorer, catalogue_id = model.scorer, model.catalogue.catalogue_id
    requests = [RecommendRequest(user_id=user_id, limit=LIMIT) for user_id in user_ids[:size]]
    raw = BatchRecommendRequest(requests=requests, known_catalogue_ids=[catalogue_id]).SerializeToString()
    users = score_users(scorer, histories[:size])
    rankings = rank(scorer, users, [LIMIT] * size)
    reasons = why(scorer, users, rankings)
    new = [int(ranking.indexes[0]) for ranking in rankings]
    steps: dict[str, Callable[[], object]] = {
        "decode the request": lambda: [entry.user_id for entry in BatchRecommendRequest.FromString(raw).requests],
        "score anew": lambda: score_users(scorer, histories[:size]),
        "or add a rating": lambda: [add_rating(scorer, user, item, 5.0) for user, item in zip(users, new, strict=True)],
        "rank": lambda: rank(scorer, users, [LIMIT] * size),
        "find reasons": lambda: why(scorer, users, rankings),
        "encode the answer": lambda: encode_batch(_answer(model, rankings, reasons), [catalogue_id]).SerializeToString(),
    }
    return {name: _lowest(step) / size * 1e6 for name, step in steps.items()}


def _answer(model: LoadedModel, rankings: list[Ranking], reasons: list[IntArray]) -> BatchAnswer:
    """Build the answer as the recommender does. Its user ids are empty, because encoding doesn't use them."""
    ranked: list[RankedItems | ServiceError] = [
        RankedItems("", RecommendationSource.MODEL, model.places[ranking.indexes], ranking.scores, model.places[pairs])
        for ranking, pairs in zip(rankings, reasons, strict=True)
    ]
    return BatchAnswer(model.version.version, model.catalogue, None, ranked, 0.0)


def _lowest(step: Callable[[], object]) -> float:
    def seconds() -> float:
        started = time.perf_counter()
        step()
        return time.perf_counter() - started

    return min(seconds() for _ in range(ROUNDS))


def describe(measured: dict[int, dict[str, float]]) -> Iterator[str]:
    yield "us for each request of a batch of".ljust(34) + "".join(f"{size:>8}" for size in measured)
    for name in measured[SIZES[0]]:
        yield name.ljust(34) + "".join(f"{steps[name]:8.1f}" for steps in measured.values())


if __name__ == "__main__":
    parts = load()
    for line in describe({size: measure(*parts, size) for size in SIZES}):
        sys.stdout.write(line + "\n")
