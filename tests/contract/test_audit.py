"""The audit tells what it found, what somebody accepted, and what it couldn't ask; and nothing that is installed runs code of its own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.stack import node
from infra.audit.__main__ import run_audit
from infra.audit.packages import (
    NoAnswer,
    ask_npm,
    ask_pip_audit,
    locked_node,
    locked_python,
    refused_licences,
    run_tool,
    write_boms,
)
from infra.audit.policy import Acceptance, Finding, Policy, read_policy
from infra.local.install import ONLY_LOCKED
from infra.local.package_sources import without_personal

FINDING = Finding("CVE-1", "left-pad", "it is vulnerable")
ACCEPTANCE = Acceptance("CVE-1", "left-pad", "never called", date(2026, 6, 1))


def policy_of(*accepted: Acceptance) -> Policy:
    return Policy(frozenset({"MIT", "Apache-2.0"}), {"MIT License": "MIT"}, accepted)


@pytest.fixture
def policy(root: Path) -> Policy:
    return read_policy(root / "infra" / "audit" / "policy.toml")


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ("MIT", "GPL-3.0-only"),
        ("MIT License", "GNU General Public License"),
        ("GPL-3.0-only OR MIT", "MIT AND GPL-3.0-only"),
        ("(MIT AND Apache-2.0)", "(GPL-3.0-only OR AGPL-3.0-only)"),
        ("MIT License; Apache-2.0", "MIT License; GNU General Public License"),
        ("MIT", "UNKNOWN"),
    ],
)
def test_a_licence_is_allowed_by_its_name(allowed: str, refused: str) -> None:
    assert policy_of().allows(allowed)
    assert not policy_of().allows(refused)


@pytest.mark.parametrize(("day", "remaining"), [(date(2026, 6, 1), []), (date(2026, 6, 2), [FINDING])])
def test_what_somebody_accepted_passes_until_its_day(day: date, remaining: list[Finding]) -> None:
    assert policy_of(ACCEPTANCE).remaining([FINDING], day) == remaining


def test_no_acceptance_covers_another_package() -> None:
    elsewhere = Finding(FINDING.name, "right-pad", FINDING.detail)

    assert policy_of(ACCEPTANCE).remaining([elsewhere], date(2026, 1, 1)) == [elsewhere]


def test_what_is_shipped_has_licences_of_the_policy(root: Path, policy: Policy) -> None:
    assert policy.remaining(refused_licences(root, policy)) == []


def test_every_acceptance_is_of_a_package_that_is_shipped(root: Path, policy: Policy) -> None:
    shipped = {*locked_python(root), *(place.rpartition("node_modules/")[2] for place in locked_node(root))}

    assert {acceptance.package for acceptance in policy.accepted} <= shipped
    assert all(acceptance.reason for acceptance in policy.accepted)


def test_the_boms_name_every_package_of_both_sides(root: Path, tmp_path: Path) -> None:
    python, gateway = (json.loads(path.read_text("utf-8")) for path in write_boms(root, tmp_path))

    assert {bom["bomFormat"] for bom in (python, gateway)} == {"CycloneDX"}
    assert {part["name"] for part in python["components"]} == set(locked_python(root))
    assert {part["purl"] for part in gateway["components"]} == {purl(place, part) for place, part in locked_node(root).items()}


def purl(place: str, package: dict[str, str]) -> str:
    name = place.rpartition("node_modules/")[2].replace("@", "%40", 1)
    return f"pkg:npm/{name}@{package['version']}"


PIP_FOUND = {"dependencies": [{"name": "left-pad", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}
PIP_SKIPPED = {"dependencies": [{"name": "left-pad", "skip_reason": "not found"}]}
NPM_CAUSE = {"url": "https://example.org/advisories/GHSA-1", "title": "Slow", "range": "<2"}
NPM_FOUND = {"vulnerabilities": {"left-pad": {"name": "left-pad", "via": [NPM_CAUSE, "another-package"]}}}


def test_advisories_become_findings(root: Path) -> None:
    python = ask_pip_audit(root, lambda *_: json.dumps(PIP_FOUND))
    gateway = ask_npm(root, lambda *_: json.dumps(NPM_FOUND))

    assert [(finding.name, finding.package) for finding in python + gateway] == [("CVE-1", "left-pad"), ("GHSA-1", "left-pad")]


@pytest.mark.parametrize("printed", ["", "<html>", "[]", json.dumps({"message": "405 Method Not Allowed"}), json.dumps(PIP_SKIPPED)])
def test_a_service_that_does_not_answer_is_no_clean_bill(root: Path, printed: str) -> None:
    for ask in (ask_pip_audit, ask_npm):
        with pytest.raises(NoAnswer):
            ask(root, lambda *_: printed)


def unanswered() -> list[Finding]:
    raise NoAnswer("the network is closed")


@pytest.mark.parametrize(
    ("checks", "code", "said"),
    [
        ([list], 0, "0 found"),
        ([lambda: [FINDING]], 1, "left-pad: CVE-1"),
        ([list, unanswered], 3, "NOT CHECKED"),
        ([unanswered, lambda: [FINDING]], 1, "NOT CHECKED"),
    ],
)
def test_the_exit_code_tells_found_from_not_asked(checks: list[Any], code: int, said: str) -> None:
    lines: list[str] = []

    assert run_audit(policy_of(), dict(zip("ab", checks, strict=False)), lines.append) == code
    assert said in "".join(lines)


def test_a_persons_own_settings_of_npm_hide_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_omit", "optional")

    seen = run_tool(["env"], root)

    assert "npm_config_cache=" in seen
    assert "npm_config_omit" not in seen


def test_no_node_package_runs_code_when_it_is_installed(root: Path, tmp_path: Path) -> None:
    package = {"name": "eager", "version": "1.0.0", "scripts": {"postinstall": f"touch {tmp_path}/ran"}}
    (tmp_path / "eager").mkdir()
    (tmp_path / "eager" / "package.json").write_text(json.dumps(package))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".npmrc").write_text((root / "gateway_node" / ".npmrc").read_text())
    (tmp_path / "app" / "package.json").write_text('{"name": "app"}')

    npm = [node().removesuffix("node") + "npm", "install", "--offline", "--install-links", "../eager"]
    subprocess.run(npm, cwd=tmp_path / "app", env=without_personal(os.environ), capture_output=True, check=True)

    assert (tmp_path / "app" / "node_modules" / "eager").exists()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("installer", [(sys.executable, "-m", "pip"), (f"{Path(sys.executable).parent}/uv", "pip")], ids=["pip", "uv"])
def test_no_python_package_runs_code_when_it_is_installed(tmp_path: Path, installer: tuple[str, ...]) -> None:
    source = f"open({str(tmp_path / 'ran')!r}, 'w').close()".encode()
    archive = tmp_path / "eager-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as files:
        member = tarfile.TarInfo("eager-1.0/setup.py")
        member.size = len(source)
        files.addfile(member, io.BytesIO(source))
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"eager==1.0 --hash=sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}\n")

    options = [*ONLY_LOCKED, "--no-index", f"--find-links={tmp_path}", f"--target={tmp_path}/to", f"--requirement={lock}"]
    ended = subprocess.run([*installer, "install", *options], env=without_personal(os.environ), capture_output=True, text=True, check=False)

    assert ended.returncode != 0
    assert "eager" in ended.stderr
    assert not (tmp_path / "ran").exists()


def test_every_workflow_names_its_actions_by_their_commit(root: Path) -> None:
    used = [
        line.partition("uses: ")[2]
        for workflow in (root / ".github" / "workflows").glob("*.yml")
        for line in workflow.read_text("utf-8").splitlines()
        if "uses: " in line
    ]

    assert used
    assert [action for action in used if not re.search(r"@[0-9a-f]{40} # v", action)] == []
