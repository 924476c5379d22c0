"""The chunks of a file, read on threads for the event loop. A caller that leaves early waits until the current chunk is read."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator


class FileChunks:
    """A generator that one thread at a time may enter: Python refuses to close one that runs on another thread."""

    def __init__(self, chunks: Generator[bytes]) -> None:
        self._chunks = chunks
        self._in_use = threading.Lock()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # The disk blocks, so a thread reads; the next chunk only when the caller took the last one.
        while chunk := await asyncio.to_thread(self._read):
            yield chunk

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _read(self) -> bytes:
        with self._in_use:
            return next(self._chunks, b"")

    def _close(self) -> None:
        with self._in_use:
            self._chunks.close()


@asynccontextmanager
async def reading(chunks: Generator[bytes]) -> AsyncIterator[FileChunks]:
    """Close the file at the end of the block, also where the block was cancelled while a thread read."""
    file_chunks = FileChunks(chunks)
    try:
        yield file_chunks
    finally:
        await file_chunks.close()
