"""Start each service, and wait for its first answer; then start each language with one import after the other."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.figures import Series
from benchmarks.lab.floor import AGAIN
from benchmarks.lab.http.servers import FRAMEWORKS
from benchmarks.lab.serving import Server
from benchmarks.rounds import LoadFailed, interleave
from benchmarks.stand import stop
from harness.ports import LOOPBACK
from harness.stack import ROOT, node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figures
    from benchmarks.lab.experiment import Lab

START_SECONDS = 60
#: A start varies by more than a request does, so the short form delays it by this multiple of what it plants elsewhere.
PLANTED_TIMES = 100
NODE_IMPORTS = ("fastify", "ws", "@grpc/grpc-js", "amqplib")
PYTHON_IMPORTS = ("starlette.applications", "fastapi", "grpc", "pika", "numpy", "scipy.sparse", "sklearn")


def measure(lab: Lab) -> list[Series]:
    return [_first_answers(lab), _imports(lab)]


def _first_answers(lab: Lab) -> Series:
    title = "From the start of the process to the first answer"
    lab.say(title)
    commands = {name: partial(command, processes=1) for name, command in FRAMEWORKS.items()}
    again = {f"{name}{AGAIN}": commands[name] for name in ("Fastify", "FastAPI")}
    turns = {name: partial(_first_answer, lab, name, command) for name, command in {**commands, **again}.items()}
    if lab.planted_ms:
        slow = partial(_after_a_sleep, lab.planted_ms * PLANTED_TIMES / 1000)
        turns["Fastify, slowed"] = partial(_first_answer, lab, "Fastify, slowed", slow)
    return Series("first-answer", title, interleave(turns, lab.rounds, lab.say))


def _after_a_sleep(seconds: float, port: int) -> Sequence[str]:
    return ["sh", "-c", f'sleep {seconds}; exec "$@"', "sh", *FRAMEWORKS["Fastify"](port, 1)]


def _first_answer(lab: Lab, name: str, command: partial[Sequence[str]]) -> Figures:
    server = Server(name, command, lab)
    began = time.perf_counter()
    server.start()
    try:
        while not _answers(server.port):
            if not server.is_running or time.perf_counter() > began + START_SECONDS:
                raise LoadFailed(f"{name} doesn't answer:\n{server.log_tail()}")
            time.sleep(0.002)
        return {"ms": (time.perf_counter() - began) * 1000, "cpu_ms": server.cpu_seconds * 1000, "memory_mb": server.memory_mb}
    finally:
        stop(server)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/items/7")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _imports(lab: Lab) -> Series:
    """Measure a whole process, so that the language's own start is in each figure; the first row of each language is that alone."""
    title = "A process that imports one library, and ends"
    lab.say(title)
    count = 1 if lab.planted_ms else None
    at_node = {"Node, nothing": "0", **{f"Node, {name}": f"await import('{name}')" for name in NODE_IMPORTS[:count]}}
    at_python = {"Python, nothing": "0", **{f"Python, {name}": f"import {name}" for name in PYTHON_IMPORTS[:count]}}
    commands = {name: [node(), "--input-type=module", "--eval", code] for name, code in at_node.items()}
    commands |= {name: [sys.executable, "-c", code] for name, code in at_python.items()}
    commands |= {f"{name}{AGAIN}": commands[name] for name in ("Node, nothing", "Python, nothing")}
    turns = {name: partial(_run_time, command) for name, command in commands.items()}
    return Series("imports", title, interleave(turns, lab.rounds, lab.say))


def _run_time(command: Sequence[str]) -> Figures:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT / "benchmarks", check=True, timeout=START_SECONDS, capture_output=True)
    return {"ms": (time.perf_counter() - began) * 1000}
