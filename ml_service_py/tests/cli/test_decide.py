"""The command `decide`: words or a record for a file of answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from ml_service.__main__ import app
from ml_service.cli import commands as commands_module

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

#: The command needs no store, so it has no setting of one.
NO_SETTINGS = {"DATABASE_URL": None, "REGISTRY_URL": None}


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The runner's own standard error is gone when the test is over, and a process has one set of log handlers.
    monkeypatch.setattr(commands_module, "configure_logs", lambda _level: None)
    return tmp_path / "answers.json"


def decide(path: Path, *options: str) -> Result:
    absent = str(path.with_name("absent.json"))
    environment = {**NO_SETTINGS, "LAB_RUN": absent, "LAB_REFERENCE": absent}
    return CliRunner().invoke(app, ["decide", str(path), *options], env=environment)


def test_decide_prints_the_answer_with_its_shares(answers: Path) -> None:
    answers.write_text(json.dumps({"team": "javascript", "libraries": "npm"}))

    result = decide(answers)

    assert result.exit_code == 0
    assert result.stdout.startswith("Node.\nThe best under the weights and scores that fit the answers: Node in ")
    assert "When not" not in result.stderr


def test_decide_prints_a_decision_record(answers: Path) -> None:
    answers.write_text(json.dumps({"team": "python", "libraries": "pypi"}))

    result = decide(answers, "--adr")

    assert result.stdout.startswith("# Write the back end in Python\n\nStatus: proposed\n")


@pytest.mark.parametrize("text", ["[1]", "no JSON", '{"load": 3}'])
def test_decide_says_what_a_file_of_answers_looks_like(answers: Path, text: str) -> None:
    answers.write_text(text)

    result = decide(answers)

    assert result.exit_code == 1
    assert result.stderr == (
        f'{answers} isn\'t a JSON object of texts. Write answers as {{"connections": "thousands", "team": "javascript"}}.\n'
    )


def test_decide_names_a_contradiction(answers: Path) -> None:
    answers.write_text(json.dumps({"libraries": "both", "single_language": "must"}))

    result = decide(answers)

    assert result.exit_code == 1
    assert result.stderr.startswith("The answers contradict each other: ")
