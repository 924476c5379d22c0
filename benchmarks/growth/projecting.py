"""Catch up with a filled stream: `python -m benchmarks.growth.projecting projector|bare STREAM COUNT DEFINITIONS`.

`projector` is the worker's. `bare` decodes with protobuf and writes with `sqlite3`, in transactions of as many rows. It validates nothing,
stores no offset, and sets no message aside.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pika

from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.broker.interaction_messages import read_entry
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.bootstrap.clients import open_clients
from ml_service.config import read_settings
from ml_service.entrypoints.log.projector import BATCH_MESSAGES, GATHER_SECONDS, Projector
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from whynotboth.v1.interactions_pb2 import InteractionRecorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.ports.messaging import ReceivedMessage

SECONDS_MAX = 60
INSERT = "INSERT INTO interactions (interaction_id, user_id, item_id, rating, occurred_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


def project(stream: str, count: int, definitions: Path) -> float:
    """Return the events per second, from the first written batch to the last."""
    settings, arrived, done = read_settings(), [], threading.Event()
    address = BrokerAddress(settings.amqp_url.get_secret_value(), definitions)
    with open_clients(settings) as parts:
        projector = Projector(SqlInteractionLog(parts.store.engine), WorkerMetrics())

        def on_messages(messages: Sequence[ReceivedMessage]) -> None:
            projector.on_entries([read_entry(message) for message in messages])
            arrived.append((time.perf_counter(), len(messages)))
            if sum(size for _, size in arrived) >= count:
                done.set()

        reader = StreamReader(
            address,
            stream,
            read_position=projector.read_position,
            on_messages=on_messages,
            on_restart=projector.on_restart,
            gather_seconds=GATHER_SECONDS,
            batch_messages=BATCH_MESSAGES,
        )
        reader.start()
        done.wait(SECONDS_MAX)
        reader.stop()
    return (count - arrived[0][1]) / (arrived[-1][0] - arrived[0][0])


def write_bare(stream: str, count: int) -> float:
    settings = read_settings()
    store = sqlite3.connect(settings.database_url.get_secret_value().removeprefix("sqlite:///"), isolation_level=None)
    store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON")
    channel = pika.BlockingConnection(pika.URLParameters(settings.amqp_url.get_secret_value())).channel()
    channel.basic_qos(prefetch_count=2 * BATCH_MESSAGES)
    rows: list[tuple[object, ...]] = []
    written: list[float] = []

    def take(_channel: object, method: Any, _properties: object, body: bytes) -> None:
        event = InteractionRecorded.FromString(body)
        rows.append((event.interaction_id, event.user_id, event.item_id, event.rating, event.occurred_at.ToJsonString()))
        if len(rows) == BATCH_MESSAGES:
            store.execute("BEGIN IMMEDIATE")
            store.executemany(INSERT, rows)
            store.execute("COMMIT")
            rows.clear()
            written.append(time.perf_counter())
            channel.basic_ack(method.delivery_tag, multiple=True)
            if len(written) == count // BATCH_MESSAGES:
                channel.stop_consuming()

    channel.basic_consume(stream, take, arguments={"x-stream-offset": "first"})
    channel.start_consuming()
    return (len(written) - 1) * BATCH_MESSAGES / (written[-1] - written[0])


def main(contender: str, stream: str, count: int, definitions: Path) -> None:
    per_second = write_bare(stream, count) if contender == "bare" else project(stream, count, definitions)
    sys.stdout.write(json.dumps({"per_second": per_second}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
