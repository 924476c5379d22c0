"""A broker as in production: TLS with client certificates, and one user per service that has only the permissions it needs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from harness.broker_node import LocalBroker
from harness.ports import LOOPBACK, free_ports
from harness.stack import ROOT
from harness.topology import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.certificates import TestCertificates

PERMISSIONS = ROOT / "infra" / "rabbitmq" / "permissions.json"
TLS = ROOT / "infra" / "rabbitmq" / "tls.conf"
USERS = ("gateway", "recommender", "worker")


def add_users(broker: RunningBroker, definitions: Path = DEFINITIONS) -> dict[str, str]:
    """Add a user for each service, as docs/how-to/secure-a-deployment.md says. Return the passwords."""
    passwords = {user: secrets.token_hex(16) for user in USERS}
    for user, password in passwords.items():
        broker.control("add_user", user, password)
    broker.import_definitions(definitions)
    broker.import_definitions(PERMISSIONS)
    return passwords


class SecuredBroker(LocalBroker):
    """A local node with a TLS listener on a port of its own. The operator's plain port stays open."""

    def __init__(self, folder: Path, certificates: TestCertificates) -> None:
        super().__init__(folder)
        self._certificates = certificates
        (self.tls_port,) = free_ports(1)
        own = str(certificates.folder_of("rabbitmq"))
        text = TLS.read_text("utf-8").replace("/etc/rabbitmq/tls", own).replace("listeners.tcp = none\n", "")
        conf = self.folder / "conf.d" / "40-tls.conf"
        conf.parent.mkdir(parents=True)
        conf.write_text(text.replace("5671", f"{LOOPBACK}:{self.tls_port}"), "utf-8")

    def settings_of(self, passwords: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return the settings with which each service connects to this broker."""
        return {
            user: {
                "AMQP_URL": f"amqps://{user}:{password}@localhost:{self.tls_port}/",
                "BROKER_DECLARE": "false",
                "TLS_DIR": str(self._certificates.folder_of(user)),
            }
            for user, password in passwords.items()
        }

    def connections(self) -> list[tuple[str, str, str]]:
        """Return the user of each TLS connection, with the subject and the validity of its certificate."""
        columns = ("user", "peer_cert_subject", "peer_cert_validity", "ssl")
        rows = [line.split("\t") for line in self.control("list_connections", "--silent", *columns).splitlines()]
        return [(user, subject, validity) for user, subject, validity, is_tls in rows if is_tls == "true"]

    def renew_certificate(self) -> None:
        """Issue a new certificate. Erlang caches the files that it has read for two minutes, so clear that cache."""
        self._certificates.renew("rabbitmq")
        self.control("eval", "ssl:clear_pem_cache().")
