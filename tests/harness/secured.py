"""A broker as in production: TLS with certificates of clients, one user per service, each with what it needs and no more."""

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
    """What docs/how-to/secure-a-deployment.md says to do once; gives the passwords."""
    passwords = {user: secrets.token_hex(16) for user in USERS}
    for user, password in passwords.items():
        broker.control("add_user", user, password)
    broker.import_definitions(definitions)
    broker.import_definitions(PERMISSIONS)
    return passwords


class SecuredBroker(LocalBroker):
    """A private node that listens with TLS on a port of its own. The operator's port stays as it was."""

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
        """By service: how it comes to this broker as itself."""
        return {
            user: {
                "AMQP_URL": f"amqps://{user}:{password}@localhost:{self.tls_port}/",
                "BROKER_DECLARE": "false",
                "TLS_DIR": str(self._certificates.folder_of(user)),
            }
            for user, password in passwords.items()
        }

    def connections(self) -> list[tuple[str, str, str]]:
        """The user, the name in the certificate and its time, of each connection with TLS."""
        columns = ("user", "peer_cert_subject", "peer_cert_validity", "ssl")
        rows = [line.split("\t") for line in self.control("list_connections", "--silent", *columns).splitlines()]
        return [(user, subject, validity) for user, subject, validity, is_tls in rows if is_tls == "true"]

    def renew_certificate(self) -> None:
        """Erlang keeps what it has read of the files for two minutes; this is what ends that sooner."""
        self._certificates.renew("rabbitmq")
        self.control("eval", "ssl:clear_pem_cache().")
