"""What a private RabbitMQ node is: a folder, ports, commands and variables. Starts nothing itself."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from infra.local.errors import LocalError
from infra.local.plain_names import plain_name
from infra.local.ports import LOOPBACK, free_ports

#: What Debian puts on the PATH switches to another user; this script doesn't.
DEBIAN_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
ERLANG = Path("/usr/lib/erlang")

#: What our brokers allow, wherever they run.
LIMITS = Path(__file__).resolve().parents[1] / "rabbitmq" / "limits.conf"
CONFIGURATION = """\
listeners.tcp.local = {host}:{port}
log.file = false
log.console = true
"""


def find_server() -> Path | None:
    """Gives RabbitMQ's start script, None where RabbitMQ isn't installed."""
    found = shutil.which("rabbitmq-server")
    return DEBIAN_SERVER if DEBIAN_SERVER.exists() else Path(found) if found else None


def find_epmd() -> Path | None:
    found = shutil.which("epmd") or next(map(str, sorted(ERLANG.glob("erts-*/bin/epmd"))), None)
    return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class BrokerPorts:
    amqp: int
    distribution: int
    epmd: int

    @classmethod
    def free(cls) -> Self:
        return cls(*free_ports(3))


@dataclass(frozen=True, slots=True)
class BrokerNode:
    """A node in a folder of its own (an absolute path), all on loopback. It shares nothing with the machine's own RabbitMQ."""

    folder: Path
    ports: BrokerPorts

    @property
    def amqp_url(self) -> str:
        return f"amqp://guest:guest@{LOOPBACK}:{self.ports.amqp}/"

    def prepare(self) -> None:
        """Writes what the node reads at its start. Keeps the cookie of an earlier start."""
        for name in ("home", "logs", "data"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        listeners = CONFIGURATION.format(host=LOOPBACK, port=self.ports.amqp)
        (self.folder / "rabbitmq.conf").write_text(listeners + LIMITS.read_text("utf-8"), "utf-8")
        for name in ("advanced.config", "enabled_plugins"):
            (self.folder / name).write_text("[].\n", "utf-8")
        cookie = self.folder / "home" / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(secrets.token_hex(24), "utf-8")
        cookie.chmod(0o400)

    def epmd_command(self) -> list[str]:
        """Gives the command of Erlang's port mapper. The node would start it itself, in the background, and leave it behind."""
        epmd = find_epmd()
        if not epmd:
            raise LocalError("RabbitMQ is here without Erlang's epmd: install the package erlang-base.")
        return [str(epmd), "-address", LOOPBACK, "-port", str(self.ports.epmd)]

    def server_command(self) -> list[str]:
        server = find_server()
        if not server:
            raise LocalError("RabbitMQ isn't installed: install the package rabbitmq-server.")
        return [str(server)]

    def variables(self) -> dict[str, str]:
        """Gives the node's environment variables. Each file is named: the ones of the machine's own RabbitMQ must not count."""
        folder = plain_name(self.folder)
        return {
            "HOME": f"{folder}/home",
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "RABBITMQ_NODENAME": "whynotboth@localhost",
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            # With input allowed the script becomes the node instead of waiting for it as a parent: a kill reaches the node itself.
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/logs",
            "RABBITMQ_LOGS": "-",
            "ERL_CRASH_DUMP": f"{folder}/logs/erl_crash.dump",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/no-rabbitmq-env.conf",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_CONFIG_FILES": f"{folder}/conf.d",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
        }
