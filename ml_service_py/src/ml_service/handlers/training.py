"""The use case train: selects, fits on everything, writes a version, and rolls it out unless it is worse than the live one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from ml_service.domain import JobOutcome, Progress
from ml_service.errors import InvalidArgument, ServiceError
from ml_service.model.selection import Configuration, build, is_not_worse, measure, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from ml_service.adapters.registry import Registry
    from ml_service.adapters.store import LiveVersion, Store
    from ml_service.domain import ModelVersion, TrainParams
    from ml_service.model.ratings import Ratings
    from ml_service.model.selection import Measured, Report

log = structlog.get_logger()

FOLDS_MIN, FOLDS_MAX = 2, 10
#: The search takes most of the time.
SEARCH_PERCENT = 85.0
FIT_PERCENT = 88.0
ROLL_OUT_PERCENT = 95.0


def train(store: Store, registry: Registry, params: TrainParams, report: Report) -> JobOutcome:
    """`report` hears of each fit; an exception that it raises ends the training, and leaves nothing."""
    if not FOLDS_MIN <= params.folds <= FOLDS_MAX:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"folds is {params.folds}; use {FOLDS_MIN} to {FOLDS_MAX}.")
    ratings = store.load_ratings()
    challenger = search(ratings, params.estimators, params.folds, params.seed, lambda progress: report(_within_search(progress)))[0]
    report(Progress(FIT_PERCENT, f"Fitting {challenger.configuration.estimator} on everything", challenger.metrics))
    version = _fit(registry, ratings, challenger)
    report(Progress(ROLL_OUT_PERCENT, "Comparing with the live version", challenger.metrics))
    promoted = _roll_out(store, version.version, lambda live: _may_replace(registry, live, ratings, challenger, params))
    return JobOutcome(challenger.metrics, version.version, promoted=promoted)


def _within_search(progress: Progress) -> Progress:
    return replace(progress, percent=progress.percent * SEARCH_PERCENT / 100)


def _fit(registry: Registry, ratings: Ratings, chosen: Measured) -> ModelVersion:
    configuration = chosen.configuration
    model = build(configuration).fit(ratings.pairs, ratings.ratings).to_model()
    data = {"fingerprint": ratings.fingerprint(), "ratings": len(ratings)}
    return registry.save(model, estimator=configuration.estimator, params=configuration.params, metrics=chosen.metrics, data=data)


def _roll_out(store: Store, version: str, may_replace: Callable[[LiveVersion], bool]) -> bool:
    """Makes the version live if it may replace the one that is live then; says whether it did."""
    while True:
        live = store.read_live()
        if live is not None and not may_replace(live):
            return False
        if store.compare_and_set_live(live, version):
            log.info("model version live", version=version, before=live.version if live else None)
            return True
        # Another version went live meanwhile: that one is the champion now.


def _may_replace(registry: Registry, live: LiveVersion, ratings: Ratings, challenger: Measured, params: TrainParams) -> bool:
    """Measures the champion's configuration on the challenger's data and folds, as its own metrics are of older data."""
    try:
        champion = registry.describe(live.version)
        configuration = Configuration(champion.estimator, champion.params)
        if configuration == challenger.configuration:
            return True
        measured = measure(configuration, ratings, params.folds, params.seed)
    except ServiceError as error:
        log.warning("live version can't be measured", version=live.version, reason=error.reason, detail=error.detail)
        return True
    is_good = is_not_worse(challenger, measured)
    log.info("gate", challenger=challenger.ndcg, champion=measured.ndcg, version=live.version, is_good=is_good)
    return is_good
