"""Containers before one runs: engines that are refused, the names of failures, the images that compose takes."""

from __future__ import annotations

import re
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from harness.waiting import eventually
from infra.images import docker
from infra.images.compose import explain
from infra.images.stack import _news_of_init
from infra.local.errors import LocalError
from infra.local.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


class EndedStack:
    """Stands for compose after a start that failed."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self._containers = list(containers)

    def containers(self) -> list[dict[str, Any]]:
        return self._containers

    def log(self, service: str, lines: int) -> str:
        return f"the last {lines} lines of {service}"


def test_the_services_are_built_on_public_images_unless_told_otherwise(root: Path) -> None:
    assert "ARG NODE_IMAGE=node:24-slim\n" in (root / "gateway_node" / "Dockerfile").read_text("utf-8")
    assert "ARG PYTHON_IMAGE=python:3.13-slim\n" in (root / "ml_service_py" / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("whynotboth-rabbitmq-1: listen tcp4 127.0.0.1:15672: bind: address already in use", "RABBITMQ_MANAGEMENT_PORT"),
        ("whynotboth-gateway-1: Bind for 127.0.0.1:3000 failed: port is already allocated", "GATEWAY_PORTS"),
        ("write /var/lib/x: no space left on device", "no room left"),
        ("Error response from daemon: Get https://registry.example.org/v2/: no such host", "make images-offline"),
    ],
)
def test_a_known_failure_is_named_with_what_to_do(output: str, sentence: str) -> None:
    assert sentence in explain(EndedStack(), output)  # type: ignore[arg-type]


def test_a_part_that_never_became_healthy_is_named_with_its_log() -> None:
    fine = {"Service": "postgres", "State": "running", "Health": "healthy", "ExitCode": 0}
    deaf = {"Service": "rabbitmq", "State": "running", "Health": "unhealthy", "ExitCode": 0}

    sentence = explain(EndedStack(fine, deaf), "dependency failed to start")  # type: ignore[arg-type]

    assert sentence.startswith("rabbitmq never became healthy.")
    assert sentence.endswith("lines of rabbitmq")


def test_while_compose_waits_the_news_of_init_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Progress, "say", lambda _, text: said.append(text))

    with _news_of_init(EndedStack(), Progress(), silence_seconds=0.01):  # type: ignore[arg-type]
        eventually(lambda: said, within=10, what="a line of init's log")

    assert said == ["init: the last 1 lines of init"]


@pytest.mark.parametrize(
    ("version", "free_bytes", "sentence"),
    [
        (None, 10**12, "No engine for containers answers"),
        ("19.03.15", 10**12, "The engine is Docker 19.03.15, and 20.10 or newer is needed: update it."),
        ("28.2.2", 1_200_000_000, "has 1.2 GB left, and 5 GB are needed: make room"),
    ],
)
def test_an_engine_that_cannot_be_used_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, version: str | None, free_bytes: int, sentence: str
) -> None:
    monkeypatch.setattr(docker, "ask", lambda command, *_, **__: "/" if command == "info" else version)
    monkeypatch.setattr(docker, "DOCKER_HOST", "")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))

    with pytest.raises(LocalError, match=re.escape(sentence)):
        docker.check_engine()


def test_a_named_engine_that_does_not_answer_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "ask", lambda *_, **__: None)
    monkeypatch.setattr(docker, "DOCKER_HOST", "unix:///nowhere.sock")

    with pytest.raises(LocalError, match=r"DOCKER_HOST names unix:///nowhere\.sock, and no engine answers there"):
        docker.check_engine()


@pytest.mark.parametrize("version", [None, "2.23.9"])
def test_plugins_that_are_missing_or_too_old_are_named(monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    monkeypatch.setattr(docker, "ask", lambda *_, **__: version)

    with pytest.raises(LocalError, match=r"2\.24 or newer and buildx are missing.*make images-offline"):
        docker.require_plugins()
