"""`/openapi.json` is a valid OpenAPI document, checked by openapi-spec-validator."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.stack import node

if TYPE_CHECKING:
    from pathlib import Path

DEMO = {"GATEWAY_DEMO": "true"}
PROVIDER = {
    "GATEWAY_JWKS_URL": "https://id.example/keys",
    "GATEWAY_TOKEN_ISSUER": "https://id.example/",
    "GATEWAY_TOKEN_AUDIENCE": "gateway",
}
#: Prints the document of a gateway with these settings and fake clients.
SCRIPT = """
import { buildApp } from './src/app.ts'
import { readConfig } from './src/config.ts'
import { FakeBroker, FakeRecommender } from './test/fakes.ts'
const clients = { broker: new FakeBroker(), recommender: new FakeRecommender() }
const app = await buildApp(readConfig(JSON.parse(process.argv[1])), clients)
const { payload } = await app.inject('/openapi.json')
console.log(payload)
await app.close()
"""


@pytest.mark.parametrize("sign_in", [DEMO, PROVIDER], ids=["demo", "provider"])
def test_the_document_is_valid(root: Path, tmp_path: Path, sign_in: dict[str, str]) -> None:
    settings = {**sign_in, "GATEWAY_DEMO_KEY": str(tmp_path / "demo.pem"), "LOG_LEVEL": "error"}
    command = [node(), "--input-type=module", "--eval", SCRIPT, "--", json.dumps(settings)]
    printed = subprocess.run(command, cwd=root / "gateway_node", capture_output=True, text=True, check=True)
    document = tmp_path / "openapi.json"
    document.write_text(printed.stdout, "utf-8")

    checked = subprocess.run([sys.executable, "-m", "openapi_spec_validator", str(document)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
