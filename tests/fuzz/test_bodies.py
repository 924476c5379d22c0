"""Readers of the broker continue after any message body."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pika
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.waiting import eventually
from whynotboth.v1 import interactions_pb2, jobs_pb2, recommender_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from pika.adapters.blocking_connection import BlockingChannel

    from harness.stack import Stack

#: What each reader listens to: exchange, key and expected message. Valid random job requests are left out: they'd run for hours.
PLACES: list[tuple[str, str, type[Message]]] = [
    ("", "interactions", interactions_pb2.InteractionRecorded),
    ("jobs", "job.cancel_requested", jobs_pb2.JobCancelRequested),
    ("jobs", "job.succeeded", jobs_pb2.JobSucceeded),
    ("jobs", "job.progressed", jobs_pb2.JobProgressed),
    ("models", "", recommender_pb2.ModelPromoted),
]
types = st.sampled_from([kind.DESCRIPTOR.full_name for _, _, kind in PLACES]) | st.text(max_size=20).filter(str.isprintable)
#: Parts of protobuf messages: a tag, and a value that may follow it.
fields = st.builds(
    lambda tag, rest: bytes([tag, len(rest)]) + rest, st.sampled_from([8, 10, 18, 26, 34, 42, 37, 33]), st.binary(max_size=20)
)
bodies = st.binary(max_size=60) | st.lists(fields, max_size=6).map(b"".join)


def publish(channel: BlockingChannel, place: tuple[str, str, object], message_type: str, body: bytes) -> None:
    exchange, key, _ = place
    channel.basic_publish(exchange, key, body, pika.BasicProperties(type=message_type, message_id=str(uuid4())))


def test_readers_continue_after_any_message(target: Stack, fuzz_seconds: int, user_id: str) -> None:
    with target.broker.channel() as channel:

        @settings(max_examples=50 * fuzz_seconds, deadline=None)
        @given(st.sampled_from(PLACES), types, bodies)
        def attack(place: tuple[str, str, object], message_type: str, body: bytes) -> None:
            publish(channel, place, message_type, body)

        attack()

    accepted = target.gateway.rate(user_id, "50", 5)
    target.worker.restart()
    answer = target.gateway.recommend(user_id, min_offset=accepted["offset"])
    job_id = target.gateway.start_job("export", limit=1)["jobId"]
    assert answer["source"] == "model"
    assert target.gateway.job_in_state(job_id, "succeeded", within=60)
    assert eventually(lambda: [row["interactionId"] for row in target.gateway.interactions(user_id)], within=30)
