"""The real stack as processes on free ports of loopback, with a broker and data of its own. Nothing of it stays."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.processes import Process
from harness.stack import GATEWAY, PYTHON_PATH, ROOT, Stack, node_program
from harness.trained import trained_data
from harness.waiting import eventually
from infra.local.broker import PrivateBroker
from infra.local.ports import LOOPBACK, free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from benchmarks.plan import Plan
    from benchmarks.schedule import Schedule
    from harness.sign_in import SignIn

DEFINITIONS = ROOT / "infra" / "rabbitmq" / "definitions.json"
#: Nobody writes a line for each request: neither we nor the contenders.
QUIET = {"LOG_LEVEL": "warning"}
#: Many start at once, and on a slow machine each takes its time.
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
        """What a Python process needs to work on the stack's data, ours or a contender's."""
        return {
            **self.stack.data.environment,
            **QUIET,
            "AMQP_URL": self.amqp_url,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{PYTHON_PATH}",
        }

    @property
    def sign_in(self) -> SignIn:
        """All gateways of the stack take the tokens of the first."""
        return self.stack.gateway.sign_in

    def file(self, name: str) -> Path:
        return self.folder / name

    def uncached_gateway(self) -> Process:
        """A gateway that can't read the log, and so keeps no answers: without it they might be stale."""
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
        """Until every reader of the log has come to its end, so that no turn pays for what the one before left."""
        end = self.stack.gateway.get("/v1/stats")["readers"]["interactions"]["offset"]
        if end is None:
            return
        eventually(lambda: (self.stack.store.projected_offset() or 0) >= end, within=60, what="the projector at the log's end")
        self.stack.gateway.recommend(self.users[0], min_offset=end)


@contextmanager
def running(processes: Iterable[Process]) -> Iterator[None]:
    """Starts them side by side and stops them, however the block ends."""
    started = list(processes)
    with ExitStack() as stack:
        for process in started:
            process.start()
            stack.callback(stop, process)
        for process in started:
            process.wait_until_ready(START_SECONDS)
        yield


def stop(process: Process) -> None:
    """Asks it to end, and ends it where it doesn't."""
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
        broker = stack.enter_context(PrivateBroker(folder / "broker"))
        say("Importing MovieLens 100K and training, unless that was done before")
        data = trained_data().copy_to(folder / "data")
        say("Starting the stack")
        services = stack.enter_context(Stack(data, broker.amqp_url, folder, QUIET))
        yield Stand(plan, folder, services, broker.amqp_url, _ids(services, "users"), _ids(services, "items"), say, schedule)


def _ids(stack: Stack, plural: str) -> list[str]:
    """All of them, page by page."""
    ids: list[str] = []
    token = ""
    while True:
        page = stack.gateway.get(f"/v1/{plural}", pageSize=100, pageToken=token)
        ids += [row[f"{plural[:-1]}Id"] for row in page[plural]]
        token = page.get("nextPageToken", "")
        if not token:
            return ids
