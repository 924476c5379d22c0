"""One error has the same reason in all four protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from harness.direct_channel import insecure_channel
from harness.messages import interaction_recorded
from harness.waiting import eventually
from whynotboth.v1.recommender_pb2 import GetItemRequest
from whynotboth.v1.recommender_pb2_grpc import RecommenderServiceStub

if TYPE_CHECKING:
    from harness.broker import BrokerDriver
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

NO_FILM = "no-such-film"


def test_http_gives_the_reason_in_a_problem(gateway: GatewayDriver) -> None:
    problem = gateway.problem("GET", f"/v1/items/{NO_FILM}")

    assert (problem["status"], problem["reason"]) == (404, "ITEM_UNKNOWN")
    assert NO_FILM in problem["detail"]


def test_grpc_gives_the_reason_in_its_error_info(stack: Stack) -> None:
    with insecure_channel(stack.grpc_address) as channel, pytest.raises(grpc.RpcError) as raised:
        RecommenderServiceStub(channel).GetItem(GetItemRequest(item_id=NO_FILM), timeout=5)

    assert isinstance(raised.value, grpc.Call)
    status = rpc_status.from_call(raised.value)
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    assert (info.reason, info.domain) == ("ITEM_UNKNOWN", "whynotboth")


def test_a_socket_gives_the_reason_in_an_error_frame(gateway: GatewayDriver) -> None:
    with gateway.live("196") as socket:
        socket.send({"type": "rate", "id": "r1", "itemId": NO_FILM, "rating": 4})

        error = socket.wait_for("error", replyTo="r1")

    assert error["reason"] == "ITEM_UNKNOWN"


def test_a_rejected_message_is_stored_with_its_reason(stack: Stack, broker: BrokerDriver) -> None:
    message_id = str(uuid4())
    body = interaction_recorded(message_id, "196", NO_FILM, 4)

    broker.publish(body, routing_key="interactions", message_type="whynotboth.v1.InteractionRecorded", message_id=message_id)

    assert eventually(lambda: stack.store.rejection(message_id), within=10) == "ITEM_UNKNOWN"
