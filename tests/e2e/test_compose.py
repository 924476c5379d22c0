"""The compose file: up from nothing, used, up again with two of each service, and down with nothing left."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import docker
import pytest

from harness.confinement import PROJECT, confinements, containers_of, look_inside
from harness.engine import MUST_ANSWER, STACK, require_image
from harness.gateway import GatewayDriver
from harness.ports import free_ports
from harness.reaper import labelled, start_reaper
from harness.stack import ROOT
from harness.story import STAR_WARS, ask_rate_and_ask_again, export_and_read, watch_the_list_change

if TYPE_CHECKING:
    from pathlib import Path

    from docker.models.containers import Container

MEBIBYTES_MAX = 1024
TWO_OF_EACH = " ".join(f"--scale={service}=2" for service in ("gateway", "recommender", "worker"))

pytestmark = [pytest.mark.containers, pytest.mark.timeout(480)]


class ComposeProject:
    """`make up` and `make down` on this repository's file, with a project name and ports of its own."""

    def __init__(self, movielens_cache: Path) -> None:
        self.name = f"whynotboth-test-{uuid4().hex}"
        first, last, management = free_ports(3)
        self._variables = {
            "COMPOSE_PROJECT_NAME": self.name,
            "GATEWAY_PORTS": f"{first}-{last}",
            "RABBITMQ_MANAGEMENT_PORT": str(management),
            "MOVIELENS_CACHE": str(movielens_cache),
            # The flags of the `make` that runs these tests must not reach this one.
            "MAKEFLAGS": "",
        }

    def make(self, target: str, arguments: str = "") -> str:
        """Return what the command prints. Fails when the command does."""
        command = ["make", "--no-print-directory", target, f"ARGS={arguments}"]
        ended = subprocess.run(command, cwd=ROOT, env=os.environ | self._variables, stdout=subprocess.PIPE, text=True, check=False)
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def gateway_ports(self) -> list[int]:
        gateways = containers_of(self.name, "gateway")
        return [int(binding["HostPort"]) for gateway in gateways for binding in gateway.ports["3000/tcp"]]


@pytest.fixture(scope="module")
def compose(movielens_cache: Path) -> ComposeProject:
    for variable in STACK:
        require_image(variable)
    project = ComposeProject(movielens_cache)
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        (pytest.fail if MUST_ANSWER else pytest.skip)("`docker compose` is missing: install Docker's plugins, or run `make images-offline`")
    start_reaper(f"{PROJECT}={project.name}")
    return project


@pytest.fixture(scope="module")
def printed(compose: ComposeProject) -> str:
    """The output of the first `make up`. The stack runs afterwards."""
    return compose.make("up")


def test_the_stack_comes_up_from_nothing_and_is_used(compose: ComposeProject, printed: str, user_id: str) -> None:
    (port,) = compose.gateway_ports()

    with closing(GatewayDriver(port)) as gateway:
        ask_rate_and_ask_again(gateway, user_id)
        watch_the_list_change(gateway, f"{user_id}-watched")
        export_and_read(gateway)


def test_the_stack_at_rest_takes_less_than_a_gibibyte(compose: ComposeProject, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    used = {str(container.name): mebibytes_of(container) for container in containers_of(compose.name)}

    with capsys.disabled():
        sys.stdout.write(f"\nmemory: {sum(used.values())} MiB ({used})\n")
    assert len(used) >= 5
    assert sum(used.values()) <= MEBIBYTES_MAX


def mebibytes_of(container: Container) -> int:
    """Return the memory as the engine's command line counts it: without the kernel's inactive page cache."""
    memory = container.stats(stream=False)["memory_stats"]
    unused = memory["stats"].get("inactive_file", memory["stats"].get("total_inactive_file", 0))
    return int(memory["usage"] - unused) // 2**20


def test_the_start_prints_how_far_the_training_is(compose: ComposeProject, printed: str) -> None:
    assert re.search(r"\] init: \S", printed)


def test_every_container_is_confined(compose: ComposeProject, printed: str) -> None:
    confined = confinements(compose.name)

    assert set(confined) == {"gateway", "recommender", "worker", "init", "rabbitmq", "postgres"}
    assert {service: confinement.gaps for service, confinement in confined.items() if confinement.gaps} == {}


def test_no_process_in_a_container_can_be_root_or_write_to_the_root_file_system(compose: ComposeProject, printed: str) -> None:
    found = look_inside(compose.name)

    assert set(found) == {"gateway", "recommender", "worker", "rabbitmq", "postgres"}
    for service, inside in found.items():
        assert inside.user_id != 0, service
        assert inside.capabilities == {0}, service
        assert inside.has_no_new_privileges, service
        assert "Read-only file system" in inside.writing_to_root, service


def test_another_up_with_two_of_each_keeps_the_data_and_both_gateways_answer_alike(
    compose: ComposeProject, printed: str, user_id: str
) -> None:
    (port,) = compose.gateway_ports()
    with closing(GatewayDriver(port)) as gateway:
        version, first = gateway.live_version(), gateway.rate(user_id, STAR_WARS, 5)

    compose.make("up", TWO_OF_EACH)

    here, there = (GatewayDriver(port) for port in compose.gateway_ports())
    with closing(here), closing(there):
        assert [each.live_version() for each in (here, there)] == [version] * 2
        answers = [each.recommend(user_id, min_offset=first["offset"]) for each in (here, there)]
        assert answers[0]["items"] == answers[1]["items"]
        watch_the_list_change(there, f"{user_id}-watched")


def test_down_with_volumes_leaves_nothing(compose: ComposeProject, printed: str) -> None:
    compose.make("down", "--volumes")

    with closing(docker.from_env()) as engine:
        assert labelled(engine, f"{PROJECT}={compose.name}") == []
