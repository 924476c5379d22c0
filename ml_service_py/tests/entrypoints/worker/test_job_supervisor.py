"""The supervisor replaces a job process that died, and outlives a machine that has no room for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import job_scripts
import pytest
import sample

from ml_service.domain import Attempt, JobOutcome, Progress
from ml_service.entrypoints.worker import job_supervisor as module
from ml_service.entrypoints.worker.job_process import JobProcess
from ml_service.entrypoints.worker.job_supervisor import Cancelled, Ending, Supervisor
from ml_service.errors import Internal, NotFound
from whynotboth.v1.jobs_pb2 import TrainParams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE_SECONDS = 60


@pytest.fixture
def cancelled() -> set[str]:
    return set()


@pytest.fixture
def supervisor(cancelled: set[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(job_scripts.open_runner, cancelled, DEADLINE_SECONDS)
    yield supervisor
    supervisor.close()


def run(supervisor: Supervisor, *words: str, on_progress: Callable[[Attempt, Progress], bool] = lambda *_: True) -> Ending:
    return supervisor.run(sample.attempt(TrainParams(estimators=words)), on_progress)


def refuse_processes(_open_runner: Callable[[], object]) -> JobProcess:
    raise BlockingIOError("Resource temporarily unavailable")


def test_the_attempt_after_a_cancelled_one_has_a_new_process(supervisor: Supervisor, cancelled: set[str]) -> None:
    def cancel(*_: object) -> bool:
        cancelled.add("job-1")
        return True

    ending = run(supervisor, "wait", on_progress=cancel)
    is_warm_without_a_process = supervisor.is_warm
    cancelled.clear()

    after = run(supervisor)

    assert (ending, is_warm_without_a_process) == (Cancelled(), False)
    assert isinstance(after, JobOutcome)


def test_the_attempt_after_a_bug_of_the_worker_gets_its_own_outcome(supervisor: Supervisor) -> None:
    def fail(*_: object) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(supervisor, "first", on_progress=fail)

    after = run(supervisor, "refuse")

    assert isinstance(after, NotFound)


def test_the_job_is_retryable_if_no_process_can_be_started(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    run(supervisor, "crash")
    monkeypatch.setattr(module, "JobProcess", refuse_processes)

    ending = run(supervisor)

    assert isinstance(ending, Internal)
    assert (ending.reason, ending.retryable) == ("JOB_PROCESS_DIED", True)


def test_a_worker_waits_until_a_process_can_be_started(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REVIVE_SECONDS", 0)
    run(supervisor, "crash")
    monkeypatch.setattr(module, "JobProcess", refuse_processes)

    supervisor.keep_warm()
    monkeypatch.setattr(module, "JobProcess", JobProcess)
    supervisor.keep_warm()

    assert isinstance(run(supervisor), JobOutcome)


class CancelledAfter:
    """The cancel requests, which hold every job from the given look on."""

    def __init__(self, looks: int) -> None:
        self._looks_left = looks

    def __contains__(self, job_id: object) -> bool:
        self._looks_left -= 1
        return self._looks_left < 0


@pytest.mark.parametrize(("is_published", "repeats"), [(True, False), (False, True)])
def test_a_progress_is_published_until_it_is_confirmed(monkeypatch: pytest.MonkeyPatch, *, is_published: bool, repeats: bool) -> None:
    monkeypatch.setattr(module, "PROGRESS_SECONDS", 0)
    supervisor = Supervisor(job_scripts.open_runner, CancelledAfter(looks=10), DEADLINE_SECONDS)
    steps: list[str] = []

    def publish(_attempt: Attempt, progress: Progress) -> bool:
        steps.append(progress.step)
        return is_published

    ending = run(supervisor, "wait", on_progress=publish)

    assert ending == Cancelled()
    assert (len(steps) > len(set(steps))) == repeats


def test_the_last_step_of_a_short_job_is_published(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROGRESS_SECONDS", 60)
    steps: list[str] = []

    def publish(_attempt: Attempt, progress: Progress) -> bool:
        steps.append(progress.step)
        return True

    run(supervisor, "first", "second", "last", on_progress=publish)

    assert steps[-1] == "last"
    assert steps.count("last") == 1
