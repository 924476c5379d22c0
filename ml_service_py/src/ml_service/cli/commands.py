"""The commands. Progress goes to standard error, the result to standard output. Each command imports only what it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import typer

from ml_service.bootstrap.clients import Clients, open_clients
from ml_service.config import AnySettings, InvalidSettings, read_lab_settings, read_settings
from ml_service.entrypoints.process.logs import configure_logs
from ml_service.errors import InvalidArgument, ServiceError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from pathlib import Path

    from ml_service.domain import Progress

log = structlog.get_logger()


def serve() -> None:
    from ml_service.bootstrap.recommender import serve as serve_until_stopped

    with command_settings(read_settings) as settings:
        _run(serve_until_stopped(settings))


def work() -> None:
    from ml_service.bootstrap.worker import work as work_until_stopped

    with command_settings(read_settings) as settings:
        _run(work_until_stopped(settings))


def migrate(*, beside_others: bool) -> None:
    from ml_service.adapters.sql import database

    with opened_clients() as clients:
        database.migrate(clients.store.engine, beside_others=beside_others)


def train(estimators: Sequence[str], folds: int | None, *, if_none: bool) -> None:
    with _migrated_clients() as clients:
        if if_none and _has_live_version(clients):
            typer.echo("A model version is live already", err=True)
            _print_stale(clients)
            return
        from ml_service.handlers.training import CommandVersionReservation, TrainParams
        from ml_service.handlers.training import train as train_model

        params = TrainParams(tuple(estimators)) if folds is None else TrainParams(tuple(estimators), folds)
        reservation = CommandVersionReservation(clients.store)
        outcome = train_model(clients.store, clients.registry, reservation, params, _print_progress)
    went = "is live" if outcome.promoted else "stays in the registry: it isn't known to be as good as the live one"
    typer.echo(f"Model version {outcome.model_version} {went}: {_figures(outcome.metrics)}")


def evaluate(estimators: Sequence[str]) -> None:
    from ml_service.handlers import evaluation

    with _migrated_clients() as clients:
        params = evaluation.EvaluateParams(tuple(estimators))
        ratings = evaluation.load_ratings(clients.store, params)
        if not len(ratings):
            raise InvalidArgument("JOB_PARAMS_INVALID", "The store has no ratings; import some.")
        typer.echo(evaluation.to_table(evaluation.evaluate(ratings, params, _print_progress)))


def decide(answers_path: Path, *, as_record: bool) -> None:
    """Print the decision for a file of answers, in words or as a decision record."""
    from pydantic import TypeAdapter, ValidationError

    from ml_service.bootstrap.decisions import open_decisions
    from ml_service.handlers import decision_words

    with command_settings(read_lab_settings) as settings:
        try:
            answers = TypeAdapter(dict[str, str]).validate_json(answers_path.read_bytes())
        except ValidationError:
            example = '{"connections": "thousands", "team": "javascript"}'
            raise InvalidArgument("BODY_MALFORMED", f"{answers_path} isn't a JSON object of texts. Write answers as {example}.") from None
        decisions = open_decisions(settings)
        decision, questionnaire = decisions.decide(answers), decisions.questionnaire
        typer.echo(
            decision_words.record(decision, questionnaire) if as_record else "\n".join(decision_words.report(decision, questionnaire))
        )


def _has_live_version(clients: Clients) -> bool:
    """Return whether the store names a live version whose files are complete."""
    live = clients.store.read_live()
    if live is None:
        return False
    from ml_service.handlers.models import live_version_errors

    try:
        with live_version_errors(live.version):
            clients.registry.load(live.version)
    except Unavailable as error:
        if error.reason != "MODEL_VERSION_UNUSABLE":
            raise
        typer.echo(f"{error} Training another one", err=True)
        return False
    return True


def _print_stale(clients: Clients) -> None:
    live = clients.store.read_live()
    if live and clients.registry.describe(live.version).imports != clients.store.read_data_state().imports:
        typer.echo(
            f"Note: the live model version {live.version} was trained before the last import. Train a new one on the page or by"
            " `python -m ml_service train`",
            err=True,
        )


def _run(process: Coroutine[None, None, int]) -> None:
    import uvloop

    raise typer.Exit(uvloop.run(process))


@contextmanager
def opened_clients() -> Iterator[Clients]:
    with command_settings(read_settings) as settings, open_clients(settings) as clients:
        yield clients


@contextmanager
def _migrated_clients() -> Iterator[Clients]:
    from ml_service.adapters.sql import database

    with opened_clients() as clients:
        database.require_migrated(clients.store.engine)
        yield clients


@contextmanager
def command_settings(read: Callable[[], AnySettings]) -> Iterator[AnySettings]:
    """End the command with one sentence for every error. For a bug, the log has the stack."""
    try:
        settings = read()
        configure_logs(settings.log_level)
        yield settings
    except typer.Exit:
        raise
    except (InvalidSettings, ServiceError) as error:
        typer.echo(_sentence(error), err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"{error.filename or 'The system'}: {error.strerror or error}. Fix that, then try again.", err=True)
        raise typer.Exit(1) from None
    except Exception as error:
        log.exception("command failed")
        typer.echo(f"The command failed because of a bug, a {type(error).__name__}: report it with the log above.", err=True)
        raise typer.Exit(1) from None


def _sentence(error: Exception) -> str:
    """Return the error's message with its cause in brackets after the first sentence: what happened (cause). What to do."""
    what, dot, what_to_do = str(error).partition(". ")
    cause = getattr(error, "cause", None)
    return f"{what.removesuffix('.')} ({cause}){dot or '.'}{what_to_do}" if cause else str(error)


def _print_progress(progress: Progress) -> None:
    figures = f" ({_figures(progress.metrics)})" if progress.metrics else ""
    typer.echo(f"{progress.percent:5.1f} %  {progress.step}{figures}", err=True)


def _figures(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
