"""The settings of the container commands. This package and infra/offline read the environment nowhere else."""

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
    #: An engine that is started here keeps its data and its socket in this folder. None: dockerd's own places.
    engine_folder: Path | None

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
    folder = Path(given["ENGINE_FOLDER"]).resolve() if given.get("ENGINE_FOLDER") else None
    if folder and not given.get("DOCKER_HOST"):
        given["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
    return Settings(root=root, variables=given, engine_folder=folder)
