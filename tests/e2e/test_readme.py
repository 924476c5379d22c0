"""The commands of the README and the tutorial do what they say."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from harness.gateway import GatewayDriver


def commands(page: Path) -> list[str]:
    """The curl commands of a page, in order."""
    return [command for command in re.findall(r"```sh\n(.+?)\n```", page.read_text("utf-8"), re.DOTALL) if "curl" in command]


def run(sign_in: str, command: str, gateway: GatewayDriver) -> str:
    """Runs a command as in one shell with the sign-in before it."""
    here = f"{sign_in}\n{command}".replace("http://127.0.0.1:3000", gateway.url)
    return subprocess.run(here, shell=True, capture_output=True, text=True, check=True).stdout


def test_the_readme_asks_tells_and_delegates(root: Path, gateway: GatewayDriver) -> None:
    sign_in, ask, tell, delegate = commands(root / "README.md")

    assert len(json.loads(run(sign_in, ask, gateway))["items"]) == 3
    assert json.loads(run(sign_in, tell, gateway))["itemId"] == "50"
    answer = run(sign_in, delegate, gateway)
    assert answer.startswith("HTTP/1.1 202")
    job_id = re.findall(r"location: /v1/jobs/(\S+)", answer, re.IGNORECASE)[0]
    gateway.job_in_state(job_id, "succeeded")


def test_the_tutorial_asks_tells_and_delegates(root: Path, gateway: GatewayDriver) -> None:
    sign_in, ask, tell, ask_again, delegate = commands(root / "docs" / "tutorials" / "first-steps.md")

    assert len(json.loads(run(sign_in, ask, gateway))["items"]) == 2
    accepted = json.loads(run(sign_in, tell, gateway))
    gateway.recommend("newcomer", min_offset=accepted["offset"])
    assert json.loads(run(sign_in, ask_again, gateway))["source"] in {"model", "cache"}
    job_id = json.loads(run(sign_in, delegate, gateway))["jobId"]
    assert gateway.job_in_state(job_id, "succeeded")["kind"] == "export"
