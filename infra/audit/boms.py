"""What each image is made of, as CycloneDX says it: one file a side, from the lock files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from infra.audit.advisories import run_tool
from infra.audit.licences import locked_node

if TYPE_CHECKING:
    from pathlib import Path


def write_boms(root: Path, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    boms = {folder / "ml-service.cdx.json": _describe_python(root), folder / "gateway.cdx.json": _describe_node(root)}
    for path, bom in boms.items():
        path.write_text(json.dumps(bom, indent=2), "utf-8")
    return list(boms)


def _describe_python(root: Path) -> Any:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "--of=JSON", "ml_service_py/requirements.lock"]
    return json.loads(run_tool(command, root))


def _describe_node(root: Path) -> Any:
    """npm's own --omit=dev leaves out what tools and gateway share, so it tells all, and what isn't shipped is taken out here."""
    bom = json.loads(run_tool(["npm", "sbom", "--sbom-format=cyclonedx", "--package-lock-only"], root / "gateway_node"))
    shipped = {f"{place.rpartition('node_modules/')[2]}@{package['version']}" for place, package in locked_node(root).items()}
    bom["components"] = [part for part in bom["components"] if part["bom-ref"] in shipped]
    shipped.add(bom["metadata"]["component"]["bom-ref"])
    bom["dependencies"] = [
        {**told, "dependsOn": [name for name in told["dependsOn"] if name in shipped]}
        for told in bom["dependencies"]
        if told["ref"] in shipped
    ]
    return bom
