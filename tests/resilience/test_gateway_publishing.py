"""The broker is killed, frozen or short of memory under load: a 202 is kept, the rest is refused in time, and no backlog grows."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import pytest

from harness.brokers import frozen, memory_alarm
from harness.busy_clients import CLIENTS, BusyClients
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.brokers import RunningBroker
    from harness.busy_clients import Refusal
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

#: The promised time to a refusal, and the time that the gateway waits for a confirm.
REFUSED_SECONDS = 2
CONFIRM_SECONDS = 1.5
#: Two missed heartbeats of 5 s, and up to one more until the client notices.
NOTICED_SECONDS = 30
UNCONFIRMED = "gateway_broker_unconfirmed_publications"


@pytest.fixture
def clients(gateway: GatewayDriver) -> Iterator[BusyClients]:
    with BusyClients([gateway]) as clients:
        clients.wait_for_accepted(50)
        yield clients


def assert_refused_in_time(refusals: list[Refusal]) -> None:
    assert {(refusal.reason, refusal.retry_after) for refusal in refusals} == {("BROKER_UNAVAILABLE", "1")}
    assert median(refusal.seconds for refusal in refusals) < REFUSED_SECONDS


def assert_stored_once(stack: Stack, clients: BusyClients) -> None:
    """Assert that everything accepted is stored once, and that nothing failed except by refusal."""
    clients.assert_stored_once(stack.store)
    assert clients.failures == []


def test_everything_accepted_while_the_broker_was_killed_is_stored_once(stack: Stack, running: RunningBroker, clients: BusyClients) -> None:
    running.kill()
    refusals = clients.wait_for_refusals(40)
    running.start()
    clients.wait_for_accepted(50)

    assert_refused_in_time(refusals)
    assert_stored_once(stack, clients)


def test_the_gateway_detects_a_frozen_broker_and_reconnects(
    stack: Stack, gateway: GatewayDriver, running: RunningBroker, clients: BusyClients
) -> None:
    with frozen(running):
        refusals = clients.wait_for_refusals(10)
        eventually(lambda: not gateway.get("/readyz")["broker"]["connected"], within=NOTICED_SECONDS)
        at_once = clients.wait_for_refusals(10)
    clients.wait_for_accepted(50)

    assert_refused_in_time([*refusals, *at_once])
    assert min(refusal.seconds for refusal in at_once) < CONFIRM_SECONDS
    assert_stored_once(stack, clients)


def test_with_a_broker_short_of_memory_requests_are_refused_at_once_without_a_backlog(
    stack: Stack, gateway: GatewayDriver, running: RunningBroker, clients: BusyClients
) -> None:
    with memory_alarm(running):
        clients.wait_for_refusals(CLIENTS)
        at_once = clients.wait_for_refusals(100)
        held = gateway.metric(UNCONFIRMED)
    clients.wait_for_accepted(50)

    assert_refused_in_time(at_once)
    assert median(refusal.seconds for refusal in at_once) < CONFIRM_SECONDS
    assert held <= CLIENTS
    assert_stored_once(stack, clients)
