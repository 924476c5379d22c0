"""An authority whose key stays in its folder, and short-lived certificates that it signs for services of this machine."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

#: The names in a Kubernetes secret of type `kubernetes.io/tls`, as a platform mounts it.
CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
#: The clocks of two machines differ.
CLOCK_SKEW = timedelta(minutes=5)


def open_authority(folder: Path) -> trustme.CA:
    """Return the authority of the folder. Make a new one where there is none."""
    if (folder / KEY).exists() and (folder / CERTIFICATE).exists():
        return trustme.CA.from_pem((folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes())
    authority = trustme.CA(path_length=0, organization_unit_name="Why Not Both development authority")
    _write_pair(folder, authority.private_key_pem, authority.cert_pem)
    return authority


def issue(authority: trustme.CA, folder: Path, name: str, lifetime: timedelta) -> datetime:
    """Write a new key, its certificate for this name on this machine, and the authority's. Return when the certificate ends."""
    now = datetime.now(UTC)
    until = now + lifetime
    names = (name, "localhost", "127.0.0.1")
    start = now - CLOCK_SKEW
    issued = authority.issue_cert(*names, common_name=name, organization_unit_name="Why Not Both", not_before=start, not_after=until)
    _write_pair(folder, issued.private_key_pem, issued.cert_chain_pems[0])
    _write(folder / CA, authority.cert_pem, 0o644)
    return until


def _write_pair(folder: Path, key: trustme.Blob, certificate: trustme.Blob) -> None:
    _write(folder / KEY, key, 0o600)
    _write(folder / CERTIFICATE, certificate, 0o644)


def _write(path: Path, content: trustme.Blob, mode: int) -> None:
    """Replace the file at once, so that no reader finds a part of it. It never has another mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content.bytes())
    beside.replace(path)
