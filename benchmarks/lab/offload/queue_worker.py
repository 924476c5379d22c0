"""The model behind a queue: `python -m benchmarks.lab.offload.queue_worker AMQP_URL`. A request is the text `MILLISECONDS BYTES`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pika

from benchmarks.lab.offload.model import answer

if TYPE_CHECKING:
    from pika.adapters.blocking_connection import BlockingChannel
    from pika.spec import Basic, BasicProperties


def score(channel: BlockingChannel, delivery: Basic.Deliver, properties: BasicProperties, body: bytes) -> None:
    reply = pika.BasicProperties(correlation_id=properties.correlation_id)
    channel.basic_publish("", str(properties.reply_to), answer(body.decode()).encode(), reply)
    channel.basic_ack(delivery.delivery_tag or 0)


if __name__ == "__main__":
    channel = pika.BlockingConnection(pika.URLParameters(sys.argv[1])).channel()
    channel.queue_declare("model", durable=True)
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("model", score)
    channel.start_consuming()
