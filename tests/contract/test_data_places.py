"""Which stores `make demo` uses and `make reset` empties: both name them, and neither shows a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from infra.local.cleaning import clean, reset
from infra.local.demo import summary
from infra.local.errors import LocalError
from infra.local.preparation import MIGRATIONS, note_prepared, start_preparation
from infra.local.settings import ROOT, Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.local.progress import Steps

VARIABLES = ("AMQP_URL", "DATABASE_URL", "REGISTRY_URL", "INTERACTIONS", "ITEMS", "IMPORT")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "checkout"


def with_data(root: Path) -> Settings:
    settings = read_settings(root)
    settings.data.mkdir(parents=True)
    (settings.data / "store.db").write_text("data")
    return settings


def test_by_default_all_data_is_in_the_run_folder(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = with_data(root)

    reset(settings)

    assert f"{settings.data}/ (`make reset` empties it)" in summary(settings, 1)
    assert not settings.data.exists()
    assert "Left" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("variable", "url", "shown"),
    [
        ("DATABASE_URL", "sqlite:////elsewhere/store.db", "the SQL store of DATABASE_URL"),
        ("DATABASE_URL", "postgresql+psycopg://app:geheim@db.example:5433/app", "the SQL store of DATABASE_URL"),
        ("DATABASE_URL", "postgresql+psycopg:///app?password=geheim", "the SQL store of DATABASE_URL"),
        ("DATABASE_URL", "postgresql+psycopg://app:12/geheim@db.example/app", "the SQL store of DATABASE_URL"),
        ("REGISTRY_URL", "/elsewhere/registry", "the registry of REGISTRY_URL"),
        ("REGISTRY_URL", "file:///elsewhere/registry", "the registry of REGISTRY_URL"),
        ("REGISTRY_URL", "s3://key:geheim@bucket/models", "the registry of REGISTRY_URL"),
        ("REGISTRY_URL", "simplecache::s3://key:geheim@bucket/models", "the registry of REGISTRY_URL"),
        ("AMQP_URL", "amqp://app:geheim@broker.example/shop", "the broker of AMQP_URL"),
    ],
)
def test_a_store_that_a_variable_names_is_shown_and_left_as_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, url: str, shown: str
) -> None:
    monkeypatch.setenv(variable, url)
    settings = with_data(root)

    reset(settings)

    said = capsys.readouterr().out
    assert f"Left as they are, unless they lie in it: {shown}." in said
    assert "geheim" not in said + summary(settings, 1)


def test_the_banner_says_which_store_a_reset_empties_and_which_it_leaves(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////elsewhere/store.db")
    settings = with_data(root)

    lines = [" ".join(line.split()) for line in summary(settings, 1).splitlines()]

    assert f"Data {settings.data}/ (`make reset` empties it)" in lines
    assert "Other data the SQL store of DATABASE_URL (unless they lie in that folder, `make reset` leaves them)" in lines


def test_stores_as_the_example_names_them_are_our_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = [line.partition("=") for line in (ROOT / ".env.example").read_text("utf-8").splitlines()]
    for name, _, value in example:
        if name in {"DATABASE_URL", "REGISTRY_URL"}:
            monkeypatch.setenv(name, value)

    assert read_settings(root).other_stores == {}


def test_clean_removes_all_that_git_ignores_except_a_persons_own_settings(root: Path) -> None:
    settings = with_data(root)
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
    for name in ignored:
        made = (root if name.startswith((".venv", ".run", ".env")) else root / "part" / "inner") / name.replace("*", "x")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.touch() if name == ".env" else (made / "inside").mkdir(parents=True, exist_ok=True)
    tracked_link = root / "part" / "node_modules"
    tracked_link.symlink_to("../gateway_node/node_modules")

    clean(settings)

    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == [".env", "part", "part/inner", "part/node_modules"]


@pytest.mark.parametrize("command", [reset, clean])
def test_a_folder_that_can_not_be_removed_is_an_error_and_not_reported_as_gone(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: Callable[[Settings], None]
) -> None:
    settings = with_data(root)

    def refuse(folder: Path, *, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(13, "Permission denied", str(folder / "store.db"))

    monkeypatch.setattr("shutil.rmtree", refuse)

    with pytest.raises(LocalError, match=r"store\.db can't be removed: Permission denied"):
        command(settings)

    assert capsys.readouterr().out == ""


class PlannedSteps:
    """Records the names of the steps and runs none."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, name: str, _work: object, _after: object) -> None:
        self.names.append(name)


def prepare(settings: Settings) -> list[str]:
    steps = PlannedSteps()
    start_preparation(settings, cast("Steps", steps), [])
    note_prepared(settings)
    return steps.names


def test_a_store_in_the_run_folder_is_prepared_once(root: Path) -> None:
    settings = read_settings(root)

    assert [bool(prepare(settings)), bool(prepare(settings))] == [True, False]


def test_new_migrations_prepare_the_store_again(root: Path) -> None:
    settings = read_settings(root)
    prepare(settings)
    (root / MIGRATIONS).mkdir(parents=True)
    (root / MIGRATIONS / "0001_first.py").touch()

    assert prepare(settings) != []


def test_the_migrations_are_where_the_preparation_looks_for_them() -> None:
    assert list((ROOT / MIGRATIONS).glob("*.py"))


def test_a_store_elsewhere_is_prepared_at_each_start(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////elsewhere/store.db")
    settings = read_settings(root)

    first, second = prepare(settings), prepare(settings)

    assert first == second == ["the store's tables", "MovieLens 100K", "the first model version"]
