"""Recommendations from live histories, on a model whose answers are known."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.errors import DeadlineExceeded, InvalidArgument, ServiceError, Unavailable
from ml_service.handlers import recommendations
from ml_service.handlers.recommendations import Recommendation, RecommendationQuery, RecommendationSource, recommend, recommend_batch

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from ml_service.handlers.live_state import LiveState


@pytest.fixture
def large_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is small enough for the event loop."""
    monkeypatch.setattr(recommendations, "SCORES_AT_ONCE", 0)


def item_ids(answer: Recommendation) -> list[str]:
    return [recommended.item.item_id for recommended in answer.items]


async def test_similar_items_come_first_and_seen_items_are_left_out(live: LiveState, executor: ThreadPoolExecutor) -> None:
    answer = await recommend(live, executor, RecommendationQuery("even", 4))

    assert item_ids(answer) == ["i4", "i6", "i8", "i1"]
    assert answer.source is RecommendationSource.MODEL
    assert answer.items[0].score == 2.0
    assert [item.item_id for item in answer.items[0].why] == ["i0", "i2"]


async def test_an_unknown_user_gets_popular_items_with_the_source_fallback(live: LiveState, executor: ThreadPoolExecutor) -> None:
    answer = await recommend(live, executor, RecommendationQuery("nobody", 3))

    assert item_ids(answer) == ["i0", "i1", "i2"]
    assert answer.source is RecommendationSource.FALLBACK
    assert answer.items[0].why == ()


async def test_a_low_rating_adds_no_score_and_its_item_is_not_recommended(live: LiveState, executor: ThreadPoolExecutor) -> None:
    answer = await recommend(live, executor, RecommendationQuery("late", 10))

    assert item_ids(answer) == [f"i{n}" for n in range(9)]
    assert answer.source is RecommendationSource.FALLBACK


async def test_an_interaction_changes_the_next_answer(live: LiveState, executor: ThreadPoolExecutor) -> None:
    await live.apply([sample.logged(8, sample.interaction("nobody", "i3"))])

    answer = await recommend(live, executor, RecommendationQuery("nobody", 2, min_offset=8))

    assert item_ids(answer) == ["i1", "i5"]
    assert answer.as_of_offset == 8


async def test_each_query_of_a_batch_has_its_own_outcome_in_order(live: LiveState, executor: ThreadPoolExecutor) -> None:
    queries = [
        RecommendationQuery("even", 1),
        RecommendationQuery("even", 0),
        RecommendationQuery("odd", 1, min_offset=5),
        RecommendationQuery("", 1),
        RecommendationQuery("odd", 2),
    ]

    answer = await recommend_batch(live, executor, queries)

    told = [outcome.reason if isinstance(outcome, ServiceError) else outcome.places.tolist() for outcome in answer.outcomes]
    assert told == [[4], "REQUEST_INVALID", "OFFSET_NOT_REACHED", "REQUEST_INVALID", [3, 5]]
    assert answer.catalogue.rows[4].item_id == "i4"
    assert answer.scoring_ms > 0


@pytest.mark.parametrize("size", [0, 257])
async def test_a_batch_has_bounds(live: LiveState, executor: ThreadPoolExecutor, size: int) -> None:
    with pytest.raises(InvalidArgument):
        await recommend_batch(live, executor, [RecommendationQuery("even", 1)] * size)


async def test_a_single_query_waits_for_its_offset(live: LiveState, executor: ThreadPoolExecutor) -> None:
    waiting = asyncio.create_task(recommend(live, executor, RecommendationQuery("even", 1, min_offset=0), remaining_seconds=10))
    await asyncio.sleep(0)

    await live.apply([sample.logged(0, sample.interaction("even", "i4"))])

    assert item_ids(await waiting) == ["i6"]


async def test_a_query_keeps_time_for_its_answer(live: LiveState, executor: ThreadPoolExecutor) -> None:
    with pytest.raises(Unavailable):
        await recommend(live, executor, RecommendationQuery("even", 1, min_offset=0), remaining_seconds=0.11)


async def test_a_small_batch_is_answered_while_every_thread_is_busy(live: LiveState, executor: ThreadPoolExecutor) -> None:
    release = threading.Event()
    busy = executor.submit(release.wait, 5)

    scored = await recommend(live, executor, RecommendationQuery("even", 4))
    kept = await recommend(live, executor, RecommendationQuery("even", 4))

    assert not busy.done()
    release.set()
    assert scored == kept


@pytest.mark.usefixtures("large_catalogue")
async def test_a_large_batch_waits_for_a_thread(live: LiveState, executor: ThreadPoolExecutor) -> None:
    release = threading.Event()
    executor.submit(release.wait, 5)
    waiting = asyncio.create_task(recommend(live, executor, RecommendationQuery("even", 4)))

    await asyncio.sleep(0)
    assert not waiting.done()
    release.set()

    assert item_ids(await waiting) == ["i4", "i6", "i8", "i1"]


async def test_no_work_begins_after_the_deadline(live: LiveState, executor: ThreadPoolExecutor) -> None:
    with pytest.raises(DeadlineExceeded):
        await recommend_batch(live, executor, [RecommendationQuery("even", 1)], remaining_seconds=-0.1)


async def test_a_history_that_takes_long_to_score_waits_for_a_thread(
    live: LiveState, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten scores to look through, and two ratings to score.
    monkeypatch.setattr(recommendations, "SCORES_AT_ONCE", 20)
    release = threading.Event()
    executor.submit(release.wait, 5)
    unknown = await recommend(live, executor, RecommendationQuery("nobody", 1))
    waiting = asyncio.create_task(recommend(live, executor, RecommendationQuery("even", 1)))

    await asyncio.sleep(0)
    assert not waiting.done()
    release.set()

    assert (item_ids(unknown), item_ids(await waiting)) == (["i0"], ["i4"])


@pytest.mark.usefixtures("large_catalogue")
async def test_a_batch_that_was_cancelled_while_it_waited_for_a_thread_is_not_scored(live: LiveState, executor: ThreadPoolExecutor) -> None:
    release = threading.Event()
    executor.submit(release.wait, 5)
    waiting = asyncio.create_task(recommend_batch(live, executor, [RecommendationQuery("even", 1)], remaining_seconds=0.05))

    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.1, release.set)

    with pytest.raises(DeadlineExceeded):
        await waiting


@pytest.mark.usefixtures("large_catalogue")
async def test_an_answer_keeps_the_version_that_it_began_with(live: LiveState, executor: ThreadPoolExecutor) -> None:
    began = asyncio.create_task(recommend(live, executor, RecommendationQuery("even", 1)))
    await asyncio.sleep(0)

    live.swap(sample.loaded_model("20990101T000000Z-00000000"))

    assert (await began).model_version == sample.loaded_model().version.version
