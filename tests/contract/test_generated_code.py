"""`protos/generate.py` in a scratch copy: it finds packages by itself, and a broken contract leaves the generated code unchanged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

PYTHON = Path("ml_service_py/src")
TYPESCRIPT = Path("gateway_node/src/gen")
PAGE = Path("docs/reference/errors.md")

NEW_REASON = """
  // RESOURCE_EXHAUSTED, HTTP 402, retryable. The quota is spent.
  // Buy more.
  ERROR_REASON_QUOTA_SPENT = 999;
"""


class Checkout:
    """The contracts and their generated code, as a checkout holds them, and one package that is written by hand."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = scratch
        self.protos = scratch / "protos"
        for place in ("protos", PYTHON / "whynotboth", TYPESCRIPT):
            copytree(root / place, scratch / place)
        (scratch / "gateway_node" / "node_modules").symlink_to(root / "gateway_node" / "node_modules")
        self.write(PAGE, (root / PAGE).read_text("utf-8"))
        self.write(PYTHON / "ml_service" / "__init__.py", "")

    def write(self, place: Path, text: str) -> None:
        (self.root / place).parent.mkdir(parents=True, exist_ok=True)
        (self.root / place).write_text(text, "utf-8")

    def replace(self, old: str, new: str, folder: str) -> None:
        for contract in (self.protos / folder).rglob("*.proto"):
            contract.write_text(contract.read_text("utf-8").replace(old, new), "utf-8")

    def generate(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.protos / "generate.py"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def generated(self) -> dict[str, bytes]:
        files = [file for place in (PYTHON, TYPESCRIPT, PAGE.parent) for file in (self.root / place).rglob("*")]
        return {str(file.relative_to(self.root)): file.read_bytes() for file in files if file.is_file() and file.suffix != ".pyc"}

    def packages(self) -> set[str]:
        return {str(module.parent.relative_to(self.root)) for module in self.root.rglob("errors*") if module.suffix in {".py", ".ts"}}


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Checkout:
    return Checkout(root, tmp_path)


def test_a_broken_contract_leaves_the_generated_code_and_names_the_line(checkout: Checkout) -> None:
    before = checkout.generated()
    checkout.replace("uint32 attempt", "uint3 attempt", "whynotboth")

    ended = checkout.generate()

    assert ended.returncode == 1
    assert "whynotboth/v1/jobs.proto:" in ended.stderr
    assert '"uint3" is not defined' in ended.stderr
    assert checkout.generated() == before


def test_a_renamed_package_replaces_the_old_one_and_no_other(checkout: Checkout) -> None:
    (checkout.protos / "whynotboth").rename(checkout.protos / "acme")
    checkout.replace("whynotboth", "acme", "acme")

    ended = checkout.generate()

    assert (ended.returncode, ended.stderr) == (0, "")
    assert checkout.packages() == {"ml_service_py/src/acme/v1", "gateway_node/src/gen/acme/v1"}
    assert not (checkout.root / PYTHON / "whynotboth").exists()
    assert (checkout.root / PYTHON / "ml_service" / "__init__.py").exists()


def test_a_second_version_is_generated_beside_the_first(checkout: Checkout) -> None:
    copytree(checkout.protos / "whynotboth" / "v1", checkout.protos / "whynotboth" / "v2")
    checkout.replace("whynotboth.v1", "whynotboth.v2", "whynotboth/v2")
    checkout.replace("whynotboth/v1", "whynotboth/v2", "whynotboth/v2")

    ended = checkout.generate()

    assert (ended.returncode, ended.stderr) == (0, "")
    assert checkout.packages() == {f"{place}/whynotboth/{version}" for place in (PYTHON, TYPESCRIPT) for version in ("v1", "v2")}


def test_a_check_names_the_files_that_differ_and_replaces_none(checkout: Checkout) -> None:
    assert checkout.generate("--check").returncode == 0
    checkout.write(TYPESCRIPT / "whynotboth" / "v1" / "errors.ts", "// Changed by hand.")
    before = checkout.generated()

    ended = checkout.generate("--check")

    assert (ended.returncode, checkout.generated()) == (1, before)
    assert ended.stderr.strip().endswith("Run `make proto`: gateway_node/src/gen/whynotboth/v1/errors.ts")


def test_a_new_reason_is_one_value_of_the_contract(checkout: Checkout) -> None:
    checkout.replace("}\n\n// One failure", f"{NEW_REASON}}}\n\n// One failure", "whynotboth")

    ended = checkout.generate()

    assert (ended.returncode, ended.stderr) == (0, "")
    for place in (PYTHON / "whynotboth/v1/error_reasons.py", TYPESCRIPT / "whynotboth/v1/error-reasons.ts", PAGE):
        text = (checkout.root / place).read_text("utf-8")
        assert all(word in text for word in ("QUOTA_SPENT", "RESOURCE_EXHAUSTED", "402", "The quota is spent. Buy more."))


@pytest.mark.parametrize(
    "comment", ["The quota is spent.", "RESOURCE_EXHAUSTED.", "NO_SUCH_KIND. The quota is spent.", "NOT_FOUND, final. Why."]
)
def test_a_reason_whose_comment_has_another_form_is_named_and_changes_nothing(comment: str, checkout: Checkout) -> None:
    before = checkout.generated()
    checkout.replace("}\n\n// One failure", f"  // {comment}\n  ERROR_REASON_QUOTA_SPENT = 999;\n}}\n\n// One failure", "whynotboth")

    ended = checkout.generate()

    assert (ended.returncode, checkout.generated()) == (1, before)
    assert f"the comment of ERROR_REASON_QUOTA_SPENT is `{comment}`. Write it as `KIND[, HTTP status]" in ended.stderr
