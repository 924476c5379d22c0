"""The commands of the servers with a model, by the place where the model runs."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.lab.experiment import node_file, python_module, run_program
from benchmarks.lab.serving import Server, serving
from benchmarks.stand import running
from harness.broker_node import LocalBroker
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process
from harness.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.lab.experiment import Lab
    from benchmarks.lab.serving import Command


def node(mode: str, model: str = "") -> Command:
    return partial(_node, mode, model)


def _node(mode: str, model: str, port: int) -> Sequence[str]:
    return node_file("offload/fastify-server.ts", port, mode, model)


def python(mode: str) -> Command:
    return partial(_python, mode)


def _python(mode: str, port: int) -> Sequence[str]:
    return python_module("offload.fastapi_server", port, mode)


def measure_speeds() -> dict[str, str]:
    """Return the variables that tell servers how many loops take a millisecond, measured before they run."""
    node_speed, python_speed = run_program(node_file("offload/model.ts"), 5), run_program(python_module("offload.model"), 5)
    return {
        "LAB_NODE_LOOPS_PER_MS": str(node_speed["loops_per_ms"]),
        "LAB_PYTHON_LOOPS_PER_MS": str(python_speed["loops_per_ms"]),
    }


@contextmanager
def behind(lab: Lab, mode: str, name: str, speeds: dict[str, str]) -> Iterator[Server]:
    """Run Fastify in front of a Python process with the model. Fastify is ready once it has reached the model."""
    with ExitStack() as stack:
        if mode == "queue":
            address = stack.enter_context(LocalBroker(lab.folder / "broker")).amqp_url
            command: Sequence[str] = python_module("offload.queue_worker", address)
        else:
            (port,) = free_ports(1)
            address = f"{LOOPBACK}:{port}"
            command = _python("thread", port) if mode == "http" else python_module("offload.grpc_server", port)
        front = Server(name, node(mode, address), lab, speeds)
        model = Process(f"model-{mode}", command, {"PYTHONPATH": str(ROOT), **speeds}, front.ready_url, lab.folder / f"model-{mode}.log")
        stack.enter_context(running([model, front]))
        yield front


@contextmanager
def models(lab: Lab, commands: dict[str, Command], behind_modes: dict[str, str]) -> Iterator[dict[str, Server]]:
    """Run all servers until the block ends: those of the commands, and one behind each of the modes `grpc`, `batch`, `http` and `queue`."""
    speeds = measure_speeds()
    with ExitStack() as stack:
        servers = stack.enter_context(serving(lab, commands, speeds))
        yield {**servers, **{name: stack.enter_context(behind(lab, mode, name, speeds)) for name, mode in behind_modes.items()}}
