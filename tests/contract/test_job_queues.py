"""Whatever a version of the broker takes for granted, the queues of jobs say it themselves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ml_service.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

#: Each look at a dead letter is a delivery, and there is nowhere to go for what has had too many.
LOOKS = 1_000_000_000


@pytest.fixture(scope="module")
def arguments(root: Path) -> dict[str, dict[str, Any]]:
    """Of each quorum queue, by its name."""
    definitions = json.loads((root / "infra" / "rabbitmq" / "definitions.json").read_text("utf-8"))
    queues = {queue["name"]: queue["arguments"] for queue in definitions["queues"]}
    return {name: given for name, given in queues.items() if given["x-queue-type"] == "quorum"}


def test_every_queue_says_how_often_it_gives_a_message_out_and_where_the_message_goes_then(arguments: dict[str, dict[str, Any]]) -> None:
    silent = [name for name, given in arguments.items() if "x-delivery-limit" not in given]
    losing = [name for name, given in arguments.items() if "x-dead-letter-exchange" not in given]

    assert (silent, losing) == ([], ["jobs.dead"])
    assert arguments["jobs.dead"]["x-delivery-limit"] == LOOKS


def test_a_job_ends_before_the_broker_takes_its_message_back(root: Path, arguments: dict[str, dict[str, Any]]) -> None:
    limits = (root / "infra" / "rabbitmq" / "limits.conf").read_text("utf-8")
    of_our_brokers = re.search(r"^consumer_timeout = (\d+)$", limits, re.MULTILINE)
    deadline_ms = Settings.model_fields["worker_job_deadline_seconds"].default * 1000

    assert of_our_brokers is not None
    assert deadline_ms < int(of_our_brokers[1]) == arguments["jobs"]["x-consumer-timeout"]
