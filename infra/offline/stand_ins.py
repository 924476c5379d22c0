"""Build the stand-ins: a minimal Debian by mmdebstrap, and the images on it by `docker buildx bake`, which builds only what has changed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.images.docker import ask, has_plugins
from infra.local.folders import make_private
from infra.local.progress import Steps
from infra.offline.engine import require_program

if TYPE_CHECKING:
    from infra.images.settings import Settings
    from infra.local.progress import Progress

BAKE_FILE = Path(__file__).parent / "stand_ins" / "docker-bake.hcl"
#: The variables by which compose and the Dockerfiles of the services take the stand-ins.
IMAGE_NAMES = {
    "PYTHON_IMAGE": "localhost/stand-in/python:3.13",
    "NODE_IMAGE": "localhost/stand-in/node:24",
    "RABBITMQ_IMAGE": "localhost/stand-in/rabbitmq:4.0",
    "POSTGRES_IMAGE": "localhost/stand-in/postgres:17",
}
#: The target of the bake file that needs Debian 12. All others are built on Debian 13.
OLDEST_RABBITMQ = "rabbitmq-3-10"
ROOT_IMAGE = "localhost/stand-in/debian:"
LABEL = "stand-in.recipe"
#: No manuals and translations, as in the slim images. No waiting for the disk: a broken build starts anew.
ROOT_OPTIONS = (
    "--variant=minbase",
    "--include=ca-certificates",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "locale", "doc")),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=force-unsafe-io",
)
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
#: Programs that bring certificates of their own find the host's by these variables.
BUNDLE_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
PLUGINS = ("docker-compose", "docker-buildx")


def build_stand_ins(settings: Settings, progress: Progress, targets: list[str]) -> None:
    """Build the four stand-ins that compose needs, and these targets of the bake file. Name the four to compose."""
    steps = Steps(progress, settings.logs)
    require_program(steps, "mmdebstrap", "mmdebstrap")
    first = [] if has_plugins(settings) else [steps.start("compose and buildx", partial(_install_plugins, settings, steps))]
    for suite in ("trixie", "bookworm") if OLDEST_RABBITMQ in targets else ("trixie",):
        recipe = root_recipe(settings, suite)
        label = ask(settings, "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', ROOT_IMAGE + suite)
        if label != recipe:
            first.append(steps.start(f"Debian {suite}", partial(_build_root, settings, steps, suite, recipe)))
    bake = ["docker", "buildx", "bake", f"--file={BAKE_FILE.relative_to(settings.root)}", "--progress=plain", "default", *targets]
    steps.start("stand-ins", partial(steps.command, "stand-ins", bake, cwd=settings.root, variables=settings.variables), first)
    steps.wait()
    write_image_names(settings)


def write_image_names(settings: Settings) -> None:
    make_private(settings.run)
    settings.image_names.write_text("".join(f"{variable}={image}\n" for variable, image in IMAGE_NAMES.items()), "utf-8")


def root_recipe(settings: Settings, suite: str) -> str:
    """Return a hash of everything that the minimal Debian is made of, but for the versions of its packages."""
    digest = hashlib.sha256("\n".join([suite, *ROOT_OPTIONS, *_mirror(settings)]).encode())
    digest.update(b"".join(bundle.read_bytes() for bundle in _certificates(settings)))
    return digest.hexdigest()


def _mirror(settings: Settings) -> list[str]:
    """Return the host's source of packages, nothing for Debian's own mirror."""
    return [mirror] if (mirror := settings.variables.get("DEBIAN_MIRROR")) else []


def _certificates(settings: Settings) -> list[Path]:
    """Return the host's bundle, if it has one. Behind a proxy with a certificate of its own, images need it too."""
    bundle = Path(settings.variables.get("SSL_CERT_FILE") or BUNDLE)
    return [bundle] if bundle.exists() else []


def _build_root(settings: Settings, steps: Steps, suite: str, recipe: str) -> None:
    hooks = [f"--customize-hook=upload {bundle} {BUNDLE}" for bundle in _certificates(settings)]
    environment = [f"--change=ENV {' '.join(f'{name}={BUNDLE}' for name in BUNDLE_VARIABLES)}"] if hooks else []
    changes = [f"--change=LABEL {LABEL}={recipe}", '--change=CMD ["bash"]', *environment]
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/{suite}.tar"
        _run_mmdebstrap(settings, steps, *ROOT_OPTIONS, *hooks, suite, archive)
        command = ["docker", "import", *changes, archive, ROOT_IMAGE + suite]
        steps.command(f"import-{suite}", command, cwd=settings.root, variables=settings.variables)


def _run_mmdebstrap(settings: Settings, steps: Steps, *arguments: str) -> None:
    name = f"mmdebstrap-{Path(arguments[-1]).stem}"
    steps.command(name, ["mmdebstrap", *arguments, *_mirror(settings)], cwd=settings.root, variables=settings.variables)


def _install_plugins(settings: Settings, steps: Steps) -> None:
    """Put Debian 13's plugins into the user's folder for plugins. Docker prefers it to the machine's, which Debian 12 leaves empty."""
    folder = Path(settings.variables.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as unpacked:
        _run_mmdebstrap(settings, steps, "--variant=extract", f"--include={','.join(PLUGINS)}", "trixie", f"{unpacked}/plugins")
        for plugin in PLUGINS:
            shutil.copy(f"{unpacked}/plugins/usr/libexec/docker/cli-plugins/{plugin}", folder)
