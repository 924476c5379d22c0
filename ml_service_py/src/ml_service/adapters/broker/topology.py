"""Declares the exchanges, queues and bindings of `infra/rabbitmq/definitions.json`, the only place that states their arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from pika.adapters.blocking_connection import BlockingChannel

    from ml_service.adapters.broker.connection import BrokerAddress

RETRY_PREFIX = "jobs.retry."


def prepare_topology(channel: BlockingChannel, address: BrokerAddress) -> None:
    """Declare everything if the service may, else check that it exists. Raises ChannelClosedByBroker, which names what is missing."""
    topology = _read(address.definitions)
    if address.may_declare:
        _declare(channel, topology)
        return
    for exchange in topology["exchanges"]:
        channel.exchange_declare(exchange["name"], passive=True)
    for queue in topology["queues"]:
        channel.queue_declare(queue["name"], passive=True)


def _declare(channel: BlockingChannel, topology: dict[str, Any]) -> None:
    """Declare everything; AMQP ignores what exists already. The virtual host is that of the connection, not that of the file."""
    for exchange in topology["exchanges"]:
        channel.exchange_declare(
            exchange["name"],
            exchange_type=exchange["type"],
            durable=exchange["durable"],
            auto_delete=exchange["auto_delete"],
            internal=exchange["internal"],
            arguments=exchange["arguments"],
        )
    for queue in topology["queues"]:
        channel.queue_declare(queue["name"], durable=queue["durable"], auto_delete=queue["auto_delete"], arguments=queue["arguments"])
    for binding in topology["bindings"]:
        channel.queue_bind(binding["destination"], binding["source"], binding["routing_key"], arguments=binding["arguments"])


def read_retry_delays_ms(definitions: Path) -> tuple[int, ...]:
    """Return how long a job waits after its first, second, … failed attempt: the message TTLs of the retry queues."""
    queues = [queue for queue in _read(definitions)["queues"] if queue["name"].startswith(RETRY_PREFIX)]
    ordered = sorted(queues, key=lambda queue: int(queue["name"].removeprefix(RETRY_PREFIX)))
    return tuple(int(queue["arguments"]["x-message-ttl"]) for queue in ordered)


def _read(definitions: Path) -> dict[str, Any]:
    topology: dict[str, Any] = json.loads(definitions.read_text("utf-8"))
    return topology
