"""Which jobs somebody wants to stop, as the stream tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ml_service.adapters.broker.envelope import ReceivedMessage
from ml_service.entrypoints.worker import cancel_requests
from ml_service.entrypoints.worker.cancel_requests import CancelRequests
from ml_service.errors import Unavailable
from ml_service.handlers.jobs import JOB_WINDOW
from whynotboth.v1.jobs_pb2 import JobCancelRequested

if TYPE_CHECKING:
    from ml_service.adapters.broker.job_messages import CancelRequest

TYPE = JobCancelRequested.DESCRIPTOR.full_name


def request(job_id: str, age: timedelta = timedelta(0), offset: int = 0) -> ReceivedMessage:
    message = JobCancelRequested(job_id=job_id)
    message.occurred_at.FromDatetime(datetime.now(UTC) - age)
    return ReceivedMessage(TYPE, "m", message.SerializeToString(), offset=offset)


def test_a_request_is_remembered_before_it_is_passed_on() -> None:
    found: list[bool] = []
    requests = CancelRequests(lambda asked: found.append(asked.job_id in requests))

    requests.on_messages([request("job-1")])

    assert found == [True]
    assert "job-2" not in requests


def test_a_request_older_than_the_window_concerns_no_job_of_today() -> None:
    requests = CancelRequests(lambda _: None)

    requests.on_messages([request("job-1", JOB_WINDOW + timedelta(hours=1)), request("job-2", JOB_WINDOW - timedelta(hours=1))])

    assert [job_id in requests for job_id in ("job-1", "job-2")] == [False, True]


def test_what_can_not_be_passed_on_comes_again() -> None:
    def refuse(_request: CancelRequest) -> None:
        raise Unavailable("STORE_UNAVAILABLE", "Away.")

    requests = CancelRequests(refuse)

    with pytest.raises(Unavailable):
        requests.on_messages([request("job-1")])

    assert requests.read_position() is None
    assert "job-1" in requests


def test_the_oldest_requests_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel_requests, "REMEMBERED", 1)
    requests = CancelRequests(lambda _: None)

    requests.on_messages([request("job-1"), ReceivedMessage(TYPE, "m", b"\xff", offset=1), request("job-2", offset=2)])

    assert [job_id in requests for job_id in ("job-1", "job-2")] == [False, True]
    assert (position := requests.read_position()) is not None
    assert position.offset == 2
