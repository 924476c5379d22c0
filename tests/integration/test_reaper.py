"""The reaper removes the containers of a test process that was killed."""

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
from harness.reaper import OWN_LABEL
from harness.postgres import running_postgres

with running_postgres():
    print(OWN_LABEL, flush=True)
    input()
"""


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    require_image("POSTGRES_IMAGE")
    with closing(docker.from_env()) as client:
        yield client


def test_a_killed_test_process_leaves_no_container(engine: docker.DockerClient) -> None:
    command = [sys.executable, "-c", TEST_PROCESS]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        label = process.stdout.readline().strip()
        assert len(labelled(engine, label)) == 1

        process.kill()

        eventually(lambda: not labelled(engine, label), within=30, what="no container")
