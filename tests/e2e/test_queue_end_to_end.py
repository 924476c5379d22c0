"""The classic tests of a queue, end to end: a job requested at the gateway is done once, and leaves no message."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack


def test_end_to_end_a_job_leaves_its_file_and_no_message(stack: Stack, gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("export", limit=1)["jobId"]

    job = gateway.job_in_state(job_id, "succeeded")

    assert (job["attempts"], len(gateway.job_file(job_id).content)) == (1, job["result"]["file"]["sizeBytes"])
    assert stack.broker.depth("jobs") == 0


def test_end_to_end_the_same_key_is_one_job(stack: Stack, gateway: GatewayDriver) -> None:
    key = str(uuid4())

    asked = [gateway.start_job("export", key=key, limit=1)["jobId"] for _ in range(3)]

    job = gateway.job_in_state(asked[0], "succeeded")
    assert (len(set(asked)), job["attempts"], stack.store.job(asked[0])) == (1, 1, ("succeeded", 1))
