"""Ids are listed by the numbers in them, page after page, and none is left out or comes twice."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import pytest
import sample

from ml_service.domain import Item
from ml_service.handlers import catalogue
from ml_service.handlers.live_state import LiveState
from ml_service.handlers.paging import natural_key
from ml_service.ports.storage import StoredHistories

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor

    from ml_service.handlers.paging import Page

NUMBERED = [str(number) for number in range(1, 13)]


@pytest.fixture
def numbered() -> LiveState:
    """Items and users 1 to 12, given in the order of text."""
    ids = sorted(NUMBERED)
    ratings, moments = {name: {name: 5.0} for name in ids}, {name: array("q", [0]) for name in ids}
    return LiveState([Item(name, f"Film {name}", None, ()) for name in ids], StoredHistories(ratings, moments, None, {}))


async def all_rows(read_page: Callable[[str], Awaitable[Page[Any]]]) -> list[Any]:
    page = await read_page("")
    rows = [*page.rows]
    while page.next_page_token:
        page = await read_page(page.next_page_token)
        rows += page.rows
    return rows


@pytest.mark.parametrize("page_size", [1, 5, 100])
async def test_items_and_users_are_listed_in_the_natural_order_of_their_ids(
    numbered: LiveState, executor: Executor, page_size: int
) -> None:
    items = await all_rows(lambda token: catalogue.list_items(numbered, executor, "", "", page_size=page_size, token=token))
    users = await all_rows(lambda token: catalogue.list_users(numbered, executor, "", page_size, token))

    assert [item.item_id for item in items] == NUMBERED
    assert [user.user_id for user in users] == NUMBERED


async def test_new_and_erased_users_keep_the_others_in_order(numbered: LiveState, executor: Executor) -> None:
    await numbered.apply([sample.logged(0, sample.interaction("2b", "1")), sample.logged(1, sample.interaction("013", "1"))])
    await numbered.apply([sample.erasure(2, "11")])

    users = await all_rows(lambda token: catalogue.list_users(numbered, executor, "", 3, token))

    assert [user.user_id for user in users] == ["1", "2", "2b", *NUMBERED[2:10], "12", "013"]


@pytest.mark.parametrize(
    "ordered",
    [
        ["1", "2", "10"],
        ["u1", "u2", "u10", "v1"],
        ["a1b2", "a1b10", "a2b1"],
        ["007", "7", "08", "10"],
        ["", "0", "00", "1"],
        ["film-9", "film-10", "film-x"],
        ["9" * 4_999, "9" * 5_000],
    ],
)
def test_numbers_in_ids_are_ordered_by_their_value(ordered: list[str]) -> None:
    assert sorted({*ordered}, key=natural_key) == ordered
