"""The delays that the service reads from the broker's definitions."""

from ml_service.adapters.broker.topology import read_retry_delays_ms
from ml_service.config import Settings


def test_the_delays_of_the_retry_queues_grow_in_the_order_of_the_attempts() -> None:
    definitions = Settings(database_url="sqlite://", registry_url="registry").broker_definitions

    delays_ms = read_retry_delays_ms(definitions)

    assert len(delays_ms) == 3
    assert list(delays_ms) == sorted(delays_ms)
