"""A download that is cancelled while a thread reads a chunk: no bug, and its file is closed."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from grpc_driver import driving
from structlog.testing import capture_logs
from waiting import eventually

from ml_service.domain import JobFile
from ml_service.entrypoints.grpc.servicers import JobServicer
from whynotboth.v1.jobs_pb2 import ReadResultRequest

if TYPE_CHECKING:
    from collections.abc import Generator

    from fakes import FakeDeadLetters

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.entrypoints.grpc.server import GrpcServer


class SlowRegistry:
    """Gives one file, whose first chunk comes when it is let."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.is_closed = threading.Event()

    def open_result(self, _job_id: str) -> tuple[JobFile, Generator[bytes]]:
        return JobFile("table.csv", "text/csv", 2), self._chunks()

    def _chunks(self) -> Generator[bytes]:
        try:
            self.has_begun.set()
            assert self.may_go_on.wait(30)
            yield b"ab"
        finally:
            self.is_closed.set()


@pytest.fixture
def slow() -> SlowRegistry:
    return SlowRegistry()


@pytest.fixture
def jobs(slow: SlowRegistry, dead_letters: FakeDeadLetters) -> JobServicer:
    return JobServicer(cast("FileRegistry", slow), dead_letters.handlers)


async def test_a_transfer_cancelled_during_a_chunk_is_not_a_bug(jobs: JobServicer, slow: SlowRegistry) -> None:
    parts: Any = jobs.ReadResult(ReadResultRequest(job_id="job-1"), cast("Any", None))
    await anext(parts)
    chunk = asyncio.ensure_future(anext(parts))
    await asyncio.to_thread(slow.has_begun.wait, 30)

    chunk.cancel()
    # The cancellation needs no thread, so it has come long before this ends.
    await asyncio.wait([chunk], timeout=0.1)
    slow.may_go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await chunk
    assert slow.is_closed.is_set()


async def test_the_file_is_closed_when_a_caller_leaves_during_a_chunk(server: GrpcServer, slow: SlowRegistry) -> None:
    async with driving(server) as driver:
        with capture_logs() as logged:
            transfer = driver.jobs.ReadResult(ReadResultRequest(job_id="job-1"), timeout=30)
            await transfer.read()
            await asyncio.to_thread(slow.has_begun.wait, 30)
            transfer.cancel()
            slow.may_go_on.set()
            await eventually(lambda: server._calls.methods == [])

    assert slow.is_closed.is_set()
    assert [row["event"] for row in logged if row["log_level"] == "error"] == []
