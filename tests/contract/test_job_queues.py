"""The queues of jobs state each argument whose default a version of the broker may change."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ml_service.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

#: Each peek at a dead letter counts as a delivery. A limit would drop letters, because this queue has no dead-letter exchange.
PEEKS = 1_000_000_000


@pytest.fixture(scope="module")
def queues(root: Path) -> dict[str, dict[str, Any]]:
    """Return the arguments of each queue and stream, by name."""
    definitions = json.loads((root / "infra" / "rabbitmq" / "definitions.json").read_text("utf-8"))
    return {queue["name"]: queue["arguments"] for queue in definitions["queues"]}


@pytest.fixture(scope="module")
def arguments(queues: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the arguments of each quorum queue, by name."""
    return {name: given for name, given in queues.items() if given["x-queue-type"] == "quorum"}


def test_every_queue_states_its_delivery_limit_and_its_dead_letter_route(arguments: dict[str, dict[str, Any]]) -> None:
    silent = [name for name, given in arguments.items() if "x-delivery-limit" not in given]
    losing = [name for name, given in arguments.items() if "x-dead-letter-exchange" not in given]

    assert (silent, losing) == ([], ["jobs.dead"])
    assert arguments["jobs.dead"]["x-delivery-limit"] == PEEKS


def test_a_job_ends_before_the_brokers_consumer_timeout(root: Path, arguments: dict[str, dict[str, Any]]) -> None:
    limits = (root / "infra" / "rabbitmq" / "limits.conf").read_text("utf-8")
    of_our_brokers = re.search(r"^consumer_timeout = (\d+)$", limits, re.MULTILINE)
    deadline_ms = Settings.model_fields["worker_job_deadline_seconds"].default * 1000

    assert of_our_brokers is not None
    assert deadline_ms < int(of_our_brokers[1]) == arguments["jobs"]["x-consumer-timeout"]


def test_no_queue_and_no_stream_grows_without_end(queues: dict[str, dict[str, Any]]) -> None:
    """Dead letters are limited by age alone, because a full queue could only drop messages that die later."""
    refusing = {name for name, given in queues.items() if given.get("x-max-length") and given["x-overflow"] == "reject-publish"}
    dropping = {name for name, given in queues.items() if given.get("x-max-length-bytes") and given["x-max-age"]}

    assert set(queues) - refusing - dropping == {"jobs.dead"}
    assert queues["jobs.dead"]["x-message-ttl"]
