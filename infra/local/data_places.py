"""The places of the stack's data: the run folder, or addresses in the environment. No text about a place holds a password."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.local.settings import Settings

HIDDEN = "an address that isn't shown"


@dataclass(frozen=True, slots=True)
class DataPlace:
    #: As in "the SQL store".
    name: str
    variable: str
    where: str
    #: Whether it lies in the run folder, so that `make reset` empties it.
    is_ours: bool

    def __str__(self) -> str:
        return f"the {self.name} of {self.variable} ({self.where})"


def data_places(settings: Settings) -> list[DataPlace]:
    """Return the SQL store, the registry and the broker."""
    database, registry = settings.variables["DATABASE_URL"], settings.variables["REGISTRY_URL"]
    return [
        _place(settings, "SQL store", "DATABASE_URL", database, _sqlite_path(database)),
        _place(settings, "registry", "REGISTRY_URL", registry, _folder(registry)),
        DataPlace("broker", "AMQP_URL", _server(settings.given_amqp_url or ""), is_ours=settings.given_amqp_url is None),
    ]


def _place(settings: Settings, name: str, variable: str, url: str, path: str | None) -> DataPlace:
    if path is None:
        return DataPlace(name, variable, _server(url), is_ours=False)
    # The services run in the checkout.
    resolved = (settings.root / path).resolve()
    return DataPlace(name, variable, str(resolved), is_ours=resolved.is_relative_to(settings.data.resolve()))


def _sqlite_path(url: str) -> str | None:
    """Return the file of a SQLite URL as SQLAlchemy reads it: three slashes, then the path."""
    scheme, _, path = url.partition(":///")
    return path.partition("?")[0] if scheme.partition("+")[0] == "sqlite" and path else None


def _folder(url: str) -> str | None:
    """Return the path of a registry in a folder, None for any other store that fsspec reaches."""
    path = url.removeprefix("file://")
    return None if "::" in path or "://" in path else path


def _server(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return HIDDEN
    # A password with a character that isn't encoded can end the part that urlsplit takes for user, password and host.
    is_clear = "@" in parts.netloc or "@" not in url
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme and is_clear else HIDDEN
