"""Stand-ins and engines for machines without a container registry. Nothing else in infra depends on them."""

from __future__ import annotations

import ast
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.waiting import eventually
from infra.images.settings import Settings, read_settings
from infra.local.errors import LocalError
from infra.local.progress import Progress
from infra.offline.engine import forget_dead_owner, running_engine
from infra.offline.stand_ins import BAKE_FILE, IMAGE_NAMES, OLDEST_RABBITMQ, root_recipe, write_image_names

if TYPE_CHECKING:
    from pathlib import Path

RUN = """
import os, shlex, sys
from infra.offline.__main__ import run_with_descendants
from infra.local.stopping import StopAsked, StopSignals
StopSignals().listen()
wait = f"{shlex.quote(sys.executable)} -c 'import os, signal; print(os.getpid(), flush=True); signal.pause()'"
try:
    run_with_descendants(["bash", "-c", f"{wait}; true"], os.environ)
except StopAsked:
    sys.exit(130)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "certificates.crt").write_text("one", "utf-8")
    return replace(read_settings(tmp_path), variables={"SSL_CERT_FILE": f"{tmp_path}/certificates.crt"})


def imported_by(source: str) -> set[str]:
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    return names | {f"{node.module}.{alias.name}" for node in found if isinstance(node, ast.ImportFrom) for alias in node.names}


def test_nothing_else_in_infra_imports_the_offline_package(root: Path) -> None:
    others = [file for file in (root / "infra").rglob("*.py") if "offline" not in file.parts]

    importing = [str(file) for file in others if any("offline" in name for name in imported_by(file.read_text("utf-8")))]

    assert others
    assert importing == []


def test_compose_is_told_one_stand_in_for_each_of_its_variables(settings: Settings, root: Path) -> None:
    write_image_names(settings)

    names = dict(line.split("=", 1) for line in settings.image_names.read_text("utf-8").splitlines())
    assert names == IMAGE_NAMES
    compose = (root / "docker-compose.yml").read_text("utf-8")
    assert [variable for variable in names if variable not in compose] == []


def test_every_stand_in_is_built_under_its_name() -> None:
    baked = BAKE_FILE.read_text("utf-8")

    assert {*IMAGE_NAMES.values()} < {*re.findall(r'tags = \["(localhost/stand-in/.*)"\]', baked)}
    assert f'target "{OLDEST_RABBITMQ}"' in baked


def test_new_certificates_of_the_host_build_the_stand_ins_again(settings: Settings) -> None:
    before = root_recipe(settings, "trixie")

    (settings.root / "certificates.crt").write_text("two", "utf-8")

    assert root_recipe(settings, "trixie") != before


def test_a_named_engine_that_does_not_answer_is_not_replaced_by_another(settings: Settings, tmp_path: Path) -> None:
    variables = {"PATH": os.defpath, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    nowhere = replace(settings, variables=variables, engine_folder=None)

    with pytest.raises(LocalError, match="DOCKER_HOST names"), running_engine(nowhere, Progress()):
        pass


def test_the_file_of_a_killed_engine_is_removed_though_another_process_has_its_number(tmp_path: Path) -> None:
    pidfile = tmp_path / "docker.pid"
    pidfile.write_text(str(os.getpid()))

    forget_dead_owner(pidfile)

    assert not pidfile.exists()


def test_sigterm_ends_what_a_command_with_an_engine_started(root: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = int(process.stdout.readline())

        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)

    assert code == 130
    eventually(lambda: not psutil.pid_exists(started), within=10, what="no process left")
