"""Read the reasons of `enum ErrorReason` from a compiled contract, and write their tables: TypeScript, Python and the reference page."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import EnumDescriptorProto, FileDescriptorProto

ENUM = "ErrorReason"
PREFIX = "ERROR_REASON_"
COMMENT = re.compile(r"(?P<kind>[A-Z_]+)(, HTTP (?P<status>[45]\d\d))?(?P<retryable>, retryable)?\. (?P<detail>.+)")
#: The HTTP status of each kind.
STATUSES = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 502,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
KINDS = [f'"{kind}"' for kind in STATUSES]

TYPESCRIPT = """\
// Generated from {source} by `make proto`. DO NOT EDIT!
export const errorDomain = "{domain}";

export type Kind = {kinds};

/** The rule that the contract states for one reason. */
export interface ErrorRule {{
  kind: Kind;
  httpStatus: number;
  isRetryable: boolean;
  type: string;
  title: string;
  detail: string;
}}

export const errorReasons = {{
{rows}
}} as const satisfies Record<string, ErrorRule>;
"""

PYTHON = '''\
"""Generated from {source} by `make proto`. DO NOT EDIT!"""

from typing import Final, Literal, NamedTuple

DOMAIN: Final = "{domain}"

Kind = Literal[{kinds}]
Reason = Literal[
{names}
]


class ErrorRule(NamedTuple):
    """The rule that the contract states for one reason."""

    kind: Kind
    http_status: int
    retryable: bool
    type: str
    title: str
    detail: str


ERROR_REASONS: Final[dict[Reason, ErrorRule]] = {{
{rows}
}}
'''

PAGE = """\
# Errors

<!-- Generated from the contracts by `make proto`. -->

Every error carries one of these reasons: as `reason` of the problem on HTTP, as `ErrorInfo.reason` on gRPC, as `reason` of the `error`
frame on a socket, and as the `reason` that is kept with a dead letter. The wording of `detail` may change; a reason never changes.

*Retryable* means that the same call, frame or job may succeed later. On HTTP the answer then has `Retry-After`, on a socket the `error`
frame has `retryable: true`, and a worker tries the job again, up to its number of attempts.
"""
PAGE_TABLE = """
## {package}

| reason | kind | HTTP | retryable | what happened, and what to do |
| --- | --- | --- | --- | --- |
"""


class ErrorRule(NamedTuple):
    """The rule that the contract states for one reason. The `repr` is a line of the generated Python."""

    kind: str
    http_status: int
    retryable: bool
    type: str
    title: str
    detail: str


class ErrorTable(NamedTuple):
    """The reasons of one package; `source` is the contract that states them."""

    package: str
    source: str
    rules: dict[str, ErrorRule]

    @property
    def domain(self) -> str:
        return self.package.split(".")[0]


def read_table(contract: FileDescriptorProto) -> ErrorTable | None:
    """Return the table of a contract that has the enum. Raise ValueError for a comment that isn't of the form."""
    for place, enum in enumerate(contract.enum_type):
        if enum.name == ENUM:
            return ErrorTable(contract.package, contract.name, _read_rules(contract, place, enum))
    return None


def _read_rules(contract: FileDescriptorProto, place: int, enum: EnumDescriptorProto) -> dict[str, ErrorRule]:
    # The path of an enum's value in a descriptor: field 5 of a file are its enums, field 2 of an enum its values.
    comments = {tuple(part.path): part.leading_comments for part in contract.source_code_info.location}
    named = {value.name.removeprefix(PREFIX): comments[5, place, 2, index] for index, value in enumerate(enum.value) if value.number != 0}
    return {reason: _read_rule(contract, reason, " ".join(comment.split())) for reason, comment in named.items()}


def _read_rule(contract: FileDescriptorProto, reason: str, comment: str) -> ErrorRule:
    found = COMMENT.fullmatch(comment)
    if found is None or found["kind"] not in STATUSES:
        raise ValueError(
            f"{contract.name}: the comment of {PREFIX}{reason} is `{comment}`. "
            "Write it as `KIND[, HTTP status][, retryable]. Cause. Advice to the caller.` "
            f"KIND is one of {', '.join(STATUSES)}."
        )
    words = reason.lower().split("_")
    return ErrorRule(
        kind=found["kind"],
        http_status=int(found["status"] or STATUSES[found["kind"]]),
        retryable=found["retryable"] is not None,
        type=f"urn:{contract.package.split('.')[0]}:error:{'-'.join(words)}",
        title=" ".join(words).capitalize(),
        detail=found["detail"],
    )


def render_python(table: ErrorTable) -> str:
    names = "\n".join(f'    "{reason}",' for reason in table.rules)
    rows = "\n".join(f'    "{reason}": {rule!r},' for reason, rule in table.rules.items())
    return PYTHON.format(source=table.source, domain=table.domain, kinds=", ".join(KINDS), names=names, rows=rows)


def render_typescript(table: ErrorTable) -> str:
    rows = "\n".join(f"  {reason}: {_to_json(rule)}," for reason, rule in table.rules.items())
    return TYPESCRIPT.format(source=table.source, domain=table.domain, kinds=" | ".join(KINDS), rows=rows)


def _to_json(rule: ErrorRule) -> str:
    renamed = {"http_status": "httpStatus", "retryable": "isRetryable"}
    return json.dumps({renamed.get(name, name): value for name, value in rule._asdict().items()})


def render_page(tables: list[ErrorTable]) -> str:
    return PAGE + "".join(PAGE_TABLE.format(package=table.package) + "".join(map(_row, table.rules.items())) for table in tables)


def _row(reason_and_rule: tuple[str, ErrorRule]) -> str:
    reason, rule = reason_and_rule
    return f"| `{reason}` | {rule.kind} | {rule.http_status} | {'yes' if rule.retryable else 'no'} | {rule.detail} |\n"
