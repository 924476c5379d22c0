"""The private broker of the local stack and of these tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pika
import psutil
import pytest

from harness.waiting import eventually
from infra.local.broker import PrivateBroker
from infra.local.broker_node import find_server
from infra.local.plain_names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pika.adapters.blocking_connection import BlockingChannel

pytestmark = pytest.mark.skipif(find_server() is None, reason="RabbitMQ isn't installed on this machine")

QUEUE = "kept"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBroker]:
    """A broker that was restarted with a message in its queue."""
    with PrivateBroker(tmp_path_factory.mktemp("private-broker")) as broker:
        with channel_of(broker) as channel:
            channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        keep(broker, b"before a restart")
        # RabbitMQ 3.10 registers a new quorum queue on disk up to a second later: killed before that, it finds no leader for it any more.
        broker.restart()
        yield broker


@contextmanager
def channel_of(broker: PrivateBroker) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(broker.amqp_url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        if connection.is_open:
            connection.close()


def keep(broker: PrivateBroker, body: bytes) -> None:
    with channel_of(broker) as channel:
        channel.queue_purge(QUEUE)
        channel.basic_publish("", QUEUE, body, pika.BasicProperties(delivery_mode=2))


def kept(broker: PrivateBroker) -> bytes | None:
    """What the queue holds; it stays there."""
    with channel_of(broker) as channel:
        return channel.basic_get(QUEUE)[2]


def processes_of(folder: Path) -> list[psutil.Process]:
    """The processes that were started for a broker's folder, whatever has become of their parents."""
    return [process for process in psutil.process_iter() if is_of(process, folder)]


def is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get("RABBITMQ_MNESIA_BASE", "").startswith(str(plain_name(folder)))
    except psutil.Error:
        return False


def test_a_message_outlives_a_restart(broker: PrivateBroker) -> None:
    assert kept(broker) == b"before a restart"


def test_a_message_outlives_a_kill(broker: PrivateBroker) -> None:
    keep(broker, b"before a kill")

    broker.kill()
    was_listening = broker.is_listening
    broker.start()

    assert not was_listening
    assert kept(broker) == b"before a kill"


def test_it_listens_on_loopback_only(broker: PrivateBroker) -> None:
    listening = [
        connection.laddr.ip
        for process in processes_of(broker.node.folder)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) >= 3
    assert set(listening) <= {"127.0.0.1", "::1"}


def test_it_runs_in_a_folder_of_any_name_in_any_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote made RabbitMQ wait for ever: it asks a shell for the free space of its folder."""
    monkeypatch.setenv("LC_ALL", "C")
    folder = tmp_path / "José's 100% (2) #x; \"$HOME`"

    with PrivateBroker(folder) as broker:
        with channel_of(broker) as channel:
            channel.queue_declare(QUEUE, durable=True)
        keep(broker, b"in a strange folder")
        found = kept(broker)

    assert found == b"in a strange folder"
    assert list((folder / "data").iterdir())


def test_it_leaves_no_process_behind(broker: PrivateBroker) -> None:
    """The last of these tests: nothing is left of the broker that they share."""
    folder = broker.node.folder
    running = {process.name() for process in processes_of(folder)}

    broker.stop()

    assert running >= {"beam.smp", "epmd"}
    eventually(lambda: processes_of(folder) == [], within=5)
