"""The real job process: spawned, warm, and gone when it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import job_scripts
import psutil
import pytest
import sample

from ml_service.domain import Attempt, JobOutcome, Progress
from ml_service.entrypoints.worker.job_process import JobProcess
from ml_service.errors import ServiceError
from whynotboth.v1.jobs_pb2 import TrainParams

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD_SECONDS = 20


@pytest.fixture
def process() -> Iterator[JobProcess]:
    process = JobProcess(job_scripts.open_runner)
    yield process
    process.kill()


def attempt(*words: str) -> Attempt:
    return sample.attempt(TrainParams(estimators=words))


def run(process: JobProcess, *words: str) -> list[Progress | JobOutcome | ServiceError]:
    """Everything that the process says of a job."""
    process.submit(attempt(*words))
    said: list[Progress | JobOutcome | ServiceError] = []
    while not said or isinstance(said[-1], Progress):
        if word := process.poll(WORD_SECONDS):
            said.append(word)
    return said


def reason(said: list[Progress | JobOutcome | ServiceError]) -> str:
    assert isinstance(said[-1], ServiceError)
    return said[-1].reason


def test_one_process_runs_one_job_after_another(process: JobProcess) -> None:
    first, second = run(process, "a", "b"), run(process)

    assert first[:2] == [Progress(0, "a"), Progress(1, "b")]
    assert first[-1] == second[-1]
    assert process.is_warm


def test_errors_keep_their_reason_across_the_pipe(process: JobProcess) -> None:
    refused, stumbled, done = run(process, "refuse"), run(process, "stumble"), run(process)

    assert (reason(refused), reason(stumbled)) == ("ITEM_UNKNOWN", "INTERNAL")
    assert isinstance(done[-1], JobOutcome)


def test_a_process_that_dies_fails_its_job(process: JobProcess) -> None:
    crashed = run(process, "crash")

    assert reason(crashed) == "JOB_PROCESS_DIED"
    assert not process.is_alive
    assert reason(run(process)) == "JOB_PROCESS_DIED"


def test_a_process_that_can_not_load_fails_its_job() -> None:
    process = JobProcess(job_scripts.open_broken_runner)

    assert reason(run(process)) == "JOB_PROCESS_DIED"
    process.kill()


def test_a_killed_process_is_gone(process: JobProcess) -> None:
    process.submit(attempt("wait"))
    while process.poll(WORD_SECONDS) != Progress(0, "wait"):
        pass
    before = psutil.Process().children()

    process.kill()

    assert any(child.name().startswith("python") for child in before)
    assert not process.is_alive


def test_a_process_in_the_middle_of_a_job_ends_when_its_worker_is_gone(process: JobProcess) -> None:
    process.submit(attempt("wait"))
    while process.poll(WORD_SECONDS) != Progress(0, "wait"):
        pass

    process._ours.close()
    process._process.join(WORD_SECONDS)

    assert not process.is_alive
