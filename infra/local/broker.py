"""The stack's broker: the first of four ways that this machine offers. A private node shares nothing with the machine's own RabbitMQ."""

import hashlib
import secrets
import shutil
from concurrent.futures import Future
from enum import Enum, auto
from pathlib import Path
from urllib.parse import urlsplit

from infra.images import docker
from infra.local.debian import can_install_packages, install_packages, keep_service_off
from infra.local.errors import LocalError
from infra.local.folders import plain_name
from infra.local.ports import LOOPBACK, is_open
from infra.local.programs import BROKER, EPMD, Program
from infra.local.progress import Steps
from infra.local.settings import Settings

#: The command that Debian puts on the PATH changes the user; this script doesn't.
DEBIAN_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
DEBIAN_ERLANG = Path("/usr/lib/erlang")
#: Limits of all our brokers.
LIMITS = Path(__file__).resolve().parents[1] / "rabbitmq" / "limits.conf"
#: This file exists if a container, and a volume, may have to be removed.
CONTAINER_NOTE = "broker-container"
ENGINE_SECONDS = 10
NO_BROKER = (
    "RabbitMQ is missing. Give one of: the package rabbitmq-server (Debian and Ubuntu: `apt-get install rabbitmq-server`, "
    "macOS: `brew install rabbitmq`), a running Docker, root on Debian or Ubuntu, "
    "or AMQP_URL=amqp://user:password@host:5672/ of a broker that runs elsewhere."
)


class BrokerChoice(Enum):
    GIVEN = auto()
    INSTALLED = auto()
    CONTAINER = auto()
    PACKAGE = auto()


def choose_broker(settings: Settings) -> BrokerChoice:
    if settings.given_amqp_url:
        _check_answers(settings.given_amqp_url)
        return BrokerChoice.GIVEN
    if find_server():
        return BrokerChoice.INSTALLED
    if has_engine():
        return BrokerChoice.CONTAINER
    if can_install_packages():
        return BrokerChoice.PACKAGE
    raise LocalError(NO_BROKER)


def _check_answers(url: str) -> None:
    parts = urlsplit(url)
    host, port = parts.hostname or LOOPBACK, parts.port or (5671 if parts.scheme == "amqps" else 5672)
    if not is_open(host, port):
        raise LocalError(
            f"AMQP_URL names a broker at {host}:{port}, and nothing answers there: start it, or unset AMQP_URL to get one here."
        )


def start_broker_installation(settings: Settings, steps: Steps, choice: BrokerChoice) -> list[Future[None]]:
    if choice is BrokerChoice.PACKAGE:
        return [steps.start("RabbitMQ", lambda: _install_package(settings, steps))]
    if choice is BrokerChoice.CONTAINER and docker.ask("image", "inspect", settings.rabbitmq_image) is None:
        return [steps.start("RabbitMQ's image", lambda: _pull_image(settings, steps))]
    return []


def _install_package(settings: Settings, steps: Steps) -> None:
    install_packages(steps, settings, "rabbitmq-server")
    keep_service_off("rabbitmq-server")


def _pull_image(settings: Settings, steps: Steps) -> None:
    try:
        steps.command("docker-pull", ["docker", "pull", settings.rabbitmq_image], cwd=settings.root, variables=settings.variables)
    except LocalError:
        # The engine reaches no registry: Debian's package is the next way to a broker.
        if not can_install_packages():
            raise
        _install_package(settings, steps)


def broker_programs(settings: Settings, choice: BrokerChoice) -> list[Program]:
    if choice is BrokerChoice.GIVEN:
        return []
    return [_container(settings)] if choice is BrokerChoice.CONTAINER else _private_node(settings)


def _private_node(settings: Settings) -> list[Program]:
    """Return Erlang's port mapper, which the node would start itself and leave behind, and the node. Everything listens on loopback."""
    server, epmd = find_server(), _find_epmd()
    if not server or not epmd:
        raise LocalError("RabbitMQ or Erlang's epmd isn't installed: install the package rabbitmq-server.")
    folder = settings.data / "broker"
    _write_configuration(settings, folder)
    variables = node_variables(settings, folder)
    epmd_port, port = settings.ports["BROKER_EPMD_PORT"], settings.ports["BROKER_PORT"]
    command = [epmd, "-address", LOOPBACK, "-port", str(epmd_port)]
    return [
        Program("epmd", command, settings.root, lambda: is_open(LOOPBACK, epmd_port), variables, EPMD),
        Program("broker", [server], settings.root, lambda: is_open(LOOPBACK, port), variables, BROKER),
    ]


def find_server() -> str | None:
    return str(DEBIAN_SERVER) if DEBIAN_SERVER.exists() else shutil.which("rabbitmq-server")


def _find_epmd() -> str | None:
    return shutil.which("epmd") or next(map(str, sorted(DEBIAN_ERLANG.glob("erts-*/bin/epmd"))), None)


def _write_configuration(settings: Settings, folder: Path) -> None:
    """Write the files that the node reads. Keep the cookie of an earlier start."""
    folder.mkdir(parents=True, exist_ok=True)
    listener = f"listeners.tcp.local = {LOOPBACK}:{settings.ports['BROKER_PORT']}\nlog.file = false\nlog.console = true\n"
    files = {"rabbitmq.conf": listener + LIMITS.read_text("utf-8"), "advanced.config": "[].\n", "enabled_plugins": "[].\n"}
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    cookie = folder / "home" / ".erlang.cookie"
    if not cookie.exists():
        cookie.parent.mkdir(exist_ok=True)
        cookie.write_text(secrets.token_hex(24), "utf-8")
    cookie.chmod(0o400)


def node_variables(settings: Settings, folder: Path) -> dict[str, str]:
    """Return the node's environment. It names each file, so that the node doesn't read those of the machine's own RabbitMQ."""
    name = plain_name(folder)
    return {
        "HOME": f"{name}/home",
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_EPMD_PORT": str(settings.ports["BROKER_EPMD_PORT"]),
        "RABBITMQ_NODENAME": "whynotboth@localhost",
        "RABBITMQ_DIST_PORT": str(settings.ports["BROKER_DIST_PORT"]),
        # The script then becomes the node instead of waiting for it as a parent, so that a signal reaches the node.
        "RABBITMQ_ALLOW_INPUT": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_MNESIA_BASE": f"{name}/data",
        "RABBITMQ_LOG_BASE": f"{name}/logs",
        "RABBITMQ_LOGS": "-",
        "ERL_CRASH_DUMP": f"{name}/logs/erl_crash.dump",
        "RABBITMQ_CONF_ENV_FILE": f"{name}/no-rabbitmq-env.conf",
        "RABBITMQ_CONFIG_FILE": f"{name}/rabbitmq.conf",
        "RABBITMQ_CONFIG_FILES": f"{name}/conf.d",
        "RABBITMQ_ADVANCED_CONFIG_FILE": f"{name}/advanced.config",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{name}/enabled_plugins",
    }


def has_engine() -> bool:
    """Return whether an engine for containers answers."""
    return docker.ask("info", seconds=ENGINE_SECONDS) is not None


def _container(settings: Settings) -> Program:
    name, port = _container_name(settings), settings.ports["BROKER_PORT"]
    settings.data.mkdir(parents=True, exist_ok=True)
    (settings.data / CONTAINER_NOTE).write_text(f"{name}\n", "utf-8")
    volumes = ["--volume", f"{name}:/var/lib/rabbitmq", "--volume", f"{LIMITS}:/etc/rabbitmq/conf.d/30-limits.conf:ro"]
    # The node is named after the host. With another host name it would not find its data again.
    options = ["--rm", "--name", name, "--hostname", "broker", "--publish", f"{LOOPBACK}:{port}:5672", *volumes]
    command = ["docker", "run", *options, settings.rabbitmq_image]
    return Program("broker", command, settings.root, lambda: is_open(LOOPBACK, port), {}, BROKER)


def _container_name(settings: Settings) -> str:
    """Return a name of this checkout alone, for the container and for the volume with its data."""
    return f"whynotboth-{hashlib.sha256(str(settings.root).encode()).hexdigest()[:8]}"


def remove_container(settings: Settings, *, with_data: bool = False) -> None:
    """Remove this checkout's container, if there ever was one: a killed demo leaves it running."""
    if (settings.data / CONTAINER_NOTE).exists():
        docker.ask("rm", "--force", _container_name(settings))
        if with_data:
            docker.ask("volume", "rm", "--force", _container_name(settings))
