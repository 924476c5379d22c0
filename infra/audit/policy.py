"""The licences that may be shipped, and findings that somebody accepted for a reason and for a time: infra/audit/policy.toml."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """`name` is an advisory's id or a licence."""

    name: str
    package: str
    detail: str

    def __str__(self) -> str:
        return f"{self.package}: {self.name}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Acceptance:
    finding: str
    package: str
    reason: str
    until: date

    def covers(self, finding: Finding, today: date) -> bool:
        return (self.finding, self.package) == (finding.name, finding.package) and today <= self.until


@dataclass(frozen=True, slots=True)
class Policy:
    licences: frozenset[str]
    licence_names: dict[str, str]
    accepted: tuple[Acceptance, ...]

    def allows(self, licence: str) -> bool:
        """Of `A OR B` one must be allowed, of `A AND B` and of `A; B` both."""
        expression = licence[1:-1] if licence.startswith("(") else licence
        choices = expression.replace("; ", " AND ").split(" OR ")
        return any(all(self.licence_names.get(name, name) in self.licences for name in choice.split(" AND ")) for choice in choices)

    def remaining(self, findings: list[Finding], today: date | None = None) -> list[Finding]:
        """Return the findings that nobody accepted, or not for this long."""
        day = today or datetime.now(UTC).date()
        return [finding for finding in findings if not any(acceptance.covers(finding, day) for acceptance in self.accepted)]


def read_policy(path: Path) -> Policy:
    written = tomllib.loads(path.read_text("utf-8"))
    return Policy(frozenset(written["licences"]), written["licence_names"], tuple(Acceptance(**entry) for entry in written["accepted"]))
