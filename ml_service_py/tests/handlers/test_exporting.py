"""The use cases that leave a file: export and evaluate, as the job process runs them."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.domain import Attempt, ExportParams, Job, Progress
from ml_service.errors import InvalidArgument, Unavailable
from ml_service.handlers.job_runner import run_job

if TYPE_CHECKING:
    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore


def export(store: SqlStore, registry: FileRegistry, limit: int) -> list[dict[str, str]]:
    told: list[Progress] = []
    run_job(store, registry, Attempt(Job("job-1", ExportParams(limit)), 1, 1), told.append)
    assert told[-1].percent == 100
    _, chunks = registry.open_result("job-1")
    return list(csv.DictReader(b"".join(chunks).decode().splitlines()))


@pytest.fixture
def rolled_out(store: SqlStore, registry: FileRegistry) -> SqlStore:
    store.compare_and_set_live(None, sample.save_model(registry).version)
    return store


def test_every_user_gets_as_many_rows_as_asked_for_in_order(rolled_out: SqlStore, registry: FileRegistry) -> None:
    rows = export(rolled_out, registry, 2)

    assert [(row["user_id"], row["rank"]) for row in rows] == [(user, rank) for user in ("even", "late", "odd") for rank in ("1", "2")]
    assert [row["item_id"] for row in rows if row["user_id"] == "even"] == ["i4", "i6"]
    assert rows[0]["title"] == "Film 4"


def test_a_file_never_recommends_what_the_user_has(rolled_out: SqlStore, registry: FileRegistry) -> None:
    rows = export(rolled_out, registry, 100)

    histories = rolled_out.load_histories(recent=0).ratings
    assert not [row for row in rows if row["item_id"] in histories[row["user_id"]]]
    assert len(rows) == sum(len(sample.ITEMS) - len(history) for history in histories.values())


def test_ids_and_titles_that_look_like_formulas_are_texts_to_a_spreadsheet(rolled_out: SqlStore, registry: FileRegistry) -> None:
    rolled_out.import_data([replace(sample.ITEMS[4], title="@SUM(1+1)")], [sample.interaction("=HYPERLINK(1)", "i0")])

    rows = export(rolled_out, registry, 2)

    (row, _) = [row for row in rows if row["user_id"] == "'=HYPERLINK(1)"]
    assert (row["item_id"], row["title"], row["score"]) == ("i2", "Film 2", "1.000000")
    assert {row["title"] for row in rows if row["item_id"] == "i4"} == {"'@SUM(1+1)"}


def test_without_a_live_version_the_export_waits_for_one(store: SqlStore, registry: FileRegistry) -> None:
    with pytest.raises(Unavailable) as refused:
        export(store, registry, 10)

    assert refused.value.reason == "MODEL_NOT_LOADED"


def test_an_export_by_a_live_version_that_the_registry_lost_says_so(store: SqlStore, registry: FileRegistry) -> None:
    store.compare_and_set_live(None, "20200101T000000Z-00000000")

    with pytest.raises(Unavailable, match="the registry doesn't hold it"):
        export(store, registry, 1)


def test_an_attempt_that_was_taken_for_dead_does_not_replace_the_file_of_a_later_one(rolled_out: SqlStore, registry: FileRegistry) -> None:
    frozen, later = (Attempt(Job("job-1", ExportParams(1)), number, number) for number in (1, 2))

    def thaw_when_the_later_one_is_done(_progress: Progress) -> None:
        if not rolled_out.load_histories(recent=0).ratings.get("new"):
            rolled_out.import_data([], [sample.interaction("new", "i0")])
            run_job(rolled_out, registry, later, lambda _: None)

    run_job(rolled_out, registry, frozen, thaw_when_the_later_one_is_done)

    _, chunks = registry.open_result("job-1")
    assert b"new,1,i2" in b"".join(chunks)


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_outside_its_range_is_refused(rolled_out: SqlStore, registry: FileRegistry, limit: int) -> None:
    with pytest.raises(InvalidArgument) as refused:
        export(rolled_out, registry, limit)

    assert refused.value.reason == "JOB_PARAMS_INVALID"
