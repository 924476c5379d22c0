"""A user who is erased, in memory: answered as somebody new, whatever is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sample
from sqlalchemy import delete

from ml_service.adapters.sql.database import writing
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.tables import log_positions
from ml_service.model.scoring import history_of, score_users

if TYPE_CHECKING:
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import LogEntry
    from ml_service.handlers.live_state import LiveState

LOG: list[LogEntry] = [
    sample.logged(0, sample.interaction("u", "i3", 2.5)),
    sample.erasure(1, "u"),
    sample.logged(2, sample.interaction("u", "i5", 3.5)),
]


async def test_an_erasure_forgets_the_user_and_moves_the_position(live: LiveState) -> None:
    entry = sample.erasure(3, "even")

    counted = await live.apply([entry])

    assert counted == 0
    assert live.history("even") == {}
    assert list(live.user_ids) == ["late", "odd"]
    assert live.position == entry.position


async def test_kept_scores_of_an_erased_user_are_dropped(live: LiveState) -> None:
    rated = live.history("even")
    (scores,) = score_users(live.model.scorer, [history_of(live.model.scorer, rated)])
    live.keep_scores(live.model, "even", rated, scores)

    await live.apply([sample.erasure(3, "even")])
    live.keep_scores(live.model, "even", rated, scores)

    assert live.scores("even") is None


async def test_interactions_after_an_erasure_begin_a_new_history(live: LiveState) -> None:
    await live.apply([sample.erasure(0, "even"), sample.logged(1, sample.interaction("even", "i4", 3.0))])

    assert live.history("even") == {"i4": 3.0}
    assert list(live.user_ids) == ["even", "late", "odd"]


async def test_an_unknown_user_can_be_erased(live: LiveState) -> None:
    await live.apply([sample.erasure(0, "nobody")])

    assert list(live.user_ids) == ["even", "late", "odd"]


async def test_a_repeated_id_after_an_erasure_counts_as_in_the_store(live: LiveState, store: SqlStore) -> None:
    again = sample.interaction("u", "i3", 2.5)
    log: list[LogEntry] = [sample.logged(0, again), sample.erasure(1, "u"), sample.logged(2, again)]

    await live.apply(log)
    SqlInteractionLog(store.engine).append(log, None)

    assert live.history("u") == store.load_histories(recent=0).ratings["u"] == {"i3": 2.5}


async def test_a_second_reading_of_the_log_restores_no_erased_history(store: SqlStore) -> None:
    SqlInteractionLog(store.engine).append(LOG, None)
    with writing(store.engine) as connection:
        connection.execute(delete(log_positions))
    live = sample.live_state(store)

    seen = []
    for entry in LOG:
        await live.apply([entry])
        seen.append(dict(live.history("u")))

    assert live.position == LOG[-1].position
    assert seen == [{"i5": 3.5}] * 3


async def test_an_erasure_that_the_store_lacks_is_read_from_the_log(store: SqlStore) -> None:
    SqlInteractionLog(store.engine).append(LOG[:1], None)
    live = sample.live_state(store)

    await live.apply(LOG[1:])

    assert live.history("u") == {"i5": 3.5}


async def test_a_new_log_erases_by_its_own_offsets(store: SqlStore) -> None:
    SqlInteractionLog(store.engine).append(LOG, None)
    live = sample.live_state(store)

    await live.rebuild(store.load_histories(recent=10))
    await live.apply([sample.logged(0, sample.interaction("u", "i7", 1.0))])

    assert live.history("u") == {"i5": 3.5, "i7": 1.0}


async def test_a_log_that_was_wrongly_taken_for_new_gives_the_same_histories(store: SqlStore) -> None:
    SqlInteractionLog(store.engine).append(LOG, None)
    live = sample.live_state(store)

    await live.rebuild(store.load_histories(recent=10))
    await live.apply(LOG)

    assert live.history("u") == {"i5": 3.5}
