"""Jobs over a store with little or nothing to learn from end with an outcome or with one sentence, never with a stack."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import sample
import structlog

from ml_service.adapters.sql.job_ledger import SqlJobLedger
from ml_service.config import Settings
from ml_service.domain import Attempt, EvaluateParams, ExportParams, Job, JobOutcome, TrainParams
from ml_service.entrypoints.worker.job_opening import open_job_runner
from ml_service.entrypoints.worker.job_supervisor import Supervisor
from ml_service.errors import InvalidArgument
from ml_service.handlers.job_runner import run_job
from ml_service.handlers.training import OwnMandate, train
from ml_service.model.candidates import Configuration, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.domain import JobParams, Progress
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


def attempt_at(store: SqlStore, params: JobParams) -> Attempt:
    job = Job(str(uuid4()), params)
    record = SqlJobLedger(store.engine).claim(job, "worker")
    return Attempt(job, record.attempt, record.spent)


@pytest.mark.parametrize("case", CASES)
def test_a_version_is_trained_goes_live_and_answers(empty_store: SqlStore, registry: FileRegistry, case: str) -> None:
    pairs, rating = CASES[case]
    fill(empty_store, pairs, rating)

    trained, exported = (
        run_job(empty_store, registry, attempt_at(empty_store, params), ignore) for params in (TrainParams(folds=2), ExportParams())
    )

    assert trained.promoted
    assert registry.load(trained.model_version).item_ids.tolist() == sorted({item_id for _, item_id in pairs})
    assert exported.metrics == {"users": float(len({user_id for user_id, _ in pairs}))}


@pytest.mark.parametrize("case", ["one item", "everybody has everything", "all ratings are low"])
def test_estimators_are_evaluated_where_something_can_be_held_out(empty_store: SqlStore, registry: FileRegistry, case: str) -> None:
    fill(empty_store, *CASES[case])

    outcome = run_job(empty_store, registry, attempt_at(empty_store, EvaluateParams()), ignore)

    assert outcome.file is not None


@pytest.mark.parametrize("case", ["one user", "each user another item"])
def test_an_evaluation_with_nothing_to_hold_out_is_refused_in_one_sentence(
    empty_store: SqlStore, registry: FileRegistry, case: str
) -> None:
    fill(empty_store, *CASES[case])

    with pytest.raises(InvalidArgument, match="no item has two ratings"):
        run_job(empty_store, registry, attempt_at(empty_store, EvaluateParams()), ignore)


@pytest.mark.parametrize("pairs", [[], [("u", "i1")], [(f"u{user}", "i1") for user in range(9)]])
def test_too_few_ratings_are_refused_in_one_sentence(empty_store: SqlStore, registry: FileRegistry, pairs: Pairs) -> None:
    fill(empty_store, pairs)

    for params in (TrainParams(), EvaluateParams()):
        with pytest.raises(InvalidArgument) as refused:
            run_job(empty_store, registry, attempt_at(empty_store, params), ignore)

        assert refused.value.reason == "JOB_PARAMS_INVALID"
        assert "import more" in refused.value.detail


@pytest.mark.parametrize("kind", [TrainParams, EvaluateParams])
def test_estimators_that_are_left_out_are_named_in_the_log_and_in_the_last_step(
    empty_store: SqlStore, registry: FileRegistry, kind: type[TrainParams | EvaluateParams]
) -> None:
    fill(empty_store, ONE_ITEM)
    told: list[Progress] = []

    with structlog.testing.capture_logs() as logs:
        run_job(empty_store, registry, attempt_at(empty_store, kind()), told.append)

    left_out = [row for row in logs if row["event"] == "candidate left out"]
    assert {row["estimator"] for row in left_out} == {"svd"}
    assert "; left out svd: Found array with 1 feature" in told[-1].step


def test_a_live_version_that_can_not_be_fitted_to_new_data_stays_live_and_the_log_says_so(
    empty_store: SqlStore, registry: FileRegistry
) -> None:
    fill(empty_store, ONE_ITEM)
    params = build(Configuration("svd", {})).get_params()
    champion = registry.save(sample.parity_model(), estimator="svd", params=params, metrics={"ndcg_at_10": 0.1}, data={})
    empty_store.compare_and_set_live(None, champion.version)

    with structlog.testing.capture_logs() as logs:
        outcome = train(empty_store, registry, OwnMandate(empty_store), TrainParams(folds=2), ignore)

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


def test_the_workers_job_process_serves_one_rated_item_and_names_what_it_left_out(empty_store: SqlStore, supervisor: Supervisor) -> None:
    fill(empty_store, ONE_ITEM)
    steps: list[str] = []

    def publish(_attempt: Attempt, progress: Progress) -> bool:
        steps.append(progress.step)
        return True

    ending: Ending = supervisor.run(attempt_at(empty_store, TrainParams(folds=2)), publish)

    assert isinstance(ending, JobOutcome)
    assert ending.promoted
    assert steps[-1].startswith("Fitting popularity on everything; left out svd: ")


def test_the_workers_job_process_refuses_what_nothing_can_be_fitted_to_in_one_sentence(
    empty_store: SqlStore, supervisor: Supervisor
) -> None:
    fill(empty_store, ONE_ITEM)

    ending: Ending = supervisor.run(attempt_at(empty_store, TrainParams(("svd",), folds=2)), lambda *_: True)

    assert isinstance(ending, InvalidArgument)
    assert ending.detail.startswith("No estimator can be fitted to these ratings (svd: ")
