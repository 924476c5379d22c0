"""When a broker refuses AMQP_URL, the log and the command line give its reason, without the URL and the password."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from harness.waiting import eventually
from ml_service.adapters.broker.dead_letters import BrokerDeadLetterQueue
from ml_service.adapters.broker.publisher import Publisher
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from ml_service.adapters.broker.connection import BrokerAddress

WRONG = "geheim"


@pytest.fixture(params=["password", "virtual host"])
def refused(request: pytest.FixtureRequest, address: BrokerAddress) -> BrokerAddress:
    is_password = request.param == "password"
    return replace(address, url=address.url.replace("guest:guest", f"guest:{WRONG}") if is_password else f"{address.url}nowhere")


def test_the_dead_letters_command_says_why_the_broker_refuses_and_what_to_do(refused: BrokerAddress) -> None:
    with pytest.raises(Unavailable) as caught, BrokerDeadLetterQueue(refused).opened():
        pass

    assert (caught.value.reason, caught.value.retryable) == ("BROKER_UNUSABLE", False)
    assert "AMQP_URL" in caught.value.detail
    assert any(words in str(caught.value.cause) for words in ("ACCESS_REFUSED", "vhost nowhere not found"))
    assert WRONG not in f"{caught.value.detail} {caught.value.cause}"


def test_a_thread_warns_once_with_the_brokers_reason(refused: BrokerAddress) -> None:
    publisher = Publisher(refused)
    with capture_logs() as logged:
        publisher.start()
        eventually(lambda: len(logged) > 1, within=30, what="a second attempt")
        publisher.stop()

    first, *others = logged
    assert (first["event"], first["log_level"]) == ("broker refuses AMQP_URL's user, password or virtual host", "warning")
    assert any(words in first["cause"] for words in ("ACCESS_REFUSED", "vhost nowhere not found"))
    assert {row["log_level"] for row in others} == {"debug"}
    assert WRONG not in str(logged)
