"""Fill an empty store with made-up data: `python -m benchmarks.growth.filling USERS ITEMS PER_USER`."""

from __future__ import annotations

import json
import sys
import time
from itertools import islice

from benchmarks.synthetic import Size, generate
from ml_service.adapters.sql.database import migrate
from ml_service.bootstrap.clients import open_clients
from ml_service.config import read_settings

#: Interactions per write. Only one such chunk is in memory at a time.
CHUNK = 50_000


def main(size: Size) -> None:
    made = generate(size)
    with open_clients(read_settings()) as parts:
        migrate(parts.store.engine)
        began = time.perf_counter()
        parts.store.import_data(tuple(made.catalogue()), [])
        rows = made.interactions()
        while chunk := list(islice(rows, CHUNK)):
            parts.store.import_data([], chunk)
    seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps({"interactions": len(made.users), "import_per_second": len(made.users) / seconds}) + "\n")


if __name__ == "__main__":
    main(Size(*map(int, sys.argv[1:4])))
