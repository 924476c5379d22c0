"""Fit an estimator with its defaults, and write versions of it: `python -m benchmarks.growth.fitting ESTIMATOR VERSION…`.

The first version becomes live.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from ml_service.bootstrap.clients import open_clients
from ml_service.config import read_settings
from ml_service.model.candidates import Configuration, build

PROCESS = Path("/proc/self/status")


def main(estimator: str, versions: list[str]) -> None:
    with open_clients(read_settings()) as parts:
        began = time.perf_counter()
        ratings = parts.store.load_ratings()
        loaded = time.perf_counter()
        model = build(Configuration(estimator, {})).fit(ratings.pairs, ratings.ratings).to_model(ratings.item_ids)
        fitted = time.perf_counter()
        for version in versions:
            data = {"fingerprint": ratings.fingerprint(), "ratings": len(ratings)}
            parts.registry.save(model, name=version, estimator=estimator, params={}, metrics={}, data=data)
        saved = time.perf_counter()
        parts.store.compare_and_set_live(None, versions[0])
    figures = {"load_seconds": loaded - began, "fit_seconds": fitted - loaded, "save_seconds": (saved - fitted) / len(versions)}
    sys.stdout.write(json.dumps({**figures, "fit_peak_mb": peak_mb(PROCESS)}) + "\n")


def peak_mb(status: Path) -> float:
    """Return the peak of a process's resident memory."""
    line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
