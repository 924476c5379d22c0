"""The job kind `export`, as the job process runs it."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import sample

from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.errors import Unavailable
from ml_service.handlers.jobs.kinds import JobContext, run_job
from whynotboth.v1.jobs_pb2 import ExportParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import Attempt, Progress


def run(store: SqlStore, registry: FileRegistry, attempt: Attempt, report: Callable[[Progress], None]) -> None:
    run_job(JobContext(store, registry, SqlJobLedger(store.engine), attempt, report))


def export(store: SqlStore, registry: FileRegistry, limit: int) -> list[dict[str, str]]:
    told: list[Progress] = []
    run(store, registry, sample.attempt(ExportParams(limit=limit)), told.append)
    assert told[-1].percent == 100
    _, chunks = registry.open_result("job-1")
    return list(csv.DictReader(b"".join(chunks).decode().splitlines()))


@pytest.fixture
def rolled_out(store: SqlStore, registry: FileRegistry) -> SqlStore:
    store.compare_and_set_live(None, sample.save_model(registry).version)
    return store


def test_every_user_gets_the_requested_number_of_rows_in_order(rolled_out: SqlStore, registry: FileRegistry) -> None:
    rows = export(rolled_out, registry, 2)

    assert [(row["user_id"], row["rank"]) for row in rows] == [(user, rank) for user in ("even", "late", "odd") for rank in ("1", "2")]
    assert [row["item_id"] for row in rows if row["user_id"] == "even"] == ["i4", "i6"]
    assert rows[0]["title"] == "Film 4"


def test_a_file_never_recommends_what_the_user_has(rolled_out: SqlStore, registry: FileRegistry) -> None:
    rows = export(rolled_out, registry, 100)

    histories = rolled_out.load_histories(recent=0).ratings
    assert not [row for row in rows if row["item_id"] in histories[row["user_id"]]]
    assert len(rows) == sum(len(sample.ITEMS) - len(history) for history in histories.values())


def test_a_spreadsheet_reads_ids_and_titles_as_text_never_as_formulas(rolled_out: SqlStore, registry: FileRegistry) -> None:
    rolled_out.import_data([replace(sample.ITEMS[4], title="@SUM(1+1)")], [sample.interaction("=HYPERLINK(1)", "i0")])

    rows = export(rolled_out, registry, 2)

    (row, _) = [row for row in rows if row["user_id"] == "'=HYPERLINK(1)"]
    assert (row["item_id"], row["title"], row["score"]) == ("i2", "Film 2", "1.000000")
    assert {row["title"] for row in rows if row["item_id"] == "i4"} == {"'@SUM(1+1)"}


def test_an_export_without_a_live_version_is_unavailable(store: SqlStore, registry: FileRegistry) -> None:
    with pytest.raises(Unavailable) as refused:
        export(store, registry, 10)

    assert refused.value.reason == "MODEL_NOT_LOADED"


def test_the_error_of_an_export_names_a_live_version_that_the_registry_lost(store: SqlStore, registry: FileRegistry) -> None:
    store.compare_and_set_live(None, "20200101T000000Z-00000000")

    with pytest.raises(Unavailable, match="the registry doesn't hold it"):
        export(store, registry, 1)


def test_an_abandoned_attempt_does_not_replace_the_file_of_a_later_one(rolled_out: SqlStore, registry: FileRegistry) -> None:
    frozen, later = (sample.attempt(ExportParams(limit=1), number=number) for number in (1, 2))

    def thaw_when_the_later_one_is_done(_progress: Progress) -> None:
        if not rolled_out.load_histories(recent=0).ratings.get("new"):
            rolled_out.import_data([], [sample.interaction("new", "i0")])
            run(rolled_out, registry, later, lambda _: None)

    run(rolled_out, registry, frozen, thaw_when_the_later_one_is_done)

    _, chunks = registry.open_result("job-1")
    assert b"new,1,i2" in b"".join(chunks)
