"""Keeps of a person's own settings of pip and npm only the way to the packages: an index, a mirror, a proxy, certificates.

The checkout decides where and what is installed, and caches lie in it too. `gateway_node/.npmrc` overrules npm's files.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: pip's names for the way to the packages: https://pip.pypa.io/en/stable/cli/pip_install/
PIP_WAY = frozenset(
    {"index-url", "extra-index-url", "no-index", "find-links", "trusted-host", "cert", "client-cert", "proxy", "timeout", "default-timeout"}
    | {"retries", "keyring-provider", "use-feature", "use-deprecated"}
)
#: npm's: https://docs.npmjs.com/cli/using-npm/config. Those of a host (`//host/:_authToken`) and a scope (`@scope:registry`) count too.
NPM_WAY = frozenset(
    {"registry", "replace-registry-host", "proxy", "http-proxy", "https-proxy", "noproxy", "local-address", "maxsockets", "userconfig"}
    | {"globalconfig", "ca", "cafile", "cert", "key", "strict-ssl", "_auth", "_authtoken", "auth-type", "offline", "prefer-offline"}
    | {"prefer-online", "fetch-retries", "fetch-retry-factor", "fetch-retry-maxtimeout", "fetch-retry-mintimeout", "fetch-timeout"}
)
NPM_PREFIX = "npm_config_"
#: All that npm installs but what the lock marks as for development.
NPM_SHIPPED = ("--omit=dev", "--include=prod", "--include=optional", "--include=peer")
NPM_ALL = ("--include=dev", "--include=prod", "--include=optional", "--include=peer")


def without_personal(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment; of the variables for pip and npm only those about how to reach the packages."""
    return {name: value for name, value in given.items() if _may_stay(name)}


def _may_stay(name: str) -> bool:
    if name.startswith("PIP_"):
        return name == "PIP_CONFIG_FILE" or name.removeprefix("PIP_").lower().replace("_", "-") in PIP_WAY
    if name.lower().startswith(NPM_PREFIX):
        setting = name[len(NPM_PREFIX) :].lower()
        return setting.startswith(("//", "@")) or setting[:1] + setting[1:].replace("_", "-") in NPM_WAY
    return True


def caches(run: Path) -> dict[str, str]:
    """Return the variables that put each tool's cache into the run folder, for all that follow the XDG rules and those that don't."""
    cache = run / "cache"
    return {
        "XDG_CACHE_HOME": str(cache),
        "PIP_CACHE_DIR": f"{cache}/pip",
        "UV_CACHE_DIR": f"{cache}/uv",
        "npm_config_cache": f"{cache}/npm",
        "NODE_COMPILE_CACHE": f"{cache}/node",
    }


def pip_variables(python: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for pip: the way to the packages, also as its configuration files name it. The files themselves don't count."""
    asked = subprocess.run(
        [python, "-I", "-m", "pip", "config", "list"],
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        raise LocalError(f"pip can't read its settings. Mend its configuration file:\n{asked.stderr.strip()}")
    return {**variables, **_way(asked.stdout), "PIP_CONFIG_FILE": os.devnull}


def _way(listed: str) -> dict[str, str]:
    """Read lines such as `global.index-url='https://…'`. A command's own section has the last word, as it has with pip."""
    rows = [line.partition("=") for line in listed.splitlines()]
    found = {tuple(name.rpartition(".")[::2]): str(ast.literal_eval(value)) for name, _, value in rows}
    sections = ("global", "install", ":env:")
    return {
        f"PIP_{name.upper().replace('-', '_')}": value
        for section in sections
        for (of, name), value in found.items()
        if of == section and name in PIP_WAY
    }


def npm_variables(machine_path: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for npm. The one that is used here isn't the machine's own, but reads that one's file for all users, too."""
    npm = shutil.which("npm", path=machine_path)
    if not npm:
        return dict(variables)
    command = [npm, "config", "get", "globalconfig"]
    asked = subprocess.run(command, env={**variables, "PATH": machine_path}, capture_output=True, text=True, check=False)
    file = Path(asked.stdout.strip())
    return {**({"npm_config_globalconfig": str(file)} if asked.returncode == 0 and file.is_file() else {}), **variables}
