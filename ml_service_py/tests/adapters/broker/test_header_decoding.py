"""Headers that other clients can publish and pika can't hold are passed over, and what stands beside them is read."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest
from pika import BasicProperties

from ml_service.adapters.broker.header_decoding import decode_headers_leniently


@pytest.fixture(autouse=True)
def lenient() -> None:
    decode_headers_leniently()


def table(*fields: bytes) -> bytes:
    content = b"".join(fields)
    return struct.pack(">I", len(content)) + content


def field(name: str, kind: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name.encode() + kind + value


def time_field(seconds: int) -> bytes:
    return field("time", b"T", struct.pack(">Q", seconds))


def read_headers(*fields: bytes) -> dict[str, object]:
    """As they come out of the properties of a delivery."""
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
def test_what_stands_beside_an_unusable_header_is_read(unusable: bytes) -> None:
    headers = read_headers(field("first", b"S", table(b"a")), unusable, OFFSET)

    assert (headers["first"], headers["x-stream-offset"]) == ("a", 7)


def test_a_time_outside_of_the_calendar_is_none() -> None:
    assert read_headers(time_field(2**60)) == {"time": None}


def test_a_usable_time_is_read() -> None:
    assert read_headers(time_field(1_700_000_000)) == {"time": datetime.fromtimestamp(1_700_000_000, UTC)}
