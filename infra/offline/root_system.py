"""A bare Debian as an image, made from Debian's packages by mmdebstrap, with the host's certificates in it."""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from infra.local.debian import can_install_packages, install_packages
from infra.local.errors import LocalError
from infra.local.settings import read_settings as read_local_settings

if TYPE_CHECKING:
    from infra.images.settings import Settings
    from infra.local.progress import Steps
    from infra.offline.recipes import Root

#: No manuals and translations, as in the slim images; no waiting for the disk, as a broken build starts anew.
ROOT_OPTIONS = (
    "--variant=minbase",
    "--include=ca-certificates",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=force-unsafe-io",
)
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
#: Programs that bring certificates of their own look there for the host's.
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def build_root(settings: Settings, steps: Steps, recipe: Root, label: str) -> None:
    _ensure_mmdebstrap(steps)
    has_bundle = settings.certificates.exists()
    hooks = [f"--customize-hook=upload {settings.certificates} {BUNDLE}"] if has_bundle else []
    variables = " ".join(f"{name}={BUNDLE}" for name in BUNDLE_VARIABLES)
    changes = [f"--change=LABEL {label}", '--change=CMD ["bash"]', *([f"--change=ENV {variables}"] if has_bundle else [])]
    mirror = [settings.debian_mirror] if settings.debian_mirror else []
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/{recipe.suite}.tar"

        def run(log: str, *command: str) -> None:
            steps.command(f"{log}-{recipe.suite}", command, cwd=settings.root, variables=settings.variables)

        run("debian", "mmdebstrap", *ROOT_OPTIONS, *hooks, recipe.suite, archive, *mirror)
        run("import", "docker", "import", *changes, archive, recipe.image)


def _ensure_mmdebstrap(steps: Steps) -> None:
    if shutil.which("mmdebstrap"):
        return
    if not can_install_packages():
        raise LocalError(
            "mmdebstrap is missing, which makes Debian out of packages: install it (`apt-get install mmdebstrap`), or run this as root."
        )
    install_packages(steps, read_local_settings(), "mmdebstrap")
