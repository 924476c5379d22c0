"""`.env.example` and the two config modules have the same variables, and the example's values load."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from harness.stack import node
from ml_service.adapters.broker import events
from ml_service.config import Settings, read_settings
from ml_service.entrypoints.worker import first_commands, worker
from ml_service.handlers.deadline import STORE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


#: It has no default, because an operator must decide who may sign in.
DEMO = {"GATEWAY_DEMO": "true"}


@pytest.fixture(scope="module")
def example(root: Path) -> dict[str, str]:
    lines = (root / ".env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def gateway_config(root: Path, environment: dict[str, str]) -> dict[str, object]:
    script = "import { readConfig } from './src/config.ts'; console.log(JSON.stringify(readConfig(JSON.parse(process.argv[1]))))"
    command = [node(), "--input-type=module", "--eval", script, "--", json.dumps(environment)]
    printed = subprocess.run(command, cwd=root / "gateway_node", capture_output=True, text=True, check=True)
    return dict(json.loads(printed.stdout))


def gateway_variables(root: Path) -> set[str]:
    script = "import { variables } from './src/config.ts'; console.log(JSON.stringify(variables))"
    printed = subprocess.run(
        [node(), "--input-type=module", "--eval", script], cwd=root / "gateway_node", capture_output=True, text=True, check=True
    )
    return set(json.loads(printed.stdout))


def test_the_example_names_every_variable_and_no_other(root: Path, example: dict[str, str]) -> None:
    python = {name.upper() for name in Settings.model_fields}

    assert set(example) == python | gateway_variables(root)


def test_the_example_has_the_defaults_of_the_python_service(example: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = {name: value for name, value in example.items() if name.lower() in Settings.model_fields and value}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = read_settings()

    for name, field in Settings.model_fields.items():
        if not field.is_required() and name not in {"worker_name", "broker_definitions", "lab_run", "lab_reference"}:
            assert getattr(settings, name) == field.get_default(call_default_factory=False), name


def test_the_example_has_the_defaults_of_the_gateway(root: Path, example: dict[str, str]) -> None:
    compared = gateway_variables(root) - {"BROKER_DEFINITIONS", "GATEWAY_DEMO_KEY"}
    given = {name: value for name, value in example.items() if name in compared}

    assert gateway_config(root, given | DEMO) == gateway_config(root, DEMO)


def grace_periods(root: Path) -> dict[str, int]:
    """Return the seconds between SIGTERM and SIGKILL for each service of the compose file."""
    blocks = re.split(r"^  (?=\w+:$)", (root / "docker-compose.yml").read_text("utf-8"), flags=re.MULTILINE)
    found = ((block.partition(":")[0], re.search(r"stop_grace_period: (\d+)s", block)) for block in blocks)
    return {name: int(seconds[1]) for name, seconds in found if seconds}


def test_the_compose_file_waits_for_each_process_to_stop(root: Path) -> None:
    grace_seconds = grace_periods(root)
    python = {name: field.default for name, field in Settings.model_fields.items()}

    assert int(str(gateway_config(root, DEMO)["shutdownMs"])) / 1000 < grace_seconds["gateway"]
    assert python["recommender_drain_seconds"] + python["recommender_grace_seconds"] < grace_seconds["recommender"]
    assert python["worker_grace_seconds"] < grace_seconds["worker"]


def test_the_time_budgets_nest(root: Path) -> None:
    """Each limit is shorter than the next: a store query, a request, the recommender's grace, the process's bound, the platform's."""
    gateway = gateway_config(root, DEMO)
    fields = Settings.model_fields
    platform_seconds = 10

    assert int(str(gateway["confirmTimeoutMs"])) < int(str(gateway["recommenderDeadlineMs"]))
    assert STORE_SECONDS < int(str(gateway["recommenderDeadlineMs"])) / 1000 < fields["recommender_grace_seconds"].default
    assert fields["recommender_grace_seconds"].default < int(str(gateway["shutdownMs"])) / 1000 < platform_seconds


def test_a_worker_that_has_to_stop_has_time_for_what_it_waits_for() -> None:
    """Without a broker, a stopping worker may wait for the confirm of one fact, then for the return of its job."""
    waits = 2 * events.CONFIRM_SECONDS

    assert waits < worker.INTERRUPT_SECONDS
    assert first_commands.WAIT_SECONDS + events.CONFIRM_SECONDS < worker.INTERRUPT_SECONDS
