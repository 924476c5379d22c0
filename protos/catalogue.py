"""Reads the error catalogue out of errors.proto, comments included, and writes its reference page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CONTRACT = max(Path(__file__).resolve().parent.rglob("errors.proto"))
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "errors.md"

HEADER = """# Errors

<!-- Generated from errors.proto by `make proto`. -->

Every refusal carries one of these reasons, whatever the protocol: `reason` of the problem on HTTP, `ErrorInfo.reason` on gRPC,
`reason` of the `error` frame on a socket, and the `reason` kept beside a message that was set aside. The wording of `detail` may
change; the reason may not.

*Retryable*: the same call, frame or job may succeed later. HTTP says so by `Retry-After`, a socket by `retryable` in the `error` frame,
and a worker gives the job another attempt, up to its limit.

| reason | kind | retryable | cause, and what to do |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class CatalogueEntry:
    reason: str
    kind: str
    is_retryable: bool
    explanation: str


def read_catalogue() -> list[CatalogueEntry]:
    found = re.findall(r"((?:^ +// .*\n)+) +ERROR_REASON_(\w+) = \d+;", CONTRACT.read_text("utf-8"), re.MULTILINE)
    return [_entry(comment, reason) for comment, reason in found]


def render_page() -> str:
    return HEADER + "".join(map(_row, read_catalogue()))


def _row(entry: CatalogueEntry) -> str:
    return f"| `{entry.reason}` | {entry.kind} | {'yes' if entry.is_retryable else 'no'} | {entry.explanation} |\n"


def _entry(comment: str, reason: str) -> CatalogueEntry:
    text = " ".join(line.strip().removeprefix("// ") for line in comment.strip().splitlines())
    head, explanation = text.split(". ", 1)
    kind, _, marks = head.partition(", ")
    if marks not in {"", "retryable"}:
        raise ValueError(f"{reason}: `{marks}` after the kind is unknown. Write `retryable` or nothing.")
    return CatalogueEntry(reason, kind, marks == "retryable", explanation)
