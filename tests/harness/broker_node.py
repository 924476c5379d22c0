"""A RabbitMQ node of the machine's own package, for tests without an engine for containers and for tests of TLS."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Self

from harness.ports import LOOPBACK, free_ports
from harness.waiting import eventually

#: The command that Debian puts on the PATH changes the user; this script doesn't.
DEBIAN_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
LIMITS = Path(__file__).resolve().parents[2] / "infra" / "rabbitmq" / "limits.conf"
START_SECONDS = 60
STOP_SECONDS = 10


def find_server() -> str | None:
    """Return the path of RabbitMQ's start script, None where RabbitMQ isn't installed."""
    return str(DEBIAN_SERVER) if DEBIAN_SERVER.exists() else shutil.which("rabbitmq-server")


class LocalBroker:
    """A node in a folder of its own, on loopback only. A test may kill it and start it again with its data, and freeze it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(exist_ok=True)
        self._port, self._distribution_port, self._epmd_port = free_ports(3)
        self.amqp_url = f"amqp://guest:guest@{LOOPBACK}:{self._port}/"
        self._log = self.folder / "broker.log"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._write_configuration()
        try:
            self._run("epmd", ["epmd", "-address", LOOPBACK, "-port", str(self._epmd_port)])
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self._processes.values()):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            process.kill()
            process.wait()

    def start(self) -> None:
        """Return when the node accepts connections: a starting node opens its port last."""
        server = find_server()
        assert server, "RabbitMQ isn't installed: install the package rabbitmq-server, or start an engine for containers"
        self._run("server", [server])
        eventually(self._accepts_connections, within=START_SECONDS, what="a broker that accepts connections", every=0.1)

    def kill(self) -> None:
        """End the node as a crash would. Erlang's port mapper stays, as it does on a machine."""
        self._signal(signal.SIGKILL)
        self._processes.pop("server").wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def control(self, *arguments: str, given: str = "") -> str:
        """Run rabbitmqctl with `given` as its standard input. Return what it prints."""
        command = [str(Path(find_server() or "").with_name("rabbitmqctl")), "--quiet", *arguments]
        ended = subprocess.run(command, env=self._environment, input=given, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
        return ended.stdout.strip()

    def import_definitions(self, path: Path) -> None:
        # Through the standard input: in the locale C, rabbitmqctl can't read a path with an accent.
        self.control("import_definitions", given=path.read_text("utf-8"))

    def _signal(self, signum: int) -> None:
        os.killpg(self._processes["server"].pid, signum)

    def _accepts_connections(self) -> bool:
        if self._processes["server"].poll() is not None:
            raise RuntimeError(f"RabbitMQ ended while it started:\n{self._log.read_text('utf-8', errors='replace')[-2000:]}")
        with socket.socket() as client:
            return client.connect_ex((LOOPBACK, self._port)) == 0

    def _run(self, name: str, command: list[str]) -> None:
        with self._log.open("ab") as log:
            # In a session of its own, so that a kill reaches the whole group and Ctrl-C doesn't.
            self._processes[name] = subprocess.Popen(
                command, env=self._environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _write_configuration(self) -> None:
        listener = f"listeners.tcp.local = {LOOPBACK}:{self._port}\nlog.file = false\nlog.console = true\n"
        files = {
            "rabbitmq.conf": listener + LIMITS.read_text("utf-8"),
            "advanced.config": "[].\n",
            "enabled_plugins": "[].\n",
            ".erlang.cookie": secrets.token_hex(24),
        }
        for name, text in files.items():
            self.folder.joinpath(name).write_text(text, "utf-8")
        self.folder.joinpath(".erlang.cookie").chmod(0o400)

    @property
    def _environment(self) -> dict[str, str]:
        # Each file and folder is named, so that the node doesn't read those of the machine's own RabbitMQ.
        places = {"MNESIA_BASE": "data", "LOG_BASE": "logs", "CONF_ENV_FILE": "absent.conf", "CONFIG_FILE": "rabbitmq.conf"}
        places |= {"CONFIG_FILES": "conf.d", "ADVANCED_CONFIG_FILE": "advanced.config", "ENABLED_PLUGINS_FILE": "enabled_plugins"}
        return {
            **os.environ,
            **{f"RABBITMQ_{name}": f"{self.folder}/{place}" for name, place in places.items()},
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": "whynotboth@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            # The script then becomes the node instead of waiting for it as a parent, so that a signal reaches the node.
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_LOGS": "-",
        }
