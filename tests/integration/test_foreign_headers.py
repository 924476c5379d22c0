"""Headers that other clients may publish and that pika can't decode stop neither a stream reader nor a worker."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pika import BasicProperties

from harness.messages import interaction_recorded
from harness.waiting import eventually
from ml_service.adapters.broker.interaction_messages import read_entry
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.domain import LoggedInteraction
from whynotboth.v1.jobs_pb2 import JobRequested, TrainParams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.broker import BrokerDriver
    from harness.worker import JobsDriver, WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.domain import LogEntry
    from ml_service.ports.messaging import ReceivedMessage

WRITABLE = datetime(2000, 1, 1, tzinfo=UTC)
WRITTEN = b"T" + struct.pack(">Q", int(WRITABLE.timestamp()))


class ForeignProperties(BasicProperties):
    """Properties with one foreign header: its bytes replace a timestamp that pika wrote."""

    def __init__(self, message_type: str, header: bytes, timestamp: int | None = None) -> None:
        super().__init__(type=message_type, message_id=str(uuid4()), headers={"foreign": WRITABLE}, timestamp=timestamp)
        self._header = header

    def encode(self) -> list[bytes]:
        return [b"".join(super().encode()).replace(WRITTEN, self._header)]


#: The first second of the year 10000, and one beyond the range of C's clock. RabbitMQ itself refuses malformed numbers.
HEADERS = [b"T" + struct.pack(">Q", seconds) for seconds in (253_402_300_800, 2**64 - 1)]


def publish(broker: BrokerDriver, queue: str, properties: BasicProperties, body: bytes) -> None:
    with broker.channel() as channel:
        channel.confirm_delivery()
        channel.basic_publish("", queue, body, properties, mandatory=True)


@pytest.mark.parametrize("header", HEADERS)
def test_a_reader_accepts_a_header_that_pika_can_not_decode(
    broker: BrokerDriver, address: BrokerAddress, header: bytes, user_id: str
) -> None:
    read: list[LogEntry] = []

    def take(messages: Sequence[ReceivedMessage]) -> None:
        read.extend(map(read_entry, messages))

    reader = StreamReader(address, "interactions", read_position=lambda: None, on_messages=take, on_restart=read.clear)
    properties = ForeignProperties("whynotboth.v1.InteractionRecorded", header, timestamp=2**63 + 7)

    reader.start()
    eventually(lambda: reader.is_attached, within=15)
    for item_id in ("foreign", "next"):
        publish(broker, "interactions", properties, interaction_recorded(str(uuid4()), user_id, item_id, 4))

    def items_of_user() -> list[str]:
        logged = [entry.interaction for entry in read if isinstance(entry, LoggedInteraction)]
        return [interaction.item_id for interaction in logged if interaction.user_id == user_id]

    eventually(lambda: items_of_user() == ["foreign", "next"], within=15)
    assert reader.status.attachments == 1
    assert reader.stop()


@pytest.mark.parametrize("header", HEADERS)
def test_a_worker_runs_a_job_with_a_header_that_pika_can_not_decode(
    broker: BrokerDriver, worker: WorkerDriver, jobs: JobsDriver, header: bytes
) -> None:
    request = JobRequested(job_id=str(uuid4()), train=TrainParams(estimators=["compute:0"]))

    publish(broker, "jobs", ForeignProperties("whynotboth.v1.JobRequested", header), request.SerializeToString())

    assert jobs.outcome(request.job_id).DESCRIPTOR.name == "JobSucceeded"
