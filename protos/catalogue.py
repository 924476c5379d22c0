"""Reads the error catalogue out of errors.proto, comments included, and writes its reference page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CONTRACT = Path(__file__).resolve().parent / "whynotboth" / "v1" / "errors.proto"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "errors.md"

HEADER = """# Errors

<!-- Generated from protos/whynotboth/v1/errors.proto by `make proto`. -->

Every refusal carries one of these reasons, whatever the protocol: `reason` of the problem on HTTP, `ErrorInfo.reason` on gRPC,
`reason` of the `error` frame on a socket, and the `reason` kept beside a message that was set aside. The wording of `detail` may
change; the reason may not.

| reason | kind | cause, and what to do |
| --- | --- | --- |
"""


@dataclass(frozen=True)
class CatalogueEntry:
    reason: str
    kind: str
    explanation: str


def read_catalogue() -> list[CatalogueEntry]:
    found = re.findall(r"((?:^ +// .*\n)+) +ERROR_REASON_(\w+) = \d+;", CONTRACT.read_text("utf-8"), re.MULTILINE)
    return [_entry(comment, reason) for comment, reason in found]


def render_page() -> str:
    return HEADER + "".join(f"| `{entry.reason}` | {entry.kind} | {entry.explanation} |\n" for entry in read_catalogue())


def _entry(comment: str, reason: str) -> CatalogueEntry:
    text = " ".join(line.strip().removeprefix("// ") for line in comment.strip().splitlines())
    kind, explanation = text.split(". ", 1)
    return CatalogueEntry(reason, kind, explanation)
