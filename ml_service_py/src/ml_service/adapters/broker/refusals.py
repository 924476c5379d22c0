"""The cause of a failed connection in one line, and the error that it is: an outage, or a refusal that somebody must mend."""

from __future__ import annotations

from pika.exceptions import ProbableAccessDeniedError, ProbableAuthenticationError

from ml_service.errors import Unavailable

#: A wrong user or password; a virtual host that isn't there, or that the user has no right to.
REFUSALS = (ProbableAuthenticationError, ProbableAccessDeniedError)


def cause_of(error: BaseException) -> str:
    """Return the first line of the innermost error: pika wraps what the system said several times."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    said = error.args[0] if isinstance(error, REFUSALS) and error.args else repr(error)
    return str(said).partition("\n")[0]


def unavailable(what: str, error: BaseException) -> Unavailable:
    """Return BROKER_UNUSABLE for a refusal, else BROKER_UNAVAILABLE. `what` begins the message."""
    if isinstance(error, REFUSALS):
        known = Unavailable("BROKER_UNUSABLE", f"{what}. Mend the user, the password or the virtual host of AMQP_URL.")
    else:
        known = Unavailable("BROKER_UNAVAILABLE", f"{what}. Try again.")
    known.cause = cause_of(error)
    return known
