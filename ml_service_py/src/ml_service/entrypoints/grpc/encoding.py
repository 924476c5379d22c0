"""Encodes domain values as messages of the contract, without any rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from ml_service.errors import ServiceError
from ml_service.handlers.recommendations import RecommendationSource
from whynotboth.v1 import errors_pb2, jobs_pb2, recommender_pb2

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime

    from ml_service import domain
    from ml_service.handlers.catalogue import User
    from ml_service.handlers.dead_letters import DeadLetter
    from ml_service.handlers.recommendations import BatchAnswer, RankedItems, Recommendation, RecommendedItem

SOURCES = {
    RecommendationSource.MODEL: recommender_pb2.RECOMMENDATION_SOURCE_MODEL,
    RecommendationSource.FALLBACK: recommender_pb2.RECOMMENDATION_SOURCE_FALLBACK,
}


def encode_item(item: domain.Item) -> recommender_pb2.Item:
    return recommender_pb2.Item(item_id=item.item_id, title=item.title, year=item.year, genres=item.genres)


def encode_scored_item(item: domain.Item, score: float) -> recommender_pb2.ScoredItem:
    return recommender_pb2.ScoredItem(item=encode_item(item), score=score)


def encode_user(user: User) -> recommender_pb2.User:
    return recommender_pb2.User(user_id=user.user_id, interaction_count=user.interaction_count)


def encode_interaction(interaction: domain.Interaction, item: domain.Item) -> recommender_pb2.Interaction:
    return recommender_pb2.Interaction(
        interaction_id=interaction.interaction_id,
        item=encode_item(item),
        rating=interaction.rating,
        occurred_at=_timestamp(interaction.occurred_at),
    )


def encode_recommendation(recommendation: Recommendation) -> recommender_pb2.RecommendResponse:
    return recommender_pb2.RecommendResponse(
        user_id=recommendation.user_id,
        model_version=recommendation.model_version,
        source=SOURCES[recommendation.source],
        items=[_recommended(item) for item in recommendation.items],
        as_of_offset=recommendation.as_of_offset,
    )


def encode_batch(answer: BatchAnswer, known_catalogue_ids: Container[str]) -> recommender_pb2.BatchRecommendResponse:
    catalogue_id = answer.catalogue.catalogue_id
    response = recommender_pb2.BatchRecommendResponse(
        scoring_ms=answer.scoring_ms,
        model_version=answer.model_version,
        catalogue_id=catalogue_id,
        as_of_offset=answer.as_of_offset,
        catalogue=() if catalogue_id in known_catalogue_ids else map(encode_item, answer.catalogue.rows),
    )
    for outcome in answer.outcomes:
        _write_outcome(response.results.add(), outcome)
    return response


def _write_outcome(result: recommender_pb2.BatchRecommendResult, outcome: RankedItems | ServiceError) -> None:
    """Write in place, as protobuf copies a message that is put into another one."""
    if isinstance(outcome, ServiceError):
        result.error.CopyFrom(encode_failure(outcome))
        return
    ranked = result.ranked
    ranked.source = SOURCES[outcome.source]
    ranked.places.extend(outcome.places.tolist())
    ranked.scores.extend(outcome.scores.tolist())
    ranked.reasons.extend((outcome.reasons + 1).ravel().tolist())


def encode_failure(error: ServiceError) -> errors_pb2.Failure:
    return errors_pb2.Failure(reason=errors_pb2.ErrorReason.Value(f"ERROR_REASON_{error.reason}"), detail=error.detail)


def encode_model(version: domain.ModelVersion) -> recommender_pb2.Model:
    params = Struct()
    params.update(version.params)
    return recommender_pb2.Model(
        version=version.version,
        estimator=version.estimator,
        params=params,
        metrics=version.metrics,
        created_at=_timestamp(version.created_at),
        live=version.live,
        stale=version.stale,
        unknown_items=version.unknown_items,
    )


def encode_file(file: domain.JobFile) -> jobs_pb2.JobFile:
    return jobs_pb2.JobFile(name=file.name, media_type=file.media_type, size_bytes=file.size_bytes)


def encode_dead_letter(letter: DeadLetter) -> jobs_pb2.DeadLetter:
    return jobs_pb2.DeadLetter(
        dead_letter_id=letter.letter_id,
        message_id=letter.message_id,
        type=letter.type,
        job_id=letter.job.job_id if letter.job else "",
        kind=letter.job.kind if letter.job else "",
        cause=letter.cause,
        error=encode_failure(letter.error) if letter.error else None,
        attempts=letter.attempts,
        size_bytes=len(letter.body),
        died_at=_timestamp(letter.died_at),
    )


def _recommended(recommended: RecommendedItem) -> recommender_pb2.RecommendedItem:
    reasons = [recommender_pb2.ItemReference(item_id=item.item_id, title=item.title) for item in recommended.why]
    return recommender_pb2.RecommendedItem(item=encode_item(recommended.item), score=recommended.score, why=reasons)


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
