"""How installers reach packages: a person's index, mirror, proxy and certificates count, and no other of their settings.

The checkout decides what is installed, and where. `gateway_node/.npmrc` overrules npm's files, and uv reads no files of its own.
"""

import ast
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

from infra.local.errors import LocalError

#: Names of variables in lower case, with hyphens. https://pip.pypa.io/en/stable/cli/pip_install/, https://docs.npmjs.com/cli/using-npm/config
INSTALLERS = ("pip-", "uv-", "npm-config-")
WAY = re.compile(
    r"pip-(config-file|(extra-)?index-url|no-index|find-links|trusted-host|(client-)?cert|proxy|(default-)?timeout|retries)"
    r"|pip-(keyring-provider|use-feature|use-deprecated)"
    # Settings of one host and of one scope: `//host/:_authToken`, `@scope:registry`.
    r"|npm-config-((//|@).*|registry|replace-registry-host|(https?-)?proxy|noproxy|local-address|maxsockets|(user|global)config)"
    r"|npm-config-(ca|cafile|cert|key|strict-ssl|-auth(token)?|auth-type|offline|prefer-(off|on)line|fetch-.*)"
)
#: uv's names for pip's settings. A later one has the last word.
UV_NAMES = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_PROXY": "ALL_PROXY",
    "REQUESTS_CA_BUNDLE": "SSL_CERT_FILE",
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_CLIENT_CERT": "SSL_CLIENT_CERT",
    "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_RETRIES": "UV_HTTP_RETRIES",
}
INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX")
YES = {"1", "true", "yes", "on", "y", "t"}


def without_personal(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without variables that tell pip, uv or npm anything but how to reach packages."""
    plain = {name: name.lower().replace("_", "-") for name in given}
    return {name: value for name, value in given.items() if not plain[name].startswith(INSTALLERS) or WAY.fullmatch(plain[name])}


def caches(run: Path) -> dict[str, str]:
    """Return the variables that put each tool's cache into the run folder."""
    cache = run / "cache"
    return {
        "XDG_CACHE_HOME": str(cache),
        "PIP_CACHE_DIR": f"{cache}/pip",
        "UV_CACHE_DIR": f"{cache}/uv",
        "npm_config_cache": f"{cache}/npm",
        "NODE_COMPILE_CACHE": f"{cache}/node",
    }


def pip_variables(python: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for pip, with what its files say about the way to packages. The files themselves don't count then."""
    command = [str(python), "-I", "-m", "pip", "config", "list"]
    asked = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise LocalError(f"pip can't read its settings. Fix its configuration file:\n{asked.stderr.strip()}")
    return {**variables, **_read_way(asked.stdout), "PIP_CONFIG_FILE": os.devnull}


def _read_way(listed: str) -> dict[str, str]:
    """Read lines such as `global.index-url='https://…'`. pip lets a command's own section overrule the global one."""
    rows = [line.partition("=") for line in listed.splitlines()]
    found = {tuple(name.rpartition(".")[::2]): str(ast.literal_eval(value)) for name, _, value in rows}
    return {
        f"PIP_{name.upper().replace('-', '_')}": value
        for section in ("global", "install", ":env:")
        for (of, name), value in found.items()
        if of == section and WAY.fullmatch(f"pip-{name}")
    }


def uv_variables(pip: Mapping[str, str]) -> dict[str, str]:
    """Translate pip's variables: uv reads none of them, and a company's mirror is usually stated for pip."""
    found = {ours: " ".join(pip[theirs].split()) for theirs, ours in UV_NAMES.items() if pip.get(theirs)}
    if "UV_FIND_LINKS" in found:
        found["UV_FIND_LINKS"] = found["UV_FIND_LINKS"].replace(" ", ",")
    # Certificates of the machine count, as newer versions of pip have it. uv's own are for a machine without any.
    system = {"UV_SYSTEM_CERTS": "true"} if ssl.get_default_verify_paths().cafile else {}
    # pip takes the best file of all indexes. Hashes name the files, so an index can't put in another one.
    kept = {name: value for name, value in found.items() if name not in INDEXES or not uses_no_index(pip)}
    return {**pip, **system, "UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_CONFIG": "true", **kept}


def uses_no_index(pip: Mapping[str, str]) -> bool:
    return pip.get("PIP_NO_INDEX", "").lower() in YES


def npm_variables(machine_path: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for npm. The checkout's npm reads the file for all users of the machine's own npm, too."""
    npm = shutil.which("npm", path=machine_path)
    if not npm:
        return dict(variables)
    command = [npm, "config", "get", "globalconfig"]
    asked = subprocess.run(command, env={**variables, "PATH": machine_path}, capture_output=True, text=True, check=False)
    file = Path(asked.stdout.strip())
    return {**({"npm_config_globalconfig": str(file)} if asked.returncode == 0 and file.is_file() else {}), **variables}
