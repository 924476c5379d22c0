"""The use case evaluate: measure each estimator's rankings on held-out ratings, by the published protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ml_service.domain import Progress
from ml_service.errors import InvalidArgument
from ml_service.handlers.csv_files import as_csv
from ml_service.handlers.training import log_left_out
from ml_service.model.candidates import fit
from ml_service.model.holdout import split_by_item
from ml_service.model.metrics import ranking_metrics
from ml_service.model.plan import choose_estimators
from ml_service.model.selection import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ml_service.model.candidates import Configuration, Found
    from ml_service.model.ratings import Ratings
    from ml_service.model.selection import Report

FOLDS = 3
#: The percentage at which the search ends; then each estimator is fitted once more.
SEARCH_PERCENT = 90.0
METRICS = {"map": "MAP", "ndcg_at_10": "nDCG@10", "precision_at_10": "P@10", "recall_at_10": "R@10"}


@dataclass(frozen=True, slots=True)
class EvaluateParams:
    """`estimators`: those to measure; none means all that suit the catalogue's size. `seed`: of the split."""

    estimators: tuple[str, ...] = ()
    seed: int = 42


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """An estimator with the parameters chosen inside the training part, and its metrics on the test part."""

    configuration: Configuration
    metrics: dict[str, float]
    is_selected: bool

    @property
    def searched_params(self) -> str:
        return " ".join(f"{name}={value:g}" for name, value in self.configuration.searched.items())


def evaluate(ratings: Ratings, params: EvaluateParams, report: Report) -> tuple[EvaluationRow, ...]:
    """Measure the estimators. Return them in the order of the cross-validation; a training would select the first.

    Call `report` after each fit and each test. `ratings` must be in the order of the import, as the split depends on it.
    """
    train, test = split_by_item(ratings, params.seed)
    if not len(test):
        raise InvalidArgument("JOB_PARAMS_INVALID", "no item has two ratings, so none can be kept for the test; import more ratings")
    names = choose_estimators(params.estimators, train.sizes)
    found = search(
        train, names, FOLDS, params.seed, lambda progress: report(replace(progress, percent=progress.percent * SEARCH_PERCENT / 100))
    )
    return tuple(_test(found, train, test, report))


def _test(found: Found, train: Ratings, test: Ratings, report: Report) -> list[EvaluationRow]:
    """Measure the best configuration of each estimator, in the order of the cross-validation."""
    rows: list[EvaluationRow] = []
    left_out = log_left_out(found)
    chosen = found.best_of_each
    for place, measured in enumerate(chosen, 1):
        estimator = fit(measured.configuration, train.pairs, train.ratings)
        rows.append(EvaluationRow(measured.configuration, ranking_metrics(estimator, test.pairs), is_selected=place == 1))
        percent = SEARCH_PERCENT + (100 - SEARCH_PERCENT) * place / len(chosen)
        step = f"Tested {measured.configuration.estimator}" + (left_out if place == len(chosen) else "")
        report(Progress(percent, step, {"ndcg_at_10": rows[0].metrics["ndcg_at_10"]}))
    return rows


def to_table(rows: Sequence[EvaluationRow]) -> str:
    """Return the rows as text for a terminal; * marks the estimator that the cross-validation selects."""
    head = f"{'estimator':<14}{'params':<32}" + "".join(f"{title:>9}" for title in METRICS.values())
    lines = [
        f"{row.configuration.estimator + ('*' if row.is_selected else ''):<14}{row.searched_params:<32}"
        + "".join(f"{row.metrics[name]:>9.4f}" for name in METRICS)
        for row in rows
    ]
    return "\n".join([head, *lines, "* selected by cross-validation inside the training part"])


def to_csv(rows: Sequence[EvaluationRow]) -> str:
    """Sets the rows as the file that the job leaves."""
    header = ["estimator", "params", "selected", *METRICS]
    return as_csv([header, *map(_csv_row, rows)])


def _csv_row(row: EvaluationRow) -> list[str | float]:
    configuration, metrics = row.configuration, [row.metrics[name] for name in METRICS]
    return [configuration.estimator, row.searched_params, str(row.is_selected).lower(), *metrics]
