"""Waiting tasks with asyncio: `python -m benchmarks.lab.io.tasks_asyncio PORT TASKS LIMIT`. At most LIMIT tasks are in progress."""

import asyncio
import sys
import time

from benchmarks.lab.io.usage import print_usage

port, tasks, limit = map(int, sys.argv[1:])
left = tasks


async def work() -> None:
    global left  # noqa: PLW0603  as short as its counterpart in Node
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while left > 0:
        left -= 1
        writer.write(b"?")
        await reader.readexactly(1)
    writer.close()


async def main() -> None:
    await asyncio.gather(*(work() for _ in range(limit)))


if __name__ == "__main__":
    began = time.perf_counter()
    asyncio.run(main())
    print_usage(began)
