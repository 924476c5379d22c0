"""The commands for dead letters, the messages that no worker could finish. Each command imports only what it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ml_service.cli.commands import opened_clients
from ml_service.domain import PAGE_SIZE_MAX
from ml_service.handlers.paging import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml_service.handlers.dead_letters import DeadLetter, DeadLetters

dead_letters = typer.Typer(no_args_is_help=True, help="List, show, replay or drop dead letters: messages that no worker could finish.")

LetterId = Annotated[str, typer.Argument(help="The id that `list` prints.")]


@dead_letters.command("list")
def list_letters() -> None:
    """Print all dead letters, oldest first, and leave them in the queue."""
    with _opened() as letters:
        count, page = 0, letters.list(PAGE_SIZE_MAX, "")
        while page.rows:
            for letter in page.rows:
                typer.echo(_line(letter))
            count += len(page.rows)
            page = letters.list(PAGE_SIZE_MAX, page.next_page_token) if page.next_page_token else Page((), "")
    typer.echo(f"{count} dead letters", err=True)


@dead_letters.command()
def show(letter_id: LetterId) -> None:
    """Print all details of one dead letter."""
    with _opened() as letters:
        letter = letters.get(letter_id)
    rows = {
        "id": letter.letter_id,
        "type": letter.type,
        "message id": letter.message_id,
        "job": f"{letter.job.job_id}, {letter.attempts} attempts" if letter.job else "none",
        "parameters": _parameters(letter),
        "died": letter.died_at or "unknown",
        "cause": letter.cause or "unknown",
        "error": _error(letter),
        "body": letter.body.hex(),
    }
    for name, value in rows.items():
        typer.echo(f"{name + ':':12} {value}")


@dead_letters.command()
def replay(letter_id: LetterId) -> None:
    """Queue the job of a dead letter again, with new attempts."""
    with _opened() as letters:
        letter, is_queued = letters.replay(letter_id)
    went = "is queued again" if is_queued else "doesn't wait for another run: only its letter was removed"
    typer.echo(f"Job {letter.job.job_id if letter.job else ''} {went}")


@dead_letters.command()
def drop(letter_id: LetterId) -> None:
    """Remove a dead letter for good, and print what it was."""
    with _opened() as letters:
        letter = letters.drop(letter_id)
    typer.echo(f"Dropped {_line(letter)}")


@contextmanager
def _opened() -> Iterator[DeadLetters]:
    from ml_service.adapters.broker.dead_letters import BrokerDeadLetterQueue
    from ml_service.adapters.broker.events import BrokerEvents, BrokerJobCommands
    from ml_service.adapters.broker.publisher import Publisher
    from ml_service.adapters.sql.job_ledger import SqlJobLedger
    from ml_service.handlers.dead_letters import DeadLetters

    with opened_clients() as clients:
        publisher = Publisher(clients.broker, "dead letters publisher")
        publisher.start()
        try:
            yield DeadLetters(
                BrokerDeadLetterQueue(clients.broker),
                SqlJobLedger(clients.store.engine),
                BrokerEvents(publisher),
                BrokerJobCommands(publisher),
            )
        finally:
            publisher.stop()


def _line(letter: DeadLetter) -> str:
    died_at = f"{letter.died_at:%Y-%m-%dT%H:%M:%SZ}" if letter.died_at else "unknown"
    what = f"{letter.job.kind} {letter.job.job_id}" if letter.job else letter.type or "no type"
    return f"{letter.letter_id}  {died_at}  {what}  {letter.cause or 'unknown'}  {_error(letter)}"


def _parameters(letter: DeadLetter) -> str:
    from whynotboth.v1.jobs_pb2 import JobRequested

    if letter.job is None:
        return ""
    return str(getattr(JobRequested.FromString(letter.body), letter.job.kind)).strip().replace("\n", ", ")


def _error(letter: DeadLetter) -> str:
    return f"{letter.error.reason}: {letter.error.detail}" if letter.error else "none"
