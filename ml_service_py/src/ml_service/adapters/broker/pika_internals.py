"""The only module that reaches behind pika's public interface. pika offers no public way for either of its two functions.

`test_pika_internals.py` fails when another version of pika is installed, and says what to check.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from pika import data
from pika.exceptions import AMQPError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pika import BlockingConnection

#: The version of pika for which this module was written and tested.
PIKA_VERSION = "1.4.4"

#: Bytes of the values that Python may not be able to hold: times, and floating-point numbers, which pika converts to integers.
WIDTHS = {b"T": 8, b"d": 8, b"f": 4}
#: Bytes of the length in front of a table or an array.
LENGTH_BYTES = 4

_decode_value = cast("Callable[[bytes, int], tuple[object, int]]", data.decode_value)


def decode_headers_leniently() -> None:
    """Replace pika's decoder of header values in this process. Calling it again changes nothing.

    pika raises for some headers that other clients may publish, and closes the connection. A stream keeps such a message, so that its
    readers would fail again and again: https://github.com/pika/pika/issues/1698.
    """
    # pika looks the function up in its module for each value, those in nested tables too.
    data.decode_value = _decode_leniently  # type: ignore[assignment]


def close_without_rejecting(connection: BlockingConnection, within_seconds: float) -> None:
    """Close the connection and wait for the broker's answer for at most this time. Raise nothing.

    `BlockingConnection.close` rejects the deliveries that it still holds. A reader of a stream must not reject: RabbitMQ 3.10 closes the
    connection, and 4.0 skips the message.
    """
    deadline = time.monotonic() + within_seconds
    with suppress(AMQPError, OSError):
        connection._impl.close()  # type: ignore[attr-defined]  # noqa: SLF001
        connection._flush_output(lambda: connection.is_closed or time.monotonic() > deadline)  # type: ignore[attr-defined]  # noqa: SLF001


def _decode_leniently(encoded: bytes, offset: int) -> tuple[object, int]:
    """Return the value and the offset behind it. The value is None for an unusable header.

    Unusable are a time outside of the calendar, a number that is NaN or infinite, and tables nested deeper than Python's stack.
    """
    try:
        return _decode_value(encoded, offset)
    except (ValueError, OverflowError, OSError, RecursionError):
        start = offset + 1
        width = WIDTHS.get(encoded[offset:start])
        if width is None:
            width = LENGTH_BYTES + int.from_bytes(encoded[start : start + LENGTH_BYTES], "big")
        return None, start + width
