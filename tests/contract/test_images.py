"""What is decided about images and engine before one runs: what is built again, which images compose takes, what a failure is called."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.images import engine, memory
from infra.images.failures import explain
from infra.images.settings import Settings, read_settings
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.offline import recipes
from infra.offline.dockerd import Dockerd
from infra.offline.recipes import with_parents
from infra.offline.stand_ins import recipe_hashes, write_image_names

if TYPE_CHECKING:
    from pathlib import Path

ALL = list(recipes.RECIPES)


class EndedStack:
    """Stands for compose after a start that failed."""

    def __init__(self, *containers: dict[str, Any]) -> None:
        self._containers = list(containers)

    def containers(self) -> list[dict[str, Any]]:
        return self._containers

    def log(self, service: str, lines: int) -> str:
        return f"the last {lines} lines of {service}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    certificates = tmp_path / "certificates.crt"
    certificates.write_text("one", "utf-8")
    return replace(read_settings(tmp_path), certificates=certificates)


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_parents_come_before_what_is_built_on_them() -> None:
    names = [recipe.name for recipe in with_parents(["node:24"])]

    assert names == ["debian:trixie", "python:3.13", "node:24"]


def test_new_certificates_of_the_host_build_every_stand_in_again(settings: Settings) -> None:
    before = recipe_hashes(settings, ALL)

    settings.certificates.write_text("two", "utf-8")

    assert changed(before, recipe_hashes(settings, ALL)) == set(ALL)


def test_a_changed_recipe_builds_again_what_stands_on_it_and_nothing_else(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stand_ins"
    shutil.copytree(recipes.FOLDER, folder)
    monkeypatch.setattr(recipes, "FOLDER", folder)
    before = recipe_hashes(settings, ALL)

    (folder / "python" / "Dockerfile").write_text("FROM scratch\n", "utf-8")

    assert changed(before, recipe_hashes(settings, ALL)) == {"python:3.13", "node:24"}


def test_compose_is_told_one_image_for_each_of_its_variables(settings: Settings, root: Path) -> None:
    write_image_names(settings)

    names = dict(line.split("=", 1) for line in settings.image_names.read_text("utf-8").splitlines())
    assert set(names) == {"PYTHON_IMAGE", "NODE_IMAGE", "RABBITMQ_IMAGE", "POSTGRES_IMAGE"}
    compose = (root / "docker-compose.yml").read_text("utf-8")
    assert [variable for variable in names if variable not in compose] == []
    assert all(image.startswith("localhost/") for image in names.values())


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


def test_memory_is_summed_over_the_containers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "must_ask", lambda *_: "a\t1.5GiB / 2GiB\nb\t512KiB / 1GiB")

    assert memory.memory_report(settings, ["a", "b"]) == "memory: 1536 MiB (a 1536, b 0)"


def test_a_named_engine_that_does_not_answer_is_not_replaced_by_another(settings: Settings, tmp_path: Path) -> None:
    nowhere = replace(settings, variables={"PATH": os.defpath, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}, engine_folder=None)

    with pytest.raises(LocalError, match="DOCKER_HOST names"):
        engine.ensure_engine(nowhere, Progress())


@pytest.mark.parametrize(
    ("version", "free_bytes", "sentence"),
    [
        (None, 10**12, "No engine for containers answers"),
        ("19.03.15", 10**12, "The engine is Docker 19.03.15, and 20.10 or newer is needed: update it."),
        ("28.2.2", 1_200_000_000, "has 1.2 GB left, and 5 GB are needed: make room"),
    ],
)
def test_an_engine_that_cannot_be_used_is_refused_with_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, version: str | None, free_bytes: int, sentence: str
) -> None:
    nameless = replace(settings, variables={"PATH": os.defpath})
    monkeypatch.setattr(engine, "ask", lambda *_, **__: version)
    monkeypatch.setattr(engine, "must_ask", lambda *_: str(settings.root))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free_bytes))

    with pytest.raises(LocalError, match=re.escape(sentence)):
        engine.check_engine(nameless)


def test_a_process_that_took_over_the_engines_number_is_not_stopped(settings: Settings) -> None:
    settings.run.mkdir()
    (settings.run / "engine.pid").write_text(f"{os.getpid()}\n", "utf-8")

    assert not Dockerd(settings).stop()
