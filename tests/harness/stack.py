"""The whole stack as real processes on free ports, with data of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from harness.broker import BrokerDriver
from harness.gateway import GatewayDriver
from harness.ports import free_ports
from harness.processes import Process
from harness.proxies import OF_THE_MACHINE
from harness.sign_in import OPEN_GATEWAY
from harness.store import StoreDriver
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
GATEWAY = ROOT / "gateway_node" / "src" / "main.ts"
PYTHON_PATH = str(ROOT / "ml_service_py" / "src")
#: As in the start script of gateway_node/package.json.
NODE_FLAGS = "--max-semi-space-size=64"
RUN_SECONDS = 300


@dataclass(frozen=True)
class Data:
    """The folder with the store and the registry of one stack, and the checkout whose sources run on them."""

    folder: Path
    root: Path = ROOT

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(self.root / "ml_service_py" / "src"),
            "DATABASE_URL": f"sqlite:///{self.folder / 'store.db'}",
            "REGISTRY_URL": str(self.folder / "registry"),
        }

    def run(self, *arguments: str) -> str:
        """Run a command of the Python service. Return what it prints."""
        command = [sys.executable, "-m", "ml_service", *arguments]
        # The download of the data set uses the machine's proxy.
        machine = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(Path.home()), **OF_THE_MACHINE}
        environment = {**machine, **self.environment}
        ended = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=RUN_SECONDS)
        assert ended.returncode == 0, f"{' '.join(arguments)} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def copy_to(self, folder: Path, root: Path = ROOT) -> Data:
        shutil.copytree(self.folder, folder)
        return Data(folder, root)


class Stack:
    """A gateway, one or more recommenders and a worker, with a broker. A test can add gateways."""

    def __init__(
        self,
        data: Data,
        broker_url: str,
        logs: Path,
        settings: Mapping[str, str] | None = None,
        *,
        own_settings: Mapping[str, Mapping[str, str]] | None = None,
        recommenders: int = 1,
    ) -> None:
        """`settings` go to all processes, `own_settings` to the processes of one service, by its name."""
        self.data = data
        self.broker = BrokerDriver(broker_url)
        self.store = StoreDriver(data.folder / "store.db")
        self._logs = logs
        self.grpc_ports = free_ports(recommenders)
        self._own_settings = own_settings or {}
        self._environment = {**data.environment, "AMQP_URL": broker_url, **self.sign_in_settings, **(settings or {})}
        self.recommenders = [
            self._python(f"recommender-{number}", "serve", "RECOMMENDER_OPS_PORT", {"RECOMMENDER_GRPC_PORT": str(port)})
            for number, port in enumerate(self.grpc_ports, start=1)
        ]
        self.worker = self._python("worker", "work", "WORKER_OPS_PORT", {})
        self.gateways: list[Process] = []
        self._drivers: list[GatewayDriver] = []
        self.add_gateway()

    @property
    def gateway(self) -> GatewayDriver:
        return self._drivers[0]

    @property
    def gateway_process(self) -> Process:
        return self.gateways[0]

    @property
    def recommender(self) -> Process:
        return self.recommenders[0]

    @property
    def grpc_address(self) -> str:
        """The addresses of all recommenders, in gRPC's form."""
        return "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in self.grpc_ports)

    @property
    def sign_in_settings(self) -> dict[str, str]:
        """The settings with which all gateways accept each other's tokens."""
        return {**OPEN_GATEWAY, "GATEWAY_DEMO_KEY": str(self.data.folder / "demo.pem")}

    @property
    def processes(self) -> list[Process]:
        return [*self.recommenders, self.worker, *self.gateways]

    def add_gateway(self, settings: Mapping[str, str] | None = None) -> GatewayDriver:
        """Prepare one more gateway without starting it."""
        (port,) = free_ports(1)
        name = f"gateway-{len(self.gateways) + 1}"
        environment = {
            **self._environment,
            "GATEWAY_PORT": str(port),
            "GATEWAY_NAME": name,
            "GATEWAY_RECOMMENDER_ADDRESS": self.grpc_address,
            **self._own_settings.get("gateway", {}),
            **(settings or {}),
        }
        command = node_program(self.data.root / GATEWAY.relative_to(ROOT))
        self.gateways.append(Process(name, command, environment, f"http://127.0.0.1:{port}/readyz", self._logs / f"{name}.log"))
        self._drivers.append(GatewayDriver(port))
        return self._drivers[-1]

    def _python(self, name: str, command: str, ops_variable: str, environment: Mapping[str, str]) -> Process:
        (ops_port,) = free_ports(1)
        own_settings = self._own_settings.get(name.partition("-")[0], {})
        environment = {**self._environment, **own_settings, **environment, ops_variable: str(ops_port)}
        ready_url = f"http://127.0.0.1:{ops_port}/readyz"
        return Process(name, [sys.executable, "-m", "ml_service", command], environment, ready_url, self._logs / f"{name}.log")

    def __enter__(self) -> Self:
        try:
            for process in self.processes:
                process.start()
            for process in self.processes:
                process.wait_until_ready()
            # A gateway is ready even without a recommender, and may connect to one a moment later.
            for driver in self._drivers:
                eventually(driver.reaches_a_recommender, within=30, what="a gateway that reaches a recommender")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def repair(self) -> None:
        """Start again whatever a failed test left stopped or frozen."""
        for process in [*self.recommenders, self.worker, self.gateway_process]:
            if process.is_running:
                process.thaw()
            else:
                process.restart()

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.is_running:
                process.terminate()
        for driver in self._drivers:
            driver.close()


def node() -> str:
    """Return the path of Node in the checkout's environment, beside this Python."""
    return str(Path(sys.executable).with_name("node"))


def node_program(path: Path) -> list[str]:
    """Return the command that runs a program with the gateway's Node and flags."""
    return [node(), NODE_FLAGS, str(path)]


def descendants(pid: int) -> set[int]:
    return {child.pid for child in psutil.Process(pid).children(recursive=True)}
