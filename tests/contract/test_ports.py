"""The ports of the local stack: read from variables, refused with the name of the variable to set."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from harness.ports import free_ports
from infra.local.errors import LocalError
from infra.local.ports import DEFAULTS, check_free, is_free, is_open, read_ports

if TYPE_CHECKING:
    from pathlib import Path


def test_a_variable_replaces_the_default() -> None:
    ports = read_ports({"GATEWAY_PORT": "3100", "BROKER_PORT": ""})

    assert ports == {**DEFAULTS, "GATEWAY_PORT": 3100}


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "3000.5", "٣٠٠٠"])
def test_what_is_no_port_is_refused_with_its_variable(text: str) -> None:
    with pytest.raises(LocalError, match=r"WORKER_OPS_PORT .* from 1 to 65535"):
        read_ports({"WORKER_OPS_PORT": text})


def test_one_port_for_two_is_refused_with_both_variables() -> None:
    with pytest.raises(LocalError, match="GATEWAY_PORT and RECOMMENDER_OPS_PORT are both 8081"):
        read_ports({"GATEWAY_PORT": "8081"})


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104  the port is taken there, too
def test_each_taken_port_is_named_with_its_variable(host: str) -> None:
    with socket.create_server((host, 0)) as one, socket.create_server((host, 0)) as other:
        ports = {"GATEWAY_PORT": one.getsockname()[1], "BROKER_PORT": other.getsockname()[1], "WORKER_OPS_PORT": free_ports(1)[0]}

        with pytest.raises(LocalError) as refusal:
            check_free(ports)

    assert str(refusal.value).splitlines() == [
        f"Port {ports['GATEWAY_PORT']} is taken: set GATEWAY_PORT to a free one.",
        f"Port {ports['BROKER_PORT']} is taken: set BROKER_PORT to a free one.",
    ]


def test_a_port_that_was_served_a_moment_ago_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            # The side that closes first keeps the port in TIME_WAIT.
            server.accept()[0].close()
            assert is_open("127.0.0.1", port)

    assert is_free(port)
    assert not is_open("127.0.0.1", port)


def test_the_defaults_leave_the_machines_own_broker_its_helpers() -> None:
    assert not {4369, 25672} & set(DEFAULTS.values())


def test_the_page_of_variables_has_every_port_that_services_read(root: Path) -> None:
    rows = (root / ".env.example").read_text("utf-8").splitlines()

    assert {f"{name}={port}" for name, port in DEFAULTS.items() if not name.startswith("BROKER_")} <= set(rows)
