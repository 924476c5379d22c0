"""What the stand-ins are: images of Debian packages under names of their own, for machines that no registry of containers serves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "stand_ins"
OLDEST_RABBITMQ = "rabbitmq:3.10"
NODE_LOCK = Path(__file__).parents[1] / "local" / "requirements.lock"


@dataclass(frozen=True, slots=True)
class Root:
    """A bare Debian. `localhost` in an image's name keeps the engine from asking anyone else for it."""

    suite: str

    @property
    def name(self) -> str:
        return f"debian:{self.suite}"

    @property
    def image(self) -> str:
        return f"localhost/stand-in/{self.name}"

    @property
    def parents(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class StandIn:
    """Built from a Dockerfile and its neighbours in a folder. `parents` are the images that it is built on, by build argument."""

    name: str
    parents: dict[str, str]
    #: The variable by which compose and the Dockerfiles take it.
    variable: str | None = None
    #: The image that it stands in for.
    public: str | None = None
    extra_files: tuple[Path, ...] = ()

    @property
    def image(self) -> str:
        return f"localhost/stand-in/{self.name}"

    @property
    def files(self) -> list[Path]:
        return [*sorted((FOLDER / self.name.partition(":")[0]).iterdir()), *self.extra_files]


RECIPES: dict[str, Root | StandIn] = {
    recipe.name: recipe
    for recipe in (
        Root("trixie"),
        Root("bookworm"),
        StandIn("python:3.13", {"PARENT": "debian:trixie"}, "PYTHON_IMAGE", "python:3.13-slim"),
        StandIn("node:24", {"PARENT": "debian:trixie", "PYTHON": "python:3.13"}, "NODE_IMAGE", "node:24-slim", (NODE_LOCK,)),
        StandIn("rabbitmq:4.0", {"PARENT": "debian:trixie"}, "RABBITMQ_IMAGE", "rabbitmq:4.0-management"),
        StandIn(OLDEST_RABBITMQ, {"PARENT": "debian:bookworm"}, public="rabbitmq:3.10-management"),
        StandIn("postgres:17", {"PARENT": "debian:trixie"}, "POSTGRES_IMAGE", "postgres:17"),
        StandIn("plugins:trixie", {"PARENT": "debian:trixie"}),
    )
}


def with_parents(names: list[str]) -> list[Root | StandIn]:
    """Gives the recipes of these names and of all that they are built on, parents first."""
    ordered: dict[str, Root | StandIn] = {}
    for name in names:
        recipe = RECIPES[name]
        ordered |= {parent.name: parent for parent in with_parents(list(recipe.parents.values()))}
        ordered[name] = recipe
    return list(ordered.values())
