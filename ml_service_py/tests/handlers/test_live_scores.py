"""Scores that are kept between answers give what scoring anew would: for every user of MovieLens, to the last bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.adapters.datasets.movielens import fetch
from ml_service.handlers import live_state
from ml_service.handlers.live_state import Catalogue, LiveState, LoadedModel
from ml_service.handlers.recommendations import RankedItems, RecommendationQuery, recommend_batch
from ml_service.model.item_knn import ItemKNN
from ml_service.model.ratings import ratings_of
from ml_service.ports.storage import StoredHistories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.domain import Dataset

CACHE = Path(__file__).resolve().parents[3] / ".run" / "cache"
BATCH = 200


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return fetch(CACHE)


@pytest.fixture(scope="module")
def model(dataset: Dataset) -> LoadedModel:
    ratings = ratings_of((row.user_id, row.item_id, row.rating) for row in dataset.interactions)
    scorer = ItemKNN().fit(ratings.id_pairs, ratings.ratings).to_model()
    return LoadedModel(sample.loaded_model().version, scorer, Catalogue(dataset.items))


def live_with(dataset: Dataset, model: LoadedModel) -> LiveState:
    live = LiveState(dataset.items, StoredHistories({}, {}, None, {}))
    live.swap(model)
    return live


async def answers(live: LiveState, users: Sequence[str]) -> list[list[object]]:
    """What each user gets, in values that compare."""
    told = []
    with ThreadPoolExecutor(1) as executor:
        for start in range(0, len(users), BATCH):
            queries = [RecommendationQuery(user_id, 10) for user_id in users[start : start + BATCH]]
            told += (await recommend_batch(live, executor, queries)).outcomes
    ranked = [outcome for outcome in told if isinstance(outcome, RankedItems)]
    assert len(ranked) == len(users)
    return [[answer.source, answer.places.tolist(), answer.scores.tolist(), answer.reasons.tolist()] for answer in ranked]


async def test_answers_between_ratings_do_not_change_later_answers(dataset: Dataset, model: LoadedModel) -> None:
    asked, silent = live_with(dataset, model), live_with(dataset, model)
    log = [sample.logged(offset, row) for offset, row in enumerate(dataset.interactions)]
    users = sorted({row.user_id for row in dataset.interactions})

    for start in range(0, len(log), 20_000):
        await asked.apply(log[start : start + 20_000])
        await answers(asked, users)
    await silent.apply(log)

    assert await answers(asked, users) == await answers(silent, users)


async def test_the_memory_for_kept_scores_is_bounded(dataset: Dataset, model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    live = live_with(dataset, model)
    await live.apply([sample.logged(offset, row) for offset, row in enumerate(dataset.interactions)])
    monkeypatch.setattr(live_state, "SCORES_BYTES_MAX", 2 * 4 * len(dataset.items))

    await answers(live, ["1", "2", "3"])

    assert [live.scores(user_id) is not None for user_id in ("1", "2", "3")] == [False, True, True]


async def test_another_version_drops_the_kept_scores(dataset: Dataset, model: LoadedModel) -> None:
    live = live_with(dataset, model)
    await live.apply([sample.logged(0, dataset.interactions[0])])
    user_id = dataset.interactions[0].user_id
    await answers(live, [user_id])

    live.swap(model)

    assert live.scores(user_id) is None
