"""Reads the headers that pika raises on. A stream keeps its messages, so one such header would hold up its readers for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pika import data

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes of the values that Python may not be able to hold: times, and floating-point numbers, which pika makes whole.
WIDTHS = {b"T": 8, b"d": 8, b"f": 4}
#: Bytes of the length that stands before a table or an array.
LENGTH_BYTES = 4

_decode_value = cast("Callable[[bytes, int], tuple[object, int]]", data.decode_value)


def decode_headers_leniently() -> None:
    """Takes the place of pika's function in this process, which pika looks up for each value. Calling it again changes nothing."""
    data.decode_value = _decode_leniently  # type: ignore[assignment]


def _decode_leniently(encoded: bytes, offset: int) -> tuple[object, int]:
    """None for a time outside of the calendar, for what isn't a number, and for tables within tables beyond Python's stack."""
    try:
        return _decode_value(encoded, offset)
    except (ValueError, OverflowError, OSError, RecursionError):
        start = offset + 1
        width = WIDTHS.get(encoded[offset:start])
        if width is None:
            width = LENGTH_BYTES + int.from_bytes(encoded[start : start + LENGTH_BYTES], "big")
        return None, start + width
