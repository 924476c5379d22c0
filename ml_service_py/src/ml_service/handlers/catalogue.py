"""Looks up items, users and interactions: all in memory, except for the interactions, which the SQL store has.

A search reads every row, which takes 34 ms for 100,000 items, so it runs on a thread.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ml_service.errors import InvalidArgument, NotFound
from ml_service.handlers.paging import Page, natural_key, page_token, read_page_token, require_size
from ml_service.model import scoring

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Executor

    from ml_service.domain import Interaction, Item
    from ml_service.handlers.deadline import StoreWithDeadline
    from ml_service.handlers.live_state import LiveState
    from ml_service.ports.storage import PagePosition

T = TypeVar("T")

#: The largest number of a row in SQL.
ROW_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    interaction_count: int


def get_item(live: LiveState, item_id: str) -> Item:
    item = live.items.get(item_id)
    if item is None:
        raise NotFound("ITEM_UNKNOWN", f"No item {item_id}.", item_id=item_id)
    return item


async def list_items(  # noqa: PLR0913
    live: LiveState, executor: Executor, query: str, genre: str, *, page_size: int, token: str
) -> Page[Item]:
    """Return items by title and genre, in the natural order of their ids. Upper and lower case are equal."""
    require_size("page_size", page_size)
    question = ("items", query.casefold(), genre.casefold())
    after = read_page_token(question, token) if token else ""
    search = asyncio.get_running_loop().run_in_executor(executor, _find_items, live.catalogue.rows, question[1:], after, page_size)
    rows, is_last = await search
    return Page(rows, "" if is_last else page_token(question, rows[-1].item_id))


def list_similar_items(live: LiveState, item_id: str, limit: int) -> tuple[list[tuple[Item, float]], str]:
    """Return the nearest items with their scores, and the model version. There are none for an item newer than that version."""
    require_size("limit", limit)
    get_item(live, item_id)
    model = live.model
    index = model.scorer.item_index.get(item_id)
    if index is None:
        return [], model.version.version
    ranking = scoring.similar(model.scorer, index, limit)
    near = zip(model.scorer.item_ids[ranking.indexes].tolist(), ranking.scores.tolist(), strict=True)
    return [(live.items[near_id], score) for near_id, score in near], model.version.version


def get_user(live: LiveState, user_id: str) -> User:
    history = live.history(user_id)
    if not history:
        raise NotFound("USER_UNKNOWN", f"No user {user_id} has interactions.", user_id=user_id)
    return User(user_id, len(history))


async def list_users(live: LiveState, executor: Executor, query: str, page_size: int, token: str) -> Page[User]:
    """Return users whose id contains the query, in the natural order of their ids."""
    require_size("page_size", page_size)
    question = ("users", query)
    after = read_page_token(question, token) if token else ""
    # The slice is a copy, as the event loop goes on adding users.
    user_ids = live.user_ids[bisect_right(live.user_ids, natural_key(after), key=natural_key) :]
    rows, is_last = await asyncio.get_running_loop().run_in_executor(executor, _find_users, user_ids, query, page_size)
    # A user may have been erased meanwhile.
    users = tuple(User(user_id, len(live.history(user_id))) for user_id in rows if live.history(user_id))
    return Page(users, "" if is_last else page_token(question, rows[-1]))


async def list_interactions(  # noqa: PLR0913
    live: LiveState, store: StoreWithDeadline, user_id: str, page_size: int, token: str, *, remaining_seconds: float | None = None
) -> tuple[Page[tuple[Interaction, Item]], int | None]:
    """Return the user's interactions, newest first, and the log's offset up to which the store has them. A new user has none."""
    require_size("page_size", page_size)
    question = ("interactions", user_id)
    after = _read_position(read_page_token(question, token)) if token else None
    page = await store.query(lambda sql: sql.list_interactions(user_id, page_size, after), remaining_seconds)
    if not live.history(user_id):
        # Memory follows the log faster than the store, which may still have the rows of an erased user.
        return Page((), ""), page.as_of_offset
    next_token = "" if page.next_position is None else page_token(question, _position_text(page.next_position))
    return Page(page.rows, next_token), page.as_of_offset


def _position_text(position: PagePosition) -> str:
    moment, row = position
    return f"{moment.isoformat()} {row}"


def _read_position(text: str) -> PagePosition:
    moment, _, row = text.rpartition(" ")
    try:
        position = datetime.fromisoformat(moment).astimezone(UTC), int(row)
    except (ValueError, OverflowError):
        position = None
    if position is None or not 0 <= position[1] <= ROW_MAX:
        raise InvalidArgument("PAGE_TOKEN_INVALID", "The page token isn't one that this list gave out. Start from the first page.")
    return position


def _find_items(rows: Sequence[Item], wanted: tuple[str, str], after: str, count: int) -> tuple[tuple[Item, ...], bool]:
    text, genre = wanted
    start = bisect_right(rows, natural_key(after), key=lambda item: natural_key(item.item_id))
    return _take(
        (item for item in rows[start:] if text in item.title.casefold() and (not genre or genre in map(str.casefold, item.genres))),
        count,
    )


def _find_users(user_ids: Sequence[str], query: str, count: int) -> tuple[tuple[str, ...], bool]:
    return _take((user_id for user_id in user_ids if query in user_id), count)


def _take(found: Iterable[T], count: int) -> tuple[tuple[T, ...], bool]:
    """Return the first rows, and whether those are all."""
    rows = tuple(islice(found, count + 1))
    return rows[:count], len(rows) <= count
