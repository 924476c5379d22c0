"""The use case evaluate: measure each estimator's rankings on held-out ratings, by the published protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.handlers.csv_files import as_csv
from ml_service.handlers.training import log_left_out
from ml_service.model.candidates import fit
from ml_service.model.cross_validation import some_users
from ml_service.model.holdout import split_by_item
from ml_service.model.metrics import difference, ranking_quality
from ml_service.model.plan import plan_search
from ml_service.model.selection import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.model.candidates import Configuration, Found
    from ml_service.model.metrics import Difference, Quality
    from ml_service.model.ratings import Ratings
    from ml_service.model.selection import Report
    from ml_service.ports.storage import Store

FOLDS = 3
#: The percentage at which the search ends; then each estimator is fitted once more.
SEARCH_PERCENT = 90.0
METRICS = {
    "map": "MAP",
    "ndcg_at_10": "nDCG@10",
    "ndcg_at_10_interval": "±",
    "precision_at_10": "P@10",
    "recall_at_10": "R@10",
    "coverage_at_10": "coverage",
    "popularity_bias": "bias",
}

NOTES = (
    "* selected by cross-validation inside the training part",
    "±: the 95 % interval of nDCG@10 over users. A lead is clear if it is larger than its interval over the same users.",
    "coverage: the share of all items that are in any list. bias: how popular the listed items are; 1 = as popular as what users chose.",
)


@dataclass(frozen=True, slots=True)
class EvaluateParams:
    """`estimators`: those to measure; none means all that fit the data's size. `seed`: of the split."""

    estimators: tuple[str, ...] = ()
    seed: int = 42


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """An estimator with the parameters chosen inside the training part, and its quality on the test part.

    `lead`: how much better it ranks than the next row; None in the last row.
    """

    configuration: Configuration
    quality: Quality
    is_selected: bool
    lead: Difference | None

    @property
    def metrics(self) -> dict[str, float]:
        return self.quality.metrics

    @property
    def searched_params(self) -> str:
        return " ".join(f"{name}={value:g}" for name, value in self.configuration.searched.items())


def load_ratings(store: Store, params: EvaluateParams) -> Ratings:
    """Read the ratings to measure on. Raises InvalidArgument (JOB_PARAMS_INVALID), and reads none, if an evaluation can't afford them."""
    plan_search(params.estimators, store.count_sizes(), FOLDS, params.seed)
    return store.load_ratings()


def evaluate(ratings: Ratings, params: EvaluateParams, report: Report) -> tuple[EvaluationRow, ...]:
    """Measure the estimators. Return them in the order of the cross-validation; a training would select the first.

    Call `report` after each fit and each test. `ratings` must be in the order of the import, as the split depends on it.
    """
    train, test = split_by_item(ratings, params.seed)
    if not len(test):
        raise InvalidArgument("JOB_PARAMS_INVALID", "no item has two ratings, so none can be kept for the test; import more ratings")
    plan = plan_search(params.estimators, train.sizes, FOLDS, params.seed)
    found = search(train, plan, lambda progress: report(replace(progress, percent=progress.percent * SEARCH_PERCENT / 100)))
    # Of all users of a large store, the ranking alone would take longer than a job may.
    test = test.take(some_users(test.users, params.seed))
    return tuple(_test(found, log_left_out(found, plan), train, test, report))


def _test(found: Found, left_out: str, train: Ratings, test: Ratings, report: Report) -> list[EvaluationRow]:
    """Measure the best configuration of each estimator, in the order of the cross-validation."""
    qualities: list[Quality] = []
    chosen = [measured.configuration for measured in found.best_of_each]
    for place, configuration in enumerate(chosen, 1):
        qualities.append(ranking_quality(fit(configuration, train.pairs, train.ratings), test.pairs))
        percent = SEARCH_PERCENT + (100 - SEARCH_PERCENT) * place / len(chosen)
        best = max(range(place), key=lambda index: qualities[index].metrics["ndcg_at_10"])
        step = f"Tested {configuration.estimator}; best so far: {chosen[best].estimator}" + (left_out if place == len(chosen) else "")
        report(Progress(percent, step, {"ndcg_at_10": qualities[best].metrics["ndcg_at_10"]}))
    leads = [difference(one, following) for one, following in pairwise(qualities)]
    return [
        EvaluationRow(configuration, quality, is_selected=place == 0, lead=lead)
        for place, (configuration, quality, lead) in enumerate(zip(chosen, qualities, [*leads, None], strict=True))
    ]


def to_table(rows: Sequence[EvaluationRow]) -> str:
    """Return the rows as text for a terminal; * marks the estimator that the cross-validation selects."""
    head = f"{'estimator':<14}{'params':<32}" + "".join(f"{title:>9}" for title in METRICS.values()) + "  lead over the next"
    return "\n".join([head, *map(_table_line, rows), *NOTES])


def _table_line(row: EvaluationRow) -> str:
    name = row.configuration.estimator + ("*" if row.is_selected else "")
    figures = "".join(f"{row.metrics[metric]:>9.4f}" for metric in METRICS)
    lead = f"  {row.lead.mean:+.4f} ± {row.lead.interval:.4f}{', clear' if row.lead.is_clear else ', unclear'}" if row.lead else ""
    return f"{name:<14}{row.searched_params:<32}{figures}{lead}"


def to_csv(rows: Sequence[EvaluationRow]) -> str:
    """Return the rows as the file that the job leaves."""
    header = ["estimator", "params", "selected", *METRICS, "lead", "lead_interval"]
    return as_csv([header, *map(_csv_row, rows)])


def _csv_row(row: EvaluationRow) -> list[str | float]:
    metrics = [row.metrics[name] for name in METRICS]
    lead: list[str | float] = [row.lead.mean, row.lead.interval] if row.lead else ["", ""]
    return [row.configuration.estimator, row.searched_params, str(row.is_selected).lower(), *metrics, *lead]
