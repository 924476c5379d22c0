"""Compare the project's choice with plain EASE on made-up data of several shapes: `python -m benchmarks.planted_quality [SHAPE…]`.

Plain EASE is the one of 2019: no dropout, no discount, no main directions. The same search chooses its λ inside the same training part.
Each shape is measured in its own process, so that it has its own memory peak.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.growth.fitting import PROCESS, peak_mb
from benchmarks.planted import Planted, generate
from benchmarks.quality import FOLDS, PlainEASE
from benchmarks.tables import as_text
from ml_service.model.candidates import ESTIMATORS, fit
from ml_service.model.holdout import split_by_item
from ml_service.model.metrics import ranking_metrics
from ml_service.model.plan import plan_search
from ml_service.model.selection import search

if TYPE_CHECKING:
    from ml_service.model.ratings import Ratings

SHAPES = {
    "dense": Planted(users=1_000, items=1_500, per_user=80),
    "sparse": Planted(users=4_000, items=2_500, per_user=8),
    "sparse, many tastes": Planted(users=3_000, items=2_000, per_user=10, taste=2.5, skew=0.5),
    "many users": Planted(users=15_000, items=800, per_user=15),
    "10,000 items": Planted(users=500, items=10_000, per_user=40),
    "17,600 items": Planted(users=400, items=17_600, per_user=40),
}
SEED = 42
HEADER = ("shape", "users", "items", "interactions", "chosen", "nDCG@10", "plain EASE", "its nDCG@10", "difference", "seconds", "peak MB")


def main(shapes: list[str]) -> None:
    rows = [_measure_in_own_process(shape) for shape in shapes or SHAPES]
    sys.stdout.write(as_text(HEADER, rows) + "\n")


def _measure_in_own_process(shape: str) -> tuple[str, ...]:
    sys.stderr.write(f"{shape}\n")
    done = subprocess.run([sys.executable, "-m", __spec__.name, "--one", shape], check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout))


def _measure(shape: str) -> tuple[str, ...]:
    ratings = generate(SHAPES[shape])
    train, test = split_by_item(ratings, SEED)
    began = time.perf_counter()
    chosen, ndcg = _choose_and_test((), train, test)
    seconds, peak = time.perf_counter() - began, peak_mb(PROCESS)
    ESTIMATORS["plain_ease"] = PlainEASE
    plain, plain_ndcg = _choose_and_test(("plain_ease",), train, test)
    sizes = (f"{count:,}" for count in (train.sizes.users, train.sizes.items, len(ratings)))
    difference = f"{100 * (ndcg / plain_ndcg - 1):+.1f} %"
    return (shape, *sizes, chosen, f"{ndcg:.4f}", plain, f"{plain_ndcg:.4f}", difference, f"{seconds:.0f}", f"{peak:.0f}")


def _choose_and_test(names: tuple[str, ...], train: Ratings, test: Ratings) -> tuple[str, float]:
    chosen = search(train, plan_search(names, train.sizes, FOLDS, SEED), lambda _: None).best.configuration
    params = " ".join(f"{name}={value:g}" for name, value in chosen.searched.items())
    return f"{chosen.estimator} {params}", ranking_metrics(fit(chosen, train.pairs, train.ratings), test.pairs)["ndcg_at_10"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(_measure(sys.argv[2])))
    else:
        main(sys.argv[1:])
