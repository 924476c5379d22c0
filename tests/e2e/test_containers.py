"""The four flows in containers of our own images, with PostgreSQL and a broker on their network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

from harness.story import (
    STAR_WARS,
    ask_rate_and_ask_again,
    export_and_read,
    promote_and_promote_back,
    train_and_watch,
    watch_the_list_change,
)
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.container_stack import ContainerStack
    from harness.live import Frame, LiveSocket

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]


def test_the_next_answer_takes_a_rating_into_account(containers: ContainerStack, user_id: str) -> None:
    ask_rate_and_ask_again(containers.gateway, user_id)


def test_a_rating_arrives_once_in_postgresql(containers: ContainerStack, user_id: str) -> None:
    accepted = containers.gateway.rate(user_id, STAR_WARS, 4)

    rows = eventually(lambda: containers.interactions(accepted["interactionId"]), within=15)

    assert rows == [(user_id, STAR_WARS, 4)]


def test_a_new_list_is_pushed_to_a_subscribed_socket(containers: ContainerStack, user_id: str) -> None:
    watch_the_list_change(containers.gateway, user_id)


def test_a_trained_version_is_promoted_forward_and_back(containers: ContainerStack) -> None:
    before = containers.gateway.live_version()
    version = train_and_watch(containers.gateway)

    promote_and_promote_back(containers.gateway, version, before)


def test_an_export_is_written_by_the_worker_and_read_through_the_gateway(containers: ContainerStack) -> None:
    export_and_read(containers.gateway)


def test_a_rating_through_one_gateway_reaches_sockets_on_both(containers: ContainerStack, user_id: str) -> None:
    topic = f"users/{user_id}/recommendations"
    here, there = containers.drivers
    with here.live() as one, there.live() as other:
        for socket in (one, other):
            socket.subscribe(topic)
            socket.wait_for("event", topic=topic)

        accepted = here.rate(user_id, STAR_WARS, 5)

        pushed = [socket.wait_for("event", topic=topic) for socket in (one, other)]
    assert [event["offset"] for event in pushed] == [accepted["offset"]] * 2
    assert pushed[0]["data"]["items"] == pushed[1]["data"]["items"]


def test_a_jobs_progress_reaches_sockets_on_both_gateways_alike(containers: ContainerStack) -> None:
    here, there = containers.drivers
    with here.live() as one, there.live() as other:
        for socket in (one, other):
            watch_jobs(socket)

        job_id = here.start_job("train", estimators=["popularity"], folds=2)["jobId"]

        received = [facts(socket.events_of_job(job_id, until="succeeded")) for socket in (one, other)]
    assert received[0] == received[1]
    assert [fact["fact"] for _, fact in received[0]].count("job.progressed") > 0


def test_a_socket_cut_by_a_dying_gateway_resumes_at_the_other_without_gap_or_double(containers: ContainerStack) -> None:
    here, there = containers.drivers
    with there.live() as witness, here.live() as socket:
        for each in (witness, socket):
            watch_jobs(each)
        job_id = there.start_job("train", estimators=["item_knn"], folds=3)["jobId"]
        seen = socket.events_of_job(job_id, until="running")
        containers.gateways[0].kill()
        seen += until_cut(socket, job_id)
        whole = facts(witness.events_of_job(job_id, until="succeeded"))

    with there.live() as socket:
        socket.send({"type": "subscribe", "topic": "jobs", "resume": seen[-1]["offset"]})
        resumed = socket.events_of_job(job_id, until="succeeded")

    containers.gateways[0].restart()
    assert facts(seen + resumed) == whole
    assert resumed


def watch_jobs(socket: LiveSocket) -> None:
    """Subscribe, and wait for a pong: the gateway handles one frame after the other."""
    socket.subscribe("jobs")
    socket.send({"type": "ping"})
    socket.wait_for("pong")


def facts(events: list[Frame]) -> list[tuple[int, Frame]]:
    return [(event["offset"], event["data"]) for event in events]


def until_cut(socket: LiveSocket, job_id: str) -> list[Frame]:
    """Return the events of the job until the connection is cut."""
    events = []
    try:
        while True:
            frame = socket.receive(within=20)
            if frame["type"] == "event" and frame["data"].get("jobId") == job_id:
                events.append(frame)
    except ConnectionClosed:
        return events
