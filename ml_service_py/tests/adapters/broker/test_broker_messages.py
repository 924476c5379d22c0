"""Envelopes and bodies of the messages on AMQP: encoding and decoding."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from pika import BasicProperties

from ml_service.adapters.broker.envelope import Publication, received
from ml_service.adapters.broker.interaction_messages import read_entry
from ml_service.adapters.broker.job_messages import (
    decode_job,
    job_failed,
    job_succeeded,
    publication_of,
    queued_again,
    read_job_event,
)
from ml_service.domain import Job, JobFile, JobOutcome, LoggedErasure, LoggedInteraction, LogPosition, RejectedMessage
from ml_service.errors import InvalidArgument, Unavailable
from ml_service.ports.messaging import CancelRequest, JobFact, ReceivedMessage
from whynotboth.v1 import errors_pb2, jobs_pb2
from whynotboth.v1.interactions_pb2 import InteractionRecorded, UserErased
from whynotboth.v1.jobs_pb2 import JobCancelRequested, JobRequested

if TYPE_CHECKING:
    from google.protobuf.message import Message

WHEN = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def message_of(body: Message, offset: int | None = None) -> ReceivedMessage:
    return ReceivedMessage(body.DESCRIPTOR.full_name, "an-id", body.SerializeToString(), offset=offset)


def timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def recorded(rating: float = 4, user_id: str = "u", occurred_at: Timestamp | None = None) -> InteractionRecorded:
    return InteractionRecorded(interaction_id="n", user_id=user_id, item_id="i", rating=rating, occurred_at=occurred_at or timestamp(WHEN))


def erased(erasure_id: str = "an-id", user_id: str = "u") -> UserErased:
    return UserErased(erasure_id=erasure_id, user_id=user_id, occurred_at=timestamp(WHEN))


def test_the_properties_name_the_type_of_the_body() -> None:
    publication = Publication("jobs", "job.started", "whynotboth.v1.JobStarted", "m", b"", correlation_id="j", traceparent="00-a-b-01")

    message = received(publication.properties, b"body")

    assert message == ReceivedMessage("whynotboth.v1.JobStarted", "m", b"body", "j", "00-a-b-01")
    assert publication.properties.delivery_mode == 2
    assert publication.properties.content_type == "application/x-protobuf"


def test_an_interaction_is_decoded_with_its_position_in_the_log() -> None:
    entry = read_entry(message_of(recorded(), offset=7))

    assert isinstance(entry, LoggedInteraction)
    assert entry.position == LogPosition(7, "an-id")
    assert (entry.interaction.user_id, entry.interaction.rating, entry.interaction.occurred_at) == ("u", 4, WHEN)


def test_an_erasure_is_decoded_with_its_position_in_the_log() -> None:
    entry = read_entry(message_of(erased(), offset=7))

    assert entry == LoggedErasure("u", LogPosition(7, "an-id"), WHEN)


def test_a_reader_that_knows_only_interactions_finds_the_user_of_an_erasure() -> None:
    read = InteractionRecorded.FromString(erased().SerializeToString())

    assert (read.interaction_id, read.user_id, read.occurred_at) == ("an-id", "u", erased().occurred_at)


@pytest.mark.parametrize(
    ("message", "user_id"),
    [
        (ReceivedMessage("whynotboth.v1.InteractionRecorded", "m", b"\xff\xff", offset=0), None),
        (message_of(recorded(rating=5.5), offset=0), "u"),
        (message_of(recorded(user_id="a\x00b"), offset=0), None),
    ],
)
def test_a_rejected_message_names_its_user_if_the_body_can_be_read(message: ReceivedMessage, user_id: str | None) -> None:
    entry = read_entry(message)

    assert isinstance(entry, RejectedMessage)
    assert entry.user_id == user_id


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (ReceivedMessage("whynotboth.v1.UserErased", "m", b"\xff\xff", offset=0), "MESSAGE_UNDECODABLE"),
        (message_of(erased(user_id=""), offset=0), "REQUEST_INVALID"),
        (message_of(erased(erasure_id=""), offset=0), "REQUEST_INVALID"),
        (ReceivedMessage("whynotboth.v1.InteractionRecorded", "m", b"\xff\xff", offset=0), "MESSAGE_UNDECODABLE"),
        (ReceivedMessage("whynotboth.v1.JobRequested", "m", b"", offset=0), "MESSAGE_UNDECODABLE"),
        (message_of(recorded(occurred_at=Timestamp(seconds=10**15)), offset=0), "MESSAGE_UNDECODABLE"),
        (message_of(recorded(rating=5.5), offset=0), "REQUEST_INVALID"),
        (message_of(recorded(rating=float("nan")), offset=0), "REQUEST_INVALID"),
        (message_of(recorded(user_id=""), offset=0), "REQUEST_INVALID"),
        (message_of(recorded(user_id="a\x00b"), offset=0), "REQUEST_INVALID"),
        (message_of(recorded(user_id="a\x01b"), offset=0), "REQUEST_INVALID"),
        (message_of(recorded(user_id="a" * 201), offset=0), "REQUEST_INVALID"),
    ],
)
def test_an_unusable_interaction_is_decoded_as_a_rejected_message(message: ReceivedMessage, reason: str) -> None:
    entry = read_entry(message)

    assert isinstance(entry, RejectedMessage)
    assert (entry.reason, entry.body) == (reason, message.body)


def test_a_job_keeps_its_parameters_encoded() -> None:
    params = jobs_pb2.TrainParams(estimators=["ease"], folds=5, seed=0)

    job = decode_job(message_of(JobRequested(job_id="j", train=params)))

    assert (job.job_id, job.kind, jobs_pb2.TrainParams.FromString(job.params)) == ("j", "train", params)


def test_properties_that_are_not_utf_8_are_decoded_with_replacement_characters() -> None:
    message = received(BasicProperties(message_id=b"\xff\xfe", type=b"\xff"), b"")  # type: ignore[arg-type]

    assert (message.message_id, message.type) == ("\ufffd\ufffd", "\ufffd")


@pytest.mark.parametrize(
    "request_",
    [JobRequested(job_id="j"), JobRequested(train=jobs_pb2.TrainParams()), JobRequested(job_id="j" * 500, train=jobs_pb2.TrainParams())],
)
def test_a_job_without_usable_id_or_kind_is_undecodable(request_: JobRequested) -> None:
    with pytest.raises(InvalidArgument) as refused:
        decode_job(message_of(request_))

    assert refused.value.reason == "MESSAGE_UNDECODABLE"


def test_a_job_event_is_a_command_a_cancel_request_or_a_fact() -> None:
    request = JobCancelRequested(job_id="j", occurred_at=timestamp(WHEN))
    fact = publication_of(job_failed("j", 1, Unavailable("STORE_UNAVAILABLE", "Away.")))
    messages = [
        message_of(JobRequested(job_id="j", export=jobs_pb2.ExportParams())),
        message_of(request),
        received(fact.properties, fact.body),
        message_of(JobRequested(job_id="j")),
    ]

    contents = [read_job_event(message).content for message in messages]

    assert contents == [Job("j", "export"), CancelRequest("j", WHEN), JobFact("j"), None]


def test_a_fact_has_its_own_routing_key_and_the_job_as_correlation_id() -> None:
    file = JobFile("evaluation.csv", "text/csv", 12)
    publication = publication_of(job_succeeded("j", 2, JobOutcome({"map": 0.5}, "v", promoted=True, file=file)))

    fact = jobs_pb2.JobSucceeded.FromString(publication.body)
    assert (publication.exchange, publication.routing_key, publication.correlation_id) == ("jobs", "job.succeeded", "j")
    assert (fact.attempt, dict(fact.metrics), fact.result.model_version, fact.result.promoted) == (2, {"map": 0.5}, "v", True)
    assert (fact.result.file.name, fact.result.file.size_bytes) == ("evaluation.csv", 12)
    assert fact.HasField("occurred_at")


def test_a_failure_carries_the_reason_of_the_catalogue() -> None:
    fact = job_failed("j", 1, Unavailable("STORE_UNAVAILABLE", "Away."))

    assert (fact.error.reason, fact.error.detail) == (errors_pb2.ERROR_REASON_STORE_UNAVAILABLE, "Away.")


def test_a_message_that_is_queued_again_keeps_its_body_and_properties() -> None:
    message = ReceivedMessage("whynotboth.v1.JobRequested", "m", b"body", "j", "00-a-b-01")

    again = queued_again(message, "jobs.retry.1")

    assert (again.exchange, again.routing_key) == ("", "jobs.retry.1")
    assert received(again.properties, again.body) == message
