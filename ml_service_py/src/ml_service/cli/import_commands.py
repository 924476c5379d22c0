"""The commands `import` and `inspect`, which read a person's own files in the same way. Each command imports only what it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ml_service.cli.commands import command_settings, opened_clients
from ml_service.cli.file_options import FileOptions, with_file_options
from ml_service.config import read_lab_settings
from ml_service.errors import InvalidArgument

if TYPE_CHECKING:
    from ml_service.adapters.datasets.csv_import import ReadOptions
    from ml_service.bootstrap.clients import Clients
    from ml_service.handlers.importing import Imported
    from ml_service.ports.storage import ImportMode, LiveVersion


@with_file_options
def import_data(  # noqa: PLR0913
    *,
    movielens: Annotated[bool, typer.Option("--movielens", help="Fetch MovieLens 100K, unless the store has data.")] = False,
    interactions: Annotated[Path | None, typer.Option(help="CSV: user_id,item_id[,rating][,timestamp][,plays].")] = None,
    items: Annotated[Path | None, typer.Option(help="CSV: item_id,title[,year][,genres].")] = None,
    cache: Annotated[Path, typer.Option(help="The folder that keeps fetched files.")] = Path(".run/cache"),
    add: Annotated[bool, typer.Option("--add", help="Keep the data that the store has, and add the files' data.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Remove the data that the store has first; no version stays live.")] = False,
    files: FileOptions,
) -> None:
    """Bring data into the store, all of it or nothing. In a store that has other data: say --add or --replace."""
    with opened_clients() as clients:
        if movielens == bool(interactions or items) or bool(interactions) != bool(items):
            raise InvalidArgument("REQUEST_INVALID", "Give --movielens, or both --interactions and --items.")
        mode = _import_mode(add=add, replace=replace)
        if movielens and (add or replace):
            raise InvalidArgument("REQUEST_INVALID", "Give --add or --replace only with --interactions and --items.")
        options = files.parse()
        if interactions and items:
            imported: Imported | None = _import_files(clients, interactions, items, options, mode)
        else:
            imported = _import_movielens(clients, cache)
        _print_imported(imported, clients.store.read_live())


def _import_files(clients: Clients, interactions: Path, items: Path, options: ReadOptions, mode: ImportMode) -> Imported:
    from ml_service.adapters.datasets.csv_import import read_csv
    from ml_service.adapters.sql.database import migrate
    from ml_service.handlers.importing import import_dataset

    migrate(clients.store.engine)
    typer.echo(f"Reading {items} and {interactions}", err=True)
    data = read_csv(interactions, items, options)
    imported = import_dataset(clients.store, data, mode)
    for note in data.notes:
        typer.echo(f"Note: {note}", err=True)
    return imported


def _import_movielens(clients: Clients, cache: Path) -> Imported | None:
    from ml_service.adapters.datasets.movielens import fetch
    from ml_service.adapters.sql.database import migrate
    from ml_service.handlers.importing import import_into_empty

    migrate(clients.store.engine)
    typer.echo("Reading MovieLens 100K", err=True)
    return import_into_empty(clients.store, lambda: fetch(cache))


@with_file_options
def inspect(
    interactions: Annotated[Path, typer.Argument(help="The file of interactions, or any one file.", metavar="FILE")],
    items: Annotated[Path | None, typer.Argument(help="The file of items.", metavar="ITEMS_FILE")] = None,
    *,
    files: FileOptions,
) -> None:
    """Say what files look like, which columns an import would use, and what it would leave out. Writes nothing."""
    from ml_service.adapters.datasets import inspection

    with command_settings(read_lab_settings):
        options = files.parse()
        for line in inspection.describe(interactions, items, options):
            typer.echo(line)


def _import_mode(*, add: bool, replace: bool) -> ImportMode:
    from ml_service.ports.storage import ImportMode

    if add and replace:
        raise InvalidArgument("REQUEST_INVALID", "Give --add or --replace, not both.")
    if replace:
        return ImportMode.REPLACE
    return ImportMode.ADD if add else ImportMode.INTO_EMPTY


def _print_imported(imported: Imported | None, live: LiveVersion | None) -> None:
    from ml_service.handlers.importing import name_renamed

    if imported is None:
        typer.echo("The store has interactions already: nothing was imported", err=True)
        return
    written = imported.written
    typer.echo(f"Imported {imported.items} items and {written.given} interactions, {written.new} of them new")
    if written.left_out:
        typer.echo(f"Left out {written.left_out} interactions of users who were erased", err=True)
    if written.items.renamed:
        typer.echo(f"Note: items that got another title: {name_renamed(written.items.renamed)}", err=True)
    if not written.has_changes:
        typer.echo("The store had all of them: nothing changed", err=True)
        return
    typer.echo("A recommender that runs already answers from them after its next start", err=True)
    typer.echo(f"{_trained_before(live)}: train one with `python -m ml_service train`", err=True)


def _trained_before(live: LiveVersion | None) -> str:
    return f"The live model version {live.version} doesn't know this import" if live else "No model version is live"
