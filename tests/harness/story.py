"""Short steps of a user and an operator with the product. Each step asserts the visible result."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.gateway import GatewayDriver

STAR_WARS = "50"


def ask_rate_and_ask_again(gateway: GatewayDriver, user_id: str) -> None:
    before = gateway.recommend(user_id)

    accepted = gateway.rate(user_id, STAR_WARS, 5)
    after = gateway.recommend(user_id, min_offset=accepted["offset"])

    assert (before["source"], after["source"]) == ("fallback", "model")
    assert {reason["itemId"] for item in after["items"] for reason in item["why"]} == {STAR_WARS}
    assert STAR_WARS not in [item["itemId"] for item in after["items"]]


def watch_the_list_change(gateway: GatewayDriver, user_id: str) -> None:
    topic = f"users/{user_id}/recommendations"
    with gateway.live() as socket:
        socket.subscribe(topic)
        first = socket.wait_for("event", topic=topic)
        accepted = gateway.rate(user_id, STAR_WARS, 5)
        pushed = socket.wait_for("event", topic=topic)

    assert pushed["offset"] == accepted["offset"]
    assert pushed["data"]["items"] != first["data"]["items"]


def train_and_watch(gateway: GatewayDriver) -> str:
    """Return the version that was trained."""
    with gateway.live() as socket:
        job_id = gateway.start_job("train", estimators=["item_knn"], folds=2)["jobId"]
        socket.subscribe(f"jobs/{job_id}")
        events = socket.events_of_job(job_id, until="succeeded")

    percents = [event["data"]["percent"] for event in events]
    assert percents == sorted(percents)
    assert any(0 < percent < 100 for percent in percents)
    return str(gateway.job(job_id)["result"]["modelVersion"])


def promote_and_promote_back(gateway: GatewayDriver, version: str, before: str) -> None:
    for target in (version, before):
        gateway.promote(target)
        eventually(lambda target=target: gateway.recommend("196")["modelVersion"] == target, within=15)  # type: ignore[misc]

    assert version != before


def export_and_read(gateway: GatewayDriver) -> None:
    job_id = gateway.start_job("export", limit=3)["jobId"]
    gateway.job_in_state(job_id, "succeeded")

    rows = list(csv.DictReader(io.StringIO(gateway.job_file(job_id).text)))

    assert len({row["user_id"] for row in rows}) >= 943
    assert [row["item_id"] for row in rows if row["user_id"] == "405"] == gateway.recommended_ids("405", limit=3)
