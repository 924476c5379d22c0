"""schemathesis on the OpenAPI document: no request causes a 5xx, an undocumented answer, or an answer with internal details."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.proxies import without_proxies

if TYPE_CHECKING:
    from harness.stack import Stack

CONFIG = Path(__file__).with_name("schemathesis.toml")
#: The time of a run for its start, examples, coverage and report.
REST_SECONDS = 120
INSIDE = re.compile(r"Traceback|File \"|\.(ts|js|py):\d|node_modules|site-packages|node:internal")

pytestmark = pytest.mark.timeout(0)


def without_patterns(schema: Any) -> Any:
    """Return the document without the pattern of ids. schemathesis has no Unicode classes, and would skip every route that has one."""
    if isinstance(schema, dict):
        return {name: without_patterns(part) for name, part in schema.items() if name != "pattern"}
    return [without_patterns(part) for part in schema] if isinstance(schema, list) else schema


@pytest.fixture(params=["operator", "viewer", "nobody"])
def headers(request: pytest.FixtureRequest, target: Stack) -> list[str]:
    """Return the options to send every request as the operator, as a viewer, or without a token."""
    if request.param == "nobody":
        return []
    token = target.gateway.sign_in.token(None if request.param == "operator" else "fuzz")
    return [f"--header=Authorization: Bearer {token}"]


def test_no_request_breaks_the_gateway_or_its_contract(target: Stack, headers: list[str], fuzz_seconds: int, tmp_path: Path) -> None:
    contract, report = tmp_path / "openapi.json", tmp_path / "report.har"
    contract.write_text(json.dumps(without_patterns(target.gateway.get("/openapi.json"))), "utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", f"--config-file={CONFIG}", "run", str(contract), f"--url={target.gateway.url}"]
    command += [*headers, f"--max-time={fuzz_seconds // 2}", "--warnings=off", "--no-color", f"--report-har-path={report}"]

    ended = subprocess.run(
        command, cwd=tmp_path, env=without_proxies(), capture_output=True, text=True, timeout=fuzz_seconds + REST_SECONDS, check=False
    )

    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    answers = [entry["response"]["content"]["text"] for entry in json.loads(report.read_text("utf-8"))["log"]["entries"]]
    assert any("requestId" in answer for answer in answers)
    assert [answer for answer in answers if INSIDE.search(answer)] == []
