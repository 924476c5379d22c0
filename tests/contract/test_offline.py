"""Stand-ins and engines for machines without a container registry. Nothing else in infra depends on them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

#: Stands for docker: it notes each call. A label of an image is what the file `label` holds.
DOCKER = """#!/bin/sh
here=$(dirname "$0")
echo "docker $*" >> "$here/calls"
case "$1" in
  version) [ -e "$here/answers" ] && echo 28.2.2 ;;
  info) echo "$here" ;;
  compose) echo 2.26.1 ;;
  image) cat "$here/label" ;;
esac
"""
MMDEBSTRAP = """#!/bin/sh
echo "mmdebstrap $*" >> "$(dirname "$0")/calls"
"""
#: Stands for an engine. It answers once it runs.
DOCKERD = """#!/bin/bash
here=$(dirname "$0")
sleep 1000 &
trap 'kill $!; rm "$here/answers"; exit' TERM
echo $$ > "$here/pid"
touch "$here/answers"
wait
"""
WAIT = "import os, signal; print(os.getpid(), flush=True); signal.pause()"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that stand for those of a machine with an engine."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"docker": DOCKER, "mmdebstrap": MMDEBSTRAP, "answers": "", "label": "", "calls": ""}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, root: Path) -> Path:
    folder = tmp_path / "José's checkout"
    folder.mkdir()
    for name in ("infra", "docker-compose.yml"):
        (folder / name).symlink_to(root / name)
    return folder


def run(command: Path | str, machine: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"DOCKER_HOST", "ENGINE_FOLDER"}}
    environment |= {"PATH": f"{machine}:{environment['PATH']}", **variables}
    return subprocess.run([command, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_nothing_else_in_infra_uses_the_offline_scripts(root: Path) -> None:
    others = [file for file in (root / "infra").rglob("*.py") if "offline" not in file.parts]

    using = {str(file.relative_to(root)) for file in others if re.search("infra[./]offline", file.read_text("utf-8"))}

    # Its error names the way to an engine, and calls nothing.
    assert using == {"infra/images/docker.py"}


def test_every_stand_in_that_compose_is_told_is_built_and_has_a_variable_there(root: Path) -> None:
    script = (root / "infra" / "offline" / "stand-ins").read_text("utf-8")
    baked = (root / "infra" / "offline" / "docker-bake.hcl").read_text("utf-8")
    compose = (root / "docker-compose.yml").read_text("utf-8")

    names = dict(re.findall(r"^(\w+_IMAGE)=(\S+)$", script, re.MULTILINE))

    assert set(names) == {"PYTHON_IMAGE", "NODE_IMAGE", "RABBITMQ_IMAGE", "POSTGRES_IMAGE"}
    assert [image for image in names.values() if f'tags = ["{image}"]' not in baked] == []
    assert [variable for variable in names if variable not in compose] == []


def recipes(machine: Path) -> list[str]:
    return re.findall(r"LABEL stand-in\.recipe=(\w+)", (machine / "calls").read_text())


def test_new_certificates_of_the_host_build_the_stand_ins_again(machine: Path, checkout: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.crt"
    script = make_script(checkout)
    bundle.write_text("one")
    run(script, machine, SSL_CERT_FILE=str(bundle))
    (first,) = recipes(machine)
    (machine / "label").write_text(first)
    run(script, machine, SSL_CERT_FILE=str(bundle))
    after_no_change = recipes(machine)

    bundle.write_text("two")
    ended = run(script, machine, SSL_CERT_FILE=str(bundle))

    assert ended.returncode == 0, ended.stderr
    assert after_no_change == [first]
    assert len(set(recipes(machine))) == 2
    assert (checkout / ".run").stat().st_mode & 0o777 == 0o700


def make_script(checkout: Path) -> Path:
    """Return the script as a file of this checkout: it finds its checkout by its own place."""
    source = checkout / "infra" / "offline" / "stand-ins"
    inside = checkout / "scripts" / "offline"
    inside.mkdir(parents=True)
    script = inside / "stand-ins"
    script.write_text(source.read_text("utf-8"))
    script.chmod(0o755)
    return script


@pytest.fixture
def with_engine(root: Path) -> Path:
    return root / "infra" / "offline" / "with-engine"


def test_a_command_runs_with_the_engine_that_answers_and_its_exit_code_counts(machine: Path, with_engine: Path, tmp_path: Path) -> None:
    ended = run(with_engine, machine, "sh", "-c", "echo ran; exit 7", ENGINE_FOLDER=str(tmp_path / "engine"))

    assert (ended.stdout, ended.returncode) == ("ran\n", 7)


def test_a_named_engine_that_does_not_answer_is_not_replaced_by_another(machine: Path, with_engine: Path) -> None:
    (machine / "answers").unlink()

    ended = run(with_engine, machine, "true", DOCKER_HOST="unix:///nowhere.sock")

    assert ended.returncode == 1
    assert "DOCKER_HOST names unix:///nowhere.sock, and no engine answers there" in ended.stderr


@pytest.fixture
def machine_without_engine(machine: Path) -> Path:
    (machine / "answers").unlink()
    (machine / "dockerd").write_text(DOCKERD)
    (machine / "dockerd").chmod(0o755)
    return machine


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts an engine")
def test_an_engine_is_started_in_its_folder_and_stopped_at_the_end(machine_without_engine: Path, with_engine: Path, tmp_path: Path) -> None:
    pidfile = tmp_path / "engine" / "docker.pid"
    pidfile.parent.mkdir()
    pidfile.write_text(str(os.getpid()))

    ended = run(with_engine, machine_without_engine, "sh", "-c", "echo $DOCKER_HOST", ENGINE_FOLDER=str(pidfile.parent))

    assert ended.stdout.endswith(f"unix://{tmp_path}/engine/docker.sock\n")
    assert not psutil.pid_exists(int((machine_without_engine / "pid").read_text()))
    # Another process had the number of the dead engine.
    assert not pidfile.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts an engine")
def test_the_last_command_that_uses_an_engine_stops_it(machine_without_engine: Path, with_engine: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{machine_without_engine}:{os.environ['PATH']}", "ENGINE_FOLDER": str(tmp_path / "engine")}
    command = [str(with_engine), "sh", "-c", "echo joined; read -r _"]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def runs_after_the_end_of(user: subprocess.Popen[str]) -> bool:
        user.communicate("\n")
        return psutil.pid_exists(int((machine_without_engine / "pid").read_text()))

    with start() as starter:
        assert starter.stdout is not None
        eventually(lambda: starter.stdout.readline() == "joined\n", within=30, what="the starter's command")  # type: ignore[union-attr]
        with start() as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "joined\n"

            assert runs_after_the_end_of(starter)
            assert not runs_after_the_end_of(other)


def test_sigterm_ends_what_a_command_with_an_engine_started(machine: Path, with_engine: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{machine}:{os.environ['PATH']}", "ENGINE_FOLDER": str(tmp_path / "engine")}
    command = [str(with_engine), "bash", "-c", '"$0" -c "$1"; true', sys.executable, WAIT]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = int(process.stdout.readline())

        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=30)

    assert code == 130
    eventually(lambda: not psutil.pid_exists(started), within=10, what="no process left")
