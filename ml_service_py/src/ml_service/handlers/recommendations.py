"""Recommends: live histories times the live model. A batch is one matrix product; long work runs on a thread."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ml_service.errors import DeadlineExceeded, InvalidArgument, ServiceError
from ml_service.handlers.deadline import seconds_to_wait
from ml_service.handlers.paging import require_size
from ml_service.model import scoring
from ml_service.model.reasons import why

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor

    from ml_service.domain import Item
    from ml_service.handlers.live_state import Catalogue, LiveState, LoadedModel
    from ml_service.model.ratings import Float64Array, IntArray
    from ml_service.model.scoring import Ranking, UserScores


#: The most requests in one batch.
BATCH_SIZE_MAX = 256
#: The most scores that the event loop ranks itself: about a millisecond of work, where the way to a thread and back takes a part of that.
SCORES_AT_ONCE = 65_536
#: Multiplying so many matrix cells (not in a cache) takes as long as ranking one score: docs/explanation/performance.md.
CELLS_PER_SCORE = 32
#: Other work for each item of a history takes as long as multiplying so many cells.
CELLS_PER_RATING = 300


class RecommendationSource(StrEnum):
    MODEL = "model"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """An item, its score, and the items of the history that contribute most to it (at most two)."""

    item: Item
    score: float
    why: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Recommended items, best first. `as_of_offset` is the last offset of the log that it takes into account."""

    user_id: str
    model_version: str
    source: RecommendationSource
    items: tuple[RecommendedItem, ...]
    as_of_offset: int | None


@dataclass(frozen=True, slots=True)
class RecommendationQuery:
    user_id: str
    limit: int
    min_offset: int | None = None


@dataclass(frozen=True, slots=True)
class RankedItems:
    """Items for one user by their places in the catalogue, best first. `reasons` has the shape (items, 2); -1 stands for no reason."""

    user_id: str
    source: RecommendationSource
    places: IntArray
    scores: Float64Array
    reasons: IntArray


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """One outcome for each query, in order, and their common values. `as_of_offset`: the last offset of the log that was applied."""

    model_version: str
    catalogue: Catalogue
    as_of_offset: int | None
    outcomes: list[RankedItems | ServiceError]
    scoring_ms: float


@dataclass(frozen=True, slots=True)
class _Request:
    """The input of the scoring thread. Nobody changes these values."""

    query: RecommendationQuery
    rated: Mapping[str, float | None]
    scores: UserScores | None


async def recommend_batch(
    live: LiveState, executor: Executor, queries: Sequence[RecommendationQuery], remaining_seconds: float | None = None
) -> BatchAnswer:
    """Return an answer or an error for each query."""
    if not 1 <= len(queries) <= BATCH_SIZE_MAX:
        raise InvalidArgument("REQUEST_INVALID", f"The batch holds {len(queries)} requests; it must be from 1 to {BATCH_SIZE_MAX}.")
    expires_at = None if remaining_seconds is None else time.monotonic() + remaining_seconds
    model, position = live.model, live.position
    outcomes = [_prepare(live, query) for query in queries]
    requests = [outcome for outcome in outcomes if isinstance(outcome, _Request)]
    if _is_quick(model, requests):
        answers, scores, scoring_ms = _answer(model, requests, expires_at)
    else:
        loop = asyncio.get_running_loop()
        answers, scores, scoring_ms = await loop.run_in_executor(executor, _answer, model, requests, expires_at)
    for entry, user in zip(requests, scores, strict=True):
        live.keep_scores(model, entry.query.user_id, entry.rated, user)
    remaining = iter(answers)
    ranked = [next(remaining) if isinstance(outcome, _Request) else outcome for outcome in outcomes]
    return BatchAnswer(model.version.version, model.catalogue, position.offset if position else None, ranked, scoring_ms)


async def recommend(
    live: LiveState, executor: Executor, query: RecommendationQuery, remaining_seconds: float | None = None
) -> Recommendation:
    """Answer one query. Wait within the deadline until the log is read up to its `min_offset`."""
    if query.min_offset is not None:
        await live.wait_for(query.min_offset, seconds_to_wait(remaining_seconds))
    answer = await recommend_batch(live, executor, [query])
    (outcome,) = answer.outcomes
    if isinstance(outcome, ServiceError):
        raise outcome
    return Recommendation(query.user_id, answer.model_version, outcome.source, _describe(answer.catalogue, outcome), answer.as_of_offset)


def _prepare(live: LiveState, query: RecommendationQuery) -> _Request | ServiceError:
    try:
        require_size("limit", query.limit)
        require_user_id(query.user_id)
        if query.min_offset is not None:
            live.require(query.min_offset)
    except ServiceError as error:
        return error
    return _Request(query, live.history(query.user_id), live.scores(query.user_id))


def require_user_id(user_id: str) -> None:
    if not user_id:
        raise InvalidArgument("REQUEST_INVALID", "user_id is empty; name a user.", field="user_id")


def _is_quick(model: LoadedModel, requests: Sequence[_Request]) -> bool:
    items = len(model.places)
    ratings = sum(len(entry.rated) for entry in requests if entry.scores is None)
    return len(requests) * items + ratings * (items + CELLS_PER_RATING) / CELLS_PER_SCORE <= SCORES_AT_ONCE


def _require_time(expires_at: float | None) -> None:
    if expires_at is not None and time.monotonic() >= expires_at:
        raise DeadlineExceeded("DEADLINE_EXCEEDED", "The call's deadline passed before the work began. Try again.")


def _answer(
    model: LoadedModel, requests: Sequence[_Request], expires_at: float | None
) -> tuple[list[RankedItems], list[UserScores], float]:
    # Other batches may have used the threads until after this call's deadline.
    _require_time(expires_at)
    started = time.perf_counter()
    scores = _score_missing(model, requests)
    return _rank(model, requests, scores), scores, (time.perf_counter() - started) * 1000


def _score_missing(model: LoadedModel, requests: Sequence[_Request]) -> list[UserScores]:
    missing = [scoring.history_of(model.scorer, entry.rated) for entry in requests if entry.scores is None]
    scored = iter(scoring.score_users(model.scorer, missing))
    return [entry.scores or next(scored) for entry in requests]


def _rank(model: LoadedModel, requests: Sequence[_Request], users: Sequence[UserScores]) -> list[RankedItems]:
    rankings = scoring.rank(model.scorer, users, [entry.query.limit for entry in requests])
    reasons = why(model.scorer, users, rankings)
    return [_place(model, *row) for row in zip(requests, rankings, reasons, strict=True)]


def _place(model: LoadedModel, request: _Request, ranking: Ranking, reasons: IntArray) -> RankedItems:
    source = RecommendationSource.MODEL if ranking.is_personal else RecommendationSource.FALLBACK
    return RankedItems(request.query.user_id, source, model.places[ranking.indexes], ranking.scores, model.places[reasons])


def _describe(catalogue: Catalogue, ranked: RankedItems) -> tuple[RecommendedItem, ...]:
    items = catalogue.rows
    return tuple(
        RecommendedItem(items[place], score, tuple(items[reason] for reason in reasons if reason >= 0))
        for place, score, reasons in zip(ranked.places.tolist(), ranked.scores.tolist(), ranked.reasons.tolist(), strict=True)
    )
