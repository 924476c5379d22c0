"""How much memory containers hold, as the engine counts it: without the files that the kernel keeps only while there is room."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.images.docker import must_ask

if TYPE_CHECKING:
    from infra.images.settings import Settings

STATS = ("stats", "--no-stream", "--format", "{{.Name}}\t{{.MemUsage}}")
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def memory_report(settings: Settings, containers: list[str]) -> str:
    rows = [row.split("\t") for row in must_ask(settings, *STATS, *containers).splitlines()]
    used = {name: _mebibytes(usage.partition(" / ")[0]) for name, usage in rows}
    parts = ", ".join(f"{name} {size:.0f}" for name, size in sorted(used.items()))
    return f"memory: {sum(used.values()):.0f} MiB ({parts})"


def _mebibytes(text: str) -> float:
    """Reads a size as the engine writes it, such as `98.3MiB`."""
    size = re.fullmatch(r"([\d.]+)\s*(\w+)", text.strip())
    if not size:
        raise ValueError(f"not a size: {text}")
    return float(size[1]) * UNITS[size[2]] / UNITS["MiB"]
