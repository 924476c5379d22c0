"""Compare the project's choice with plain EASE on made-up data of several shapes: `python -m benchmarks.planted_quality [SHAPE…]`.

Plain EASE is the one of 2019: no dropout, no discount, no main directions. The same search chooses its λ inside the same training part.
Each shape is drawn and split with several seeds: the quality is the mean, the difference has its lowest and highest value.
Each shape is measured in its own process, so that it has its own memory peak. Standard error has the choices of each seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.growth.fitting import PROCESS, peak_mb
from benchmarks.planted import Planted, generate
from benchmarks.quality import FOLDS, PlainEASE
from benchmarks.tables import as_text
from ml_service.model.candidates import ESTIMATORS, Configuration, fit
from ml_service.model.holdout import split_by_item
from ml_service.model.metrics import ranking_metrics
from ml_service.model.plan import plan_search
from ml_service.model.selection import search

if TYPE_CHECKING:
    from ml_service.model.ratings import Ratings
    from ml_service.model.sizes import Sizes

SHAPES = {
    "dense": Planted(users=1_000, items=1_500, per_user=80),
    "sparse": Planted(users=4_000, items=2_500, per_user=8),
    "sparse, many tastes": Planted(users=3_000, items=2_000, per_user=10, taste=2.5, skew=0.5),
    "many users": Planted(users=15_000, items=800, per_user=15),
    "clusters": Planted(users=4_000, items=2_000, per_user=15, taste=0.5, series=100),
    "series": Planted(users=4_000, items=2_500, per_user=12, taste=0.5, series=5),
    "series, sparse": Planted(users=3_000, items=3_000, per_user=6, taste=0, series=5),
    "popularity only": Planted(users=2_000, items=1_000, per_user=20, taste=0),
    "10,000 items": Planted(users=1_500, items=10_000, per_user=40, series=5),
    "17,600 items": Planted(users=2_000, items=17_600, per_user=80, skew=0.5, series=5),
    "17,600 items, no series": Planted(users=2_000, items=17_600, per_user=80, skew=0.5),
}
#: Shapes that take minutes are measured with the first seed only.
SEEDS = (42, 43)
ITEMS_OF_ALL_SEEDS = 5_000
#: Linux sets the peak of this process's memory back when 5 is written here.
RESET_PEAK = Path("/proc/self/clear_refs")
HEADER = (
    "shape",
    "users",
    "items rated",
    "interactions",
    "chosen",
    "nDCG@10",
    "plain EASE",
    "its nDCG@10",
    "difference",
    "with its ratings weighted",
    "CPU s",
    "peak MB",
)


def main(shapes: list[str]) -> None:
    rows = [_measure_in_own_process(shape) for shape in shapes or SHAPES]
    sys.stdout.write(as_text(HEADER, rows) + "\n")


def _measure_in_own_process(shape: str) -> tuple[str, ...]:
    sys.stderr.write(f"{shape}\n")
    done = subprocess.run([sys.executable, "-m", __spec__.name, "--one", shape], check=True, stdout=subprocess.PIPE, text=True)
    return tuple(json.loads(done.stdout))


def _measure(shape: str) -> tuple[str, ...]:
    seeds = SEEDS if SHAPES[shape].items <= ITEMS_OF_ALL_SEEDS else SEEDS[:1]
    runs = [_compare(replace(SHAPES[shape], seed=seed)) for seed in seeds]
    first = runs[0]
    sizes = (f"{count:,}" for count in (first.train.users, first.train.items, first.train.interactions))
    chosen, plain = (np.mean([run.ndcg for run in runs]), np.mean([run.plain_ndcg for run in runs]))
    return (
        shape,
        *sizes,
        first.chosen,
        f"{chosen:.4f}",
        first.plain,
        f"{plain:.4f}",
        _difference([run.ndcg / run.plain_ndcg for run in runs]),
        _difference([run.ndcg / run.weighted_ndcg for run in runs]),
        f"{first.cpu_seconds:.0f}",
        f"{first.peak:.0f}",
    )


def _difference(ratios: list[float]) -> str:
    percents = [100 * (ratio - 1) for ratio in ratios]
    return f"{np.mean(percents):+.1f} % ({min(percents):+.1f} to {max(percents):+.1f})"


@dataclass(frozen=True, slots=True)
class _Run:
    """The choices and their quality on one draw and split, with processor time and memory peak of the project's search and final fit."""

    train: Sizes
    chosen: str
    ndcg: float
    plain: str
    plain_ndcg: float
    #: That of plain EASE with low ratings counting less in a history, as for the project's estimators (docs/adr/0004).
    weighted_ndcg: float
    cpu_seconds: float
    peak: float


def _compare(planted: Planted) -> _Run:
    train, test = split_by_item(generate(planted), planted.seed)
    # The peak so far is that of making up the data.
    RESET_PEAK.write_text("5")
    began = time.process_time()
    chosen, ndcg = _choose_and_test((), train, test)
    seconds, peak = time.process_time() - began, peak_mb(PROCESS)
    # Registered only now: the project's own search tries all that are.
    ESTIMATORS["plain_ease"] = PlainEASE
    plain, plain_ndcg = _choose_and_test(("plain_ease",), train, test)
    weighted = Configuration("ease", {"l2": plain.params["l2"], "dropout": 0.0, "discount": 0.0})
    weighted_ndcg = _test(weighted, train, test)
    run = _Run(train.sizes, _text(chosen), ndcg, _text(plain), plain_ndcg, weighted_ndcg, seconds, peak)
    del ESTIMATORS["plain_ease"]
    sys.stderr.write(f"  seed {planted.seed}: {run}\n")
    return run


def _choose_and_test(names: tuple[str, ...], train: Ratings, test: Ratings) -> tuple[Configuration, float]:
    chosen = search(train, plan_search(names, train.sizes, FOLDS, SEEDS[0]), lambda _: None).best.configuration
    return chosen, _test(chosen, train, test)


def _test(configuration: Configuration, train: Ratings, test: Ratings) -> float:
    return ranking_metrics(fit(configuration, train.pairs, train.ratings), test.pairs)["ndcg_at_10"]


def _text(configuration: Configuration) -> str:
    return " ".join([configuration.estimator, *(f"{name}={value:g}" for name, value in configuration.searched.items())])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(_measure(sys.argv[2])))
    else:
        main(sys.argv[1:])
