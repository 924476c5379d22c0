"""The SQL store is there and the registry isn't, as after a restore of the store alone. One sentence says so, and a training repairs it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness.stack import Stack
from harness.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from harness.stack import Data

SOON = {"RECOMMENDER_MODEL_POLL_SECONDS": "0.5"}


def test_a_live_version_missing_in_the_registry_is_named_and_a_training_repairs_it(trained: Data, broker_url: str, tmp_path: Path) -> None:
    data = trained.copy_to(tmp_path / "data")
    shutil.rmtree(data.folder / "registry")
    recommender = Stack(data, broker_url, tmp_path, SOON).recommender
    recommender.start()
    try:
        sentence = "the registry doesn't hold it: one of them was restored alone. Train, or promote another version."
        eventually(lambda: sentence in recommender.log_text(), within=60, what="a sentence that names the disagreement")

        data.run("train", "--if-none", "--estimator", "popularity", "--folds", "2")

        recommender.wait_until_ready()
    finally:
        recommender.terminate()
