"""The broker's definitions, and a copy with retry delays that are short enough for tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from harness.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DEFINITIONS = ROOT / "infra" / "rabbitmq" / "definitions.json"


def write_hasty_definitions(path: Path, retry_ms: int) -> Path:
    """Write the definitions with one short delay for all retry queues."""
    topology = json.loads(DEFINITIONS.read_text("utf-8"))
    for queue in topology["queues"]:
        if queue["name"].startswith("jobs.retry."):
            queue["arguments"]["x-message-ttl"] = retry_ms
    path.write_text(json.dumps(topology), "utf-8")
    return path
