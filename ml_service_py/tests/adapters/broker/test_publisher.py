"""The publisher rejects messages that AMQP can't encode, before it sends them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.publisher import Publisher

NOWHERE = BrokerAddress("amqp://127.0.0.1:1/", Path("no definitions"))
TOO_LONG = "é" * 200


@pytest.mark.parametrize(
    "publication",
    [
        Publication("jobs", "job.started", "type", "id", b"", correlation_id=TOO_LONG),
        Publication("jobs", TOO_LONG, "type", "id", b""),
        Publication("jobs", "job.started", 1, "id", b""),  # type: ignore[arg-type]
    ],
)
def test_a_publication_that_amqp_can_not_encode_raises_value_error_at_once(publication: Publication) -> None:
    with pytest.raises(ValueError, match="can't be encoded"):
        Publisher(NOWHERE).publish(publication, timeout_seconds=0.05)
