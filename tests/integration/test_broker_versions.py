"""The versions of RabbitMQ on which the tests of this folder run, and the features that future versions remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.broker import BrokerDriver
from harness.brokers import container_broker
from harness.messages import interaction_recorded
from harness.waiting import eventually
from harness.worker import JobsDriver, running_worker
from ml_service.adapters.broker.connection import BrokerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import ContainerBroker

FEATURES_TO_GO = (
    "amqp_address_v1",
    "global_qos",
    "management_metrics_collection",
    "queue_master_locator",
    "ram_node_type",
    "transient_nonexcl_queues",
)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerBroker]:
    """RabbitMQ without all features whose removal it has announced."""
    file = tmp_path_factory.mktemp("strict") / "features.conf"
    file.write_text("".join(f"deprecated_features.permit.{name} = false\n" for name in FEATURES_TO_GO), "utf-8")
    with container_broker("RABBITMQ_IMAGE", {"40-features-to-go.conf": file}) as broker:
        yield broker


def test_the_newest_tested_version_is_4_0(strict: ContainerBroker) -> None:
    assert strict.control("version").startswith("4.0.")


@pytest.mark.parametrize("running", ["3.10"], indirect=True)
def test_the_oldest_tested_version_is_3_10(running: ContainerBroker) -> None:
    assert running.control("version").startswith("3.10.")


def test_jobs_and_log_need_no_feature_that_will_be_removed(
    strict: ContainerBroker, definitions: Path, tmp_path: Path, user_id: str
) -> None:
    address = BrokerAddress(strict.amqp_url, definitions)
    with running_worker(address.url, definitions, tmp_path), JobsDriver(address) as jobs:
        succeeded = jobs.outcome(jobs.request("compute:0.1"))
        broker = BrokerDriver(address.url)
        body = interaction_recorded(user_id, user_id, "film", 4)
        broker.publish(body, routing_key="interactions", message_type="whynotboth.v1.InteractionRecorded", message_id=user_id)
        recorded = eventually(lambda: broker.depth("interactions"), within=10)

    assert succeeded.DESCRIPTOR.name == "JobSucceeded"
    assert recorded == 1
