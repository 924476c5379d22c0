"""Lists and look-ups over the catalogue, the users and what they did."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sample
from frozen_store import FrozenStore

from ml_service.errors import InvalidArgument, NotFound, Unavailable
from ml_service.handlers import catalogue
from ml_service.handlers.deadline import StoreWithDeadline
from ml_service.handlers.explanation import explain
from ml_service.handlers.paging import page_token

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from ml_service.adapters.sql.store import SqlStore
    from ml_service.handlers.live_state import LiveState


async def all_items(live: LiveState, executor: Executor, query: str, genre: str, page_size: int) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        page = await catalogue.list_items(live, executor, query, genre, page_size=page_size, token=token)
        found += [item.item_id for item in page.rows]
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.parametrize("page_size", [1, 3, 10, 100])
async def test_pages_together_hold_every_item_once_in_order(live: LiveState, executor: Executor, page_size: int) -> None:
    assert await all_items(live, executor, "", "", page_size) == [item.item_id for item in sample.ITEMS]


async def test_items_are_found_by_title_and_genre_in_any_case(live: LiveState, executor: Executor) -> None:
    assert await all_items(live, executor, "fILM 3", "", 10) == ["i3"]
    assert await all_items(live, executor, "film", "COMEDY", 2) == ["i1", "i3", "i5", "i7", "i9"]
    assert await all_items(live, executor, "film", "com", 2) == []


async def test_a_page_token_of_another_search_is_rejected(live: LiveState, executor: Executor) -> None:
    token = (await catalogue.list_items(live, executor, "film", "", page_size=2, token="")).next_page_token

    for query, bad in (("other", token), ("film", token[:-2]), ("film", "nonsense"), ("film", "ü")):
        with pytest.raises(InvalidArgument) as caught:
            await catalogue.list_items(live, executor, query, "", page_size=2, token=bad)
        assert caught.value.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("page_size", [0, 101])
async def test_a_page_has_bounds(live: LiveState, executor: Executor, page_size: int) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await catalogue.list_items(live, executor, "", "", page_size=page_size, token="")

    assert caught.value.reason == "REQUEST_INVALID"


async def test_users_are_listed_with_their_count(live: LiveState, executor: Executor) -> None:
    first = await catalogue.list_users(live, executor, "", 2, "")
    second = await catalogue.list_users(live, executor, "", 2, first.next_page_token)

    assert [(user.user_id, user.interaction_count) for user in (*first.rows, *second.rows)] == [("even", 2), ("late", 1), ("odd", 1)]
    assert [user.user_id for user in (await catalogue.list_users(live, executor, "e", 10, "")).rows] == ["even", "late"]


async def test_a_users_interactions_come_newest_first(live: LiveState, questions: StoreWithDeadline) -> None:
    first, as_of_offset = await catalogue.list_interactions(live, questions, "even", 1, "")
    second, _ = await catalogue.list_interactions(live, questions, "even", 1, first.next_page_token)

    assert [(entry.rating, item.title) for entry, item in (*first.rows, *second.rows)] == [(4.5, "Film 2"), (5.0, "Film 0")]
    assert as_of_offset is None


async def test_a_page_token_of_another_user_is_rejected(live: LiveState, questions: StoreWithDeadline) -> None:
    page, _ = await catalogue.list_interactions(live, questions, "even", 1, "")

    with pytest.raises(InvalidArgument):
        await catalogue.list_interactions(live, questions, "odd", 1, page.next_page_token)


@pytest.mark.parametrize(
    "last", ["", "x", "2024-05-01T00:00:00+00:00 x", f"2024-05-01T00:00:00+00:00 {2**64}", "0001-01-01T00:00:00+14:00 1"]
)
async def test_a_forged_page_token_is_rejected(live: LiveState, questions: StoreWithDeadline, last: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        await catalogue.list_interactions(live, questions, "even", 1, page_token(("interactions", "even"), last))

    assert caught.value.reason == "PAGE_TOKEN_INVALID"


async def test_a_frozen_store_is_reported_before_the_callers_deadline(live: LiveState, store: SqlStore) -> None:
    frozen, threads = FrozenStore(store), ThreadPoolExecutor(1)

    with pytest.raises(Unavailable) as caught:
        await catalogue.list_interactions(live, StoreWithDeadline(frozen, threads), "even", 1, "", remaining_seconds=0.2)

    frozen.thawed.set()
    threads.shutdown()
    assert caught.value.reason == "STORE_UNAVAILABLE"


async def test_a_user_that_only_the_log_has_gets_an_empty_page(live: LiveState, questions: StoreWithDeadline) -> None:
    await live.apply([sample.logged(0, sample.interaction("new", "i0"))])

    page, _ = await catalogue.list_interactions(live, questions, "new", 10, "")

    assert page.rows == ()


async def test_a_new_user_has_an_empty_history(live: LiveState, questions: StoreWithDeadline) -> None:
    page, _ = await catalogue.list_interactions(live, questions, "nope", 10, "")

    assert (page.rows, page.next_page_token) == ((), "")


async def test_a_user_whom_the_log_erased_has_an_empty_history_while_the_store_still_has_the_rows(
    live: LiveState, questions: StoreWithDeadline
) -> None:
    await live.apply([sample.erasure(0, "even")])

    page, _ = await catalogue.list_interactions(live, questions, "even", 1, "")

    assert (page.rows, page.next_page_token) == ((), "")


def test_similar_items_leave_the_item_itself_out(live: LiveState) -> None:
    near, version = catalogue.list_similar_items(live, "i4", 3)

    assert [item.item_id for item, _ in near] == ["i0", "i2", "i6"]
    assert version == sample.loaded_model().version.version


def test_unknown_users_and_items_are_not_found(live: LiveState) -> None:
    with pytest.raises(NotFound, match="No item nope"):
        catalogue.get_item(live, "nope")
    with pytest.raises(NotFound, match="No item nope"):
        catalogue.list_similar_items(live, "nope", 3)
    with pytest.raises(NotFound, match="No user nope"):
        catalogue.get_user(live, "nope")


def test_an_explanation_adds_up_to_the_score(live: LiveState) -> None:
    _, explained = explain(live, "even", None)

    best = explained[0]
    assert (best.item.item_id, best.score) == ("i4", 2.0)
    assert [(row.item.item_id, row.rating, row.contribution) for row in best.contributions] == [("i0", 5.0, 1.0), ("i2", 4.5, 1.0)]


def test_one_item_can_be_explained(live: LiveState) -> None:
    _, explained = explain(live, "even", "i5")

    assert [(entry.item.item_id, entry.score) for entry in explained] == [("i5", 0.0)]
