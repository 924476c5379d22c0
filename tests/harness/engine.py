"""Whether an engine for containers and its images are there. Tests are skipped without them, and fail with REQUIRE_DOCKER=1."""

from __future__ import annotations

import gc
import os
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest
from docker.errors import DockerException, ImageNotFound
from docker.types import Ulimit
from testcontainers.core.config import ConnectionMode, testcontainers_config

from harness.ports import LOOPBACK, free_ports
from harness.reaper import start_reaper

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

#: The image of testcontainers' own reaper can't be pulled everywhere: reaper.py does its work.
testcontainers_config.ryuk_disabled = True
#: A test process in a container would look for published ports at the bridge's address; ours are on the loopback interface.
testcontainers_config.connection_mode_override = ConnectionMode.docker_host
testcontainers_config.tc_host_override = LOOPBACK
#: testcontainers asks this often whether a container is ready, in seconds, and so many times. Its default is once a second.
testcontainers_config.sleep_time, testcontainers_config.max_tries = 0.1, 1200
#: The engine that infra/offline/with-engine starts in this folder.
if folder := os.environ.get("ENGINE_FOLDER"):
    os.environ.setdefault("DOCKER_HOST", f"unix://{Path(folder).resolve()}/docker.sock")

MUST_ANSWER = os.environ.get("REQUIRE_DOCKER") == "1"
#: The names of the images that were built for a machine without a container registry.
STAND_INS = Path(__file__).resolve().parents[2] / ".run" / "images.env"
IMAGES = {
    "GATEWAY_IMAGE": "whynotboth-gateway",
    "ML_SERVICE_IMAGE": "whynotboth-ml-service",
    "POSTGRES_IMAGE": "postgres:17",
    "RABBITMQ_IMAGE": "rabbitmq:4.0-management",
    "RABBITMQ_3_10_IMAGE": "rabbitmq:3.10-management",
}
#: The images of the whole stack.
STACK = ("GATEWAY_IMAGE", "ML_SERVICE_IMAGE", "POSTGRES_IMAGE", "RABBITMQ_IMAGE")
#: A fixed host name, as RabbitMQ names its node after it. Few open files, as Erlang reserves memory for each that it may open.
OPTIONS: dict[str, Any] = {"hostname": "container", "ulimits": [Ulimit(name="nofile", soft=10000, hard=10000)]}


def image_of(variable: str) -> str:
    """Return the image that the environment names, else the stand-in that was built, else the public one."""
    lines = STAND_INS.read_text("utf-8").splitlines() if STAND_INS.exists() else []
    stand_ins = dict(line.split("=", 1) for line in lines)
    if lines:
        # docker-compose.yml has no variable for the oldest broker, so the file doesn't name its stand-in.
        stand_ins["RABBITMQ_3_10_IMAGE"] = "localhost/stand-in/rabbitmq:3.10"
    return os.environ.get(variable) or stand_ins.get(variable) or IMAGES[variable]


@cache
def why_no_engine() -> str | None:
    reason = None
    with warnings.catch_warnings():
        # A client that finds no engine leaves its socket to the garbage collector, which complains.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            docker.from_env(timeout=15).close()
        except DockerException:
            reason = "no engine for containers answers: start one, or name it in DOCKER_HOST"
        gc.collect()
    return reason


def why_not(image: str) -> str | None:
    """Return the reason why no container of the image can run, None where it can."""
    if reason := why_no_engine():
        return reason
    client = docker.from_env()
    try:
        client.images.get(image)
    except ImageNotFound:
        return f"there is no image {image}: run `make images`, without a registry `make images-offline` first, or pull it"
    finally:
        client.close()
    return None


def require_image(variable: str) -> str:
    """Return the image, with a reaper running. Without it, skip the test, or fail it with REQUIRE_DOCKER=1."""
    image = image_of(variable)
    if reason := why_not(image):
        message = f"a container of {image} is needed, and {reason}"
        pytest.fail(f"REQUIRE_DOCKER is set: {message}", pytrace=False) if MUST_ANSWER else pytest.skip(message)
    start_reaper()
    return image


def publish(container: DockerContainer, port: int) -> int:
    """Lead a port of the loopback interface to this port of the container. It stays the same after a restart. Return it.

    `with_bind_ports()` would open the port to the network.
    """
    (host_port,) = free_ports(1)
    container.ports[str(port)] = (LOOPBACK, host_port)  # type: ignore[assignment]
    return host_port
