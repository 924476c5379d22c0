"""The time of a rating decides which rating of a pair counts and which imported rows are new; the order of rows does not."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
import uuid
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
import sample
from sqlalchemy import select

from ml_service.adapters.sql import imported_rows
from ml_service.adapters.sql.database import reading
from ml_service.adapters.sql.imported_rows import imported_id
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.tables import interactions, microseconds
from ml_service.domain import Interaction, moment_of
from ml_service.errors import InvalidArgument
from ml_service.ports.storage import ImportedRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ml_service.adapters.sql.store import SqlStore

Histories = dict[str, dict[str, float | None]]


def imported(rating: float, when: datetime, item_id: str = "i1") -> Interaction:
    return Interaction(imported_id("u", item_id, when), "u", item_id, rating, when)


def trained_on(store: SqlStore) -> Histories:
    """The ratings that a training learns from, as histories."""
    ratings = store.load_ratings()
    histories: Histories = {}
    for (user_id, item_id), rating in zip(ratings.id_pairs.tolist(), ratings.ratings.tolist(), strict=True):
        histories.setdefault(user_id, {})[item_id] = rating
    return histories


@pytest.mark.parametrize("order", list(permutations([None, 1, 2])))
def test_the_latest_time_counts_in_histories_and_training_data_in_any_row_order(empty_store: SqlStore, order: Sequence[int | None]) -> None:
    rows = [sample.interaction("u", "i1", 1.0 + (day or 0), sample.later(day) if day else None) for day in order]

    empty_store.import_data(sample.ITEMS, rows)

    assert empty_store.load_histories(recent=0).ratings == trained_on(empty_store) == {"u": {"i1": 3.0}}


@pytest.mark.parametrize("when", [None, sample.WHEN])
def test_of_ratings_with_equal_times_the_last_written_counts(empty_store: SqlStore, when: datetime | None) -> None:
    empty_store.import_data(sample.ITEMS, [sample.interaction("u", "i1", 4.0, when)])
    SqlInteractionLog(empty_store.engine).append([sample.logged(0, sample.interaction("u", "i1", 1.0, when))], None)

    assert empty_store.load_histories(recent=0).ratings == trained_on(empty_store) == {"u": {"i1": 1.0}}


@pytest.mark.parametrize("seed", range(5))
def test_live_histories_store_and_training_data_agree_after_any_import_and_log(empty_store: SqlStore, seed: int) -> None:
    chance = random.Random(seed)

    def some(count: int) -> list[Interaction]:
        days = [chance.choice([None, *range(9)]) for _ in range(count)]
        times = [None if day is None else sample.later(day) for day in days]
        return [sample.interaction(f"u{chance.randrange(3)}", f"i{chance.randrange(4)}", chance.randrange(1, 6), when) for when in times]

    empty_store.import_data(sample.ITEMS, some(30))
    live = sample.live_state(empty_store)
    log = [sample.logged(offset, interaction) for offset, interaction in enumerate(some(60))]

    asyncio.run(live.apply(log))
    SqlInteractionLog(empty_store.engine).append(log, None)

    stored = empty_store.load_histories(recent=0)
    assert {user_id: live.history(user_id) for user_id in live.user_ids} == stored.ratings == trained_on(empty_store)


def test_the_database_and_the_service_compute_the_same_microseconds(empty_store: SqlStore) -> None:
    first = datetime(1990, 1, 1, tzinfo=UTC)
    times = [first, first + timedelta(microseconds=1), sample.WHEN + timedelta(microseconds=999_999), first + timedelta(days=36_500), None]
    empty_store.import_data(sample.ITEMS, [sample.interaction("u", f"i{place}", when=when) for place, when in enumerate(times)])

    with reading(empty_store.engine) as connection:
        counted = connection.scalars(select(microseconds(interactions.c.occurred_at)).order_by(interactions.c.item_id)).all()

    assert counted == [None if when is None else moment_of(when) for when in times]


def test_a_stored_row_is_not_imported_again_from_another_line(empty_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imported_rows, "BATCH", 2)
    rows = [imported(float(day), sample.later(day)) for day in range(1, 5)]
    empty_store.import_data(sample.ITEMS, rows[1:])

    added = empty_store.import_data([], rows)

    assert added == ImportedRows(given=4, new=1, left_out=0)
    assert empty_store.load_histories(recent=0).ratings == {"u": {"i1": 4.0}}


def test_a_row_that_equals_a_live_interaction_is_not_imported(store: SqlStore) -> None:
    entry = sample.interaction("u", "i1", 4.0)
    SqlInteractionLog(store.engine).append([sample.logged(0, entry)], None)

    assert store.import_data([], [imported(4.0, sample.WHEN)]) == ImportedRows(given=1, new=0, left_out=0)


def test_a_live_interaction_is_kept_after_an_import_of_the_same_rating(store: SqlStore) -> None:
    store.import_data([], [imported(4.0, sample.WHEN)])

    appended = SqlInteractionLog(store.engine).append([sample.logged(0, sample.interaction("u", "i1", 2.0))], None)

    assert appended.interactions == 1
    assert store.load_histories(recent=0).ratings["u"] == {"i1": 2.0}


def test_of_two_imported_rows_with_one_time_the_last_counts(empty_store: SqlStore) -> None:
    added = empty_store.import_data(sample.ITEMS, [imported(4.0, sample.WHEN), imported(2.0, sample.WHEN)])

    assert added.new == 1
    assert empty_store.load_histories(recent=0).ratings == {"u": {"i1": 2.0}}


def test_a_new_row_without_a_time_is_rejected_if_the_store_has_interactions(store: SqlStore) -> None:
    before = store.count_interactions()

    with pytest.raises(InvalidArgument, match="no timestamp in the new interaction of user 'u' and item 'i1', but") as refused:
        store.import_data([], [sample.interaction("u", "i2"), sample.interaction("u", "i1", when=None)])

    assert refused.value.reason == "IMPORT_INVALID"
    assert store.count_interactions() == before


def test_stored_rows_without_a_time_can_be_imported_again(empty_store: SqlStore) -> None:
    rows = [sample.interaction("u", f"i{place}", when=None) for place in range(3)]
    empty_store.import_data(sample.ITEMS, rows)

    assert empty_store.import_data([], [*rows, imported(4.0, sample.WHEN)]).new == 1


def test_others_can_write_while_an_import_reads_its_rows(empty_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imported_rows, "BATCH", 1)
    empty_store.import_data(sample.ITEMS, [])
    log = SqlInteractionLog(empty_store.engine)

    def rows() -> Iterator[Interaction]:
        yield imported(4.0, sample.WHEN)
        log.append([sample.logged(0, sample.interaction("v", "i1"))], None)
        yield imported(2.0, sample.later(1))

    assert empty_store.import_data([], rows()) == ImportedRows(given=2, new=2, left_out=0)
    assert set(empty_store.load_histories(recent=0).ratings) == {"u", "v"}


def test_nothing_is_written_if_the_rows_can_not_be_read_to_their_end(empty_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imported_rows, "BATCH", 1)

    def rows() -> Iterator[Interaction]:
        yield from (imported(4.0, sample.later(day)) for day in range(3))
        raise InvalidArgument("IMPORT_INVALID", "x.csv, line 4: isn't CSV")

    with pytest.raises(InvalidArgument, match="line 4"):
        empty_store.import_data(sample.ITEMS, rows())

    assert (empty_store.load_catalogue(), empty_store.count_interactions()) == ((), 0)


def test_an_import_holds_one_batch_of_rows_in_memory(empty_store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imported_rows, "BATCH", 100)
    empty_store.import_data(sample.ITEMS, [imported(4.0, sample.WHEN)])

    tracemalloc.start()
    empty_store.import_data([], (imported(4.0, sample.WHEN + timedelta(minutes=minute)) for minute in range(10_000)))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 2_000_000


def test_imported_ids_are_uuids_of_version_5() -> None:
    name = f"imported\nJosé\n1\n{moment_of(sample.WHEN)}"

    assert imported_id("José", "1", sample.WHEN) == str(uuid.uuid5(uuid.NAMESPACE_OID, name))
