"""The private broker of the local stack, on a machine with RabbitMQ."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pika
import psutil
import pytest
from pika.exceptions import ChannelClosedByBroker

from harness.ports import LOOPBACK, free_ports
from harness.waiting import eventually
from infra.local.broker import BrokerChoice, broker_programs, find_server
from infra.local.progress import Progress
from infra.local.settings import Settings, read_settings
from infra.local.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pika.adapters.blocking_connection import BlockingChannel

pytestmark = pytest.mark.skipif(find_server() is None, reason="RabbitMQ isn't installed on this machine")

QUEUE, STREAM = "kept", "kept-stream"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A checkout whose folder has a strange name, in the locale C."""
    monkeypatch.setenv("LC_ALL", "C")
    settings = read_settings(tmp_path / "José's 100% (2) #x; \"$HOME`")
    settings.logs.mkdir(parents=True)
    ports = dict(zip(("BROKER_PORT", "BROKER_DIST_PORT", "BROKER_EPMD_PORT"), free_ports(3), strict=True))
    return replace(settings, ports=settings.ports | ports)


@contextmanager
def running_broker(settings: Settings) -> Iterator[None]:
    stack = Stack(settings, Progress())
    try:
        stack.start(broker_programs(settings, BrokerChoice.INSTALLED))
        stack.wait_until_ready()
        yield
    finally:
        stack.stop(is_hurried=lambda: False)


@contextmanager
def channel_of(settings: Settings) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(f"amqp://guest:guest@{LOOPBACK}:{settings.ports['BROKER_PORT']}/"))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        connection.close()


def processes_of(settings: Settings) -> list[psutil.Process]:
    """The processes that were started for this checkout, whatever has become of their parents."""
    return [process for process in psutil.process_iter() if environment_of(process).get("LOCAL_RUN_FOLDER") == str(settings.run)]


def environment_of(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def first_of_stream(settings: Settings) -> bytes | None:
    """Return the first message, or None while the broker still opens the stream after a start."""
    try:
        with channel_of(settings) as channel:
            channel.basic_qos(prefetch_count=1)
            return next(channel.consume(STREAM, arguments={"x-stream-offset": "first"}, inactivity_timeout=30))[2]
    except ChannelClosedByBroker:
        return None


def test_a_message_is_there_after_a_restart_of_the_stack(settings: Settings) -> None:
    with running_broker(settings), channel_of(settings) as channel:
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_declare(STREAM, durable=True, arguments={"x-queue-type": "stream"})
        for name in (QUEUE, STREAM):
            channel.basic_publish("", name, b"kept", pika.BasicProperties(delivery_mode=2))

    with running_broker(settings), channel_of(settings) as channel:
        found = channel.basic_get(QUEUE)[2]
        first = eventually(lambda: first_of_stream(settings), within=60)

    assert (found, first) == (b"kept", b"kept")
    assert list((settings.data / "broker" / "data").iterdir())


def test_it_listens_on_loopback_only_and_leaves_no_process_behind(settings: Settings) -> None:
    with running_broker(settings):
        running = processes_of(settings)
        names = {process.name() for process in running}
        listening = [
            connection.laddr.ip
            for process in running
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]

    assert names >= {"beam.smp", "epmd"}
    assert len(listening) >= 3
    assert set(listening) <= {"127.0.0.1", "::1"}
    assert processes_of(settings) == []


def test_other_users_can_not_read_its_cookie(settings: Settings) -> None:
    broker_programs(settings, BrokerChoice.INSTALLED)

    cookie = settings.data / "broker" / "home" / ".erlang.cookie"
    assert cookie.stat().st_mode & 0o777 == 0o400
