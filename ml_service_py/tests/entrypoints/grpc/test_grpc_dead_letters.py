"""Dead letters over gRPC: the same handlers as on the command line, in the contract's messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from grpc_driver import GrpcDriver, driving, failure_of

from ml_service.errors import Unavailable
from whynotboth.v1 import errors_pb2
from whynotboth.v1.jobs_pb2 import DropDeadLetterRequest, GetDeadLetterRequest, ListDeadLettersRequest, ReplayDeadLetterRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fakes import FakeDeadLetters

    from ml_service.entrypoints.grpc.server import GrpcServer


@pytest.fixture
async def driver(server: GrpcServer) -> AsyncIterator[GrpcDriver]:
    async with driving(server) as driver:
        yield driver


async def test_a_dead_letter_is_listed_and_read_with_its_body(driver: GrpcDriver, dead_letters: FakeDeadLetters) -> None:
    dead_letters.bury(b"\xff\xff")
    dead_letters.bury_job("job-1")

    (garbage, job) = (await driver.jobs.ListDeadLetters(ListDeadLettersRequest(page_size=10))).dead_letters
    got = await driver.jobs.GetDeadLetter(GetDeadLetterRequest(dead_letter_id=garbage.dead_letter_id))

    assert (garbage.job_id, garbage.error.reason) == ("", errors_pb2.ERROR_REASON_MESSAGE_UNDECODABLE)
    assert (job.job_id, job.kind, job.cause, job.HasField("error")) == ("job-1", "export", "rejected", False)
    assert (got.dead_letter, got.body) == (garbage, b"\xff\xff")


async def test_a_replay_returns_whether_the_job_is_queued_and_a_drop_returns_the_letter(
    driver: GrpcDriver, dead_letters: FakeDeadLetters
) -> None:
    replayed_id, dropped_id = dead_letters.bury_job("job-1"), dead_letters.bury_job("job-2")

    replayed = await driver.jobs.ReplayDeadLetter(ReplayDeadLetterRequest(dead_letter_id=replayed_id))
    dropped = await driver.jobs.DropDeadLetter(DropDeadLetterRequest(dead_letter_id=dropped_id))

    assert (replayed.queued, replayed.dead_letter.job_id, dropped.dead_letter.job_id) == (True, "job-1", "job-2")
    assert dead_letters.queue == []


async def test_each_failed_operation_has_its_reason(driver: GrpcDriver, dead_letters: FakeDeadLetters) -> None:
    letter_id = dead_letters.bury_job("job-1")
    dead_letters.publisher.down = {"jobs"}

    unknown = await failure_of(driver.jobs.GetDeadLetter(GetDeadLetterRequest(dead_letter_id="none")))
    away = await failure_of(driver.jobs.ReplayDeadLetter(ReplayDeadLetterRequest(dead_letter_id=letter_id)))

    assert (unknown.status, unknown.reason) == ("NOT_FOUND", "DEAD_LETTER_UNKNOWN")
    assert (away.status, away.reason) == (Unavailable.kind, "BROKER_UNAVAILABLE")
