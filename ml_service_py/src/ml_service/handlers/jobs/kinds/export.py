"""The job kind `export`: write every user's recommendations by the live version to a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.domain import PAGE_SIZE_MAX, JobOutcome, Progress
from ml_service.errors import InvalidArgument, Unavailable
from ml_service.handlers.csv_files import MEDIA_TYPE, as_csv
from ml_service.handlers.jobs.kinds import JobContext, JobKind
from ml_service.handlers.models import live_version_errors
from ml_service.handlers.paging import natural_key
from ml_service.model.scoring import history_of, recommend
from whynotboth.v1 import jobs_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ml_service.model.scoring import ItemItemModel

    Histories = Mapping[str, Mapping[str, float | None]]

HEADER = ("user_id", "rank", "item_id", "title", "score")
FILE_NAME = "recommendations.csv"
#: Users scored as one matrix. This bounds the memory: 4 bytes for each of them and each item.
BATCH_USERS = 256


@dataclass(frozen=True, slots=True)
class ExportParams:
    """`limit`: items for each user."""

    limit: int = 10


def decode(body: bytes) -> ExportParams:
    message = jobs_pb2.ExportParams.FromString(body)
    params = ExportParams(message.limit) if message.HasField("limit") else ExportParams()
    if not 1 <= params.limit <= PAGE_SIZE_MAX:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"limit is {params.limit}; use 1 to {PAGE_SIZE_MAX}.")
    return params


def run(context: JobContext, params: ExportParams) -> JobOutcome:
    """Write the users in the natural order of their ids, each batch as soon as it is computed."""
    live = context.store.read_live()
    if live is None:
        raise Unavailable("MODEL_NOT_LOADED", "No model version is live yet. Train one, then try again.")
    with live_version_errors(live.version):
        model = context.registry.load(live.version)
    histories = context.store.load_histories(recent=0).ratings
    titles = {item.item_id: item.title for item in context.store.load_catalogue()}
    chunks = _chunks(model, histories, titles, params.limit, context.report)
    attempt = context.attempt
    file = context.registry.save_result(attempt.job.job_id, attempt.number, FILE_NAME, MEDIA_TYPE, chunks)
    return JobOutcome({"users": float(len(histories))}, file=file)


def _chunks(
    model: ItemItemModel, histories: Histories, titles: Mapping[str, str], limit: int, report: Callable[[Progress], None]
) -> Iterator[bytes]:
    yield as_csv([HEADER]).encode()
    user_ids = sorted(histories, key=natural_key)
    for start in range(0, len(user_ids), BATCH_USERS):
        batch = user_ids[start : start + BATCH_USERS]
        yield as_csv(_rows(model, histories, titles, batch, limit)).encode()
        done = start + len(batch)
        report(Progress(100 * done / len(user_ids), f"Wrote {done} of {len(user_ids)} users", {"users": float(done)}))


def _rows(
    model: ItemItemModel, histories: Histories, titles: Mapping[str, str], user_ids: Sequence[str], limit: int
) -> Iterator[tuple[str | float, ...]]:
    rankings = recommend(model, [history_of(model, histories[user_id]) for user_id in user_ids], [limit] * len(user_ids))
    for user_id, ranking in zip(user_ids, rankings, strict=True):
        item_ids = model.item_ids[ranking.indexes].tolist()
        for rank, (item_id, score) in enumerate(zip(item_ids, ranking.scores.tolist(), strict=True), 1):
            yield user_id, rank, item_id, titles.get(item_id, ""), score


EXPORT = JobKind(decode, run)
