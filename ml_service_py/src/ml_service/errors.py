"""The errors of this service: one class for each kind. The contract states the kind of each reason: protos/whynotboth/v1/errors.proto.

ServiceError
├── InvalidArgument      the caller must correct something
├── Unauthenticated      the caller must sign in
├── PermissionDenied     the caller has no right to do this
├── NotFound             no such thing
├── AlreadyExists        there is another one
├── ResourceExhausted    too much at once
├── Unavailable          not now: try again
├── DeadlineExceeded     not in time
└── Internal             not the caller's fault
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from whynotboth.v1.error_reasons import ERROR_REASONS

if TYPE_CHECKING:
    from whynotboth.v1.error_reasons import Kind, Reason


class ServiceError(Exception):
    """An error that callers see: a reason, a sentence about it, and the values that the sentence names."""

    kind: ClassVar[Kind]

    def __init__(self, reason: Reason, detail: str | None = None, **metadata: str) -> None:
        """`detail` says what happened, with which value, and what to do. Without one the error has the sentences of the contract.

        Raises ValueError for a reason of another kind.
        """
        self.rule = ERROR_REASONS[reason]
        if self.rule.kind != self.kind:
            raise ValueError(f"{reason} is of the kind {self.rule.kind}, and {type(self).__name__} is the class of {self.kind}.")
        self.reason: Reason = reason
        self.detail = detail or self.rule.detail
        self.metadata = metadata
        #: The message of the driver or the system, without secrets: for logs and for the command line, not for callers.
        self.cause: str | None = None
        super().__init__(self.detail)

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later. A job that fails so is tried again."""
        return self.rule.retryable


class InvalidArgument(ServiceError):
    kind = "INVALID_ARGUMENT"


class Unauthenticated(ServiceError):
    kind = "UNAUTHENTICATED"


class PermissionDenied(ServiceError):
    kind = "PERMISSION_DENIED"


class NotFound(ServiceError):
    kind = "NOT_FOUND"


class AlreadyExists(ServiceError):
    kind = "ALREADY_EXISTS"


class ResourceExhausted(ServiceError):
    kind = "RESOURCE_EXHAUSTED"


class Unavailable(ServiceError):
    kind = "UNAVAILABLE"


class DeadlineExceeded(ServiceError):
    kind = "DEADLINE_EXCEEDED"


class Internal(ServiceError):
    kind = "INTERNAL"


def error_of(reason: str, detail: str) -> ServiceError:
    """Return the error of a reason that another process sent or the store holds. One that this build doesn't know is UPSTREAM_FAILED."""
    if reason not in ERROR_REASONS:
        return Internal("UPSTREAM_FAILED", detail)
    classes = {error.kind: error for error in ServiceError.__subclasses__()}
    return classes[ERROR_REASONS[reason].kind](reason, detail)
