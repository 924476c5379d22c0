"""Recognises files that aren't rows of text in an encoding that extends ASCII, by their first bytes."""

from __future__ import annotations

import codecs

UTF_16 = ("is text in UTF-16", "Convert it to UTF-8, such as by `iconv -f UTF-16 -t UTF-8 FILE > NEW_FILE`.")
#: The first bytes, what such a file is, and what a person can do.
KINDS = (
    (b"\x1f\x8b", ("is a gzip file", "Unpack it, such as by `gunzip < FILE > NEW_FILE`.")),
    (
        b"PK\x03\x04",
        ("is a zip archive or a spreadsheet (.xlsx)", "Unpack the archive, or save the spreadsheet as CSV in UTF-8."),
    ),
    (codecs.BOM_UTF16_LE, UTF_16),
    (codecs.BOM_UTF16_BE, UTF_16),
)


def other_kind(start: bytes) -> tuple[str, str] | None:
    """Return what a file is that begins so, and what to do; None for text that can be read."""
    # Without a byte order mark, every second byte of a header in UTF-16 is 0.
    if start[:2].count(0) == 1:
        return UTF_16
    return next((said for first, said in KINDS if start.startswith(first)), None)
