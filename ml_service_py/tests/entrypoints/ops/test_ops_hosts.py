"""A page of another host, whose name somebody points at this machine, reads nothing of the HTTP for operators."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from ml_service.config import InvalidSettings, read_settings
from ml_service.entrypoints.ops.hosts import AllowedHosts, install_host_check
from ml_service.entrypoints.ops.problem import install_problems

OWN = ["127.0.0.1", "127.0.0.1:8081", "127.8.9.1", "localhost", "LocalHost:8081", "[::1]", "[::1]:8081"]
FOREIGN = [
    "evil.example",
    "evil.example:8081",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8081",
    "127.0.0.1@evil.example",
    "evil.example/127.0.0.1",
    "evil.example#localhost",
    "[::1].evil.example",
    "127.0.0.1:8081:evil",
    "10.1.2.3",
    "[::2]",
    "::1",
    " ",
    "",
]


async def ask(hosts: AllowedHosts, *host_headers: str, path: str = "/explain/196") -> Response:
    app = FastAPI()
    install_problems(app)
    install_host_check(app, hosts)

    @app.get(path)
    async def answer() -> str:
        return "somebody's history"

    headers = [("host", header) for header in host_headers]
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1") as client:
        return await client.send(client.build_request("GET", path, headers=headers))


@pytest.mark.parametrize("host", OWN)
async def test_loopback_names_are_accepted(host: str) -> None:
    assert (await ask(AllowedHosts("127.0.0.1"), host)).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
async def test_a_page_that_points_its_own_name_at_an_ops_port_is_rejected(host: str) -> None:
    answer = await ask(AllowedHosts("127.0.0.1"), host)

    assert (answer.status_code, answer.json()["reason"]) == (421, "HOST_REFUSED")
    assert "history" not in answer.text


async def test_a_second_host_does_not_hide_a_foreign_one() -> None:
    assert (await ask(AllowedHosts("127.0.0.1"), "127.0.0.1", "evil.example")).status_code == 421


async def test_the_listening_host_and_added_names_are_accepted() -> None:
    hosts = AllowedHosts("10.1.2.3", ["recommender", "Ops.Example.org", "fd00::7"])

    given = ["10.1.2.3:8081", "recommender:8081", "ops.example.ORG", "[fd00::7]:8081"]

    assert [(await ask(hosts, host)).status_code for host in given] == [200] * 4
    assert (await ask(hosts, "10.1.2.4")).status_code == 421


@pytest.mark.parametrize("every", ["0.0.0.0", "::"])
async def test_a_port_on_all_addresses_accepts_every_address_and_no_name(every: str) -> None:
    hosts = AllowedHosts(every)

    assert [(await ask(hosts, host)).status_code for host in ("10.1.2.3:8081", "[fd00::7]")] == [200, 200]
    assert (await ask(hosts, "evil.example")).status_code == 421


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_accept_any_name(path: str) -> None:
    assert (await ask(AllowedHosts("127.0.0.1"), "a-load-balancer.example", path=path)).status_code == 200


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DATABASE_URL", "sqlite://")
    monkeypatch.setenv("REGISTRY_URL", "registry")
    return monkeypatch


def test_added_names_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPS_ALLOWED_HOSTS", "recommender, ops.example.org,,fd00::7")

    assert read_settings().ops_allowed_hosts == ("recommender", "ops.example.org", "fd00::7")


@pytest.mark.parametrize("wrong", ["http://ops.example.org", "ops.example.org:8081", "*", "two words"])
def test_an_added_name_that_can_never_match_is_rejected_at_the_start(environment: pytest.MonkeyPatch, wrong: str) -> None:
    environment.setenv("OPS_ALLOWED_HOSTS", f"recommender,{wrong}")

    with pytest.raises(InvalidSettings, match=r"OPS_ALLOWED_HOSTS is .*isn't a host") as caught:
        read_settings()

    assert wrong in str(caught.value)
