"""The places of the stack's data: the run folder, or addresses in the environment. No server's address is shown: it may hold a password."""

from dataclasses import dataclass
from pathlib import Path

from infra.local.settings import Settings


@dataclass(frozen=True, slots=True)
class DataPlace:
    #: As in "the SQL store".
    name: str
    variable: str
    #: None for a server.
    path: Path | None
    #: Whether it lies in the run folder, so that `make reset` empties it.
    is_ours: bool

    def __str__(self) -> str:
        return f"the {self.name} of {self.variable}" + (f" ({self.path})" if self.path else "")


def data_places(settings: Settings) -> list[DataPlace]:
    """Return the SQL store, the registry and the broker."""
    return [
        _place(settings, "SQL store", "DATABASE_URL", _sqlite_path(settings.variables["DATABASE_URL"])),
        _place(settings, "registry", "REGISTRY_URL", _folder(settings.variables["REGISTRY_URL"])),
        DataPlace("broker", "AMQP_URL", None, is_ours=settings.given_amqp_url is None),
    ]


def _place(settings: Settings, name: str, variable: str, path: str | None) -> DataPlace:
    # The services run in the checkout.
    resolved = None if path is None else (settings.root / path).resolve()
    return DataPlace(name, variable, resolved, is_ours=resolved is not None and resolved.is_relative_to(settings.data.resolve()))


def _sqlite_path(url: str) -> str | None:
    """Return the file of a SQLite URL as SQLAlchemy reads it: three slashes, then the path."""
    scheme, _, path = url.partition(":///")
    return path.partition("?")[0] if scheme.partition("+")[0] == "sqlite" and path else None


def _folder(url: str) -> str | None:
    """Return the path of a registry in a folder, None for any other store that fsspec reaches."""
    path = url.removeprefix("file://")
    return None if "::" in path or "://" in path else path
