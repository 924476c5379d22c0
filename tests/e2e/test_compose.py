"""The compose file itself: up from nothing, used, up again with two of each, and down without a trace."""

from __future__ import annotations

import io
import re
import sys
from contextlib import closing, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.confinement import confinements, look_inside
from harness.engine import MUST_ANSWER
from harness.gateway import GatewayDriver
from harness.leftovers import engine_client, labelled, removing_what_is_labelled
from harness.story import STAR_WARS, ask_rate_and_ask_again, export_and_read, watch_the_list_change
from infra.images.compose import Compose
from infra.images.plugins import has_plugins
from infra.images.settings import read_settings
from infra.images.stack import NO_COMPOSE, down, up
from infra.local.ports import free_port_range, free_ports
from infra.local.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.images.settings import Settings

MEBIBYTES_MAX = 1024
TWO_OF_EACH = [f"--scale={service}=2" for service in ("gateway", "recommender", "worker")]

pytestmark = [pytest.mark.containers, pytest.mark.timeout(480)]


@pytest.fixture(scope="module")
def compose(container_run: str, movielens_cache: Path) -> Iterator[Settings]:
    """Compose on this repository's file, under a name and on ports of its own."""
    ports = free_port_range(2)
    own = {
        "COMPOSE_PROJECT_NAME": f"{container_run}-compose",
        "GATEWAY_PORTS": f"{ports[0]}-{ports[-1]}",
        "RABBITMQ_MANAGEMENT_PORT": str(free_ports(1)[0]),
        "MOVIELENS_CACHE": str(movielens_cache),
    }
    settings = read_settings()
    if not has_plugins(settings):
        (pytest.fail if MUST_ANSWER else pytest.skip)(NO_COMPOSE)
    with removing_what_is_labelled(own["COMPOSE_PROJECT_NAME"]):
        yield replace(settings, variables={**settings.variables, **own})


@pytest.fixture(scope="module")
def printed(compose: Settings) -> str:
    """What the first `up` says. The stack runs when it is given."""
    with redirect_stdout(io.StringIO()) as output:
        assert up(compose, Progress(), []) == 0
    return output.getvalue()


def gateway_ports(compose: Settings) -> list[int]:
    containers = [container for container in Compose(compose).containers() if container["Service"] == "gateway"]
    return [port["PublishedPort"] for container in containers for port in container["Publishers"] if port["PublishedPort"]]


def test_the_stack_comes_up_from_nothing_and_is_used(compose: Settings, printed: str, user_id: str) -> None:
    (port,) = gateway_ports(compose)

    with closing(GatewayDriver(port)) as gateway:
        ask_rate_and_ask_again(gateway, user_id)
        watch_the_list_change(gateway, f"{user_id}-watched")
        export_and_read(gateway)


def test_the_stack_at_rest_takes_less_than_a_gibibyte(printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    memory = re.search(r"memory: (\d+) MiB.*", printed)

    assert memory, printed
    with capsys.disabled():
        sys.stdout.write(f"\n{memory[0]}\n")
    assert int(memory[1]) <= MEBIBYTES_MAX


def test_every_container_is_confined(compose: Settings, printed: str) -> None:
    confined = confinements(compose.variables["COMPOSE_PROJECT_NAME"])

    assert set(confined) == {"gateway", "recommender", "worker", "init", "rabbitmq", "postgres"}
    assert {service: confinement.gaps for service, confinement in confined.items() if confinement.gaps} == {}


def test_no_process_in_a_container_can_be_root_or_write_where_it_should_not(compose: Settings, printed: str) -> None:
    found = look_inside(compose.variables["COMPOSE_PROJECT_NAME"])

    assert set(found) == {"gateway", "recommender", "worker", "rabbitmq", "postgres"}
    for service, inside in found.items():
        assert inside.user_id != 0, service
        assert inside.capabilities == {0}, service
        assert inside.has_no_new_privileges, service
        assert "Read-only file system" in inside.writing_to_root, service


def test_another_up_with_two_of_each_keeps_the_data_and_both_gateways_tell_the_same(compose: Settings, printed: str, user_id: str) -> None:
    (port,) = gateway_ports(compose)
    with closing(GatewayDriver(port)) as gateway:
        version, first = gateway.live_version(), gateway.rate(user_id, STAR_WARS, 5)

    assert up(compose, Progress(), TWO_OF_EACH) == 0

    here, there = (GatewayDriver(port) for port in gateway_ports(compose))
    with closing(here), closing(there):
        assert [each.live_version() for each in (here, there)] == [version] * 2
        answers = [each.recommend(user_id, min_offset=first["offset"]) for each in (here, there)]
        assert answers[0]["items"] == answers[1]["items"]
        watch_the_list_change(there, f"{user_id}-watched")


def test_down_with_volumes_leaves_nothing(compose: Settings, printed: str) -> None:
    assert down(compose, Progress(), ["--volumes"]) == 0

    with engine_client() as client:
        assert labelled(client, compose.variables["COMPOSE_PROJECT_NAME"]) == []
