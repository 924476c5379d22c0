"""Listens for hints that a model version went live. A hint may be lost, so the listener reads nothing from it: the SQL row counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pika.exceptions import ChannelWrongStateError

from ml_service.adapters.broker.connection import POLL_SECONDS, BrokerAddress, BrokerThread, handling
from ml_service.adapters.broker.topology import prepare_topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika import BlockingConnection


class HintListener(BrokerThread):
    """Calls `on_hint` on its own thread: on each `ModelPromoted`, and after each connection, because a hint may have been lost before."""

    def __init__(self, address: BrokerAddress, on_hint: Callable[[], None]) -> None:
        super().__init__("model hints", address)
        self._on_hint = on_hint

    def _serve(self, connection: BlockingConnection) -> None:
        channel = connection.channel()
        prepare_topology(channel, self._address)
        queue = channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
        channel.queue_bind(queue, "models")
        channel.basic_consume(queue, lambda *_: self._hint(), auto_ack=True)
        self._attached.set()
        self._hint()
        while not self._stopping.is_set():
            connection.process_data_events(time_limit=POLL_SECONDS)
            if not channel.is_open:
                raise ChannelWrongStateError("The broker closed the channel.")

    def _hint(self) -> None:
        with handling():
            self._on_hint()
