"""The use case train on planted structure: items of one parity go together, so a model beats popularity."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

import pytest
import sample
from damage import arrays_of, flip_a_byte
from fsspec.implementations.local import LocalFileSystem
from structlog.testing import capture_logs

from ml_service.adapters.registry.layout import MANIFEST
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.domain import Job, JobOutcome, JobState, Progress
from ml_service.errors import Internal, InvalidArgument, ServiceError
from ml_service.handlers.jobs.kinds.train import JobVersionReservation
from ml_service.handlers.training import GATE_PERCENT, CommandVersionReservation, TrainParams, train
from ml_service.model.candidates import ESTIMATORS
from ml_service.model.plan import SECONDS_MAX
from ml_service.model.sizes import BYTES_MAX, Cost, Sizes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.ports.storage import LiveVersion

EASE = TrainParams(("ease",), folds=2)
POPULARITY = TrainParams(("popularity",), folds=2)
JOB = Job("job-1", "train")


class Stopped(Exception):
    """Raised by a report to end a training."""


def ignore(_progress: Progress) -> None:
    pass


@pytest.fixture
def planted(empty_store: SqlStore) -> SqlStore:
    rows = [sample.interaction(f"u{user}", f"i{item}") for user in range(20) for item in range(user % 2, 10, 2) if (user + item) % 7]
    empty_store.import_data(sample.ITEMS, rows)
    return empty_store


def live_version(store: SqlStore) -> str | None:
    live = store.read_live()
    return live.version if live else None


def test_the_first_version_goes_live(planted: SqlStore, registry: FileRegistry) -> None:
    outcome = train(planted, registry, CommandVersionReservation(planted), EASE, ignore)

    assert outcome.promoted
    assert live_version(planted) == outcome.model_version
    assert registry.describe(outcome.model_version).metrics == outcome.metrics
    shown = {"ndcg_at_10", "ndcg_at_10_interval", "map", "precision_at_10", "recall_at_10", "coverage_at_10", "popularity_bias"}
    assert set(outcome.metrics) == shown


def test_an_erased_user_is_left_out_of_the_next_training(planted: SqlStore, registry: FileRegistry) -> None:
    before = registry.read_manifest(train(planted, registry, CommandVersionReservation(planted), EASE, ignore).model_version).data
    own = len(planted.load_histories(recent=0).ratings["u1"])
    SqlInteractionLog(planted.engine).append([sample.erasure(0, "u1")], None)

    after = registry.read_manifest(train(planted, registry, CommandVersionReservation(planted), EASE, ignore).model_version).data

    assert after["ratings"] == before["ratings"] - own
    assert after["fingerprint"] != before["fingerprint"]


def test_a_version_that_is_worse_than_the_live_one_stays_in_the_registry(planted: SqlStore, registry: FileRegistry) -> None:
    champion = train(planted, registry, CommandVersionReservation(planted), EASE, ignore)

    challenger = train(planted, registry, CommandVersionReservation(planted), POPULARITY, ignore)

    assert challenger.metrics["ndcg_at_10"] < champion.metrics["ndcg_at_10"]
    assert not challenger.promoted
    assert live_version(planted) == champion.model_version
    assert challenger.model_version in registry.list_versions()


def lose(registry: FileRegistry, folder: Path, version: str) -> None:
    shutil.rmtree(folder / "models" / version)


def damage_manifest(registry: FileRegistry, folder: Path, version: str) -> None:
    (folder / "models" / version / MANIFEST).write_text("{}")


def lose_arrays(registry: FileRegistry, folder: Path, version: str) -> None:
    arrays_of(folder / "models" / version).unlink()


def damage_arrays(registry: FileRegistry, folder: Path, version: str) -> None:
    flip_a_byte(arrays_of(folder / "models" / version))


@pytest.mark.parametrize("spoil", [lose, damage_manifest, lose_arrays, damage_arrays])
def test_a_live_version_that_is_lost_is_replaced_unmeasured(
    planted: SqlStore, registry: FileRegistry, tmp_path: Path, spoil: Callable[[FileRegistry, Path, str], None]
) -> None:
    champion = train(planted, registry, CommandVersionReservation(planted), EASE, ignore)
    spoil(registry, tmp_path / "registry", champion.model_version)

    outcome = train(planted, registry, CommandVersionReservation(planted), POPULARITY, ignore)

    assert outcome.promoted
    assert live_version(planted) == outcome.model_version


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE])
def test_a_training_is_retryable_and_promotes_nothing_while_the_registry_can_not_be_read(
    planted: SqlStore, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    champion = train(planted, registry, CommandVersionReservation(planted), EASE, ignore)
    readable = LocalFileSystem.cat_file

    def cat_file(self: LocalFileSystem, path: str, **options: int) -> object:
        if champion.model_version in path:
            raise OSError(number, "not now")
        return readable(self, path, **options)

    monkeypatch.setattr(LocalFileSystem, "cat_file", cat_file)

    with pytest.raises(ServiceError) as refused:
        train(planted, registry, CommandVersionReservation(planted), POPULARITY, ignore)

    assert live_version(planted) == champion.model_version
    assert refused.value.reason == "REGISTRY_UNAVAILABLE"
    assert refused.value.retryable


def test_a_live_version_that_can_not_be_measured_any_more_stays_live(
    planted: SqlStore, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = train(planted, registry, CommandVersionReservation(planted), EASE, ignore)
    monkeypatch.setattr(ESTIMATORS["ease"], "cost", lambda _sizes: Cost(BYTES_MAX, 1))

    outcome = train(planted, registry, CommandVersionReservation(planted), POPULARITY, ignore)

    assert not outcome.promoted
    assert live_version(planted) == champion.model_version
    assert outcome.model_version in registry.list_versions()


def test_a_live_version_that_is_expensive_to_measure_is_compared_on_fewer_folds(
    planted: SqlStore, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = train(planted, registry, CommandVersionReservation(planted), POPULARITY, ignore)
    # After a search, a training can afford one such fit.
    monkeypatch.setattr(ESTIMATORS["popularity"], "cost", lambda _sizes: Cost(0, 0.4 * SECONDS_MAX))

    with capture_logs() as logs:
        outcome = train(planted, registry, CommandVersionReservation(planted), EASE, ignore)

    assert [(entry["version"], entry["folds"]) for entry in logs if entry["event"] == "gate"] == [(champion.model_version, 1)]
    assert (outcome.promoted, live_version(planted)) == (True, outcome.model_version)


def test_a_training_that_can_not_fit_is_refused_before_the_ratings_are_read(
    planted: SqlStore, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planted, "count_sizes", lambda: Sizes(users=9_000_000, items=1_000_000, interactions=900_000_000))
    monkeypatch.setattr(planted, "load_ratings", lambda: pytest.fail("the ratings were read"))

    with pytest.raises(InvalidArgument, match=r"popularity needs .* GB for 9,000,000 users, 1,000,000 items and 900,000,000 interactions"):
        train(planted, registry, CommandVersionReservation(planted), POPULARITY, ignore)


def test_the_last_step_names_what_was_left_out(planted: SqlStore, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Progress] = []
    monkeypatch.setattr(ESTIMATORS["ease"], "cost", lambda _sizes: Cost(BYTES_MAX, 1))

    train(planted, registry, CommandVersionReservation(planted), TrainParams(folds=2), told.append)

    assert "; left out ease: it needs 4.2 GB for" in told[0].step
    assert told[-1].step.partition("; ")[2] == told[0].step.partition("; ")[2]


def test_progress_goes_up_and_a_training_that_its_report_ends_leaves_no_version(planted: SqlStore, registry: FileRegistry) -> None:
    told: list[Progress] = []

    def stop_at_the_fit(progress: Progress) -> None:
        told.append(progress)
        if progress.percent > 85:
            raise Stopped

    with pytest.raises(Stopped):
        train(planted, registry, CommandVersionReservation(planted), EASE, stop_at_the_fit)

    assert [progress.percent for progress in told] == sorted(progress.percent for progress in told)
    assert registry.list_versions() == []
    assert live_version(planted) is None


class DiesAtTheEnd(JobVersionReservation):
    """Of a worker that is killed after its training wrote the version, before it could say so."""

    def complete(self, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        raise Stopped


def claim(ledger: SqlJobLedger) -> int:
    return ledger.claim(JOB, "worker").attempt


def test_the_next_attempt_uses_the_version_of_an_attempt_that_died(planted: SqlStore, registry: FileRegistry) -> None:
    ledger, told = SqlJobLedger(planted.engine), list[Progress]()
    with pytest.raises(Stopped):
        train(planted, registry, DiesAtTheEnd(ledger, JOB.job_id, claim(ledger)), EASE, ignore)
    written = registry.list_versions()

    outcome = train(planted, registry, JobVersionReservation(ledger, JOB.job_id, claim(ledger)), EASE, told.append)

    assert registry.list_versions() == written == [outcome.model_version]
    assert [progress.percent for progress in told] == [GATE_PERCENT]
    assert live_version(planted) == outcome.model_version


def test_a_version_of_an_attempt_that_died_goes_live_without_another_measurement_if_none_is_live(
    planted: SqlStore, registry: FileRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = SqlJobLedger(planted.engine)
    with pytest.raises(Stopped):
        train(planted, registry, DiesAtTheEnd(ledger, JOB.job_id, claim(ledger)), EASE, ignore)
    (written,) = registry.list_versions()
    # A search can afford such fits, and no more of them after it.
    monkeypatch.setattr(ESTIMATORS["ease"], "cost", lambda _sizes: Cost(0, 0.6 * SECONDS_MAX))

    outcome = train(planted, registry, JobVersionReservation(ledger, JOB.job_id, claim(ledger)), EASE, ignore)

    assert (outcome.model_version, outcome.promoted) == (written, True)
    assert outcome.metrics == registry.describe(written).metrics


def test_an_attempt_that_was_taken_over_promotes_nothing(planted: SqlStore, registry: FileRegistry) -> None:
    ledger = SqlJobLedger(planted.engine)
    first = JobVersionReservation(ledger, JOB.job_id, claim(ledger))
    train(planted, registry, CommandVersionReservation(planted), EASE, ignore)
    before = live_version(planted)
    claim(ledger)

    with pytest.raises(Internal) as refused:
        train(planted, registry, first, EASE, ignore)

    assert refused.value.reason == "JOB_TAKEN_OVER"
    assert live_version(planted) == before


class CancelledAtTheEnd(JobVersionReservation):
    """Of a job that is cancelled after its training wrote the version, before it made it live."""

    def complete(self, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        self.ledger.cancel(self.job_id, self.attempt)
        return super().complete(outcome, live)


def test_a_training_cancelled_after_writing_leaves_a_complete_version_that_is_not_live(planted: SqlStore, registry: FileRegistry) -> None:
    ledger = SqlJobLedger(planted.engine)

    with pytest.raises(Internal):
        train(planted, registry, CancelledAtTheEnd(ledger, JOB.job_id, claim(ledger)), EASE, ignore)

    (version,) = registry.list_versions()
    record = ledger.find(JOB.job_id)
    assert (live_version(planted), record and record.state) == (None, JobState.CANCELLED)
    assert registry.describe(version).metrics
    assert len(registry.load(version).item_ids) == len(sample.ITEMS)


@pytest.mark.parametrize("params", [TrainParams(folds=1), TrainParams(folds=11), TrainParams(("magic",))])
def test_unusable_parameters_are_rejected(planted: SqlStore, registry: FileRegistry, params: TrainParams) -> None:
    with pytest.raises(InvalidArgument) as refused:
        train(planted, registry, CommandVersionReservation(planted), params, ignore)

    assert refused.value.reason == "JOB_PARAMS_INVALID"
