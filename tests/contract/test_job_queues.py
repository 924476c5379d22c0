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
def queues(root: Path) -> dict[str, dict[str, Any]]:
    """The arguments of each queue and stream, by its name."""
    definitions = json.loads((root / "infra" / "rabbitmq" / "definitions.json").read_text("utf-8"))
    return {queue["name"]: queue["arguments"] for queue in definitions["queues"]}


@pytest.fixture(scope="module")
def arguments(queues: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each quorum queue."""
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


def test_no_queue_and_no_stream_grows_without_end(queues: dict[str, dict[str, Any]]) -> None:
    """Dead letters go by their age alone: what dies after a full queue would have nowhere to go."""
    refusing = {name for name, given in queues.items() if given.get("x-max-length") and given["x-overflow"] == "reject-publish"}
    dropping = {name for name, given in queues.items() if given.get("x-max-length-bytes") and given["x-max-age"]}

    assert set(queues) - refusing - dropping == {"jobs.dead"}
    assert queues["jobs.dead"]["x-message-ttl"]
