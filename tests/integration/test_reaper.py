"""The reaper removes the containers, networks and volumes of a test process that was killed."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from harness.engine import require_image
from harness.reaper import labelled
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

TEST_PROCESS = """
from uuid import uuid4
from testcontainers.core.network import Network
from harness.container_stack import named_volume
from harness.postgres import running_postgres
from harness.reaper import OWN_LABEL

with Network(), named_volume(f"whynotboth-test-{uuid4().hex}"), running_postgres():
    print(OWN_LABEL, flush=True)
    input()
"""


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    require_image("POSTGRES_IMAGE")
    with closing(docker.from_env()) as client:
        yield client


def test_a_killed_test_process_leaves_nothing_in_the_engine(engine: docker.DockerClient) -> None:
    command = [sys.executable, "-c", TEST_PROCESS]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        label = process.stdout.readline().strip()
        assert len(labelled(engine, label)) == 3

        process.kill()

        eventually(lambda: not labelled(engine, label), within=30, what="an engine without them")
