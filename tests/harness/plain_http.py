"""HTTP to our own services: without TLS, and never through a proxy.

By default httpx reads the certificate authorities for each client, which takes 30 ms of CPU time. These clients skip that.
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Trusts no authority, so these clients can't use TLS.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def get(url: str, *, timeout: float, auth: httpx.Auth | None = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.get(url, timeout=timeout, auth=auth, headers=headers, verify=NO_AUTHORITIES, trust_env=False)


def post(url: str, *, timeout: float, json: Any = None) -> httpx.Response:
    return httpx.post(url, timeout=timeout, json=json, verify=NO_AUTHORITIES, trust_env=False)


def client(url: str = "", *, timeout: float, auth: httpx.Auth | None = None, headers: Mapping[str, str] | None = None) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=timeout, auth=auth, headers=headers, verify=NO_AUTHORITIES, trust_env=False)


def metric(service_url: str, name: str, *, headers: Mapping[str, str] | None = None) -> float:
    """Return the value of a metric without labels, or with those in its name."""
    text = get(f"{service_url}/metrics", timeout=5, headers=headers).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{service_url} has no metric {name}"
    return float(found[1])
