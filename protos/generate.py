"""Writes what follows from the contracts: the code of both languages and the page on errors. Checks nothing: buf does that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from catalogue import PAGE, render_page

ROOT = Path(__file__).resolve().parents[1]
PROTOS = ROOT / "protos"
PYTHON = ROOT / "ml_service_py" / "src"
TYPESCRIPT = ROOT / "gateway_node" / "src" / "gen"
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


def protoc(*arguments: str) -> None:
    # The plugins, and the Node that one of them needs, stand beside this Python.
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", *arguments], check=True, env=environment)


def main() -> None:
    sources = sorted(PROTOS.glob("whynotboth/**/*.proto"))
    services = [source for source in sources if "\nservice " in source.read_text("utf-8")]
    shutil.rmtree(PYTHON / "whynotboth", ignore_errors=True)
    shutil.rmtree(TYPESCRIPT, ignore_errors=True)
    TYPESCRIPT.mkdir(parents=True)
    protoc(f"--python_out={PYTHON}", f"--mypy_out=quiet:{PYTHON}", *map(str, sources))
    protoc(f"--grpc_python_out={PYTHON}", f"--mypy_grpc_out=quiet:{PYTHON}", *map(str, services))
    protoc(
        f"--plugin=protoc-gen-ts_proto={TS_PROTO}",
        f"--ts_proto_out={TYPESCRIPT}",
        f"--ts_proto_opt={','.join(TS_OPTIONS)}",
        *map(str, sources),
    )
    PAGE.write_text(render_page(), "utf-8")


if __name__ == "__main__":
    main()
