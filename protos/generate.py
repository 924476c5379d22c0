"""Generate the code of both languages and the page on errors from every package in this folder.

The files are generated into a folder of their own first. Only when all are complete do they take the place of the old ones.
With --check nothing is replaced: the command fails and names the files that differ.
"""

import argparse
import filecmp
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from error_tables import read_table, render_page, render_python, render_typescript
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import status_pb2

ROOT = Path(__file__).resolve().parents[1]
PROTOS = ROOT / "protos"
PYTHON = Path("ml_service_py/src")
TYPESCRIPT = Path("gateway_node/src/gen")
PAGE = Path("docs/reference/errors.md")
#: Google's contracts for the details of a gRPC error. Only TypeScript needs their code: a package of Python's has it.
GOOGLE_RPC = tuple(Path(status_pb2.__file__).with_name(name) for name in ("status.proto", "error_details.proto"))
INCLUDES = (f"-I{PROTOS}", f"-I{GOOGLE_RPC[0].parents[2]}")
TS_PROTO = ROOT / "gateway_node" / "node_modules" / ".bin" / "protoc-gen-ts_proto"
TS_OPTIONS = (
    "outputServices=grpc-js",
    "env=node",
    "esModuleInterop=true",
    "importSuffix=.ts",
    # Node strips types and can't strip enums.
    "enumsAsLiterals=true",
    "removeEnumPrefix=true",
    "unrecognizedEnum=false",
    "oneof=unions",
    "useOptionals=none",
    "outputJsonMethods=false",
    # Offsets and sizes stay below 2^53; a larger number throws.
    "forceLong=number",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="replace nothing; fail if a generated file is not up to date")
    is_check = parser.parse_args().check
    # `.run` is on the same file system, so a folder that is complete moves to its place by one rename.
    (ROOT / ".run").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="proto-", dir=ROOT / ".run") as name:
        new, old = Path(name, "new"), Path(name, "old")
        try:
            generate(new)
        except ValueError as error:
            sys.exit(f"{error}\nThe generated code is as it was. Correct the contract in protos/, then run `make proto` again.")
        if not is_check:
            swap(new, old)
        elif stale := differing_files(new):
            sys.exit("These files are not what the contracts generate. Run `make proto`: " + ", ".join(stale))


def generate(target: Path) -> None:
    """Write all that follows from the contracts below a folder, at the same places as in the checkout."""
    sources = sorted(PROTOS.rglob("*.proto"))
    python, typescript, page = (target / place for place in (PYTHON, TYPESCRIPT, PAGE))
    for folder in (python, typescript, page.parent):
        folder.mkdir(parents=True)
    contracts = compile_contracts(sources, target / "contracts.binpb")
    tables = [table for contract in contracts.file if (table := read_table(contract))]
    generate_python(sources, python)
    generate_typescript(contracts, target / "typescript.binpb", typescript)
    for table in tables:
        folder = Path(table.source).parent
        (python / folder / "error_reasons.py").write_text(render_python(table), "utf-8")
        (typescript / folder / "error-reasons.ts").write_text(render_typescript(table), "utf-8")
    page.write_text(render_page(tables), "utf-8")


def compile_contracts(sources: list[Path], compiled: Path) -> FileDescriptorSet:
    protoc(*INCLUDES, f"--descriptor_set_out={compiled}", "--include_imports", "--include_source_info", *sources, *GOOGLE_RPC)
    return FileDescriptorSet.FromString(compiled.read_bytes())


def generate_python(sources: list[Path], folder: Path) -> None:
    services = [source for source in sources if "\nservice " in source.read_text("utf-8")]
    protoc(*INCLUDES, f"--python_out={folder}", f"--mypy_out=quiet:{folder}", *sources)
    if services:
        protoc(*INCLUDES, f"--grpc_python_out={folder}", f"--mypy_grpc_out=quiet:{folder}", *services)


def generate_typescript(contracts: FileDescriptorSet, compiled: Path, folder: Path) -> None:
    """Generate from the compiled contracts, without the details of Google's that nobody sends: those would be 1,600 lines."""
    details = next(contract for contract in contracts.file if contract.name == "google/rpc/error_details.proto")
    used = [message for message in details.message_type if message.name == "ErrorInfo"]
    details.CopyFrom(FileDescriptorProto(name=details.name, package=details.package, syntax=details.syntax, message_type=used))
    compiled.write_bytes(contracts.SerializeToString())
    protoc(
        f"--descriptor_set_in={compiled}",
        f"--plugin=protoc-gen-ts_proto={TS_PROTO}",
        f"--ts_proto_out={folder}",
        f"--ts_proto_opt={','.join(TS_OPTIONS)}",
        # ts-proto adds what these import.
        *(contract.name for contract in contracts.file if contract.package != "google.protobuf"),
    )


def protoc(*arguments: str | Path) -> None:
    # The plugins, and the Node that one of them needs, stand beside this Python.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "grpc_tools.protoc", *map(str, arguments)]
    ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    if ended.returncode != 0:
        raise ValueError(f"protoc refuses the contracts:\n{ended.stderr.strip()}")
    sys.stderr.write(ended.stderr)


def generated_places(root: Path) -> list[Path]:
    """Return what is generated in a checkout. A generated package of Python has no `__init__.py`; a package written by hand has one."""
    packages = {module.relative_to(root / PYTHON).parts[0] for module in (root / PYTHON).rglob("*_pb2.py")}
    generated = sorted(package for package in packages if not (root / PYTHON / package / "__init__.py").exists())
    return [*(PYTHON / package for package in generated), TYPESCRIPT, PAGE]


def swap(new: Path, old: Path) -> None:
    """Move each new folder to its place, and away what no contract generates any more."""
    for place in {*generated_places(ROOT), *generated_places(new)}:
        for source, target in ((ROOT / place, old / place), (new / place, ROOT / place)):
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.rename(target)


def differing_files(new: Path) -> list[str]:
    return sorted(str(file) for file in generated_files(ROOT) | generated_files(new) if not is_same(ROOT / file, new / file))


def generated_files(root: Path) -> set[Path]:
    found = (file for place in generated_places(root) for file in (root / place, *(root / place).rglob("*")))
    return {file.relative_to(root) for file in found if file.is_file() and file.suffix != ".pyc"}


def is_same(first: Path, second: Path) -> bool:
    return first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)


if __name__ == "__main__":
    main()
