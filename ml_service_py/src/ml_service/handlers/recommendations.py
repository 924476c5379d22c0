"""Recommends: live histories times the live model. One batch is one matrix product, on a thread, as it holds the CPU."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml_service.domain import BATCH_SIZE_MAX, Item, Recommendation, RecommendationSource, RecommendedItem
from ml_service.errors import DeadlineExceeded, InvalidArgument, ServiceError
from ml_service.handlers.paging import require_size
from ml_service.handlers.patience import patience
from ml_service.model import scoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor

    from ml_service.handlers.live_state import LiveState, LoadedModel
    from ml_service.model.scoring import History, Ranking


@dataclass(frozen=True, slots=True)
class RecommendationQuery:
    user_id: str
    limit: int
    min_offset: int | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the scoring thread is given: values that nobody changes."""

    query: RecommendationQuery
    rated: Mapping[str, float | None]
    as_of_offset: int | None


async def recommend_batch(
    live: LiveState, executor: Executor, queries: Sequence[RecommendationQuery], remaining_seconds: float | None = None
) -> tuple[list[Recommendation | ServiceError], float]:
    """Answers each query or says why not, in order; and gives the milliseconds spent scoring."""
    if not 1 <= len(queries) <= BATCH_SIZE_MAX:
        raise InvalidArgument("REQUEST_INVALID", f"The batch holds {len(queries)} requests; it must be from 1 to {BATCH_SIZE_MAX}.")
    expires_at = None if remaining_seconds is None else time.monotonic() + remaining_seconds
    model, items = live.model, live.items
    outcomes = [_ask(live, query) for query in queries]
    asked = [outcome for outcome in outcomes if isinstance(outcome, _Asked)]
    loop = asyncio.get_running_loop()
    answers, scoring_ms = await loop.run_in_executor(executor, _answer, model, items, asked, expires_at)
    remaining = iter(answers)
    return [next(remaining) if isinstance(outcome, _Asked) else outcome for outcome in outcomes], scoring_ms


async def recommend(
    live: LiveState, executor: Executor, query: RecommendationQuery, remaining_seconds: float | None = None
) -> Recommendation:
    """Answers one query; waits within the deadline until the log is read as far as it asks."""
    if query.min_offset is not None:
        await live.wait_for(query.min_offset, patience(remaining_seconds))
    (outcome,), _ = await recommend_batch(live, executor, [query])
    if isinstance(outcome, ServiceError):
        raise outcome
    return outcome


def _ask(live: LiveState, query: RecommendationQuery) -> _Asked | ServiceError:
    try:
        require_size("limit", query.limit)
        require_user_id(query.user_id)
        if query.min_offset is not None:
            live.require(query.min_offset)
    except ServiceError as error:
        return error
    return _Asked(query, live.history(query.user_id), live.position.offset if live.position else None)


def require_user_id(user_id: str) -> None:
    if not user_id:
        raise InvalidArgument("REQUEST_INVALID", "user_id is empty; name a user.", field="user_id")


def _require_time(expires_at: float | None) -> None:
    if expires_at is not None and time.monotonic() >= expires_at:
        raise DeadlineExceeded("DEADLINE_EXCEEDED", "The call's time was over before the work began.")


def _answer(
    model: LoadedModel, items: Mapping[str, Item], asked: Sequence[_Asked], expires_at: float | None
) -> tuple[list[Recommendation], float]:
    # Other batches may have held the threads for longer than the caller waits.
    _require_time(expires_at)
    started = time.perf_counter()
    histories = [scoring.history_of(model.scorer, entry.rated) for entry in asked]
    rankings = scoring.recommend(model.scorer, histories, [entry.query.limit for entry in asked])
    answers = [_describe(model, items, *parts) for parts in zip(asked, histories, rankings, strict=True)]
    return answers, (time.perf_counter() - started) * 1000


def _describe(model: LoadedModel, items: Mapping[str, Item], asked: _Asked, history: History, ranking: Ranking) -> Recommendation:
    nobody = np.empty(0, dtype=np.int64)
    reasons = scoring.why(model.scorer, history, ranking.indexes) if ranking.is_personal else [nobody] * len(ranking.indexes)
    ids = model.scorer.item_ids
    recommended = [
        RecommendedItem(items[ids[index]], score, tuple(items[ids[reason]] for reason in why.tolist()))
        for index, score, why in zip(ranking.indexes.tolist(), ranking.scores.tolist(), reasons, strict=True)
    ]
    source = RecommendationSource.MODEL if ranking.is_personal else RecommendationSource.FALLBACK
    return Recommendation(asked.query.user_id, model.version.version, source, tuple(recommended), asked.as_of_offset)
