"""The settings of the container commands. This package reads the environment nowhere else."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: The engine that the person names, empty for the one that docker finds.
DOCKER_HOST = os.environ.get("DOCKER_HOST", "")
#: The file of variables for compose that names the stand-ins that were built.
IMAGE_NAMES = ROOT / ".run" / "images.env"
