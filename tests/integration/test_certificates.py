"""Certificates in use: issued for a development machine, checked at the start, and renewed while a gateway runs."""

from __future__ import annotations

import os
import ssl
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import grpc
import httpx
import pytest
from cryptography import x509

from harness import plain_http
from harness.certificates import TestCertificates
from harness.impostor import impostor_with
from harness.ports import LOOPBACK, free_ports
from harness.processes import Process
from harness.sign_in import OPEN_GATEWAY
from harness.stack import ROOT, Data, node
from harness.topology import DEFINITIONS
from harness.waiting import eventually
from ml_service.adapters.broker.connection import BrokerAddress, connect
from ml_service.adapters.certificates import Certificates, UnusableCertificate
from ml_service.entrypoints.grpc.credentials import mutual_tls
from whynotboth.v1.recommender_pb2 import GetItemResponse, Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Connections end this soon, so that the next one presents a renewed certificate.
CONNECTION_AGE_MS = 500
GATEWAY = [node(), str(ROOT / "gateway_node" / "src" / "main.ts")]
COMMANDS = {
    "gateway": GATEWAY,
    "recommender": [sys.executable, "-m", "ml_service", "serve"],
    "worker": [sys.executable, "-m", "ml_service", "work"],
}
ENCRYPTED = {**OPEN_GATEWAY, "AMQP_URL": "amqps://localhost:1/"}


@pytest.fixture
def certificates(tmp_path: Path) -> TestCertificates:
    return TestCertificates(tmp_path / "certificates")


class RecordingRecommender(grpc.GenericRpcHandler):
    """A recommender that knows one film, and records the serial number of each client's certificate."""

    def __init__(self, certificates: Certificates) -> None:
        self.serials: list[int] = []
        options = [("grpc.max_connection_age_ms", CONNECTION_AGE_MS)]
        self._server = grpc.server(ThreadPoolExecutor(2), handlers=[self], options=options)
        self.port = self._server.add_secure_port(f"{LOOPBACK}:0", mutual_tls(certificates))

    def __enter__(self) -> RecordingRecommender:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        return grpc.unary_unary_rpc_method_handler(self._answer) if details.method.endswith("/GetItem") else None

    def _answer(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        (pem,) = cast("tuple[bytes]", context.auth_context()["x509_pem_cert"])
        self.serials.append(x509.load_pem_x509_certificate(pem).serial_number)
        return GetItemResponse(item=Item(item_id="1", title="A film")).SerializeToString()


@contextmanager
def gateway_with(
    doorkeeper: RecordingRecommender, tls_dir: Path, log: Path, amqp_url: str = ENCRYPTED["AMQP_URL"]
) -> Iterator[Callable[[], int]]:
    """Run a gateway that calls this recommender. Yield a function that requests the film and returns the status."""
    (port,) = free_ports(1)
    environment = {
        **ENCRYPTED,
        "AMQP_URL": amqp_url,
        "TLS_DIR": str(tls_dir),
        "GATEWAY_DEMO_KEY": str(log.with_name("demo.pem")),
        "GATEWAY_PORT": str(port),
        "GATEWAY_RECOMMENDER_ADDRESS": f"localhost:{doorkeeper.port}",
    }
    url = f"http://{LOOPBACK}:{port}"
    process = Process("gateway", GATEWAY, environment, f"{url}/healthz", log)
    process.restart()
    try:
        token = plain_http.post(f"{url}/v1/sessions", timeout=10, json={"role": "operator"}).json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        yield lambda: plain_http.get(f"{url}/v1/items/1", headers=headers, timeout=10).status_code
    finally:
        process.terminate()


def run_to_exit(service: str, environment: dict[str, str]) -> tuple[int, str]:
    """Start a service that can't run. Return its exit code and its output."""
    ended = subprocess.run(COMMANDS[service], env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_gateway_presents_its_renewed_certificate_and_no_request_fails(certificates: TestCertificates, tmp_path: Path) -> None:
    statuses: list[int] = []
    recommender, folder = Certificates(certificates.folder_of("recommender")), certificates.folder_of("gateway")
    with RecordingRecommender(recommender) as doorkeeper, gateway_with(doorkeeper, folder, tmp_path / "gateway.log") as ask:
        statuses.append(ask())
        serial = certificates.renew("gateway")

        def is_shown() -> bool:
            statuses.append(ask())
            return doorkeeper.serials[-1] == serial

        eventually(is_shown, within=20)

    assert serial not in doorkeeper.serials[:1]
    assert set(statuses) == {httpx.codes.OK}


def test_a_gateway_refuses_a_recommender_with_another_authoritys_certificate(certificates: TestCertificates, tmp_path: Path) -> None:
    stranger = TestCertificates(tmp_path / "strangers")
    # This recommender would accept the gateway's certificate.
    stranger.folder_of("recommender").joinpath("ca.crt").write_bytes(certificates.folder_of("gateway").joinpath("ca.crt").read_bytes())
    folder = certificates.folder_of("gateway")

    with RecordingRecommender(Certificates(stranger.folder_of("recommender"))) as doorkeeper:
        with gateway_with(doorkeeper, folder, tmp_path / "gateway.log") as ask:
            assert ask() in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}

        assert doorkeeper.serials == []


def test_a_gateway_sends_nothing_to_a_broker_with_another_authoritys_certificate(certificates: TestCertificates, tmp_path: Path) -> None:
    stranger, folder = TestCertificates(tmp_path / "strangers"), certificates.folder_of("gateway")
    with (
        impostor_with(stranger.folder_of("rabbitmq")) as impostor,
        RecordingRecommender(Certificates(certificates.folder_of("recommender"))) as doorkeeper,
        gateway_with(doorkeeper, folder, tmp_path / "gateway.log", f"amqps://localhost:{impostor.port}/"),
    ):
        eventually(lambda: impostor.visits >= 2, within=20)

    assert impostor.received == b""


def test_the_python_service_sends_nothing_to_a_broker_with_another_authoritys_certificate(
    certificates: TestCertificates, tmp_path: Path
) -> None:
    stranger = TestCertificates(tmp_path / "strangers")
    with impostor_with(stranger.folder_of("rabbitmq")) as impostor:
        address = BrokerAddress(
            f"amqps://localhost:{impostor.port}/", DEFINITIONS, certificates=Certificates(certificates.folder_of("worker"))
        )

        with pytest.raises(ssl.SSLCertVerificationError):
            connect("test", address)

    assert impostor.visits
    assert impostor.received == b""


@pytest.mark.parametrize("service", sorted(COMMANDS))
def test_a_service_with_the_key_of_another_certificate_does_not_start_and_names_the_files(
    certificates: TestCertificates, tmp_path: Path, service: str
) -> None:
    folder = certificates.folder_of(service)
    (folder / "tls.key").write_bytes((certificates.folder_of("rabbitmq") / "tls.key").read_bytes())

    code, output = run_to_exit(service, {**Data(tmp_path).environment, **ENCRYPTED, "TLS_DIR": str(folder)})

    assert code == 1
    assert "TLS_DIR: " in output
    assert f"{folder}/tls.crt and {folder}/tls.key aren't a certificate and its key" in output


@pytest.mark.parametrize("service", sorted(COMMANDS))
def test_a_service_with_an_unencrypted_broker_address_does_not_start(certificates: TestCertificates, tmp_path: Path, service: str) -> None:
    clear = {**Data(tmp_path).environment, **ENCRYPTED, "AMQP_URL": "amqp://127.0.0.1:1/"}

    code, output = run_to_exit(service, {**clear, "TLS_DIR": str(certificates.folder_of(service))})

    assert code == 1
    assert "TLS_DIR" in output
    assert "needs an AMQP_URL that begins with amqps://" in output


@pytest.mark.parametrize("name", ["ca.crt", "tls.crt", "tls.key"])
@pytest.mark.parametrize("content", [None, "garbage"])
def test_the_error_names_an_unusable_file(certificates: TestCertificates, name: str, content: str | None) -> None:
    file = certificates.folder_of("worker") / name
    file.unlink()
    if content:
        file.write_text(content, "utf-8")

    with pytest.raises(UnusableCertificate, match=name.replace(".", r"\.")):
        Certificates(file.parent).read()


def test_a_key_of_another_certificate_is_refused(certificates: TestCertificates) -> None:
    file = certificates.folder_of("worker") / "tls.key"
    file.write_bytes(certificates.folder_of("gateway").joinpath("tls.key").read_bytes())

    with pytest.raises(UnusableCertificate, match=r"tls\.crt and .*tls\.key"):
        Certificates(file.parent).read()


def test_make_certs_issues_certificates_and_renews_them_by_the_same_authority(tmp_path: Path) -> None:
    def run() -> bytes:
        subprocess.run([sys.executable, "-m", "infra.certs", str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
        return (tmp_path / "gateway" / "tls.crt").read_bytes()

    first, second = run(), run()

    authority = x509.load_pem_x509_certificate((tmp_path / "gateway" / "ca.crt").read_bytes())
    assert first != second
    for pem in (first, second):
        certificate = x509.load_pem_x509_certificate(pem)
        certificate.verify_directly_issued_by(authority)
        assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 7


def test_only_the_owner_can_read_a_key(certificates: TestCertificates) -> None:
    keys = list(certificates.folder_of("gateway").parent.glob("*/tls.key"))

    assert len(keys) == 5
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
