"""The hint on the exchange `models`."""

from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp

from ml_service.adapters.broker.envelope import Publication
from whynotboth.v1.recommender_pb2 import ModelPromoted


def model_promoted(version: str) -> Publication:
    """Nobody need listen, so it isn't mandatory."""
    now = Timestamp()
    now.GetCurrentTime()
    hint = ModelPromoted(version=version, occurred_at=now)
    return Publication("models", "", hint.DESCRIPTOR.full_name, str(uuid4()), hint.SerializeToString(), mandatory=False)
