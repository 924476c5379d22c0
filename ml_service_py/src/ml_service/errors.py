"""The errors of this service: one class per kind, one reason each from the contracts' catalogue.

ServiceError
├── InvalidArgument      the caller must mend something
├── Unauthenticated      the caller must sign in
├── PermissionDenied     the caller may not
├── NotFound             no such thing
├── AlreadyExists        there is another one
├── ResourceExhausted    too much at once
├── Unavailable          not now: try again
├── DeadlineExceeded     not in time
└── Internal             not the caller's fault
"""

from typing import ClassVar


class ServiceError(Exception):
    """Something that a caller may be told: a reason of `ErrorReason` (without prefix), a sentence, and the values that it names."""

    kind: ClassVar[str] = "INTERNAL"
    reasons: ClassVar[frozenset[str]] = frozenset()
    #: The reasons for which the same call may succeed later; a job that fails so is tried again.
    retryable_reasons: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, reason: str, detail: str, **metadata: str) -> None:
        super().__init__(detail)
        if reason not in self.reasons:
            raise ValueError(f"{reason} is no reason of {type(self).__name__}: use one of {sorted(self.reasons)}")
        self.reason = reason
        self.detail = detail
        self.metadata = metadata
        #: The message of the driver or the system, without secrets: for logs and for the command line, not for callers.
        self.cause: str | None = None

    @property
    def retryable(self) -> bool:
        return self.reason in self.retryable_reasons


class InvalidArgument(ServiceError):
    kind = "INVALID_ARGUMENT"
    reasons = frozenset(
        {
            "REQUEST_INVALID",
            "BODY_MALFORMED",
            "BODY_TOO_LARGE",
            "MEDIA_TYPE_UNSUPPORTED",
            "PAGE_TOKEN_INVALID",
            "FRAME_INVALID",
            "JOB_PARAMS_INVALID",
            "MESSAGE_UNDECODABLE",
            "IMPORT_INVALID",
        }
    )


class Unauthenticated(ServiceError):
    kind = "UNAUTHENTICATED"
    reasons = frozenset({"TOKEN_INVALID"})


class PermissionDenied(ServiceError):
    kind = "PERMISSION_DENIED"
    reasons = frozenset({"ORIGIN_REFUSED", "ACCESS_DENIED", "HOST_REFUSED"})


class NotFound(ServiceError):
    kind = "NOT_FOUND"
    reasons = frozenset(
        {
            "ROUTE_UNKNOWN",
            "USER_UNKNOWN",
            "ITEM_UNKNOWN",
            "JOB_UNKNOWN",
            "JOB_RESULT_MISSING",
            "MODEL_VERSION_UNKNOWN",
            "TOPIC_UNKNOWN",
            "RESUME_TOO_OLD",
            "DEAD_LETTER_UNKNOWN",
        }
    )


class AlreadyExists(ServiceError):
    kind = "ALREADY_EXISTS"
    reasons = frozenset({"IDEMPOTENCY_KEY_REUSED"})


class ResourceExhausted(ServiceError):
    kind = "RESOURCE_EXHAUSTED"
    reasons = frozenset(
        {
            "RECOMMENDER_OVERLOADED",
            "SUBSCRIPTIONS_EXHAUSTED",
            "INTERACTIONS_EXHAUSTED",
            "RATE_EXCEEDED",
            "SOCKETS_EXHAUSTED",
            "GATEWAY_OVERLOADED",
        }
    )
    retryable_reasons = reasons


class Unavailable(ServiceError):
    kind = "UNAVAILABLE"
    reasons = frozenset(
        {
            "RECOMMENDER_UNAVAILABLE",
            "MODEL_NOT_LOADED",
            "BROKER_UNAVAILABLE",
            "STORE_UNAVAILABLE",
            "OFFSET_NOT_REACHED",
            "SHUTTING_DOWN",
            "MODEL_VERSION_UNUSABLE",
            "IDENTITY_PROVIDER_UNAVAILABLE",
            "REGISTRY_UNAVAILABLE",
            "STORE_UNUSABLE",
            "REGISTRY_UNUSABLE",
            "BROKER_UNUSABLE",
        }
    )
    retryable_reasons = reasons - {"STORE_UNUSABLE", "REGISTRY_UNUSABLE", "BROKER_UNUSABLE", "MODEL_VERSION_UNUSABLE"}


class DeadlineExceeded(ServiceError):
    kind = "DEADLINE_EXCEEDED"
    reasons = frozenset({"DEADLINE_EXCEEDED", "JOB_DEADLINE_EXCEEDED"})
    retryable_reasons = frozenset({"DEADLINE_EXCEEDED"})


class Internal(ServiceError):
    kind = "INTERNAL"
    reasons = frozenset({"UNSPECIFIED", "UPSTREAM_FAILED", "INTERNAL", "JOB_PROCESS_DIED", "JOB_TAKEN_OVER"})
    retryable_reasons = frozenset({"UPSTREAM_FAILED", "JOB_PROCESS_DIED"})


def error_of(reason: str, detail: str) -> ServiceError:
    """The error of a reason that came over a wire or out of a store. An unknown reason is a ValueError."""
    for kind in ServiceError.__subclasses__():
        if reason in kind.reasons:
            return kind(reason, detail)
    raise ValueError(f"No error has the reason {reason}")
