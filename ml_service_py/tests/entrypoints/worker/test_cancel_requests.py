"""The worker remembers the cancel requests of the stream, and cancels jobs that wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ml_service.adapters.broker.job_messages import decoding
from ml_service.entrypoints.worker import cancel_requests
from ml_service.entrypoints.worker.cancel_requests import CancelRequests
from ml_service.errors import Unavailable
from ml_service.handlers.jobs.service import JOB_WINDOW
from ml_service.ports.messaging import ReceivedMessage
from whynotboth.v1.jobs_pb2 import JobCancelRequested

if TYPE_CHECKING:
    from ml_service.ports.messaging import CancelRequest

TYPE = JobCancelRequested.DESCRIPTOR.full_name


def request(job_id: str, age: timedelta = timedelta(0), offset: int = 0) -> ReceivedMessage:
    message = JobCancelRequested(job_id=job_id)
    message.occurred_at.FromDatetime(datetime.now(UTC) - age)
    return ReceivedMessage(TYPE, "m", message.SerializeToString(), offset=offset)


def read(requests: CancelRequests, *messages: ReceivedMessage) -> None:
    decoding(requests.on_events)(messages)


def test_a_request_is_remembered_before_the_waiting_job_is_cancelled() -> None:
    found: list[bool] = []
    requests = CancelRequests(lambda given: found.append(given.job_id in requests))

    read(requests, request("job-1"))

    assert found == [True]
    assert "job-2" not in requests


def test_a_request_older_than_the_job_window_cancels_no_job() -> None:
    requests = CancelRequests(lambda _: None)

    read(requests, request("job-1", JOB_WINDOW + timedelta(hours=1)), request("job-2", JOB_WINDOW - timedelta(hours=1)))

    assert [job_id in requests for job_id in ("job-1", "job-2")] == [False, True]


def test_a_request_is_read_again_if_the_store_is_away() -> None:
    def refuse(_request: CancelRequest) -> None:
        raise Unavailable("STORE_UNAVAILABLE", "Away.")

    requests = CancelRequests(refuse)

    with pytest.raises(Unavailable):
        read(requests, request("job-1"))

    assert requests.read_position() is None
    assert "job-1" in requests


def test_the_oldest_requests_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel_requests, "REMEMBERED", 1)
    requests = CancelRequests(lambda _: None)

    read(requests, request("job-1"), ReceivedMessage(TYPE, "m", b"\xff", offset=1), request("job-2", offset=2))

    assert [job_id in requests for job_id in ("job-1", "job-2")] == [False, True]
    assert (position := requests.read_position()) is not None
    assert position.offset == 2
