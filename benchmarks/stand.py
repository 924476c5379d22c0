"""Start the real stack as processes on free loopback ports, with its own broker and data. Everything is removed at the end."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.broker_node import LocalBroker
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process
from harness.stack import GATEWAY, PYTHON_PATH, ROOT, Stack, node_program
from harness.trained import trained_data
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from benchmarks.plan import Plan
    from benchmarks.schedule import Schedule
    from harness.sign_in import SignIn

DEFINITIONS = ROOT / "infra" / "rabbitmq" / "definitions.json"
#: Neither the stack nor a contender logs requests.
QUIET = {"LOG_LEVEL": "warning"}
#: Many processes start at once, which takes long on a slow machine.
START_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Stand:
    plan: Plan
    folder: Path
    stack: Stack
    amqp_url: str
    users: list[str]
    items: list[str]
    say: Callable[[str], None]
    schedule: Schedule

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the environment of a Python process that uses the stack's data."""
        return {
            **self.stack.data.environment,
            **QUIET,
            "AMQP_URL": self.amqp_url,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{PYTHON_PATH}",
        }

    @property
    def sign_in(self) -> SignIn:
        """Return the first gateway's sign-in; all gateways of the stack accept its tokens."""
        return self.stack.gateway.sign_in

    def file(self, name: str) -> Path:
        return self.folder / name

    def uncached_gateway(self) -> Process:
        """Return a gateway without a broker. It can't read the interaction log, so it caches no answers: they might be out of date."""
        port, nowhere = free_ports(2)
        variables = {
            **QUIET,
            "GATEWAY_PORT": str(port),
            "GATEWAY_RECOMMENDER_ADDRESS": self.stack.grpc_address,
            "AMQP_URL": f"amqp://{LOOPBACK}:{nowhere}/",
            **self.stack.sign_in_settings,
        }
        ready_url = f"http://{LOOPBACK}:{port}/v1/users/{self.users[0]}/recommendations"
        return Process("uncached-gateway", node_program(GATEWAY), variables, ready_url, self.file("uncached-gateway.log"), self.sign_in)

    def wait_until_read(self) -> None:
        """Wait until projector and recommender have read as much of the log as the gateway. The next turn then has no leftover work."""
        end = self.stack.gateway.get("/v1/stats")["readers"]["interactions"]["offset"]
        if end is None:
            return
        eventually(lambda: (self.stack.store.projected_offset() or 0) >= end, within=60, what="the projector to reach the log's end")
        self.stack.gateway.recommend(self.users[0], min_offset=end)


@contextmanager
def running(processes: Iterable[Process]) -> Iterator[None]:
    """Start the processes at the same time, and stop them at the end of the block, even after an error."""
    started = list(processes)
    with ExitStack() as stack:
        for process in started:
            process.start()
            stack.callback(stop, process)
        for process in started:
            process.wait_until_ready(START_SECONDS)
        yield


def stop(process: Process) -> None:
    """Send SIGTERM, and SIGKILL if the process doesn't end."""
    if not process.is_running:
        return
    try:
        process.terminate()
    except TimeoutExpired:
        process.kill()


@contextmanager
def open_stand(plan: Plan, say: Callable[[str], None], schedule: Schedule) -> Iterator[Stand]:
    with TemporaryDirectory(prefix="whynotboth-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        say("Starting a broker")
        broker = stack.enter_context(LocalBroker(folder / "broker"))
        say("Importing MovieLens 100K and training, unless an earlier run did")
        data = trained_data().copy_to(folder / "data")
        say("Starting the stack")
        services = stack.enter_context(Stack(data, broker.amqp_url, folder, QUIET))
        yield Stand(plan, folder, services, broker.amqp_url, _ids(services, "users"), _ids(services, "items"), say, schedule)


def _ids(stack: Stack, plural: str) -> list[str]:
    """Return all ids of a list, page by page."""
    ids: list[str] = []
    token = ""
    while True:
        page = stack.gateway.get(f"/v1/{plural}", pageSize=100, pageToken=token)
        ids += [row[f"{plural[:-1]}Id"] for row in page[plural]]
        token = page.get("nextPageToken", "")
        if not token:
            return ids
