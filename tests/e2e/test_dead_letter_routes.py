"""The operator's dead letters through the gateway, with the same results as on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from harness.dead_letters import DeadLetterRoutes
from harness.messages import export_requested
from harness.waiting import eventually
from ml_service.adapters.broker.dead_letters import QUEUE

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

JOB_REQUESTED = "whynotboth.v1.JobRequested"


@pytest.fixture
def routes(gateway: GatewayDriver, stack: Stack) -> DeadLetterRoutes:
    stack.broker.dead_letters()
    return DeadLetterRoutes(gateway)


def test_the_operator_replays_and_drops_through_the_gateway(routes: DeadLetterRoutes, stack: Stack, gateway: GatewayDriver) -> None:
    job_id = str(uuid4())
    # The gateway itself would refuse this limit.
    body = export_requested(job_id, limit=0)
    stack.broker.publish(body, exchange="jobs", routing_key="job.requested", message_type=JOB_REQUESTED, message_id=job_id)
    letter = eventually(lambda: routes.of_job(job_id), within=20, every=0.5)

    replayed = routes.replay(letter["deadLetterId"])
    again = eventually(lambda: (found := routes.of_job(job_id)) and found["attempts"] == 2 and found, within=20, every=0.5)
    dropped = routes.drop(again["deadLetterId"])

    assert (letter["kind"], letter["attempts"], letter["error"]["reason"]) == ("export", 1, "JOB_PARAMS_INVALID")
    assert (replayed["queued"], dropped["jobId"], routes.of_job(job_id)) == (True, job_id, None)
    job = gateway.job_in_state(job_id, "failed")
    assert job["attempts"] == 2


def test_the_gateway_refuses_to_replay_a_message_that_is_no_job(routes: DeadLetterRoutes, stack: Stack) -> None:
    stack.broker.publish(b"\xff\xff", routing_key=QUEUE, message_type="somebody.Elses")
    (letter,) = routes.list()

    refused = routes.refusal(letter["deadLetterId"])
    body = routes.get(letter["deadLetterId"])["body"]
    routes.drop(letter["deadLetterId"])

    assert (refused["status"], refused["reason"], body) == (400, "MESSAGE_UNDECODABLE", "//8=")
