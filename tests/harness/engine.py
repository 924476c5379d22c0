"""Whether containers can be used, of which images, and what they are labelled with. Says what is missing instead of guessing."""

from __future__ import annotations

import gc
import os
import warnings
from functools import cache

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from harness.leftovers import LABEL, engine_client, run_name
from infra.images.recipes import RECIPES, StandIn
from infra.images.settings import read_settings

#: testcontainers reads them when it is imported. Its own reaper is an image that can't be had everywhere, and leftovers.py does its work;
#: inside a container it would look for published ports at the bridge's address, and ours are at the loopback's.
TESTCONTAINERS = {"TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_CONNECTION_MODE": "docker_host", "TC_HOST": "127.0.0.1"}
for variable, value in TESTCONTAINERS.items():
    os.environ.setdefault(variable, value)
#: That of ENGINE_FOLDER, where this is set.
if host := read_settings().variables.get("DOCKER_HOST"):
    os.environ["DOCKER_HOST"] = host

MUST_ANSWER = os.environ.get("REQUIRE_DOCKER") == "1"


def public_image(name: str) -> str:
    recipe = RECIPES[name]
    assert isinstance(recipe, StandIn)
    return str(recipe.public)


PUBLIC = {
    "GATEWAY_IMAGE": "whynotboth-gateway",
    "ML_SERVICE_IMAGE": "whynotboth-ml-service",
    "POSTGRES_IMAGE": public_image("postgres:17"),
    "RABBITMQ_IMAGE": public_image("rabbitmq:4.0"),
    "RABBITMQ_3_10_IMAGE": public_image("rabbitmq:3.10"),
}
#: What the whole stack needs.
VARIABLES = ("GATEWAY_IMAGE", "ML_SERVICE_IMAGE", "POSTGRES_IMAGE", "RABBITMQ_IMAGE")
#: compose has no variable for the oldest tested broker, so its stand-in isn't among the names that are written down for compose.
STAND_INS = {"RABBITMQ_3_10_IMAGE": RECIPES["rabbitmq:3.10"].image}


def image_of(variable: str) -> str:
    """The image that the environment names, else the stand-in that was built, else the public one."""
    file = read_settings().image_names
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    built = {**dict(line.split("=", 1) for line in lines), **(STAND_INS if lines else {})}
    return os.environ.get(variable) or built.get(variable) or PUBLIC[variable]


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


def why_no_image(image: str) -> str | None:
    with engine_client() as client:
        try:
            client.images.get(image)
        except ImageNotFound:
            return f"there is no image {image}: run `make images`, without a registry `make images-offline` first, or pull it"
    return None


def require_image(image: str) -> None:
    """Skips the test where the image can't be run, and fails it where containers are a must."""
    reason = why_no_engine() or why_no_image(image)
    if reason and MUST_ANSWER:
        pytest.fail(f"REQUIRE_DOCKER is set, and {reason}", pytrace=False)
    if reason:
        pytest.skip(f"needs a container of {image}, and {reason}")


def labels() -> dict[str, str]:
    return {LABEL: run_name()}
