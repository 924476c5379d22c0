"""Message bodies as other publishers would write them."""

from google.protobuf.timestamp_pb2 import Timestamp

from whynotboth.v1.interactions_pb2 import InteractionRecorded, UserErased
from whynotboth.v1.jobs_pb2 import ExportParams, JobRequested


def interaction_recorded(interaction_id: str, user_id: str, item_id: str, rating: float) -> bytes:
    message = InteractionRecorded(interaction_id=interaction_id, user_id=user_id, item_id=item_id, rating=rating, occurred_at=now())
    return message.SerializeToString()


def user_erased(erasure_id: str, user_id: str) -> bytes:
    return UserErased(erasure_id=erasure_id, user_id=user_id, occurred_at=now()).SerializeToString()


def export_requested(job_id: str, limit: int) -> bytes:
    return JobRequested(job_id=job_id, export=ExportParams(limit=limit), occurred_at=now()).SerializeToString()


def now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now
