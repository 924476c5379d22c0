"""Jobs over a store with little or nothing to learn from end with an outcome or with one sentence, never with a stack."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sample
import structlog

from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.bootstrap.job_runner import open_job_runner
from ml_service.config import Settings
from ml_service.domain import Attempt, JobOutcome
from ml_service.entrypoints.worker.job_supervisor import Supervisor
from ml_service.errors import InvalidArgument
from ml_service.handlers import training
from ml_service.handlers.jobs.kinds import JobContext, run_job
from ml_service.handlers.training import CommandVersionReservation, train
from ml_service.model.candidates import Configuration, build
from whynotboth.v1.jobs_pb2 import EvaluateParams, ExportParams, TrainParams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import Progress
    from ml_service.entrypoints.worker.job_supervisor import Ending

Pairs = list[tuple[str, str]]

ONE_ITEM: Pairs = [(f"u{user}", "i1") for user in range(50)]
CASES: dict[str, tuple[Pairs, float | None]] = {
    "one item": (ONE_ITEM, None),
    "one user": ([("u", f"i{item}") for item in range(10)], 4.0),
    "each user another item": ([(f"u{place}", f"i{place}") for place in range(10)], 4.0),
    "everybody has everything": ([(f"u{user}", f"i{item}") for user in range(12) for item in range(10)], 5.0),
    "all ratings are low": ([(f"u{user}", f"i{item}") for user in range(12) for item in range(10) if (user + item) % 3], 0.5),
}


def ignore(_progress: object) -> None:
    pass


def fill(store: SqlStore, pairs: Pairs, rating: float | None = None) -> None:
    store.import_data(sample.ITEMS, [sample.interaction(user_id, item_id, rating) for user_id, item_id in pairs])


def run(store: SqlStore, registry: FileRegistry, params: sample.JobParams, report: Callable[[Progress], None] = ignore) -> JobOutcome:
    return run_job(JobContext(store, registry, SqlJobLedger(store.engine), attempt_at(store, params), report))


def attempt_at(store: SqlStore, params: sample.JobParams) -> Attempt:
    job = sample.job(params, str(uuid4()))
    record = SqlJobLedger(store.engine).claim(job, "worker")
    return Attempt(job, record.attempt, record.spent)


@pytest.mark.parametrize("case", CASES)
def test_a_version_is_trained_goes_live_and_is_exported(empty_store: SqlStore, registry: FileRegistry, case: str) -> None:
    pairs, rating = CASES[case]
    fill(empty_store, pairs, rating)

    trained, exported = (run(empty_store, registry, params) for params in (TrainParams(folds=2), ExportParams()))

    assert trained.promoted
    assert registry.load(trained.model_version).item_ids.tolist() == sorted({item_id for _, item_id in pairs})
    assert exported.metrics == {"users": float(len({user_id for user_id, _ in pairs}))}


@pytest.mark.parametrize("case", ["one item", "everybody has everything", "all ratings are low"])
def test_estimators_are_evaluated_if_ratings_can_be_held_out(empty_store: SqlStore, registry: FileRegistry, case: str) -> None:
    fill(empty_store, *CASES[case])

    outcome = run(empty_store, registry, EvaluateParams())

    assert outcome.file is not None


@pytest.mark.parametrize("case", ["one user", "each user another item"])
def test_an_evaluation_with_nothing_to_hold_out_is_rejected_with_one_sentence(
    empty_store: SqlStore, registry: FileRegistry, case: str
) -> None:
    fill(empty_store, *CASES[case])

    with pytest.raises(InvalidArgument, match="no item has two ratings"):
        run(empty_store, registry, EvaluateParams())


@pytest.mark.parametrize("pairs", [[], [("u", "i1")], [(f"u{user}", "i1") for user in range(9)]])
def test_too_few_ratings_are_rejected_with_one_sentence(empty_store: SqlStore, registry: FileRegistry, pairs: Pairs) -> None:
    fill(empty_store, pairs)

    for params in (TrainParams(), EvaluateParams()):
        with pytest.raises(InvalidArgument) as refused:
            run(empty_store, registry, params)

        assert refused.value.reason == "JOB_PARAMS_INVALID"
        assert "import more" in refused.value.detail


@pytest.mark.parametrize("kind", [TrainParams, EvaluateParams])
def test_estimators_that_are_left_out_are_named_in_the_log_and_in_the_last_step(
    empty_store: SqlStore, registry: FileRegistry, kind: type[TrainParams | EvaluateParams]
) -> None:
    fill(empty_store, ONE_ITEM)
    told: list[Progress] = []

    with structlog.testing.capture_logs() as logs:
        run(empty_store, registry, kind(), told.append)

    left_out = [row for row in logs if row["event"] == "candidate left out"]
    assert {row["estimator"] for row in left_out} == {"svd"}
    assert "; left out svd: Found array with 1 feature" in told[-1].step


def test_a_live_version_that_can_not_be_measured_on_new_data_stays_live(empty_store: SqlStore, registry: FileRegistry) -> None:
    fill(empty_store, ONE_ITEM)
    params = build(Configuration("svd", {})).get_params()
    champion = registry.save(sample.parity_model(), estimator="svd", params=params, metrics={"ndcg_at_10": 0.1}, data={})
    empty_store.compare_and_set_live(None, champion.version)

    with structlog.testing.capture_logs() as logs:
        outcome = train(empty_store, registry, CommandVersionReservation(empty_store), training.TrainParams(folds=2), ignore)

    live = empty_store.read_live()
    assert (outcome.promoted, live and live.version) == (False, champion.version)
    assert [row["version"] for row in logs if row["event"].startswith("live version can't be measured")] == [champion.version]


@pytest.fixture
def supervisor(empty_store: SqlStore, database_url: str, tmp_path: Path) -> Iterator[Supervisor]:
    """The worker's own job process, over the store and the registry of the test."""
    settings = Settings(database_url=database_url, registry_url=str(tmp_path / "registry"))  # type: ignore[arg-type]  # pydantic converts it
    supervisor = Supervisor(partial(open_job_runner, settings), set(), deadline_seconds=60)
    yield supervisor
    supervisor.close()


def test_the_job_process_trains_on_one_rated_item_and_names_the_estimators_it_left_out(
    empty_store: SqlStore, supervisor: Supervisor
) -> None:
    fill(empty_store, ONE_ITEM)
    steps: list[str] = []

    def publish(_attempt: Attempt, progress: Progress) -> bool:
        steps.append(progress.step)
        return True

    ending: Ending = supervisor.run(attempt_at(empty_store, TrainParams(folds=2)), publish)

    assert isinstance(ending, JobOutcome)
    assert ending.promoted
    assert steps[-1].startswith("Fitting popularity on everything; left out svd: ")


def test_the_job_process_rejects_ratings_that_no_estimator_fits_with_one_sentence(empty_store: SqlStore, supervisor: Supervisor) -> None:
    fill(empty_store, ONE_ITEM)

    ending: Ending = supervisor.run(attempt_at(empty_store, TrainParams(estimators=["svd"], folds=2)), lambda *_: True)

    assert isinstance(ending, InvalidArgument)
    assert ending.detail.startswith("No estimator can be fitted to these ratings (svd: ")
