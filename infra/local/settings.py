"""The settings of the local stack. This package reads the environment nowhere else."""

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.package_sources import caches, without_personal
from infra.local.ports import LOOPBACK, read_ports

ROOT = Path(__file__).resolve().parents[2]
#: Marks the processes of a run folder, so that a later start finds those that a killed demo left.
MARK = "LOCAL_RUN_FOLDER"
#: Relative to the checkout, where their readers run: `?`, `%` and `::` in the folder's name would have a meaning of their own.
OWN_STORES = {"DATABASE_URL": "sqlite:///.run/data/store.db", "REGISTRY_URL": ".run/data/registry"}


@dataclass(frozen=True, slots=True)
class Settings:
    root: Path
    ports: dict[str, int]
    #: The environment of the stack's processes: the person's, and our defaults.
    variables: dict[str, str]
    #: Set when somebody else runs the broker.
    given_amqp_url: str | None
    rabbitmq_image: str
    #: The person's own CSV files: interactions and items. None: MovieLens.
    own_data: tuple[Path, Path] | None
    #: More options for the import of these files, such as --add.
    import_options: tuple[str, ...]
    #: The PATH without the checkout's own environment.
    machine_path: str

    @property
    def run(self) -> Path:
        return self.root / ".run"

    @property
    def data(self) -> Path:
        return self.run / "data"

    @property
    def other_stores(self) -> dict[str, str]:
        """Return the stores that variables name instead of our own. Their addresses aren't shown: they may hold a password."""
        names = {"DATABASE_URL": "the SQL store of DATABASE_URL", "REGISTRY_URL": "the registry of REGISTRY_URL"}
        others = {variable: name for variable, name in names.items() if self.variables[variable] != OWN_STORES[variable]}
        return others | ({"AMQP_URL": "the broker of AMQP_URL"} if self.given_amqp_url else {})

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @property
    def program_pids(self) -> Path:
        return self.run / "programs.json"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return self.venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def read_settings(root: Path = ROOT) -> Settings:
    given = without_personal(os.environ)
    ports = read_ports(given)
    defaults = {
        "AMQP_URL": f"amqp://guest:guest@{LOOPBACK}:{ports['BROKER_PORT']}/",
        **OWN_STORES,
        "GATEWAY_RECOMMENDER_ADDRESS": f"{LOOPBACK}:{ports['RECOMMENDER_GRPC_PORT']}",
        # Everybody can sign in as anybody. The gateway makes the key of their sessions at its first start.
        "GATEWAY_DEMO": "true",
        # Ctrl-C promises an end within 15 s. No other gateway could take requests meanwhile.
        "GATEWAY_DRAIN_MS": "0",
        "GATEWAY_SHUTDOWN_MS": "6000",
        "WORKER_GRACE_SECONDS": "6",
    }
    chosen = {name: value for name, value in given.items() if value or name not in defaults}
    own_programs = (root / ".venv" / "bin").resolve()
    folders = [folder for folder in given.get("PATH", os.defpath).split(os.pathsep) if Path(folder).resolve() != own_programs]
    ours = {name: str(port) for name, port in ports.items()} | {
        MARK: f"{root}/.run",
        "PATH": os.pathsep.join([f"{root}/.venv/bin", *folders]),
        "PYTHONUNBUFFERED": "1",
        **caches(root / ".run"),
    }
    return Settings(
        root=root,
        ports=ports,
        variables={**defaults, **chosen, **ours},
        given_amqp_url=given.get("AMQP_URL") or None,
        rabbitmq_image=given.get("RABBITMQ_IMAGE") or "rabbitmq:4.0",
        own_data=_read_own_data(given),
        import_options=_read_import_options(given),
        machine_path=os.pathsep.join(folders),
    )


def _read_own_data(given: Mapping[str, str]) -> tuple[Path, Path] | None:
    files = [Path(given[name]).resolve() for name in ("INTERACTIONS", "ITEMS") if given.get(name)]
    missing = [str(file) for file in files if not file.is_file()]
    if missing or len(files) == 1:
        raise LocalError(
            "; ".join(f"{name} isn't there" for name in missing) or "Give both INTERACTIONS and ITEMS, each the path of a CSV file."
        )
    return (files[0], files[1]) if files else None


def _read_import_options(given: Mapping[str, str]) -> tuple[str, ...]:
    text = given.get("IMPORT", "")
    try:
        options = tuple(shlex.split(text))
    except ValueError as error:
        raise LocalError(f"IMPORT is {text}: {error}.") from None
    if options and (not options[0].startswith("--") or not given.get("INTERACTIONS")):
        raise LocalError(f"IMPORT is {text}: give options of the import, such as --add, together with INTERACTIONS and ITEMS.")
    return options
