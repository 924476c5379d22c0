"""Generated from whynotboth/v1/errors.proto by `make proto`. DO NOT EDIT!"""

from typing import Final, Literal, NamedTuple

DOMAIN: Final = "whynotboth"

Kind = Literal["INVALID_ARGUMENT", "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "ALREADY_EXISTS", "RESOURCE_EXHAUSTED", "INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED"]
Reason = Literal[
    "REQUEST_INVALID",
    "BODY_MALFORMED",
    "BODY_TOO_LARGE",
    "MEDIA_TYPE_UNSUPPORTED",
    "PAGE_TOKEN_INVALID",
    "FRAME_INVALID",
    "JOB_PARAMS_INVALID",
    "MESSAGE_UNDECODABLE",
    "IMPORT_INVALID",
    "ROUTE_UNKNOWN",
    "USER_UNKNOWN",
    "ITEM_UNKNOWN",
    "JOB_UNKNOWN",
    "JOB_RESULT_MISSING",
    "MODEL_VERSION_UNKNOWN",
    "TOPIC_UNKNOWN",
    "RESUME_TOO_OLD",
    "DEAD_LETTER_UNKNOWN",
    "IDEMPOTENCY_KEY_REUSED",
    "TOKEN_INVALID",
    "ORIGIN_REFUSED",
    "ACCESS_DENIED",
    "HOST_REFUSED",
    "RECOMMENDER_OVERLOADED",
    "SUBSCRIPTIONS_EXHAUSTED",
    "INTERACTIONS_EXHAUSTED",
    "RATE_EXCEEDED",
    "SOCKETS_EXHAUSTED",
    "GATEWAY_OVERLOADED",
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
    "DEADLINE_EXCEEDED",
    "JOB_DEADLINE_EXCEEDED",
    "UPSTREAM_FAILED",
    "INTERNAL",
    "JOB_PROCESS_DIED",
    "JOB_TAKEN_OVER",
]


class ErrorRule(NamedTuple):
    """The rule that the contract states for one reason."""

    kind: Kind
    http_status: int
    retryable: bool
    type: str
    title: str
    detail: str


ERROR_REASONS: Final[dict[Reason, ErrorRule]] = {
    "REQUEST_INVALID": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:request-invalid', title='Request invalid', detail='A field is missing, unknown, of the wrong type or out of range. Correct the fields that `errors` names.'),
    "BODY_MALFORMED": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:body-malformed', title='Body malformed', detail="The body can't be decoded as the media type that it claims. Send well-formed JSON or protobuf."),
    "BODY_TOO_LARGE": ErrorRule(kind='INVALID_ARGUMENT', http_status=413, retryable=False, type='urn:whynotboth:error:body-too-large', title='Body too large', detail='The body is larger than the limit. Send less in one request.'),
    "MEDIA_TYPE_UNSUPPORTED": ErrorRule(kind='INVALID_ARGUMENT', http_status=415, retryable=False, type='urn:whynotboth:error:media-type-unsupported', title='Media type unsupported', detail="The service doesn't read this media type. Send application/json."),
    "PAGE_TOKEN_INVALID": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:page-token-invalid', title='Page token invalid', detail='This list did not issue the page token. Start again from the first page.'),
    "FRAME_INVALID": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:frame-invalid', title='Frame invalid', detail="The frame is not text, not JSON, or of no known form. Send a frame that the socket's reference describes."),
    "JOB_PARAMS_INVALID": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:job-params-invalid', title='Job params invalid', detail="The job can't use its parameters. Correct the field that `detail` names."),
    "MESSAGE_UNDECODABLE": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:message-undecodable', title='Message undecodable', detail="A message on the broker can't be decoded as the type that it claims. Correct its publisher."),
    "IMPORT_INVALID": ErrorRule(kind='INVALID_ARGUMENT', http_status=400, retryable=False, type='urn:whynotboth:error:import-invalid', title='Import invalid', detail="A file to import has a row that can't be used, or the store has other data. Do what `detail` says."),
    "ROUTE_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:route-unknown', title='Route unknown', detail='No route has this method and path. See /openapi.json.'),
    "USER_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:user-unknown', title='User unknown', detail='No user has this id. Use an id that /v1/users lists.'),
    "ITEM_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:item-unknown', title='Item unknown', detail='No item has this id. Use an id that /v1/items lists.'),
    "JOB_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:job-unknown', title='Job unknown', detail='No job has this id, or the job has expired. Request the job again.'),
    "JOB_RESULT_MISSING": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:job-result-missing', title='Job result missing', detail='The job has no result file: it is not finished, or its kind makes none. Wait for `succeeded`, or read `result` in the job.'),
    "MODEL_VERSION_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:model-version-unknown', title='Model version unknown', detail='The registry holds no such model version. Use one that /v1/models lists.'),
    "TOPIC_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:topic-unknown', title='Topic unknown', detail="No topic has this name. Use a topic that the socket's reference lists."),
    "RESUME_TOO_OLD": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:resume-too-old', title='Resume too old', detail='The offset to resume from is older than the oldest event that is kept. Start from the snapshot that follows.'),
    "DEAD_LETTER_UNKNOWN": ErrorRule(kind='NOT_FOUND', http_status=404, retryable=False, type='urn:whynotboth:error:dead-letter-unknown', title='Dead letter unknown', detail='No dead letter has this id: it was replayed, was dropped, or has expired. Use an id that /v1/dead-letters lists.'),
    "IDEMPOTENCY_KEY_REUSED": ErrorRule(kind='ALREADY_EXISTS', http_status=409, retryable=False, type='urn:whynotboth:error:idempotency-key-reused', title='Idempotency key reused', detail='This Idempotency-Key was sent before with another body. Use a new key for a new request.'),
    "TOKEN_INVALID": ErrorRule(kind='UNAUTHENTICATED', http_status=401, retryable=False, type='urn:whynotboth:error:token-invalid', title='Token invalid', detail='The token is missing, expired or not valid. Sign in again.'),
    "ORIGIN_REFUSED": ErrorRule(kind='PERMISSION_DENIED', http_status=403, retryable=False, type='urn:whynotboth:error:origin-refused', title='Origin refused', detail="The page's origin is not on the allow-list. Serve the page from an allowed origin."),
    "ACCESS_DENIED": ErrorRule(kind='PERMISSION_DENIED', http_status=403, retryable=False, type='urn:whynotboth:error:access-denied', title='Access denied', detail='This user has no right to do this. Sign in as a user who has it.'),
    "HOST_REFUSED": ErrorRule(kind='PERMISSION_DENIED', http_status=421, retryable=False, type='urn:whynotboth:error:host-refused', title='Host refused', detail="The request's Host is not a name of this service. Use such a name, or add yours to the setting that `detail` names."),
    "RECOMMENDER_OVERLOADED": ErrorRule(kind='RESOURCE_EXHAUSTED', http_status=429, retryable=True, type='urn:whynotboth:error:recommender-overloaded', title='Recommender overloaded', detail="The recommender can't finish more requests in time. Try again after the given delay."),
    "SUBSCRIPTIONS_EXHAUSTED": ErrorRule(kind='RESOURCE_EXHAUSTED', http_status=429, retryable=True, type='urn:whynotboth:error:subscriptions-exhausted', title='Subscriptions exhausted', detail='The socket has as many subscriptions as allowed. Unsubscribe from one first.'),
    "INTERACTIONS_EXHAUSTED": ErrorRule(kind='RESOURCE_EXHAUSTED', http_status=429, retryable=True, type='urn:whynotboth:error:interactions-exhausted', title='Interactions exhausted', detail='The socket has as many interactions without an ack as allowed. Wait for an ack first.'),
    "RATE_EXCEEDED": ErrorRule(kind='RESOURCE_EXHAUSTED', http_status=429, retryable=True, type='urn:whynotboth:error:rate-exceeded', title='Rate exceeded', detail='This user, address or socket sent more than its rate limit allows. Try again after the given delay.'),
    "SOCKETS_EXHAUSTED": ErrorRule(kind='RESOURCE_EXHAUSTED', http_status=429, retryable=True, type='urn:whynotboth:error:sockets-exhausted', title='Sockets exhausted', detail='This user has as many open sockets as allowed. Close one first.'),
    "GATEWAY_OVERLOADED": ErrorRule(kind='RESOURCE_EXHAUSTED', http_status=429, retryable=True, type='urn:whynotboth:error:gateway-overloaded', title='Gateway overloaded', detail='The gateway has more requests than it can serve. Try again after the given delay.'),
    "RECOMMENDER_UNAVAILABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:recommender-unavailable', title='Recommender unavailable', detail='No recommender answers. Try again after the given delay.'),
    "MODEL_NOT_LOADED": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:model-not-loaded', title='Model not loaded', detail='The recommender runs, but no model version is live yet. Train one, then try again.'),
    "BROKER_UNAVAILABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:broker-unavailable', title='Broker unavailable', detail="The broker didn't confirm the message in time, but may have accepted it. Try again with the same Idempotency-Key, so that the message counts once."),
    "STORE_UNAVAILABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:store-unavailable', title='Store unavailable', detail="The SQL store doesn't answer, is locked, or its disk is full. Try again after the given delay."),
    "OFFSET_NOT_REACHED": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:offset-not-reached', title='Offset not reached', detail="This replica hasn't read the log up to `min_interaction_offset`. Try again, or ask without it."),
    "SHUTTING_DOWN": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:shutting-down', title='Shutting down', detail='The process is about to stop. Ask another replica.'),
    "MODEL_VERSION_UNUSABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=False, type='urn:whynotboth:error:model-version-unusable', title='Model version unusable', detail="The version's files are missing, damaged, or written with other versions of the libraries. Promote another version, or train a new one."),
    "IDENTITY_PROVIDER_UNAVAILABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:identity-provider-unavailable', title='Identity provider unavailable', detail="The keys of the identity provider can't be fetched, so this token can't be checked. Try again after the given delay."),
    "REGISTRY_UNAVAILABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=True, type='urn:whynotboth:error:registry-unavailable', title='Registry unavailable', detail="The registry's files can't be read or written now. Try again after the given delay; the service's log names the cause."),
    "STORE_UNUSABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=False, type='urn:whynotboth:error:store-unusable', title='Store unusable', detail="The SQL store can't be used: it is not a database, belongs to another program, is damaged, or refuses the password. An operator must repair it or correct DATABASE_URL."),
    "REGISTRY_UNUSABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=False, type='urn:whynotboth:error:registry-unusable', title='Registry unusable', detail="The registry can't be used: it is read-only, or not a folder. An operator must correct it, its permissions or REGISTRY_URL."),
    "BROKER_UNUSABLE": ErrorRule(kind='UNAVAILABLE', http_status=503, retryable=False, type='urn:whynotboth:error:broker-unusable', title='Broker unusable', detail='The broker refuses the user, the password or the virtual host of AMQP_URL. An operator must correct them.'),
    "DEADLINE_EXCEEDED": ErrorRule(kind='DEADLINE_EXCEEDED', http_status=504, retryable=True, type='urn:whynotboth:error:deadline-exceeded', title='Deadline exceeded', detail="No answer came before the request's deadline. Try again."),
    "JOB_DEADLINE_EXCEEDED": ErrorRule(kind='DEADLINE_EXCEEDED', http_status=504, retryable=False, type='urn:whynotboth:error:job-deadline-exceeded', title='Job deadline exceeded', detail='The job ran longer than a job may, so the worker stopped it. Request less work.'),
    "UPSTREAM_FAILED": ErrorRule(kind='INTERNAL', http_status=502, retryable=True, type='urn:whynotboth:error:upstream-failed', title='Upstream failed', detail='A service that this process called failed and named no reason. Try again; if it fails again, report it with the request id.'),
    "INTERNAL": ErrorRule(kind='INTERNAL', http_status=500, retryable=False, type='urn:whynotboth:error:internal', title='Internal', detail='This service has a bug. Report it with the request id.'),
    "JOB_PROCESS_DIED": ErrorRule(kind='INTERNAL', http_status=502, retryable=True, type='urn:whynotboth:error:job-process-died', title='Job process died', detail='The process that ran the job died. The worker tries the job again, up to its number of attempts.'),
    "JOB_TAKEN_OVER": ErrorRule(kind='INTERNAL', http_status=502, retryable=False, type='urn:whynotboth:error:job-taken-over', title='Job taken over', detail="Another attempt runs the job now, or the job has ended. Do nothing: the job's state shows how it ends."),
}
