"""A server that implements the part of AMQP that one consumer needs, and records the methods that its client sends."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

from pika import BasicProperties, frame
from pika.spec import Basic, Channel, Connection

if TYPE_CHECKING:
    from types import TracebackType

    from pika.amqp_object import Method

#: The answer to each method of the client that expects one.
ANSWERS: dict[type[Method], Method] = {
    Connection.StartOk: Connection.Tune(channel_max=0, frame_max=131_072, heartbeat=0),
    Connection.Open: Connection.OpenOk(),
    Connection.Close: Connection.CloseOk(),
    Channel.Open: Channel.OpenOk(),
    Channel.Close: Channel.CloseOk(),
}
START = Connection.Start(server_properties={}, mechanisms="PLAIN", locales="en_US")


class FakeBroker:
    """Serves one connection on a thread. A consumer gets two messages, with its confirmation."""

    def __init__(self) -> None:
        self.received: list[type[Method]] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._server.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.join(10)
        self._server.close()

    def _serve(self) -> None:
        client, _ = self._server.accept()
        inbox = b""
        with client:
            while chunk := client.recv(65_536):
                inbox += chunk
                while (found := frame.decode_frame(inbox))[1] is not None:
                    inbox = inbox[found[0] :]
                    client.sendall(self._answer(found[1]))

    def _answer(self, received: object) -> bytes:
        if isinstance(received, frame.ProtocolHeader):
            return frame.Method(0, START).marshal()
        if not isinstance(received, frame.Method):
            return b""
        self.received.append(type(received.method))
        if isinstance(received.method, Basic.Consume):
            return _deliver(received.channel_number, received.method.consumer_tag)
        if isinstance(received.method, Basic.Cancel):
            return frame.Method(received.channel_number, Basic.CancelOk(received.method.consumer_tag)).marshal()
        answer = ANSWERS.get(type(received.method))
        return b"" if answer is None else frame.Method(received.channel_number, answer).marshal()


def _deliver(channel: int, consumer_tag: str) -> bytes:
    frames: list[frame.Frame] = [frame.Method(channel, Basic.ConsumeOk(consumer_tag=consumer_tag))]
    for tag in (1, 2):
        frames.append(frame.Method(channel, Basic.Deliver(consumer_tag=consumer_tag, delivery_tag=tag, exchange="", routing_key="log")))
        frames += [frame.Header(channel, 4, BasicProperties()), frame.Body(channel, b"body")]
    return b"".join(part.marshal() for part in frames)
