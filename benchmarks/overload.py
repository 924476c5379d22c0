"""Measure how many requests a gateway answers in time under overload: `python -m benchmarks.overload`."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING

import httpx

from benchmarks.open_loop import OpenLoop, Tally
from harness.ports import free_ports
from harness.sign_in import OPEN_GATEWAY, SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
#: The slowed recommender's capacity in requests per second, and the multiples of it that are offered.
CAPACITY = 2000
TIMES = (1, 2, 5, 10)
DEADLINE_SECONDS = 2.0
RUN_SECONDS = 8.0
CONNECTIONS = 6000


@contextmanager
def running(command: list[str], **settings: str) -> Iterator[None]:
    environment = {**os.environ, **settings}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def gateway() -> Iterator[int]:
    """Start a slowed recommender and a gateway. Without a broker the gateway reads no log, so it caches no answers."""
    port, grpc_port, nowhere = free_ports(3)
    settings = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_RECOMMENDER_ADDRESS": f"127.0.0.1:{grpc_port}",
        "GATEWAY_RECOMMENDER_DEADLINE_MS": str(int(DEADLINE_SECONDS * 1000)),
        "AMQP_URL": f"amqp://127.0.0.1:{nowhere}/",
        "LOG_LEVEL": "error",
        **OPEN_GATEWAY,
    }
    slowed = [sys.executable, "-m", "benchmarks.slowed_recommender", str(CAPACITY), str(grpc_port)]
    with running(slowed), running(["node", "gateway_node/src/main.ts"], **settings):
        yield port


async def wait_until_answering(port: int, sign_in: SignIn) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=sign_in, trust_env=False) as client, asyncio.timeout(30):
        while True:
            try:
                if (await client.get("/v1/users/first/recommendations")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def measure() -> dict[int, Tally]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with gateway() as port:
        sign_in = SignIn(f"http://127.0.0.1:{port}")
        await wait_until_answering(port, sign_in)
        client = OpenLoop(port, sign_in.token(), DEADLINE_SECONDS)
        await client.connect(CONNECTIONS)
        await client.run(CAPACITY / 2, RUN_SECONDS / 2)
        return {times: await client.run(times * CAPACITY, RUN_SECONDS) for times in TIMES}


def describe(tallies: dict[int, Tally]) -> Iterator[str]:
    peak = max(tally.outcomes["in time"] for tally in tallies.values())
    if peak == 0:
        raise SystemExit(f"No request was answered in time. Outcomes: {dict(tallies[min(tallies)].outcomes)}")
    yield "offered/s  in time/s  of the peak  p50 ms  p99 ms  the rest, per second"
    for times, tally in tallies.items():
        good = tally.outcomes["in time"]
        rest = ", ".join(f"{name} {count / RUN_SECONDS:.0f}" for name, count in tally.outcomes.items() if name != "in time")
        cuts = quantiles(tally.seconds, n=100) if good > 1 else [0.0] * 99
        p50_ms, p99_ms = cuts[49] * 1000, cuts[98] * 1000
        yield f"{times * CAPACITY:9}  {good / RUN_SECONDS:9.0f}  {good / peak:11.0%}  {p50_ms:6.0f}  {p99_ms:6.0f}  {rest}"


if __name__ == "__main__":
    for line in describe(asyncio.run(measure())):
        sys.stdout.write(line + "\n")
