"""The use case train: choose an estimator, fit it on all ratings, write a version, and roll it out unless it is clearly worse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import structlog

from ml_service.domain import JobOutcome, Progress, new_version_name
from ml_service.errors import InvalidArgument, NotFound, ServiceError
from ml_service.model.candidates import Configuration, build, fit
from ml_service.model.metrics import difference
from ml_service.model.plan import plan_gate, plan_search
from ml_service.model.selection import measure, search

if TYPE_CHECKING:
    from ml_service.domain import DataState
    from ml_service.model.candidates import Found
    from ml_service.model.metrics import Quality
    from ml_service.model.plan import Plan
    from ml_service.model.ratings import Ratings
    from ml_service.model.selection import Report
    from ml_service.ports.storage import LiveVersion, Registry, Store

log = structlog.get_logger()

FOLDS_MIN, FOLDS_MAX = 2, 10
#: The registry's reasons for a version whose files are gone or damaged for good.
LOST = frozenset({"MODEL_VERSION_UNKNOWN", "MODEL_VERSION_UNUSABLE"})
#: The percentages at which the steps end; the search takes most of the time.
SEARCH_PERCENT = 85.0
GATE_PERCENT = 88.0
FIT_PERCENT = 95.0


@dataclass(frozen=True, slots=True)
class TrainParams:
    """`estimators`: those to choose from; none means all that fit the data's size. `folds`: of the cross-validation."""

    estimators: tuple[str, ...] = ()
    folds: int = 3
    seed: int = 42


class VersionReservation(Protocol):
    """Port: reserves a model version for one attempt and commits its outcome (fenced by the attempt number)."""

    def name_version(self, new_name: str) -> str:
        """Return the name to write under: the one reserved by an earlier attempt, else the new one."""

    def complete(self, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        """Make the version live if the outcome says so. Return False, and write nothing, if `live` isn't live any more."""


@dataclass(frozen=True, slots=True)
class Challenger:
    """The version that may go live. `quality`: None for one that an attempt wrote before it died: a manifest has only metrics."""

    configuration: Configuration
    metrics: dict[str, float]
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class CommandVersionReservation:
    """For a training by the command line, which has no job and no other attempt."""

    store: Store

    def name_version(self, new_name: str) -> str:
        return new_name

    def complete(self, outcome: JobOutcome, live: LiveVersion | None) -> bool:
        return not outcome.promoted or self.store.compare_and_set_live(live, outcome.model_version)


def train(store: Store, registry: Registry, reservation: VersionReservation, params: TrainParams, report: Report) -> JobOutcome:
    """Call `report` after each fit. An exception that it raises ends the training, which then leaves no version."""
    if not FOLDS_MIN <= params.folds <= FOLDS_MAX:
        raise InvalidArgument("JOB_PARAMS_INVALID", f"folds is {params.folds}; use {FOLDS_MIN} to {FOLDS_MAX}.")
    # Read before the ratings, so that an import in between makes the version stale.
    data = store.read_data_state()
    plan = plan_search(params.estimators, store.count_sizes(), params.folds, params.seed)
    ratings = store.load_ratings()
    name = reservation.name_version(new_version_name())
    written = _find_written(registry, name, data)
    challenger, left_out = (written, "") if written else _choose(ratings, plan, report)
    is_written = written is not None
    while True:
        report(Progress(GATE_PERCENT, "Comparing with the live version", challenger.metrics))
        live = store.read_live()
        promoted = live is None or _may_replace(registry, live, ratings, challenger, plan)
        if not is_written:
            # As late as possible: a training that ends before this leaves no files.
            report(Progress(FIT_PERCENT, f"Fitting {challenger.configuration.estimator} on everything{left_out}", challenger.metrics))
            _write(registry, name, ratings, data, challenger)
            is_written = True
        if store.read_data_state().replaced_at != data.replaced_at:
            raise _other_data()
        outcome = JobOutcome(challenger.metrics, name, promoted=promoted)
        if reservation.complete(outcome, live):
            log.info("model version written", version=name, promoted=promoted, before=live.version if live else None)
            return outcome
        # Another version went live meanwhile: compare with that one.


def _choose(ratings: Ratings, plan: Plan, report: Report) -> tuple[Challenger, str]:
    """Return the best candidate, and the text about what the search left out for the job's last step."""
    found = search(ratings, plan, lambda progress: report(_within_search(progress)))
    best = found.best
    return Challenger(best.configuration, best.metrics, best.quality), log_left_out(found, plan)


def _within_search(progress: Progress) -> Progress:
    return replace(progress, percent=progress.percent * SEARCH_PERCENT / 100)


def _other_data() -> InvalidArgument:
    return InvalidArgument("JOB_PARAMS_INVALID", "An import changed the data while this training ran. Start another one.")


def _find_written(registry: Registry, name: str, data: DataState) -> Challenger | None:
    """Return the version that an earlier attempt wrote before it died, or None."""
    try:
        version = registry.describe(name)
    except NotFound:
        return None
    if version.imports != data.imports:
        raise _other_data()
    return Challenger(Configuration(version.estimator, version.params), version.metrics)


def _write(registry: Registry, name: str, ratings: Ratings, state: DataState, chosen: Challenger) -> None:
    configuration = chosen.configuration
    model = fit(configuration, ratings.pairs, ratings.ratings).to_model(ratings.item_ids)
    data = {"fingerprint": ratings.fingerprint(), "ratings": len(ratings), "imports": state.imports}
    registry.save(model, name=name, estimator=configuration.estimator, params=configuration.params, metrics=chosen.metrics, data=data)


def _may_replace(registry: Registry, live: LiveVersion, ratings: Ratings, challenger: Challenger, plan: Plan) -> bool:
    """Measure the champion's configuration on the challenger's data and folds, as its own metrics are of older data.

    Only a champion whose files are gone or damaged is replaced unmeasured. While the registry can't be read, this raises Unavailable.
    """
    try:
        champion = registry.describe(live.version)
        # Its arrays may be gone or damaged though its manifest is intact.
        registry.load(live.version)
    except ServiceError as error:
        if error.reason not in LOST:
            raise
        log.warning("live version is lost and will be replaced unmeasured", version=live.version, reason=error.reason, detail=error.detail)
        return True
    configuration = Configuration(champion.estimator, champion.params)
    if configuration == challenger.configuration:
        return True
    try:
        gate, champions, challengers = _measure_both(configuration, challenger, ratings, plan)
    except InvalidArgument as error:
        # An estimator was removed, or doesn't suit the data any more. An operator decides which version is better.
        log.warning("live version can't be measured and stays live: promote the new one by hand", version=live.version, detail=error.detail)
        return False
    gain = difference(challengers, champions)
    folds, is_good = gate.effort.folds, gain.is_not_clearly_worse
    log.info("gate", version=live.version, gain=gain.mean, interval=gain.interval, folds=folds, is_good=is_good)
    return is_good


def _measure_both(champion: Configuration, challenger: Challenger, ratings: Ratings, plan: Plan) -> tuple[Plan, Quality, Quality]:
    """Measure the champion, on fewer folds than the search where it is expensive, and the challenger unless that was done on these folds.

    Raises InvalidArgument (JOB_PARAMS_INVALID) if one of them can't be fitted to the ratings, or is too expensive.
    """
    to_measure = [champion] if challenger.quality else [champion, challenger.configuration]
    for configuration in to_measure:
        build(configuration)
    gate = plan_gate(plan, [configuration.estimator for configuration in to_measure], ratings.sizes)
    known = challenger.quality if gate == plan else None
    return gate, measure(champion, ratings, gate).quality, known or measure(challenger.configuration, ratings, gate).quality


def log_left_out(found: Found, plan: Plan) -> str:
    """Log what the search left out or reduced. Return the text for the job's last step, "" if nothing."""
    for left in found.left_out:
        log.warning("candidate left out", estimator=left.configuration.estimator, params=left.configuration.params, cause=left.reason)
    if plan.notes:
        log.warning("search reduced", notes=plan.notes)
    unfit = f"; left out {found.estimators_left_out}" if found.estimators_left_out else ""
    return f"; {plan.notes}{unfit}" if plan.notes else unfit
