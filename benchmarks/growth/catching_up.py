"""Measure how fast the projector catches up, beside a bare consumer that writes the same rows to the same store."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pika

from benchmarks.loads import run
from benchmarks.rounds import interleave
from benchmarks.stand import DEFINITIONS
from benchmarks.synthetic import item_id, user_id
from harness.messages import interaction_recorded
from whynotboth.v1.interactions_pb2 import InteractionRecorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.figures import Figures
    from benchmarks.synthetic import Size

PROJECTOR, BARE = "projector", "bare"
SECONDS = 90


def catch_up(size: Size, count: int, rounds: int, variables: Mapping[str, str], say: Callable[[str], None]) -> dict[str, list[Figures]]:
    """Return events per second of both, one entry a round. Each turn has its own stream."""

    def turn(contender: str) -> Figures:
        stream = f"growth-{uuid4()}"
        _publish(stream, size, count, variables["AMQP_URL"])
        command = [sys.executable, "-m", "benchmarks.growth.projecting", contender, stream, str(count), str(DEFINITIONS)]
        return run(command, SECONDS, variables)

    return interleave({name: lambda name=name: turn(name) for name in (PROJECTOR, BARE)}, rounds, say)  # type: ignore[misc]


def _publish(stream: str, size: Size, count: int, amqp_url: str) -> None:
    chance = random.Random(size.seed)  # noqa: S311
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_declare(stream, durable=True, arguments={"x-queue-type": "stream"})
    for _ in range(count):
        message_id = str(uuid4())
        body = interaction_recorded(message_id, user_id(chance.randrange(size.users)), item_id(chance.randrange(size.items)), 4)
        properties = pika.BasicProperties(type=InteractionRecorded.DESCRIPTOR.full_name, message_id=message_id, delivery_mode=2)
        channel.basic_publish("", stream, body, properties)
    connection.close()
