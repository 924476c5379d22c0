"""The live state follows the log: what counts, what doesn't, and who waits for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.domain import Interaction, LogPosition, RejectedMessage
from ml_service.errors import Unavailable
from ml_service.handlers import histories
from ml_service.handlers.live_state import LiveState

if TYPE_CHECKING:
    from datetime import datetime

    from ml_service.adapters.sql.store import SqlStore


async def test_an_interaction_changes_the_history_and_the_position(live: LiveState) -> None:
    entry = sample.logged(3, sample.interaction("even", "i4", 3.5))

    counted = await live.apply([entry])

    assert counted == 1
    assert live.history("even") == {"i0": 5.0, "i2": 4.5, "i4": 3.5}
    assert live.position == entry.position


async def test_a_returned_history_does_not_change(live: LiveState) -> None:
    given = live.history("even")

    await live.apply([sample.logged(0, sample.interaction("even", "i4"))])

    assert given == {"i0": 5.0, "i2": 4.5}


async def test_the_first_interaction_makes_a_user(live: LiveState) -> None:
    await live.apply([sample.logged(0, sample.interaction("middle", "i4"))])

    assert list(live.user_ids) == ["even", "late", "middle", "odd"]


async def test_the_same_interaction_twice_is_one(live: LiveState) -> None:
    first = sample.interaction("even", "i4", 5.0)
    later = sample.interaction("even", "i4", 1.0)

    counted = await live.apply([sample.logged(0, first), sample.logged(1, later), sample.logged(2, first)])

    assert counted == 2
    assert live.history("even")["i4"] == 1.0
    assert live.position == LogPosition(2, first.interaction_id)


async def test_an_interaction_that_the_store_had_already_does_not_count_again(live: LiveState) -> None:
    stored = sample.INTERACTIONS[0]
    again = Interaction(stored.interaction_id, stored.user_id, stored.item_id, 0.5, stored.occurred_at)

    await live.apply([sample.logged(0, again)])

    assert live.history("even")["i0"] == 5.0


async def test_an_older_rating_changes_nothing_although_it_comes_later_in_the_log(live: LiveState) -> None:
    before = live.history("even")
    older = sample.logged(3, sample.interaction("even", "i0", 0.5, sample.later(-1)))

    counted = await live.apply([older])

    assert counted == 0
    assert live.history("even") is before
    assert live.position == older.position


async def test_a_live_rating_does_not_replace_an_imported_one_of_a_later_time(empty_store: SqlStore) -> None:
    empty_store.import_data(sample.ITEMS, [sample.interaction("u", "i1", 4.0, sample.later(9)), sample.interaction("u", "i2", 4.0)])
    live = sample.live_state(empty_store)

    await live.apply([sample.logged(0, sample.interaction("u", item_id, 1.0, sample.later(1))) for item_id in ("i1", "i2")])

    assert live.history("u") == {"i1": 4.0, "i2": 1.0}


@pytest.mark.parametrize("when", [None, sample.WHEN])
async def test_of_equal_times_the_rating_that_is_later_in_the_log_counts(empty_store: SqlStore, when: datetime | None) -> None:
    empty_store.import_data(sample.ITEMS, [sample.interaction("u", "i1", 4.0, when)])
    live = sample.live_state(empty_store)

    await live.apply([sample.logged(0, sample.interaction("u", "i1", 1.0, when))])

    assert live.history("u") == {"i1": 1.0}


async def test_times_before_an_erasure_do_not_count(live: LiveState) -> None:
    older = sample.interaction("even", "i0", 0.5, sample.later(-1))

    await live.apply([sample.erasure(0, "even"), sample.logged(1, older)])

    assert live.history("even") == {"i0": 0.5}


async def test_ids_are_remembered_up_to_a_bound(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "RECENT_IDS", 2)
    live = LiveState(sample.ITEMS, store.load_histories(recent=0))
    first, *others = [sample.interaction("even", f"i{n}") for n in range(4, 7)]

    await live.apply([sample.logged(n, entry) for n, entry in enumerate([first, *others])])

    assert await live.apply([sample.logged(3, others[0]), sample.logged(4, others[1])]) == 0
    assert await live.apply([sample.logged(5, first)]) == 1


async def test_an_unusable_entry_moves_only_the_position(live: LiveState) -> None:
    unknown_item = sample.logged(4, sample.interaction("even", "no such item"))
    rejected = RejectedMessage(LogPosition(5, "m"), "MESSAGE_UNDECODABLE", "no", b"\xff")

    counted = await live.apply([unknown_item, rejected])

    assert counted == 0
    assert live.history("even") == {"i0": 5.0, "i2": 4.5}
    assert live.position == LogPosition(5, "m")


async def test_a_wait_for_an_offset_ends_when_the_offset_is_applied(live: LiveState) -> None:
    waiting = asyncio.create_task(live.wait_for(1, timeout_seconds=10))
    await live.apply([sample.logged(0, sample.interaction("odd", "i3"))])
    assert not waiting.done()

    await live.apply([sample.logged(1, sample.interaction("odd", "i5"))])

    await waiting
    assert live.has_reached(1)


async def test_a_wait_for_an_offset_has_a_time_limit(live: LiveState) -> None:
    with pytest.raises(Unavailable) as caught:
        await live.wait_for(0, timeout_seconds=0.01)

    assert caught.value.reason == "OFFSET_NOT_REACHED"
    assert caught.value.metadata == {"offset": "0"}


async def test_a_rebuild_loads_the_store_and_forgets_the_rest(live: LiveState, store: SqlStore) -> None:
    await live.apply([sample.logged(90, sample.interaction("even", "i4"))])
    stored = sample.logged(99, sample.interaction("new", "i3", 2.5))
    SqlInteractionLog(store.engine).append([stored], after=None)

    await live.rebuild(store.load_histories(recent=10))

    assert live.position == stored.position
    assert list(live.user_ids) == ["even", "late", "new", "odd"]
    assert live.history("new") == {"i3": 2.5}
    assert live.history("even") == {"i0": 5.0, "i2": 4.5}


async def test_a_rebuild_from_a_store_with_the_lost_position_has_no_position(store: SqlStore) -> None:
    SqlInteractionLog(store.engine).append([sample.logged(7, sample.interaction("even", "i4"))], after=None)
    live = sample.live_state(store)

    await live.rebuild(store.load_histories(recent=10))

    assert live.position is None
    assert not live.has_reached(0)
    assert live.history("even")["i4"] == 5.0


async def test_interactions_that_the_store_had_at_a_rebuild_do_not_count_again(live: LiveState, store: SqlStore) -> None:
    stored = sample.logged(1, sample.interaction("even", "i4", 3.0))
    SqlInteractionLog(store.engine).append([stored, sample.logged(2, sample.interaction("even", "i4", 1.0))], after=None)
    await live.rebuild(store.load_histories(recent=10))

    counted = await live.apply([stored])

    assert counted == 0
    assert live.history("even")["i4"] == 1.0


def test_without_a_model_there_is_no_answer(store: SqlStore) -> None:
    with pytest.raises(Unavailable) as caught:
        _ = sample.live_state(store).model

    assert caught.value.reason == "MODEL_NOT_LOADED"
