"""Any body on AMQP is decoded as a usable message or rejected with a reason. `make fuzz` tries more bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st
from pika import BasicProperties

from ml_service.adapters.broker.envelope import received
from ml_service.adapters.broker.interaction_messages import read_entry
from ml_service.adapters.broker.job_messages import decode_cancel_request, decode_job
from ml_service.domain import RATING_MAX, RATING_MIN, Job, LoggedErasure, LoggedInteraction, is_id
from ml_service.errors import InvalidArgument
from ml_service.ports.messaging import CancelRequest, ReceivedMessage
from whynotboth.v1.interactions_pb2 import InteractionRecorded, UserErased
from whynotboth.v1.jobs_pb2 import EvaluateParams, ExportParams, JobCancelRequested, JobRequested, TrainParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

texts = st.sampled_from(["an-id", "an-id", "an-id", "", "\0", "../..", "x" * 201]) | st.text(max_size=20)
ratings = st.sampled_from([0.5, 4, 5]) | st.floats(width=32)
numbers = st.integers(0, 2**32 - 1)
moments = st.builds(Timestamp, seconds=st.integers(-(2**63), 2**63 - 1), nanos=st.integers(-(2**31), 2**31 - 1))
times = st.just(Timestamp(seconds=1_700_000_000)) | moments
interactions = st.builds(InteractionRecorded, interaction_id=texts, user_id=texts, item_id=texts, rating=ratings, occurred_at=times)
erasures = st.builds(UserErased, erasure_id=texts, user_id=texts, occurred_at=times)
trainings = st.builds(TrainParams, estimators=st.lists(texts, max_size=4), folds=numbers, seed=numbers)
jobs = (
    st.builds(JobRequested, job_id=texts, occurred_at=times, train=trainings)
    | st.builds(JobRequested, job_id=texts, evaluate=st.builds(EvaluateParams, seed=numbers))
    | st.builds(JobRequested, job_id=texts, export=st.builds(ExportParams, limit=numbers))
)
cancellations = st.builds(JobCancelRequested, job_id=texts, occurred_at=times)
known = [kind.DESCRIPTOR.full_name for kind in (InteractionRecorded, UserErased, JobRequested, JobCancelRequested)]

properties = st.text(max_size=10) | st.binary(max_size=10)
unsound = st.tuples(st.sampled_from(known) | properties, st.binary(max_size=100))


@st.composite
def messages(draw: st.DrawFn, sound: st.SearchStrategy[Message]) -> ReceivedMessage:
    kind, body = draw(sound.map(lambda message: (message.DESCRIPTOR.full_name, message.SerializeToString())) | unsound)
    given_properties = BasicProperties(type=kind, message_id=draw(properties), correlation_id=draw(properties))  # type: ignore[arg-type]
    given_properties.headers = {"x-stream-offset": draw(st.integers(0, 2**63 - 1)), "traceparent": draw(properties)}
    return received(given_properties, body)


@settings(deadline=None)
@given(messages(interactions | erasures))
def test_any_message_of_the_log_is_usable_or_rejected_with_a_reason(message: ReceivedMessage) -> None:
    entry = read_entry(message)

    assert entry.position == message.position
    if isinstance(entry, LoggedInteraction):
        interaction = entry.interaction
        assert all(is_id(text) for text in (interaction.interaction_id, interaction.user_id, interaction.item_id))
        assert interaction.rating is not None
        assert RATING_MIN <= interaction.rating <= RATING_MAX
    elif isinstance(entry, LoggedErasure):
        assert is_id(entry.user_id)
    else:
        assert entry.body == message.body
        assert entry.reason in {"MESSAGE_UNDECODABLE", "REQUEST_INVALID"}
        assert entry.user_id is None or is_id(entry.user_id)


@pytest.mark.parametrize("decode", [decode_job, decode_cancel_request])
@settings(deadline=None)
@given(message=messages(jobs | cancellations))
def test_any_message_about_a_job_is_usable_or_rejected(message: ReceivedMessage, decode: Callable[[ReceivedMessage], object]) -> None:
    try:
        decoded = decode(message)
    except InvalidArgument as error:
        decoded = None
        assert "Fix its publisher" in error.detail  # noqa: PT017  it may be a message as well
    if isinstance(decoded, Job | CancelRequest):
        assert is_id(decoded.job_id)
