"""A checkout may lie in a folder of any name."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.broker import node_variables
from infra.local.errors import LocalError
from infra.local.folders import check_name
from infra.local.programs import service_programs
from infra.local.settings import Settings, read_settings

STRANGE = ["100% é'x", "50%s", "%(here)s", "a #1", "a ;b", 'q"uote', "José's 100% (2) #x", "back\\slash", "tick`$HOME", "a?b"]


@pytest.fixture(params=STRANGE)
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("AMQP_URL", "DATABASE_URL", "REGISTRY_URL", "INTERACTIONS", "ITEMS", "IMPORT"):
        monkeypatch.delenv(name, raising=False)
    checkout = tmp_path / request.param
    (checkout / ".run" / "logs").mkdir(parents=True)
    return read_settings(checkout)


def test_the_watcher_of_sources_starts_the_same_command(settings: Settings) -> None:
    plain = {program.name: program for program in service_programs(settings, is_reloading=False)}

    watched = {program.name: program for program in service_programs(settings, is_reloading=True)}

    for name in ("recommender", "worker"):
        words = list(watched[name].command)
        assert shlex.split(words[words.index("python") + 1]) == list(plain[name].command)


def test_the_broker_gets_a_name_without_quotes(settings: Settings) -> None:
    (settings.data / "broker").mkdir(parents=True)

    variables = node_variables(settings, settings.data / "broker")

    base = variables["RABBITMQ_MNESIA_BASE"]
    assert base.isascii()
    assert not set("'\"`$ ") & set(base)
    assert Path(base).resolve() == settings.data / "broker" / "data"


def test_the_stores_of_the_demo_are_named_without_the_folder(settings: Settings) -> None:
    assert str(settings.root) not in settings.variables["DATABASE_URL"] + settings.variables["REGISTRY_URL"]


@pytest.mark.parametrize("name", [b"a:b", b"caf\xe9"])
def test_a_folder_in_which_python_makes_no_environment_is_refused_in_one_sentence(tmp_path: Path, name: bytes) -> None:
    with pytest.raises(LocalError, match=r"The checkout can't be in .*Move it"):
        check_name(tmp_path / os.fsdecode(name))


def test_without_any_plain_name_the_start_ends_with_what_to_set(tmp_path: Path, root: Path) -> None:
    strange = tmp_path / "José's"
    strange.mkdir()
    program = (
        "import sys; from pathlib import Path; from infra.local.demo import run_demo; from infra.local.settings import read_settings\n"
    )
    program += "run_demo(read_settings(Path(sys.argv[1])), is_reloading=False)"
    command = [sys.executable, "-c", program, str(strange)]

    ended = subprocess.run(command, cwd=root, env={**os.environ, "TMPDIR": str(strange)}, capture_output=True, text=True, check=False)

    assert re.search(r"RabbitMQ can use neither .* set TMPDIR to a folder with a plain ASCII name", ended.stderr)
    assert not (strange / ".venv").exists()
