"""Fakes of the broker in memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from pika import BasicProperties

from ml_service.adapters.broker.dead_letters import BrokerDeadMessages
from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
from ml_service.errors import Unavailable
from ml_service.handlers.dead_letters import DeadLetters
from whynotboth.v1.jobs_pb2 import ExportParams, JobRequested

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pika.adapters.blocking_connection import BlockingChannel

    from ml_service.adapters.broker.envelope import Publication
    from ml_service.adapters.sql.job_ledger import SqlJobLedger

AWAY = Unavailable("BROKER_UNAVAILABLE", "Away.")
JOB_REQUESTED = JobRequested.DESCRIPTOR.full_name


@dataclass
class FakePublisher:
    """Stores publications. It fails for routing keys in `down` (an outage) and in `unencodable` (as if AMQP couldn't encode them)."""

    down: set[str] = field(default_factory=set)
    unencodable: set[str] = field(default_factory=set)
    taken: list[Publication] = field(default_factory=list)

    def publish(self, publication: Publication, timeout_seconds: float = 5.0) -> None:
        if publication.routing_key in self.down:
            raise AWAY
        if publication.routing_key in self.unencodable:
            raise ValueError(publication.routing_key)
        self.taken.append(publication)

    def send(self, publication: Publication) -> Callable[[float], None]:
        is_down = publication.routing_key in self.down
        if not is_down:
            self.publish(publication)

        def wait(_timeout_seconds: float) -> None:
            if is_down:
                raise AWAY

        return wait

    @property
    def keys(self) -> list[str]:
        return [publication.routing_key for publication in self.taken]


class FakeChannel:
    """A channel that delivers each message of the queue once."""

    def __init__(self, queue: list[tuple[BasicProperties, bytes]]) -> None:
        self._queue = queue
        self._given: dict[int, tuple[BasicProperties, bytes]] = {}

    def basic_get(self, _queue: str) -> tuple[SimpleNamespace | None, BasicProperties | None, bytes | None]:
        if len(self._given) == len(self._queue):
            return None, None, None
        tag = len(self._given) + 1
        self._given[tag] = self._queue[tag - 1]
        return SimpleNamespace(delivery_tag=tag), *self._given[tag]

    def basic_ack(self, tag: int) -> None:
        self._queue.remove(self._given[tag])


class FakeDeadLetters:
    """The handlers of dead letters, with a queue in memory."""

    def __init__(self, ledger: SqlJobLedger) -> None:
        self.queue: list[tuple[BasicProperties, bytes]] = []
        self.publisher = FakePublisher()
        self.handlers = DeadLetters(self, ledger, BrokerEvents(self.publisher), BrokerJobCommands(self.publisher))

    def bury(self, body: bytes, message_type: str = JOB_REQUESTED, cause: str = "rejected") -> None:
        # Without a message id, as some publishers write none.
        properties = BasicProperties(type=message_type, headers={"x-death": [{"reason": cause, "queue": "jobs"}]})
        self.queue.append((properties, body))

    def bury_job(self, job_id: str, cause: str = "rejected") -> str:
        """Add a dead letter of a job. Return the letter's id."""
        self.bury(JobRequested(job_id=job_id, export=ExportParams()).SerializeToString(), cause=cause)
        return self.handlers.list(100, "").rows[-1].letter_id

    @contextmanager
    def opened(self) -> Iterator[BrokerDeadMessages]:
        yield BrokerDeadMessages(cast("BlockingChannel", FakeChannel(self.queue)))
