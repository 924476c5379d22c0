"""Translates pika's errors into Unavailable: an outage that may pass, or a refusal that lasts until an operator changes AMQP_URL."""

from __future__ import annotations

from pika.exceptions import ProbableAccessDeniedError, ProbableAuthenticationError

from ml_service.errors import Unavailable

#: The broker refuses the user or the password, or the virtual host doesn't exist, or the user has no right to it.
REFUSALS = (ProbableAuthenticationError, ProbableAccessDeniedError)


def cause_of(error: BaseException) -> str:
    """Return the first line of the innermost error. pika wraps an error of the operating system in several of its own."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    said = error.args[0] if isinstance(error, REFUSALS) and error.args else repr(error)
    return str(said).partition("\n")[0]


def unavailable(what: str, error: BaseException) -> Unavailable:
    """Return Unavailable with the reason BROKER_UNUSABLE for a refusal, else BROKER_UNAVAILABLE. `what` begins the message."""
    if isinstance(error, REFUSALS):
        known = Unavailable("BROKER_UNUSABLE", f"{what}. Fix the user, the password or the virtual host of AMQP_URL.")
    else:
        known = Unavailable("BROKER_UNAVAILABLE", f"{what}. Try again.")
    known.cause = cause_of(error)
    return known
