"""The settings of the offline commands, on top of those of all container commands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from infra.images.settings import ROOT, Settings
from infra.images.settings import read_settings as read_image_settings


@dataclass(frozen=True, slots=True)
class OfflineSettings(Settings):
    #: The host's source of packages. None: Debian's own mirror.
    debian_mirror: str | None
    #: The host's certificates. Behind a proxy with a certificate of its own, images need them too.
    certificates: Path
    #: Docker's folder of this user.
    docker_folder: Path


def read_settings(root: Path = ROOT) -> OfflineSettings:
    settings = read_image_settings(root)
    given = settings.variables
    return OfflineSettings(
        **asdict(settings),
        debian_mirror=given.get("DEBIAN_MIRROR") or None,
        certificates=Path(given.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"),
        docker_folder=Path(given.get("DOCKER_CONFIG") or Path.home() / ".docker"),
    )
