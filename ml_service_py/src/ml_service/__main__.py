"""The command line: each command with its options."""

from pathlib import Path
from typing import Annotated

import typer

from ml_service.cli import commands, import_commands
from ml_service.cli.dead_letter_commands import dead_letters

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(dead_letters, name="dead-letters")
app.command("import")(import_commands.import_data)
app.command()(import_commands.inspect)

NAMES_HELP = "ease, sparse_ease, svd, item_knn or popularity; may be repeated. Default: all that a training can afford."
Estimators = Annotated[list[str] | None, typer.Option(help=NAMES_HELP)]


@app.command()
def serve() -> None:
    """Answer over gRPC, and over HTTP for operators."""
    commands.serve()


@app.command()
def work() -> None:
    """Run jobs, and write the log of interactions into the store."""
    commands.work()


@app.command()
def migrate(
    beside_other_tables: Annotated[
        bool, typer.Option("--beside-other-tables", help="Accept a database with tables of other programs.")
    ] = False,
) -> None:
    """Bring the store's tables to this version."""
    commands.migrate(beside_others=beside_other_tables)


@app.command()
def train(
    if_none: Annotated[bool, typer.Option("--if-none", help="Do nothing if the live version's files exist.")] = False,
    estimator: Estimators = None,
    folds: Annotated[int | None, typer.Option(help="Folds of the cross-validation: 2 to 10. Default: 3.")] = None,
) -> None:
    """Choose, fit and roll out a model version."""
    commands.train(estimator or (), folds, if_none=if_none)


@app.command()
def evaluate(estimator: Estimators = None) -> None:
    """Print how good each estimator ranks, by the published protocol."""
    commands.evaluate(estimator or ())


@app.command()
def decide(
    answers: Annotated[Path, typer.Argument(help='JSON: {"connections": "thousands", "team": "javascript", ...}.')],
    adr: Annotated[bool, typer.Option("--adr", help="Print an architecture decision record instead.")] = False,
) -> None:
    """Say which back end suits a project: Node, Python or both."""
    commands.decide(answers, as_record=adr)


if __name__ == "__main__":
    app()
