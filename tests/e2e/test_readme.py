"""The commands of the README and the tutorial do what the pages say, and print what they show."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from harness.documented import Page, Shell, shape
from harness.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from harness.documented import Step
    from harness.gateway import GatewayDriver


@pytest.fixture
def shell(root: Path, gateway: GatewayDriver, tmp_path: Path) -> Shell:
    return Shell(root, gateway.port, tmp_path)


def check(shell: Shell, step: Step) -> str:
    """Run the command and compare its output with the page. Return the output."""
    printed = shell.run(step.command)
    if step.language == "json":
        assert shape(json.loads(printed)) == shape(json.loads(step.shown)), step.command
    elif step.shown:
        assert printed.count("\n") == step.shown.count("\n") + 1, step.command
    return printed


def rate_until_the_offset_is_known(shell: Shell, step: Step) -> None:
    """Repeat the rating until its answer has an offset. On a busy machine the gateway may read the log too late for that."""
    eventually(lambda: json.loads(shell.run(step.command))["offset"] is not None, within=60, what="a rating with its offset")


def cancel_once_it_runs(gateway: GatewayDriver, training: str) -> None:
    """Wait until the training runs, then cancel it, so that it doesn't block the worker of the other tests."""
    gateway.job_in_state(training, "running", "succeeded")
    gateway.cancel_job(training)


def watch_one_line(shell: Shell, step: Step) -> None:
    line, complaint = shell.first_line(step.command)

    assert shape(json.loads(line)) == shape(json.loads(step.shown))
    assert complaint == ""


def test_the_readme_asks_tells_delegates_and_watches(root: Path, shell: Shell, gateway: GatewayDriver) -> None:
    sign_in, ask, tell, ask_again, delegate, watch = Page(root / "README.md").steps("See it work")

    check(shell, sign_in)
    check(shell, ask)
    assert json.loads(check(shell, tell))["itemId"] == "50"
    rate_until_the_offset_is_known(shell, tell)
    check(shell, ask_again)
    cancel_once_it_runs(gateway, json.loads(check(shell, delegate))["jobId"])
    watch_one_line(shell, watch)


def test_the_tutorial_goes_from_a_sign_in_to_a_file(root: Path, shell: Shell, gateway: GatewayDriver) -> None:
    page = Page(root / "docs" / "tutorials" / "first-steps.md")
    (sign_in,), (ask,), (tell, ask_again) = (page.steps(title) for title in ("2. Sign in", "3. Ask", "4. Tell"))
    delegate, watch, look, fetch = page.steps("5. Delegate")

    assert check(shell, sign_in) == ""
    check(shell, ask)
    check(shell, tell)
    rate_until_the_offset_is_known(shell, tell)
    check(shell, ask_again)
    job_id = json.loads(check(shell, delegate))["jobId"]
    watch_one_line(shell, watch)
    gateway.job_in_state(job_id, "succeeded")
    assert json.loads(check(shell, look))["jobId"] == job_id
    assert check(shell, fetch).splitlines()[0] == fetch.shown.splitlines()[0]


def test_the_tutorial_breaks_a_part_of_this_stack_alone(root: Path, shell: Shell, gateway: GatewayDriver) -> None:
    page = Page(root / "docs" / "tutorials" / "first-steps.md")
    (sign_in,) = page.steps("2. Sign in")
    train, crash, look = page.steps("6. Break something")

    shell.run(sign_in.command)
    shell.run(train.command)
    cancel_once_it_runs(gateway, shell.run("echo $TRAINING").strip())

    assert re.fullmatch(r'"attempts":\d\n', check(shell, look))
    # The stack of the tests restarts nothing: tests/integration/test_local_programs.py lets a part crash.
    part = re.search(r"-m infra\.local crash '(\w+)'$", shell.run(f"{crash.command} --dry-run").strip())
    assert part
    assert part[1] in {"gateway", "recommender", "worker"}
