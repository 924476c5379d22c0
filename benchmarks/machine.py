"""Describe the machine, the commit and the versions of a run, because absolute figures depend on them."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil

from harness.stack import ROOT, node

CPU_INFO = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, str]:
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return {
        "measured at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _output_of("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "processor": f"{os.cpu_count()} cores, {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": platform.platform(),
        "Node": _output_of(node(), "--version"),
        "Python": platform.python_version(),
        "RabbitMQ": _output_of("dpkg-query", "--showformat=${Version}", "--show", "rabbitmq-server"),
        "load before (1, 5, 15 min)": load,
    }


def _processor() -> str:
    lines = CPU_INFO.read_text("utf-8").splitlines() if CPU_INFO.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _output_of(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
