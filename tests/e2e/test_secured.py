"""The whole stack as in production: mutual TLS between all parts, and one broker user per service."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest

from harness.asking import AskingAllTheTime
from harness.broker_node import find_server
from harness.certificates import TestCertificates
from harness.dead_letters import DeadLetterRoutes
from harness.direct_channel import insecure_channel, secure_channel
from harness.messages import export_requested
from harness.secured import SecuredBroker, add_users
from harness.sign_in import OPERATOR, OPS_TOKEN
from harness.stack import Data, Stack
from harness.waiting import eventually
from whynotboth.v1.recommender_pb2 import GetItemRequest
from whynotboth.v1.recommender_pb2_grpc import RecommenderServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.gateway import GatewayDriver

pytestmark = pytest.mark.skipif(find_server() is None, reason="RabbitMQ isn't installed on this machine")

#: Connections end after this time, so that the next one uses renewed certificates.
CONNECTION_AGE = {"RECOMMENDER_CONNECTION_AGE_SECONDS": "1"}
#: These tests are about permissions, not speed.
LONG_DEADLINES = {"GATEWAY_RECOMMENDER_DEADLINE_MS": "10000", "GATEWAY_SHUTDOWN_MS": "20000"}
SERVICES = {"gateway", "recommender", "worker"}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> TestCertificates:
    return TestCertificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured_broker(tmp_path_factory: pytest.TempPathFactory, certificates: TestCertificates) -> Iterator[SecuredBroker]:
    with SecuredBroker(tmp_path_factory.mktemp("secured-broker"), certificates) as broker:
        yield broker


@pytest.fixture(scope="module")
def stack(trained: Data, secured_broker: SecuredBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("secured")
    own_settings = secured_broker.settings_of(add_users(secured_broker))
    own_settings["recommender"] |= CONNECTION_AGE
    for service in ("recommender", "worker"):
        own_settings[service]["OPS_TOKEN"] = OPS_TOKEN
    with Stack(trained.copy_to(folder / "data"), secured_broker.amqp_url, folder, LONG_DEADLINES, own_settings=own_settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def gateway(stack: Stack) -> GatewayDriver:
    return stack.gateway


@pytest.fixture(scope="module")
def address(stack: Stack) -> str:
    return f"localhost:{stack.grpc_ports[0]}"


def refusal(channel: grpc.Channel) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as refused:
        film_of(channel)
    return refused.value.code()


def film_of(channel: grpc.Channel) -> str:
    return RecommenderServiceStub(channel).GetItem(GetItemRequest(item_id="1"), timeout=10).item.item_id


def test_a_rating_changes_the_next_answer(gateway: GatewayDriver, user_id: str) -> None:
    rated = gateway.rate(user_id, "50", 5)

    assert rated["offset"] is not None
    assert "50" not in gateway.recommended_ids(user_id, min_offset=rated["offset"])
    assert eventually(lambda: gateway.interactions(user_id), within=20)[0]["itemId"] == "50"


def test_a_job_runs_and_its_model_goes_live(gateway: GatewayDriver) -> None:
    job = gateway.start_job("train", estimators=["popularity"])

    done = gateway.job_in_state(job["jobId"], "succeeded")
    promoted = gateway.promote(done["result"]["modelVersion"])

    assert promoted["live"]


def test_a_dead_letter_is_replayed_and_dropped(gateway: GatewayDriver, stack: Stack) -> None:
    routes, job_id = DeadLetterRoutes(gateway), str(uuid4())
    message_type, body = "whynotboth.v1.JobRequested", export_requested(job_id, limit=0)
    stack.broker.publish(body, exchange="jobs", routing_key="job.requested", message_type=message_type, message_id=job_id)
    letter = eventually(lambda: routes.of_job(job_id), within=20, every=0.5)

    replayed = routes.replay(letter["deadLetterId"])
    again = eventually(lambda: (found := routes.of_job(job_id)) and found["attempts"] == 2 and found, within=20, every=0.5)

    assert replayed["queued"]
    assert routes.drop(again["deadLetterId"])["jobId"] == job_id


def test_every_connection_to_the_broker_is_encrypted_and_of_its_own_user(stack: Stack, secured_broker: SecuredBroker) -> None:
    connections = secured_broker.connections()

    assert {user for user, _, _ in connections} == SERVICES
    assert all(f"CN={user}" in subject.split(",") for user, subject, _ in connections)


def test_the_ports_for_operators_require_the_token(stack: Stack) -> None:
    asked = [process.answer_to("/metrics") for process in (stack.recommender, stack.worker)]
    answered = [process.answer_to("/metrics", OPERATOR) for process in (stack.recommender, stack.worker)]

    assert asked == [401, 401]
    assert answered == [200, 200]


def test_the_recommender_accepts_a_client_with_a_certificate(address: str, certificates: TestCertificates) -> None:
    with secure_channel(address, certificates.channel_credentials()) as channel:
        assert film_of(channel) == "1"


def test_the_recommender_refuses_a_client_without_a_certificate(address: str, certificates: TestCertificates) -> None:
    with secure_channel(address, certificates.anonymous_credentials()) as channel:
        assert refusal(channel) is grpc.StatusCode.UNAVAILABLE


def test_the_recommender_refuses_a_certificate_of_another_authority(address: str, certificates: TestCertificates, tmp_path: Path) -> None:
    with secure_channel(address, certificates.channel_credentials(signed_by=TestCertificates(tmp_path))) as channel:
        assert refusal(channel) is grpc.StatusCode.UNAVAILABLE


def test_the_recommender_refuses_an_unencrypted_connection(address: str) -> None:
    with insecure_channel(address) as channel:
        assert refusal(channel) is grpc.StatusCode.UNAVAILABLE


def test_no_request_fails_while_the_grpc_certificates_are_renewed(stack: Stack, certificates: TestCertificates) -> None:
    (port,) = stack.grpc_ports
    with AskingAllTheTime([stack.gateway.port]) as asking:
        asking.wait_for_answers(100)

        certificates.renew("gateway")
        serial = certificates.renew("recommender")
        eventually(lambda: certificates.serial_shown_at(port) == serial, within=20)
        asking.wait_for_answers(500)

    assert asking.failures == []


def test_services_reconnect_to_the_broker_with_renewed_certificates(
    stack: Stack, gateway: GatewayDriver, user_id: str, secured_broker: SecuredBroker, certificates: TestCertificates
) -> None:
    before = set(secured_broker.connections())
    for service in SERVICES:
        certificates.renew(service, days=30)
    secured_broker.renew_certificate()

    secured_broker.control("close_all_connections", "certificates were renewed")

    eventually(lambda: {user for user, *_ in set(secured_broker.connections()) - before} == SERVICES, within=30)
    assert not set(secured_broker.connections()) & before
    assert eventually(lambda: gateway.rate(user_id, "50", 5), within=20)["offset"] is not None
