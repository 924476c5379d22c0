"""The settings of the container commands. The only place of this package that reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    root: Path
    #: What the commands see: the environment, and the address of our own engine.
    variables: dict[str, str]
    #: Where an engine that we start keeps all it has, its socket too; None: the places where dockerd keeps it by itself.
    engine_folder: Path | None
    #: Where the host's packages come from, if not from Debian's own mirror.
    debian_mirror: str | None
    #: The host's certificates: behind a proxy with one of its own, images need them too.
    certificates: Path
    docker_folder: Path

    @property
    def run(self) -> Path:
        return self.root / ".run"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def image_names(self) -> Path:
        """The stand-ins that were built, as variables for compose."""
        return self.run / "images.env"


def read_settings(root: Path = ROOT) -> Settings:
    given = dict(os.environ)
    folder = Path(given["ENGINE_FOLDER"]).resolve() if given.get("ENGINE_FOLDER") else None
    if folder and not given.get("DOCKER_HOST"):
        given["DOCKER_HOST"] = f"unix://{folder}/docker.sock"
    return Settings(
        root=root,
        variables=given,
        engine_folder=folder,
        debian_mirror=given.get("DEBIAN_MIRROR") or None,
        certificates=Path(given.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"),
        docker_folder=Path(given.get("DOCKER_CONFIG") or Path.home() / ".docker"),
    )
