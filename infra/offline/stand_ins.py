"""Builds the stand-ins, each only when its recipe or one below it has changed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.images.docker import ask
from infra.local.private_folders import make_private
from infra.local.progress import Steps
from infra.offline.recipes import RECIPES, Root, StandIn, with_parents
from infra.offline.root_system import ROOT_OPTIONS, build_root

if TYPE_CHECKING:
    from concurrent.futures import Future

    from infra.images.settings import Settings
    from infra.local.progress import Progress

LABEL = "stand-in.recipe"


def build_stand_ins(settings: Settings, progress: Progress, names: list[str]) -> None:
    """Builds these and what they are built on, side by side as far as they don't need each other."""
    hashes = recipe_hashes(settings, names)
    steps = Steps(progress, settings.logs)
    begun: dict[str, Future[None]] = {}
    for recipe in with_parents(names):
        if _label(settings, recipe.image) != hashes[recipe.name]:
            after = [begun[parent] for parent in recipe.parents.values() if parent in begun]
            work = partial(_build, settings, steps, recipe, hashes[recipe.name])
            begun[recipe.name] = steps.start(recipe.image, work, after)
    steps.wait()
    progress.say(f"stand-ins: {len(begun)} built, {len(hashes) - len(begun)} as they were")


def write_image_names(settings: Settings) -> None:
    """Notes the stand-ins that compose is to use."""
    make_private(settings.run)
    chosen = [recipe for recipe in RECIPES.values() if isinstance(recipe, StandIn) and recipe.variable]
    settings.image_names.write_text("".join(f"{recipe.variable}={recipe.image}\n" for recipe in chosen), "utf-8")


def recipe_hashes(settings: Settings, names: list[str]) -> dict[str, str]:
    """What each image is made of, as a hash: of its own recipe and of all below it."""
    hashes: dict[str, str] = {}
    for recipe in with_parents(names):
        digest = hashlib.sha256("\n".join(hashes[parent] for parent in recipe.parents.values()).encode())
        if isinstance(recipe, Root):
            digest.update("\n".join([recipe.suite, *ROOT_OPTIONS, settings.debian_mirror or ""]).encode())
            digest.update(settings.certificates.read_bytes() if settings.certificates.exists() else b"")
        else:
            for file in recipe.files:
                digest.update(file.name.encode() + b"\n" + file.read_bytes())
        hashes[recipe.name] = digest.hexdigest()
    return hashes


def _label(settings: Settings, image: str) -> str | None:
    return ask(settings, "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', image)


def _build(settings: Settings, steps: Steps, recipe: Root | StandIn, recipe_hash: str) -> None:
    label = f"{LABEL}={recipe_hash}"
    if isinstance(recipe, Root):
        build_root(settings, steps, recipe, label)
        return
    arguments = [f"--build-arg={name}={RECIPES[parent].image}" for name, parent in recipe.parents.items()]
    with tempfile.TemporaryDirectory() as context:
        for file in recipe.files:
            shutil.copy(file, Path(context))
        command = ["docker", "build", "--label", label, "--tag", recipe.image, "--build-arg=PIP_INDEX_URL", *arguments, context]
        steps.command(f"image-{recipe.name.replace(':', '-')}", command, cwd=settings.root, variables=settings.variables)
