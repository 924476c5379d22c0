"""Waiting tasks with threads: `python -m benchmarks.lab.io.tasks_threads PORT TASKS LIMIT`. At most LIMIT tasks are in progress."""

import socket
import sys
import time
from itertools import count
from threading import Thread

from benchmarks.lab.io.usage import print_usage

port, tasks, limit = map(int, sys.argv[1:])
#: Threads may share it: the next number is taken in one step.
started = count()


def work() -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while next(started) < tasks:
            connection.send(b"?")
            connection.recv(1)


if __name__ == "__main__":
    began = time.perf_counter()
    threads = [Thread(target=work) for _ in range(limit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print_usage(began)
