"""A bare consumer: fills a queue that has the arguments of the stack's `jobs`, then receives and acknowledges one message at a time.

`python -m benchmarks.contenders.bare_consumer AMQP_URL DEFINITIONS COUNT`
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pika

from whynotboth.v1.jobs_pb2 import ExportParams, JobRequested

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel

QUEUE = "jobs.bare"


def main(amqp_url: str, definitions: Path, count: int) -> None:
    queues = {queue["name"]: queue for queue in json.loads(definitions.read_text("utf-8"))["queues"]}
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.queue_declare(QUEUE, durable=True, arguments=queues["jobs"]["arguments"])
    channel.confirm_delivery()
    for _ in range(count):
        channel.basic_publish("", QUEUE, JobRequested(job_id=str(uuid4()), export=ExportParams(limit=1)).SerializeToString())
    channel.basic_qos(prefetch_count=1)
    taken: list[float] = []

    def take(channel: BlockingChannel, method: Any, _properties: Any, _body: bytes) -> None:
        channel.basic_ack(method.delivery_tag)
        taken.append(time.perf_counter())
        if len(taken) == count:
            channel.stop_consuming()

    channel.basic_consume(QUEUE, take)
    channel.start_consuming()
    connection.close()
    sys.stdout.write(json.dumps({"per_second": (count - 1) / (taken[-1] - taken[0]), "answered": count, "failed": 0}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
