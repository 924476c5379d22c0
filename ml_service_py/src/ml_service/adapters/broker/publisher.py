"""Publishes with the broker's confirm, from any thread, over a connection of its own."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pika.exceptions import AMQPError, NackError, UnroutableError
from pika.spec import Basic

from ml_service.adapters.broker.broker_errors import unavailable
from ml_service.adapters.broker.connection import POLL_SECONDS, BrokerAddress, BrokerThread
from ml_service.adapters.broker.topology import prepare_topology
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika import BlockingConnection
    from pika.adapters.blocking_connection import BlockingChannel

    from ml_service.adapters.broker.envelope import Publication

PUBLISH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Pending:
    publication: Publication
    confirmed: Future[None] = field(default_factory=Future)

    def wait(self, timeout_seconds: float) -> None:
        try:
            self.confirmed.result(timeout_seconds)
        except FutureTimeoutError as error:
            self.confirmed.cancel()
            detail = f"The broker didn't confirm '{self.publication.type}' in {timeout_seconds:g} s."
            raise Unavailable("BROKER_UNAVAILABLE", detail) from error


class Publisher(BrokerThread):
    """Holds what comes while the broker is away, as long as its caller waits."""

    def __init__(self, address: BrokerAddress, name: str = "publisher") -> None:
        super().__init__(name, address)
        self._inbox: queue.SimpleQueue[_Pending] = queue.SimpleQueue()

    def publish(self, publication: Publication, timeout_seconds: float = PUBLISH_SECONDS) -> None:
        """Returns on the broker's confirm. Raises Unavailable (BROKER_UNAVAILABLE) otherwise, within the time.

        What AMQP can't hold is a bug of the caller, a ValueError at once: to try again would never end.
        """
        self.send(publication)(timeout_seconds)

    def send(self, publication: Publication) -> Callable[[float], None]:
        """The same in two steps, so that the caller may do something else meanwhile: what it gives waits for the confirm."""
        _require_encodable(publication)
        pending = _Pending(publication)
        self._inbox.put(pending)
        return pending.wait

    def _serve(self, connection: BlockingConnection) -> None:
        channel = connection.channel()
        prepare_topology(channel, self._address)
        channel.confirm_delivery()
        self._attached.set()
        while not (self._stopping.is_set() and self._inbox.empty()):
            try:
                pending = self._inbox.get(timeout=POLL_SECONDS)
            except queue.Empty:
                connection.process_data_events(time_limit=0)
                continue
            # False where the caller gave up waiting.
            if pending.confirmed.set_running_or_notify_cancel():
                self._publish_one(channel, pending)

    def _publish_one(self, channel: BlockingChannel, pending: _Pending) -> None:
        publication = pending.publication
        try:
            channel.basic_publish(
                publication.exchange,
                publication.routing_key,
                publication.body,
                publication.properties,
                mandatory=publication.mandatory,
            )
        except (NackError, UnroutableError) as error:
            pending.confirmed.set_exception(_refused(publication, error))
        except (AMQPError, OSError) as error:
            pending.confirmed.set_exception(_refused(publication, error))
            raise
        else:
            pending.confirmed.set_result(None)


def _require_encodable(publication: Publication) -> None:
    """On the connection's thread pika's encoding errors would look like those of a lost connection."""
    try:
        publication.properties.encode()
        Basic.Publish(exchange=publication.exchange, routing_key=publication.routing_key).encode()
    except (AMQPError, AssertionError) as error:
        raise ValueError(f"'{publication.type}' can't be encoded for AMQP: {error!r}") from error


def _refused(publication: Publication, error: Exception) -> Unavailable:
    refusal = unavailable(f"The broker didn't take '{publication.type}'", error)
    refusal.__cause__ = error
    return refusal
