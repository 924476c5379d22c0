"""The modules that a process imports at its start. They cost start time and memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Needed only for computations, migrations or a PostgreSQL store.
HEAVY = {"sklearn", "scipy", "numpy", "alembic", "psycopg"}


@pytest.mark.parametrize(
    ("entrypoint", "needed"),
    [
        ("ml_service.__main__", set()),
        ("ml_service.bootstrap.worker", set()),
        ("ml_service.bootstrap.job_runner", set()),
        ("ml_service.bootstrap.recommender", {"numpy", "scipy"}),
    ],
)
def test_a_process_imports_only_the_libraries_that_it_needs(entrypoint: str, needed: set[str]) -> None:
    program = f"import sys, {entrypoint}; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert HEAVY.intersection(loaded) == needed
