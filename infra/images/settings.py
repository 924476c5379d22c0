"""The settings of the container commands. This package reads the environment nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    root: Path
    #: The environment of all commands, with the address of an engine in ENGINE_FOLDER.
    variables: dict[str, str]

    @property
    def run(self) -> Path:
        return self.root / ".run"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def image_names(self) -> Path:
        """The file of variables for compose that names the stand-ins that were built."""
        return self.run / "images.env"


def read_settings(root: Path = ROOT) -> Settings:
    given = dict(os.environ)
    if given.get("ENGINE_FOLDER") and not given.get("DOCKER_HOST"):
        given["DOCKER_HOST"] = f"unix://{Path(given['ENGINE_FOLDER']).resolve()}/docker.sock"
    return Settings(root, given)
