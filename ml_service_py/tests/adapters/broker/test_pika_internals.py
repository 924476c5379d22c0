"""Checks the one module that reaches behind pika's public interface against the installed version of pika."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from fake_broker import FakeBroker
from pika import BasicProperties, BlockingConnection, URLParameters
from pika.spec import Basic, Connection

from ml_service.adapters.broker.pika_internals import (
    PIKA_VERSION,
    _decode_value,
    close_without_rejecting,
    decode_headers_leniently,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def lenient() -> None:
    decode_headers_leniently()


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    with FakeBroker() as broker:
        yield broker


def consume(broker: FakeBroker) -> BlockingConnection:
    """Return a connection that holds the deliveries of one consumer."""
    connection = BlockingConnection(URLParameters(broker.url))
    connection.channel().basic_consume("log", lambda *_: None)
    return connection


def test_the_installed_pika_is_the_version_that_the_module_was_written_for() -> None:
    installed = version("pika")

    assert installed == PIKA_VERSION, (
        f"pika {installed} is installed, but pika_internals.py was written for {PIKA_VERSION}. If the other tests of this file pass, set"
        " PIKA_VERSION. If one fails, its message says what to do."
    )


def test_a_connection_is_closed_without_rejecting_its_deliveries(broker: FakeBroker) -> None:
    connection = consume(broker)

    close_without_rejecting(connection, within_seconds=10)

    assert Connection.Close in broker.received, "close_without_rejecting closes nothing: pika renamed _impl or _flush_output."
    assert connection.is_closed
    assert {Basic.Reject, Basic.Nack}.isdisjoint(broker.received)


def test_pika_itself_rejects_the_deliveries_when_it_closes(broker: FakeBroker) -> None:
    connection = consume(broker)

    connection.close()

    assert Basic.Reject in broker.received, "pika's own close rejects no delivery any more: use it instead of close_without_rejecting."


def test_pika_itself_raises_for_a_time_outside_of_the_calendar() -> None:
    unusable = b"T" + struct.pack(">Q", 2**60)

    try:
        decoded: object = _decode_value(unusable, 0)
    except (ValueError, OverflowError, OSError):
        decoded = "raised"

    assert decoded == "raised", "pika decodes such times itself now: check whether decode_headers_leniently is still needed."


def table(*fields: bytes) -> bytes:
    content = b"".join(fields)
    return struct.pack(">I", len(content)) + content


def field(name: str, kind: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + kind + value


def time_field(seconds: int) -> bytes:
    return field("time", b"T", struct.pack(">Q", seconds))


def read_headers(*fields: bytes) -> dict[str, object]:
    """Return the headers as pika decodes them from the properties of a delivery."""
    flags = struct.pack(">H", BasicProperties.FLAG_HEADERS)
    properties: BasicProperties = BasicProperties().decode(flags + table(*fields))  # type: ignore[no-untyped-call]
    assert properties.headers is not None
    return properties.headers


OFFSET = field("x-stream-offset", b"l", struct.pack(">q", 7))


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = b"A" + struct.pack(">I", len(content)) + content
    return content


@pytest.mark.parametrize(
    "unusable",
    [
        time_field(253_402_300_800),
        time_field(2**63),
        time_field(2**64 - 1),
        field("number", b"d", struct.pack(">d", float("nan"))),
        field("number", b"f", struct.pack(">f", float("inf"))),
        field("table", b"F", table(time_field(2**60))),
        field("array", b"A", nested(5000)[1:]),
    ],
)
def test_headers_beside_an_unusable_one_are_decoded(unusable: bytes) -> None:
    headers = read_headers(field("first", b"S", table(b"a")), unusable, OFFSET)

    assert (headers["first"], headers["x-stream-offset"]) == ("a", 7)


def test_a_time_outside_of_the_calendar_is_decoded_as_none() -> None:
    assert read_headers(time_field(2**60)) == {"time": None}


def test_a_usable_time_is_decoded() -> None:
    assert read_headers(time_field(1_700_000_000)) == {"time": datetime.fromtimestamp(1_700_000_000, UTC)}
